"""Whether the node lives, is ready, what it is, and what it counts (contract: Routes, running)."""

import functools
from importlib.metadata import version
from ipaddress import ip_address
from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError
from starlette.types import Scope

from app.access.callers import Caller
from app.access.rules import Rule
from app.core import schema
from app.core.admission import Rooms
from app.core.clock import parting
from app.core.gate import Gate, Share
from app.core.http import json_response
from app.core.kept import Kept
from app.core.metrics import MEDIA_TYPE, Metrics
from app.core.problems import Problem
from app.exchange.keys import CHECKPOINT
from app.exchange.log import head
from app.exchange.node import Node
from app.exchange.signatures import document_purpose
from app.wire.codes import Role
from app.wire.problem import Finding
from app.wire.running import Alive, Build, Ready

router = APIRouter(tags=["running"])

_THREADS_ASIDE = 2


class _OperatorOrHere(Rule):
    """The operator, or anyone on this machine without a key: as long as no proxy says that it asks for somebody else."""

    async def __call__(self, request: Request) -> Caller | None:  # type: ignore[override]
        """Know the caller, in a thread aside; raises `unauthenticated` (401) and `role-forbidden` (403)."""
        if "authorization" not in request.headers and is_here(request.scope):
            return None
        return await anyio.to_thread.run_sync(super().__call__, request, limiter=request.app.state.threads_aside)


Watcher = Annotated[Caller | None, Depends(_OperatorOrHere(Role.OPERATOR))]


def is_here(scope: Scope) -> bool:
    """Whether a request comes from this machine itself: from loopback and with no Forwarded or X-Forwarded-* header."""
    client = scope.get("client")
    if any(name == b"forwarded" or name.startswith(b"x-forwarded-") for name, _ in scope["headers"]):
        return False
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False


@router.get("/livez", operation_id="live", response_model=Alive)
async def live() -> Response:
    """Whether the process answers (public); it touches neither threads nor the store."""
    return json_response({"status": "alive"})


@router.get("/readyz", operation_id="ready", response_model=Ready)
def ready(request: Request) -> Response:
    """Whether the node can work (public): its store answers, the schema is this build's, the signing keys are loaded; else 503."""
    node: Node = request.app.state.node
    findings = [] if _is_at_head(node) else [Finding("schema-differs")]
    wanted = {*map(document_purpose, node.settings.authored), CHECKPOINT}
    findings += [] if wanted <= set(node.signer.keys) else [Finding("signing-key-missing")]
    if findings:
        raise Problem("not-ready", *findings, headers={"Retry-After": "5"})
    return json_response({"status": "ready"})


_head = functools.cache(schema.head)


def _is_at_head(node: Node) -> bool:
    try:
        with node.db.read() as session:
            return list(session.scalars(sql("SELECT version_num FROM alembic_version"))) == [_head()]
    except DBAPIError:
        return False


@router.get("/version", operation_id="version", response_model=Build)
async def build() -> Response:
    """The build that answers (public)."""
    return json_response({"version": version("istmo")})


@router.get("/metrics", operation_id="metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, caller: Watcher) -> Response:
    """What the node counts, in the text format of Prometheus: for its operator, and without a key from the machine itself."""
    del caller
    counted: Metrics = request.app.state.metrics
    # In a thread aside: it is answered also when every request thread is at work.
    text = await anyio.to_thread.run_sync(counted.text, limiter=request.app.state.threads_aside)
    return Response(text, headers={"Cache-Control": "no-store", "Content-Type": MEDIA_TYPE})


def watch(made: FastAPI, node: Node) -> None:
    """Let the metrics show what waits and how long the log is; called once, in the running loop."""
    counted: Metrics = made.state.metrics
    rooms: Rooms = made.state.rooms
    protection: Gate = made.state.protection
    analysts: Share = made.state.analysts
    kept: Kept = made.state.kept
    threads = anyio.to_thread.current_default_thread_limiter()
    made.state.threads_aside = anyio.CapacityLimiter(_THREADS_ASIDE)
    counted.watch("istmo_requests_inside", "requests that hold a place", lambda: rooms.inside.taken)
    counted.watch("istmo_requests_at_work", "requests at work in a thread", lambda: threads.borrowed_tokens)
    counted.watch("istmo_requests_waiting", "requests that wait for a thread", lambda: threads.statistics().tasks_waiting)
    counted.watch("istmo_bodies_arriving", "bodies on their way in", lambda: rooms.arriving.taken)
    counted.watch("istmo_protection_inside", "tables being protected or waiting for it", lambda: protection.inside)
    counted.watch("istmo_analysts_inside", "questions about the flows being worked on or waiting", lambda: analysts.gate.inside)
    counted.watch("istmo_kept_hits", "answers of flows, or parts of them, that were found in memory", lambda: kept.hits)
    counted.watch("istmo_kept_misses", "answers of flows, or parts of them, that were not", lambda: kept.misses)
    counted.watch("istmo_kept_bytes", "bytes of answers held in memory", lambda: kept.held)
    counted.watch("istmo_read_audit_waiting", "rows of the audit of reads that are not written yet", lambda: node.read_audit.waiting)
    counted.watch("istmo_clock_parted_seconds", "by how much the clock was set ahead (back: below 0) since the node began", parting())
    counted.watch("istmo_log_entries", "entries of the exchange log; not a number where the store does not answer", lambda: _log_size(node))


def _log_size(node: Node) -> float:
    try:
        with node.db.read() as session:
            return head(session).size
    except (Problem, DBAPIError):
        return float("nan")
