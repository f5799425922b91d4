"""The application: every room put together, and the table of the kinds of document."""

import functools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import anyio.to_thread
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

import app.bulletins.file_routes
import app.bulletins.flow_routes
import app.bulletins.projection
import app.bulletins.routes
import app.exchange.routes
from app.access.rules import Rule, audited
from app.access.visibility import forget_marks
from app.core.gate import Gate
from app.core.http import RequestId, json_response
from app.core.problems import Problem
from app.core.rendering import http_problem, problem_response, query_problem, unexpected_problem
from app.exchange.log import entries
from app.exchange.node import Node
from app.wire.bulletin import ProblemDocument

PUBLIC = frozenset({"live", "ready", "version", "describe_node"})
"""Operations that anyone may call (contract: Routes)."""

ROUTERS = (
    app.bulletins.file_routes.router,
    app.bulletins.routes.router,
    app.bulletins.flow_routes.router,
    app.exchange.routes.router,
)
"""The routes of every room; a path with fixed words stands before one with a parameter in their place."""

BODIES = (*app.bulletins.routes.BODIES,)
"""Wire models of the bodies that routes read by hand, after the caller and its rights are known."""

_WRITES = frozenset({"POST", "PUT", "DELETE", "PATCH"})
_STORES_NOTHING = frozenset({"check_bulletin"})


@dataclass(frozen=True)
class Kind:
    """What the movers of documents do with one kind: write its projections, drop them all."""

    project: Callable[[Session, Mapping[str, Any]], None]
    forget: Callable[[Session], None]


KINDS: Mapping[str, Kind] = {"bulletin": Kind(app.bulletins.projection.project, app.bulletins.projection.forget)}
"""Every kind of document that this node knows (house.md)."""


def create_app(node: Node | None) -> FastAPI:
    """The API over an open node; without one it can only describe itself.

    Raises RuntimeError where a route declares no access rule.
    """
    made = FastAPI(
        title="Istmo",
        version=version("istmo"),
        summary="Information exchange between the Regional Conference on Migration and the South American Conference on Migration",
        lifespan=functools.partial(_lifespan, node=node),
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    made.state.node = node
    if node is not None:
        # What rooms below the exchange need of the node, for they know no Node.
        made.state.db, made.state.settings = node.db, node.settings
        made.state.secrets, made.state.cursor_seal = node.secrets, node.cursor_seal
    made.add_middleware(RequestId)
    for handled, handler in _HANDLERS.items():
        made.add_exception_handler(handled, handler)
    for router in ROUTERS:
        made.include_router(router)
    made.get("/livez", operation_id="live", tags=["running"])(_live)
    made.get("/readyz", operation_id="ready", tags=["running"])(_ready)
    made.get("/version", operation_id="version", tags=["running"])(_version)
    _declare_access(made)
    made.openapi = functools.partial(_described, made, made.openapi)  # type: ignore[method-assign]
    return made


@asynccontextmanager
async def _lifespan(made: FastAPI, *, node: Node | None) -> AsyncIterator[None]:
    if node is None:
        message = "an application without a node describes itself and serves nobody"
        raise RuntimeError(message)
    anyio.to_thread.current_default_thread_limiter().total_tokens = node.settings.threads
    made.state.protection = Gate(node.settings.protection_threads, node.settings.protection_queue)
    node.read_audit.start()
    yield
    node.close()


async def _live() -> Response:
    """Whether the process answers."""
    return json_response({"status": "alive"})


def _ready(request: Request) -> Response:
    """Whether the store answers; 503 where it does not."""
    node: Node = request.app.state.node
    with node.db.read() as session:
        session.connection()
    return json_response({"status": "ready"})


async def _version() -> Response:
    """The build that answers."""
    return json_response({"version": version("istmo")})


def _refused(request: Request, error: Exception) -> Response:
    """Render a problem; a refused write leaves its audit row before the answer does (guarantees 3)."""
    problem = error if isinstance(error, Problem) else Problem("internal")
    operation = getattr(request.scope.get("route"), "operation_id", None)
    checked_only = operation in _STORES_NOTHING and problem.status not in {401, 403}
    if request.method in _WRITES and operation and not checked_only and problem.code != "busy":
        node: Node = request.app.state.node
        problem = audited(request, node.db, problem)
    return problem_response(request, problem)


def _misasked(request: Request, error: Exception) -> Response:
    problem = (
        query_problem(error, _parameters(request.scope.get("route"))) if isinstance(error, RequestValidationError) else Problem("internal")
    )
    return _refused(request, problem)


def _parameters(route: object) -> list[str]:
    """Names of the query parameters of a route: the fields of its one query model."""
    asked = route.dependant.query_params if isinstance(route, APIRoute) else []
    models = [parameter.field_info.annotation for parameter in asked]
    return [name for model in models if isinstance(model, type) and issubclass(model, BaseModel) for name in model.model_fields]


def _unrouted(request: Request, error: Exception) -> Response:
    return problem_response(request, http_problem(error) if isinstance(error, HTTPException) else Problem("internal"))


_HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Response]] = {
    Problem: _refused,
    RequestValidationError: _misasked,
    HTTPException: _unrouted,
    Exception: unexpected_problem,
}


def routes_of(made: FastAPI) -> list[APIRoute]:
    """Every API route, those of included routers too."""
    return [route for route in made.routes if isinstance(route, APIRoute)]


def _declare_access(made: FastAPI) -> None:
    for route in routes_of(made):
        rules = [each.call for each in route.dependant.dependencies if isinstance(each.call, Rule)]
        if not rules and route.operation_id not in PUBLIC:
            message = f"{route.path} declares no access rule"
            raise RuntimeError(message)
        access = sorted(role.value for rule in rules for role in rule.roles) or ["public"]
        route.openapi_extra = {**(route.openapi_extra or {}), "x-access": access}
        route.responses = {**route.responses, "default": {"description": "a problem", "model": ProblemDocument}}


def _described(made: FastAPI, plain: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The API description with what routers cannot know: bodies that are read by hand, problems' media type, keys."""
    description = plain()
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in body_schemas().items():
        schemas.setdefault(name, schema)
    description["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "an API key, istmo_<id>_<secret>"},
        "basic": {"type": "http", "scheme": "basic", "description": "client id and secret"},
    }
    for path in description["paths"].values():
        for operation in path.values():
            _describe_operation(operation)
    made.openapi_schema = description
    return description


def _describe_operation(operation: dict[str, Any]) -> None:
    problem = {
        "description": "a problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = problem
    operation["security"] = [] if operation.get("x-access") == ["public"] else [{"bearer": []}, {"basic": []}]


def body_schemas() -> dict[str, Any]:
    """JSON Schemas of the bodies and of what they hold."""
    found: dict[str, Any] = {}
    for model in BODIES:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found


def description_of() -> dict[str, Any]:
    """The API description without a store behind it."""
    return create_app(None).openapi()


def rebuild(node: Node) -> int:
    """Drop every projection and write it anew from the log, in one transaction; returns the number of entries read."""
    count = 0
    with node.db.write() as session:
        forget_marks(session)
        for kind in KINDS.values():
            kind.forget(session)
        for entry in entries(session):
            count += 1
            if entry.kind in KINDS and entry.text is not None:
                KINDS[entry.kind].project(session, orjson.loads(entry.text))
    return count
