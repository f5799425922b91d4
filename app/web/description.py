"""The description of the API (OpenAPI 3.1): what the routes say, and what they cannot know: shared problems, headers, examples, bounds."""

import re
from collections.abc import Container, Iterable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.access.rules import Rule
from app.core.declared import TEXT
from app.web import examples
from app.web.answers import EVERYWHERE, HEADERS, problem_examples, problem_responses, references, refusals
from app.web.tidy import named, parameter, tidied
from app.wire.alert_published import AlertLine
from app.wire.published import ProblemDocument, PushLine
from app.wire.text import PRINTABLE, WRITTEN

Described = dict[str, Any]
JSON = "application/json"
_LINES, _TABLE, _PACKAGE = "application/x-ndjson", "application/vnd.apache.parquet", "application/zip"
ASIDE: tuple[type[BaseModel], ...] = (ProblemDocument, PushLine, AlertLine)
"""Documents that no route names as its one JSON answer."""

INFO: Described = {
    "description": (
        "Two conferences exchange anonymized bulletins of migration flows through one signed log. Ask with an API key; publish a table "
        "of counts, and small counts are protected before anything is kept; read flows, lists and the feed of changes. "
        "Codes are never translated; sentences are in the language of Accept-Language (es, pt, en). "
        "A query parameter that may be given several times takes its values with commas too."
    ),
    "contact": {"name": "The operator of this node"},
    "license": {"name": "Terms of use: ask the operator of this node", "identifier": "LicenseRef-operator"},
}
TAGS = {
    "bulletins": "Flow bulletins: publish, revise, withdraw, read.",
    "alerts": "Alerts on networks that smuggle migrants, what offices answer to them, and what is related.",
    "reviews": "What waits to be published: for a second person, or for its minute.",
    "flows": "The analyst's query over all published figures.",
    "files": "An office's own words and layouts, by which its files are read.",
    "exchange": "The feed of changes, the log with its proofs and witnesses, and what a node says of itself.",
    "directory": "Conferences, offices, States, presidencies, policies and vocabularies.",
    "access": "Tokens, clients, the caller itself, and the audit.",
    "running": "Whether the node runs, and its pages for people.",
}
"""What each group of operations is for."""

_BEARER: Described = {"type": "http", "scheme": "bearer", "description": "An API key, istmo_<id>_<secret>, or an access token."}
_BASIC: Described = {"type": "http", "scheme": "basic", "description": "Client id and secret, for browsers and spreadsheets."}
_GRANT = "/oauth/token"
_OTHER_METHODS: Described = {"$ref": "#/components/responses/Problem405"}
_KEY: Described = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A key of your own, printable ASCII: the same request under the same key is done once and answered the same for 30 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
_LANGUAGE: Described = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "The languages that you read; es, pt and en are there, en where none of them is named.",
    "schema": {"type": "string", "maxLength": 1_000, "pattern": PRINTABLE},
}
_COPY: Described = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the copy that you hold: 304 where it is the present one.",
    "schema": {"type": "string", "maxLength": 2_000, "pattern": WRITTEN},
}


def routes_of(made: FastAPI) -> list[APIRoute]:
    """Every API route, those of included routers too."""
    return [route for route in made.routes if isinstance(route, APIRoute)]


def declare_access(made: FastAPI, public: Container[str | None]) -> None:
    """Say at each route who may call it (`x-access`); raises RuntimeError where a route declares no rule and is not public."""
    for route in routes_of(made):
        rules = [each.call for each in route.dependant.dependencies if isinstance(each.call, Rule)]
        if not rules and route.operation_id not in public:
            message = f"{route.path} declares no access rule"
            raise RuntimeError(message)
        access = sorted(role.value for rule in rules for role in rule.roles) or ["public"]
        route.openapi_extra = {**(route.openapi_extra or {}), "x-access": access}


def described(made: FastAPI, bodies: Sequence[type[BaseModel]]) -> Described:
    """The whole description."""
    plain = get_openapi(
        title=made.title, version=made.version, summary=made.summary, routes=made.routes, separate_input_output_schemas=False
    )
    return _completed(plain, routes_of(made), bodies)


def _completed(plain: Described, routes: Sequence[APIRoute], bodies: Sequence[type[BaseModel]]) -> Described:
    by_id = {route.operation_id: route for route in routes}
    operations = [operation for path in plain["paths"].values() for operation in path.values()]
    for operation in operations:
        _complete(operation, by_id[operation["operationId"]], oauth=_GRANT in plain["paths"])
    schemas = {**plain.get("components", {}).get("schemas", {}), **schemas_of([*bodies, *ASIDE])}
    used = {tag for operation in operations for tag in operation.get("tags", ())}
    return {
        "openapi": plain["openapi"],
        "info": {**plain["info"], **INFO},
        "servers": [{"url": "/", "description": "This node."}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items() if name in used],
        "paths": plain["paths"],
        "x-other-methods": {"description": "What every address answers to a method that it does not know.", "response": _OTHER_METHODS},
        "components": _components(schemas, operations, oauth=_GRANT in plain["paths"]),
    }


def schemas_of(models: Iterable[type[BaseModel]]) -> Described:
    """JSON Schemas of documents and of what they hold, by name."""
    found: Described = {}
    for model in models:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found


def _components(schemas: Described, operations: Sequence[Described], *, oauth: bool) -> Described:
    flow = {"clientCredentials": {"tokenUrl": _GRANT, "scopes": {}}}
    token = (
        {"oauth": {"type": "oauth2", "flows": flow, "description": "An access token of some minutes (JWT, ES256; RFC 9068, RFC8725)."}}
        if oauth
        else {}
    )
    return {
        "schemas": {
            name: named(schema) for name, schema in sorted(schemas.items()) if name not in {"HTTPValidationError", "ValidationError"}
        },
        "responses": _used(problem_responses(), operations),
        "parameters": {"IdempotencyKey": _KEY, "AcceptLanguage": _LANGUAGE, "IfNoneMatch": _COPY},
        "headers": HEADERS,
        "examples": {**examples.of_models(schemas), **problem_examples()},
        "securitySchemes": {"bearer": _BEARER, "basic": _BASIC, **token},
    }


def _used(responses: Described, operations: Sequence[Described]) -> Described:
    answers = [_OTHER_METHODS, *(answer for operation in operations for answer in operation["responses"].values())]
    named_by = {answer.get("$ref", "").rsplit("/", 1)[-1] for answer in answers}
    return {name: response for name, response in responses.items() if name in named_by}


def _complete(operation: Described, route: APIRoute, *, oauth: bool) -> None:
    """Say of one operation what its code does not show."""
    operation["summary"], operation["description"] = told(route.description)
    operation["security"] = _security(operation, oauth=oauth)
    operation["parameters"] = _parameters(operation)
    body = operation.get("requestBody", {})
    body["content"] = {media: _shown(media, content) for media, content in body["content"].items()} if body else {}
    refused = refusals(operation, route)
    operation["responses"] = _answers(operation)
    operation["responses"] |= {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in refused}


def _security(operation: Described, *, oauth: bool) -> list[Described]:
    if operation["x-access"] != ["public"]:
        return [{"bearer": []}, {"basic": []}, *([{"oauth": []}] if oauth else [])]
    # Where the public may come and still be refused as unknown, the client says by itself who it is.
    return [{"basic": []}, {}] if "401" in operation["responses"] else []


def _parameters(operation: Described) -> list[Described]:
    parameters = [parameter(each) if "schema" in each else each for each in operation.get("parameters", ())]
    shared = [*(["IfNoneMatch"] if "304" in operation["responses"] else []), "AcceptLanguage"]
    return [*parameters, *({"$ref": f"#/components/parameters/{name}"} for name in shared)]


def _answers(operation: Described) -> Described:
    given = {status: answer for status, answer in operation["responses"].items() if status.isdigit() and int(status) < 400}  # noqa: PLR2004
    if "304" in given:
        given["304"] = {**given["304"], "headers": given["200"].get("headers", {})}
    return {status: _given(status, answer, operation) for status, answer in sorted(given.items())}


def told(docstring: str) -> tuple[str, str]:
    """Summary and description of an operation from what its code says of it, without what is meant for its maintainers."""
    paragraphs = [" ".join(part.split()) for part in docstring.replace(" (public)", "").split("\n\n")]
    kept = [said for part in paragraphs if (said := re.sub(r"(^| )Raises `.*", "", part))]
    summary = re.split(r"[.:;](?:\s|$)", kept[0], maxsplit=1)[0]
    return summary, "\n\n".join(kept)


def _given(status: str, answer: Described, operation: Described) -> Described:
    content = {media: _shown(media, inner) for media, inner in answer.get("content", {}).items()} if status != "304" else {}
    return {
        "description": answer["description"].replace("Successful Response", "Done."),
        "headers": {**references((*EVERYWHERE, *_headers(status, content, operation))), **answer.get("headers", {})},
        **({"content": content} if content else {}),
    }


def _headers(status: str, content: Described, operation: Described) -> list[str]:
    named_by = {each.get("name") for each in operation["parameters"]}
    keyed = any("IdempotencyKey" in each.get("$ref", "") for each in operation["parameters"])
    return [
        *(["ETag"] if "304" in operation["responses"] else []),
        *(["Link"] if "cursor" in named_by and status != "304" else []),
        *(["Idempotency-Replayed"] if keyed else []),
        *_headers_of_files(content),
    ]


def _headers_of_files(content: Described) -> list[str]:
    return [
        *(["Content-Disposition"] if content.keys() & {"text/csv", _PACKAGE} else []),
        *(["Content-Language", "Istmo-Total"] if _PACKAGE in content else []),
        *(["Content-Language", "Istmo-Total" if _TABLE in content else "Istmo-Left-Out"] if {"text/csv", _LINES} <= content.keys() else []),
    ]


def _shown(media: str, content: Described) -> Described:
    """A media type with its schema in order and the examples of its document; whatever is no JSON and no form is one text."""
    schema = tidied(content.get("schema", {}))
    if media.startswith(("text/", "image/")):
        schema = TEXT
    names = [branch.get("$ref", "").rsplit("/", 1)[-1] for branch in (schema, *schema.get("anyOf", ()))]
    shown = {key: {"$ref": f"#/components/examples/{key}"} for name in names for key in examples.of_model(name)}
    return {**content, "schema": schema, **({"examples": shown} if shown else {})}
