"""Bulletins on their way into the log: compared once more with what they were judged against, under the locks of their flows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.bulletins.certificates import keep_certificate
from app.bulletins.projection import project
from app.bulletins.ready import Ready
from app.bulletins.released import document_of, existing, lock_flow, stamp_of
from app.core.clock import utc_now
from app.exchange.log import NewEntry, append
from app.exchange.node import Node
from app.exchange.waiting import Kept
from app.wire.codes import Op, Outcome
from app.wire.problem import Finding

LEFT_OUT: Final = "left_out"
"""What became of a period that its sender asked to leave out where its total is too small."""


@dataclass(frozen=True)
class Published:
    """What became of a submission: the document as the log holds it; none where a period was left out.

    Where it waits `kept` tells where, and `to_confirm` why another person reads it first.
    """

    outcome: str
    period: str
    document: dict[str, Any] | None
    population_shown_pct: int | None = None
    warnings: tuple[Finding, ...] = field(default=(), repr=False)
    kept: Kept | None = None
    to_confirm: tuple[Finding, ...] = field(default=(), repr=False)


class StaleError(Exception):
    """What a table was judged against has changed since: judge it anew."""


def write(
    session: Session, node: Node, ready: Sequence[Ready], issuer: str, attempt: Attempt, created_at: datetime | None = None
) -> list[Published]:
    """Publish bulletins together inside the caller's transaction; raises StaleError before anything of them is published."""
    now = utc_now()
    for item in sorted(ready, key=lambda each: each.flow_key):
        _lock_and_compare(session, item)
    documents = [_projected(session, item, issuer, created_at or now, now) for item in ready]
    entries = [NewEntry(_op(item), document) for item, document in zip(ready, documents, strict=True) if item.is_new]
    # The head row is taken last and held until the commit: numbers come out in the order of commits.
    appended = {entry.document["id"]: entry.document for entry in append(session, node.signer, entries)}
    results = [
        Published(item.outcome.value, item.period, appended[document["id"]] if item.is_new else document)
        for item, document in zip(ready, documents, strict=True)
    ]
    for item, result in zip(ready, results, strict=True):
        record(session, attempt, result.outcome, [(item.document_id, item.version)])
    return results


def _projected(session: Session, item: Ready, issuer: str, created_at: datetime, now: datetime) -> dict[str, Any]:
    """The version with its projections and its certificate written; the one that stands where nothing is new."""
    if not item.is_new and item.existing:
        return document_of(session, item.existing)
    document = item.document(issuer, created_at, now)
    project(session, document)
    keep_certificate(session, item.document_id, item.version, item.certificate)
    return document


def _op(item: Ready) -> Op:
    return Op.REVISE if item.outcome is Outcome.REVISED else Op.PUBLISH


def _lock_and_compare(session: Session, item: Ready) -> None:
    flow = lock_flow(session, item.flow_key, item.flow_k, item.family)
    stamp = stamp_of(session, item.flow_key, item.reach)
    same_flow = (flow.k, flow.family) == (item.flow_k, item.family)
    if not same_flow or stamp != item.stamp or existing(session, item.natural_key) != item.existing:
        raise StaleError
