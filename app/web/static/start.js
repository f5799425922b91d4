"use strict";

// The API browser of this node: it asks this node only, and keeps no key.
window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    dom_id: "#operations",
    url: "openapi.json",
    validatorUrl: null,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: false,
    queryConfigEnabled: false,
    presets: [window.SwaggerUIBundle.presets.apis],
  });
});
