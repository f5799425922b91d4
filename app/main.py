"""The application: every room put together, and the table of the kinds of document."""

import functools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import app.access.audit_routes
import app.access.own_routes
import app.access.token_routes
import app.alerts.answer_projection
import app.alerts.answer_routes
import app.alerts.ending
import app.alerts.projection
import app.alerts.reader_routes
import app.alerts.releasing
import app.alerts.resubmitting
import app.alerts.routes
import app.bulletins.alias_routes
import app.bulletins.certificate_routes
import app.bulletins.file_routes
import app.bulletins.flows.history_routes
import app.bulletins.flows.looking_routes
import app.bulletins.flows.package_routes
import app.bulletins.flows.routes
import app.bulletins.profile_routes
import app.bulletins.projection
import app.bulletins.receiving
import app.bulletins.releasing
import app.bulletins.resubmitting
import app.bulletins.routes
import app.directory.allow_routes
import app.directory.client_routes
import app.directory.edit_routes
import app.directory.policy_routes
import app.directory.routes
import app.directory.vocabulary_routes
import app.exchange.log_routes
import app.exchange.routes
import app.finding.routes
import app.reviews.releasing
import app.reviews.routes
import app.sync.delivery_routes
import app.sync.hinting
import app.sync.routes
import app.sync.schedule
import app.web.docs
import app.web.page
import app.web.running
from app.access.rules import audited
from app.access.throttle import Throttle
from app.core.admission import Admission, Rooms
from app.core.db import PASSING
from app.core.gate import Gate, Share
from app.core.glance import at_hand_of
from app.core.kept import Kept
from app.core.methods import HeadAsGet, allowed
from app.core.metrics import Metrics
from app.core.observing import Observed
from app.core.problems import Problem
from app.core.quota import Quota
from app.core.rendering import http_problem, problem_response, query_problem
from app.core.shelves import Shelves
from app.documents.erasing import forget_marks
from app.documents.kinds import Kind, Kinds
from app.exchange.node import Node
from app.exchange.upkeep import Jobs, Worker
from app.reviews.two_clocks import slower_clock
from app.sync.applying import forget_understood
from app.sync.replaying import write_anew
from app.web.description import declare_access, described
from app.wire.alert_published import Alert
from app.wire.published import Bulletin

PUBLIC = (
    frozenset(
        {
            "live",
            "ready",
            "version",
            "describe_node",
            "front_page",
            "api_description",
            "docs_page",
            "docs_file",
            "docs_guide",
            "docs_problem",
        }
    )
    | app.access.token_routes.PUBLIC
)
"""Operations that anyone may call (contract: Routes)."""

ROUTERS = (
    app.bulletins.flows.routes.router,
    app.bulletins.flows.looking_routes.router,
    app.bulletins.flows.history_routes.router,
    app.bulletins.flows.package_routes.router,
    app.alerts.routes.router,
    app.alerts.answer_routes.router,
    app.alerts.reader_routes.router,
    app.finding.routes.router,
    app.reviews.routes.router,
    app.bulletins.alias_routes.router,
    app.bulletins.profile_routes.router,
    app.bulletins.file_routes.router,
    app.bulletins.routes.router,
    app.bulletins.certificate_routes.router,
    app.access.token_routes.router,
    app.access.own_routes.router,
    app.access.audit_routes.router,
    app.directory.client_routes.router,
    app.directory.routes.router,
    app.directory.edit_routes.router,
    app.directory.policy_routes.router,
    app.directory.allow_routes.router,
    app.directory.vocabulary_routes.router,
    app.exchange.routes.router,
    app.exchange.log_routes.router,
    app.sync.delivery_routes.router,
    app.sync.routes.router,
    app.web.page.router,
    app.web.docs.router,
    app.web.running.router,
)
"""The routes of every room, which are looked through in this order: what is asked most stands first, and a path with fixed words before
one with a parameter in their place."""

BODIES = (
    *app.bulletins.alias_routes.BODIES,
    *app.bulletins.profile_routes.BODIES,
    *app.bulletins.routes.BODIES,
    *app.alerts.routes.BODIES,
    *app.alerts.answer_routes.BODIES,
    *app.access.token_routes.FORMS,
    *app.directory.client_routes.BODIES,
    *app.directory.edit_routes.BODIES,
    *app.directory.policy_routes.BODIES,
    *app.directory.allow_routes.BODIES,
    *app.exchange.log_routes.BODIES,
    *app.reviews.routes.BODIES,
    *app.sync.delivery_routes.BODIES,
)
"""Wire models of the bodies that routes read by hand, after the caller and its rights are known."""

_WRITES = frozenset({"POST", "PUT", "DELETE", "PATCH"})
_STORES_NOTHING = frozenset({"check_bulletin"})
_UNREAD = PASSING | {"overloaded", "too-many-requests", "too-many-failed-logins"}
"""Refusals that cost no statement, so that a flood of them costs the store nothing, and one that cannot write is asked for no row."""


KINDS: Kinds = {
    "bulletin": Kind(
        app.bulletins.projection.project_all,
        app.bulletins.projection.forget,
        app.bulletins.projection.forget_one,
        Bulletin,
        app.bulletins.receiving.understands,
        app.bulletins.receiving.is_of_origin,
        places_of=app.bulletins.receiving.places_of,
        holders=app.bulletins.receiving.holders,
        release=app.bulletins.releasing.release,
        resubmit=app.bulletins.resubmitting.resubmit,
    ),
    "alert": Kind(
        app.alerts.projection.project_all,
        app.alerts.projection.forget,
        app.alerts.projection.forget_one,
        Alert,
        along=app.alerts.ending.with_answers,
        withdrawn_as=("reference",),
        release=app.alerts.releasing.release,
        resubmit=app.alerts.resubmitting.resubmit,
    ),
    **{
        name: Kind(
            app.alerts.answer_projection.project_all,
            app.alerts.answer_projection.forget,
            app.alerts.answer_projection.forget_one,
            model,
            withdrawn_as=("alert",),
            release=app.alerts.releasing.release,
            resubmit=app.alerts.resubmitting.resubmit,
        )
        for name, model in app.alerts.answer_projection.MODELS.items()
    },
}
"""Every kind of document that this node knows (house.md)."""

_DESCRIBING = threading.Lock()


JOBS: Jobs = {
    "alerts": app.alerts.ending.erase_expired,
    "pulled": lambda node: app.sync.schedule.pull_due(node, KINDS),
    "purged": app.reviews.releasing.purge,
    "sent": app.sync.schedule.send_due,
}
"""What the worker does beside the upkeep of the log (contract: `istmo worker`)."""


def worker_of(node: Node) -> Worker:
    """The worker of a node: beside its jobs it publishes what is due, hints peers at what is new, and pulls at once where one hinted.

    What waits is published and purged by a clock that is not ahead of what has passed since the worker was made.
    """
    clock = slower_clock()
    jobs = {**JOBS, "purged": lambda node: app.reviews.releasing.purge(node, clock)}
    glances = {"released": lambda node: app.reviews.releasing.release_due(node, KINDS, clock), "hinted": app.sync.hinting.watch()}
    return Worker(node, jobs, woken={"pulled": JOBS["pulled"]}, glances=glances)


def create_app(node: Node | None) -> FastAPI:
    """The API over an open node; without one it can only describe itself.

    Raises RuntimeError where a route declares no access rule.
    """
    made = FastAPI(
        title="Istmo",
        version=version("istmo"),
        summary="Information exchange between the Regional Conference on Migration and the South American Conference on Migration",
        lifespan=functools.partial(_lifespan, node=node),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    made.state.node = node
    if node is not None:
        # What rooms below the exchange need of the node, for they know no Node.
        made.state.db, made.state.settings = node.db, node.settings
        made.state.secrets, made.state.cursor_seal = node.secrets, node.cursor_seal
        made.state.throttle = Throttle(node.settings)
        made.state.kinds = KINDS
    _add_layers(made, node)
    for handled, handler in _HANDLERS.items():
        made.add_exception_handler(handled, handler)
    for router in ROUTERS:
        # Not `include_router`: its routes would stand behind a wrapper, where no rule of theirs could be looked for.
        made.router.routes.extend(router.routes)
    made.router.routes.insert(0, Shelves(made.router.routes))
    if node is not None and node.settings.proxies:
        # The last one is the outermost: whatever is inside knows the address that counts.
        made.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(node.settings.proxies))
    declare_access(made, PUBLIC)
    made.openapi = description_of  # type: ignore[method-assign]
    return made


def _add_layers(made: FastAPI, node: Node | None) -> None:
    # The last one that is added is the outermost.
    made.state.metrics = Metrics(version("istmo"))
    made.add_middleware(HeadAsGet)
    if node is not None:
        made.state.rooms = Rooms(node.settings.admission, node.settings.uploads)
        made.add_middleware(Admission, made.state.rooms, node.settings.body_timeout_s)
    made.add_middleware(Observed, made.state.metrics)
    if node is not None:
        made.add_middleware(Quota, node.settings.requests_per_second)


@asynccontextmanager
async def _lifespan(made: FastAPI, *, node: Node | None) -> AsyncIterator[None]:
    if node is None:
        message = "an application without a node describes itself and serves nobody"
        raise RuntimeError(message)
    anyio.to_thread.current_default_thread_limiter().total_tokens = node.settings.threads
    made.state.protection = Gate(node.settings.protection_threads, node.settings.protection_queue)
    asking = (node.settings.analyst_threads, node.settings.analyst_queue, node.settings.analyst_timeout_s)
    made.state.analysts = Share(*asking, made.state.rooms.bringing, node.settings.analyst_yields_s)
    made.state.kept = Kept(node.settings.answer_cache_bytes)
    made.state.at_hand = at_hand_of(node.db)
    app.web.running.watch(made, node)
    node.read_audit.start()
    yield
    if made.state.at_hand:
        made.state.at_hand.close()
    node.close()


def _refused(request: Request, error: Exception) -> Response:
    """Render a problem; a refused write leaves its audit row before the answer does (guarantees 3)."""
    problem = error if isinstance(error, Problem) else Problem("internal")
    operation = getattr(request.scope.get("route"), "operation_id", None)
    checked_only = operation in _STORES_NOTHING and problem.status not in {401, 403}
    if request.method in _WRITES and operation and not checked_only and problem.code not in _UNREAD:
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
    known = [model for model in models if isinstance(model, type) and issubclass(model, BaseModel)]
    return [field.alias or name for model in known for name, field in model.model_fields.items()]


async def _unrouted(request: Request, error: Exception) -> Response:
    # Async: what leads nowhere is told so without a thread.
    problem = http_problem(error) if isinstance(error, HTTPException) else Problem("internal")
    if problem.code == "method-not-allowed":
        problem.headers["Allow"] = allowed(request.scope, request.app.routes)
    return problem_response(request, problem)


_HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Response | Awaitable[Response]]] = {
    Problem: _refused,
    RequestValidationError: _misasked,
    HTTPException: _unrouted,
}


def description_of() -> dict[str, Any]:
    """The API description, which is the same of every node; worked out once a process (a second and a half)."""
    # By one at a time: the framework fills in its routes meanwhile, and two at once found them half done.
    with _DESCRIBING:
        return _description_of()


@functools.cache
def _description_of() -> dict[str, Any]:
    return described(create_app(None), BODIES)


def rebuild(node: Node) -> int:
    """Drop every projection and write it anew from the log, in one transaction; returns the number of entries read."""
    with node.db.write() as session:
        forget_marks(session)
        for kind in KINDS.values():
            kind.forget(session)
        count, strange = write_anew(session, KINDS)
        forget_understood(session, strange)
    return count
