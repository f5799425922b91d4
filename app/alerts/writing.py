"""One version of an alert or of an answer on its way into the log: its marking, its projections, its place, its audit row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.access.visibility import grantees_of
from app.alerts.rights import Standing, Table
from app.core.db import busy
from app.core.problems import Problem
from app.documents.texts import CONFIRMED_BEFORE
from app.exchange.log import NewEntry, append, documents
from app.exchange.node import Node
from app.exchange.waiting import Kept, Waiting, hold
from app.wire.codes import TLP, Op, Outcome
from app.wire.problem import Finding

_TRIES = 3


@dataclass(frozen=True)
class Written:
    """What became of a write: the document as the log holds it; where it waits `kept` tells where, and `to_confirm` why."""

    outcome: str
    document: dict[str, Any]
    kept: Kept | None = None
    to_confirm: tuple[Finding, ...] = field(default=(), repr=False)


Keep = Callable[[Session, list[Written]], None]
"""What the edge does in the transaction of the write itself: keep the answer under its Idempotency-Key."""

Projector = Callable[[Session, Mapping[str, Any]], None]

_OUTCOMES: Mapping[Op, str] = {Op.PUBLISH: Outcome.CREATED.value, Op.REVISE: Outcome.REVISED.value, Op.WITHDRAW: "withdrawn"}


class StaleError(Exception):
    """What a version was judged against has changed since: judge it anew."""


def with_retries(write: Callable[[], list[Written]]) -> list[Written]:
    """Do a write, anew where another one came between its judgement and itself; raises `busy` (503) where that goes on."""
    for _ in range(_TRIES):
        try:
            return write()
        except (StaleError, IntegrityError):
            continue
    raise busy()


def into_log(
    session: Session, node: Node, attempt: Attempt, project: Projector, versions: Sequence[tuple[Op, dict[str, object]]]
) -> list[Written]:
    """Project versions, append them in order, write their audit rows; the caller's transaction holds the head until it commits."""
    for _, document in versions:
        project(session, document)
    # The head row is taken last and held until the commit: numbers come out in the order of commits.
    appended = append(session, node.signer, [NewEntry(op, document) for op, document in versions])
    written = [Written(_OUTCOMES[op], dict(entry.document)) for (op, _), entry in zip(versions, appended, strict=True)]
    for each in written:
        record(session, attempt, each.outcome, [(each.document["id"], each.document["version"])])
    return written


def keep_waiting(session: Session, node: Node, caller: Caller, waiting: Waiting, attempt: Attempt) -> list[Written]:
    """Keep what may not be published yet, with its audit row, inside the caller's transaction; one answer for all of it."""
    kept = hold(session, node.secrets, caller, waiting)
    record(session, attempt, CONFIRMED_BEFORE, waiting.covered)
    record(session, attempt, kept.status.value, [(kept.id, kept.version)])
    return [Written(kept.status.value, {}, kept, tuple(waiting.findings))]


def newest_locked(session: Session, table: Table, document_id: str) -> int | None:
    """The newest version of a document, its lock taken for the rest of the transaction; none where it was erased meanwhile."""
    newest = select(table.version).where(table.document_id == document_id, table.superseded_at.is_(None))
    return session.scalar(newest.with_for_update())


def locked(session: Session, table: Table, seen: Standing) -> None:
    """Take the lock of a document's newest version; raises `precondition-failed` for another one than was seen."""
    if newest_locked(session, table, seen.document_id) != seen.version:
        raise Problem("precondition-failed")


def document_of(session: Session, document_id: str, version: int) -> dict[str, Any]:
    """The document of a version as the log holds it."""
    document: dict[str, Any] = orjson.loads(documents(session, [(document_id, version)])[document_id, version].text or "{}")
    return document


def readers_of(tlp: TLP, audience: Sequence[str], origin: str, issuer: str) -> frozenset[str]:
    """Who may see a version that is marked so (contract: who sees a document)."""
    return grantees_of(tlp, audience or [origin], {f"{origin}/secretariat", issuer})
