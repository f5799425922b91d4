"""Methods: a complete Allow where one is not served, and HEAD wherever GET is (RFC 9110 sections 9.1, 9.3.2, 15.5.6)."""

from collections.abc import Iterable

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

_SHARED = ("route", "path_params", "client")
_UNSAID = frozenset({"GET"})


def allowed(scope: Scope, routes: Iterable[BaseRoute]) -> str:
    """Every method that some route serves at this path, as an Allow header; empty where there is no such path.

    HEAD comes with GET.  OPTIONS is not among them: no other site's page is to call a node from a browser (no CORS).
    """
    found: set[str] = set()
    for route in routes:
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and pattern.match(scope["path"]):
            # A mounted folder of files names no methods.
            found |= getattr(route, "methods", None) or _UNSAID
    if "GET" in found:
        found.add("HEAD")
    return ", ".join(sorted(found))


class HeadAsGet:
    """Asks the application with GET where a caller asks with HEAD; the server below leaves the body out (pure ASGI)."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; what it found out about a HEAD is noted on the request itself."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        # A copy: the server decides by its own scope whether a body goes out.
        asked = {**scope, "method": "GET"}
        try:
            await self.app(asked, receive, send)
        finally:
            scope.update({name: asked[name] for name in _SHARED if name in asked})
