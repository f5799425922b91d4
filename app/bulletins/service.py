"""The verbs of bulletins: check, publish, revise, withdraw; whoever publishes prepares first (house.md: the journey of a bulletin)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.bulletins.holding import covered_by, keep_waiting, place_of, waiting_of
from app.bulletins.preparing import Prepared, Progress, Submission, prepare, silent
from app.bulletins.projection import project
from app.bulletins.released import document_of, locked
from app.bulletins.writing import LEFT_OUT, Published, StaleError, write
from app.core.clock import utc_now
from app.core.db import busy
from app.core.problems import Problem
from app.directory.service import policy_of
from app.documents.figures import figures_for_a_reason
from app.documents.texts import CONFIRMED_BEFORE, read_reason
from app.documents.versions import withdrawal_of
from app.documents.waiting import together
from app.exchange.decided import drop_withdrawn
from app.exchange.log import NewEntry, append
from app.exchange.node import Node
from app.exchange.places import require_free
from app.wire.codes import Op, Status

_TRIES = 3

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

    Where one of them has to wait for its minute or for another person, all of them do, and nothing is published.

    Raises `bulletin-exists` and `review-waiting` (409), `bulletin-repeated`, the content's codes (422) and `busy` (503) where what they
    were judged against kept changing.
    """
    for _ in range(_TRIES):
        prepared, left_out = prepare(node, caller, submissions, progress)
        try:
            with node.db.write() as session:
                done = _publish_or_hold(session, node, caller, prepared, attempt)
                results = list(_in_order(submissions, prepared, done, left_out))
                if keep:
                    keep(session, results)
        except (StaleError, IntegrityError):
            continue
        return results
    raise busy()


def check(node: Node, caller: Caller, submission: Submission) -> Prepared:
    """Judge a bulletin as `publish` would, and store nothing (contract: POST /bulletins/check)."""
    prepared, _ = prepare(node, caller, [submission])
    with node.db.read() as session:
        _require_free(session, node, caller, prepared)
    return prepared[0]


def _publish_or_hold(session: Session, node: Node, caller: Caller, prepared: Sequence[Prepared], attempt: Attempt) -> list[Published]:
    if not together(each.wait for each in prepared).is_over:
        return keep_waiting(session, node, caller, waiting_of(caller, prepared), prepared, attempt)
    _require_free(session, node, caller, prepared)
    record(session, attempt, CONFIRMED_BEFORE, covered_by(prepared))
    return write(session, node, [each.ready for each in prepared], str(caller.office), attempt)


def _require_free(session: Session, node: Node, caller: Caller, prepared: Sequence[Prepared]) -> None:
    """Raise `review-waiting` where something of the same office waits already for what would be published."""
    require_free(session, node.secrets, [place_of(str(caller.office), each.ready) for each in prepared if each.ready.is_new])


def _in_order(
    submissions: Sequence[Submission], prepared: Sequence[Prepared], done: Sequence[Published], left_out: Sequence[Submission]
) -> Iterator[Published]:
    """What became of each submission, with what is told to its sender alone."""
    skipped, pairs = {id(submission) for submission in left_out}, iter(zip(prepared, done, strict=True))
    for submission in submissions:
        if id(submission) in skipped:
            yield Published(LEFT_OUT, submission.declaration.period.code, None)
        else:
            item, result = next(pairs)
            yield replace(result, population_shown_pct=item.shown_pct, warnings=item.warnings, to_confirm=item.to_confirm)


def withdraw(
    node: Node, caller: Caller, document_id: str, *, version: int, reason: str, attempt: Attempt, keep: Keep | None = None
) -> Published:
    """Take a bulletin back with a reason: a new version without a body; its earlier bodies are never served again.

    A new version of it that waits is cancelled.

    Raises `precondition-failed` where another version came meanwhile, `already-withdrawn` (409) and `personal-data`.
    """
    with node.db.write() as session:
        # Before the document's lock, as a release takes them; and after it, for what was kept meanwhile.
        drop_withdrawn(session, node.secrets, document_id, attempt)
        found = locked(session, document_id)
        drop_withdrawn(session, node.secrets, document_id, attempt)
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
