"""The verbs of bulletins: check, publish, revise, withdraw; whoever publishes prepares first (house.md: the journey of a bulletin)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.bulletins.certificates import keep_certificate
from app.bulletins.preparing import Prepared, Progress, Submission, document_of, prepare, silent
from app.bulletins.projection import project
from app.bulletins.released import existing, lock_flow, locked, stamp_of
from app.core.clock import utc_now
from app.core.db import busy
from app.core.problems import Problem
from app.directory.service import policy_of
from app.documents.figures import figures_for_a_reason
from app.documents.texts import read_reason
from app.documents.versions import stamped, withdrawal_of
from app.exchange.log import NewEntry, append
from app.exchange.node import Node
from app.wire.codes import Op, Outcome, Status
from app.wire.problem import Finding

_TRIES = 3
_CONTENT = 422
_MOST_FINDINGS = 100


@dataclass(frozen=True)
class Published:
    """What became of a submission: the document as the log holds it; none where a period was left out."""

    outcome: str
    period: str
    document: dict[str, Any] | None
    population_shown_pct: int | None = None
    warnings: tuple[Finding, ...] = field(default=(), repr=False)


class _StaleError(Exception):
    """What a table was judged against has changed since: judge it anew."""


Keep = Callable[[Session, list[Published]], None]
"""What the edge does in the transaction of the write itself: keep the answer under its Idempotency-Key."""


def publish(
    node: Node,
    caller: Caller,
    submissions: Sequence[Submission],
    *,
    attempt: Attempt,
    keep: Keep | None = None,
    progress: Progress = silent,
) -> list[Published]:
    """Publish bulletins together or not at all; the answer comes after the commit.

    Raises `bulletin-exists` (409), `bulletin-repeated`, the content's codes (422) and `busy` (503) where what they were judged
    against kept changing.
    """
    for _ in range(_TRIES):
        prepared, left_out = prepare(node, caller, submissions, progress)
        try:
            with node.db.write() as session:
                written = _write(session, node, caller, prepared, attempt)
                results = _in_order(submissions, written, left_out)
                if keep:
                    keep(session, results)
        except (_StaleError, IntegrityError):
            continue
        return results
    raise busy()


def check(node: Node, caller: Caller, submission: Submission) -> Prepared:
    """Judge a bulletin as `publish` would, and store nothing (contract: POST /bulletins/check)."""
    prepared, _ = prepare(node, caller, [submission])
    return prepared[0]


def _write(session: Session, node: Node, caller: Caller, prepared: Sequence[Prepared], attempt: Attempt) -> list[Published]:
    entries: list[NewEntry] = []
    results: list[Published] = []
    for item in sorted(prepared, key=lambda each: each.submission.declaration.flow_key):
        _lock_and_compare(session, item)
    for item in prepared:
        if item.outcome is Outcome.UNCHANGED and item.existing:
            results.append(_published(item, document_of(session, item.existing)))
            continue
        document = _version(item, str(caller.office))
        project(session, document)
        keep_certificate(session, item.document_id, item.version, item.certificate)
        entries.append(NewEntry(Op.REVISE if item.outcome is Outcome.REVISED else Op.PUBLISH, document))
        results.append(_published(item, document))
    # The head row is taken last and held until the commit: numbers come out in the order of commits.
    appended = {entry.document["id"]: entry.document for entry in append(session, node.signer, entries)}
    results = [_sealed(result, appended) for result in results]
    for result in results:
        record(session, attempt, result.outcome, [(result.document["id"], result.document["version"])] if result.document else ())
    return results


def _lock_and_compare(session: Session, item: Prepared) -> None:
    declaration = item.submission.declaration
    flow = lock_flow(session, declaration.flow_key, item.flow_k, declaration.period.family)
    stamp = stamp_of(session, declaration.flow_key, item.reach)
    if flow.k != item.flow_k or stamp != item.stamp or existing(session, declaration.natural_key) != item.existing:
        raise _StaleError


def _version(item: Prepared, issuer: str) -> dict[str, object]:
    now = utc_now()
    document = stamped(item.content, document_id=item.document_id, version=item.version, issuer=issuer, created_at=now, now=now)
    return document | {"reason": item.submission.reason} if item.existing else document


def _published(item: Prepared, document: dict[str, Any]) -> Published:
    return Published(item.outcome.value, item.submission.declaration.period.code, document, item.shown_pct, item.warnings)


def _sealed(result: Published, appended: dict[object, dict[str, object]]) -> Published:
    if result.document is None or result.outcome == Outcome.UNCHANGED.value:
        return result
    return replace(result, document=appended[result.document["id"]])


def _in_order(submissions: Sequence[Submission], written: list[Published], left_out: Sequence[Submission]) -> list[Published]:
    waiting = iter(written)
    skipped = {id(submission) for submission in left_out}
    return [
        Published("left_out", submission.declaration.period.code, None) if id(submission) in skipped else next(waiting)
        for submission in submissions
    ]


def withdraw(
    node: Node, caller: Caller, document_id: str, *, version: int, reason: str, attempt: Attempt, keep: Keep | None = None
) -> Published:
    """Take a bulletin back with a reason: a new version without a body; its earlier bodies are never served again.

    Raises `precondition-failed` where another version came meanwhile, `already-withdrawn` (409) and `personal-data`.
    """
    with node.db.write() as session:
        found = locked(session, document_id)
        if found is None or found.version != version:
            raise Problem("precondition-failed")
        if found.status == Status.WITHDRAWN.value:
            raise Problem("already-withdrawn")
        known = document_of(session, found)
        read_reason(session, reason, figures_for_a_reason(known, policy_of(session, str(known["origin"])).k))
        document = withdrawal_of(known, version=version + 1, issuer=str(caller.office), reason=reason, now=utc_now(), empty=("cells",))
        project(session, document)
        appended = append(session, node.signer, [NewEntry(Op.WITHDRAW, document)])[0]
        result = Published("withdrawn", str(known.get("period")), dict(appended.document))
        record(session, attempt, "withdrawn", [(document_id, version + 1)])
        if keep:
            keep(session, [result])
    return result
