"""What officers decide on a waiting item: confirm, reject, cancel, replace; each against the version that was seen, and audited."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.access.audit import Attempt, record, record_codes
from app.access.callers import Caller
from app.core.clock import utc_now
from app.core.conditional import require_match
from app.core.parsing import nearest
from app.core.problems import Problem
from app.directory import codes
from app.documents.kinds import Kinds
from app.documents.texts import CONFIRMED_BEFORE
from app.exchange import decided, waiting
from app.exchange.node import Node
from app.exchange.waiting import Item
from app.reviews.releasing import published, released
from app.reviews.rights import is_alone, one
from app.reviews.showing import etag_of
from app.wire.codes import WaitingStatus
from app.wire.problem import Finding
from app.wire.review import ConfirmedFinding
from app.wire.strict_json import pointer

_HELD, _MOST_FINDINGS = frozenset({WaitingStatus.HELD.value}), 100
_OPEN = frozenset(decided.OPEN)

Keep = Callable[[Session, Item], None]
"""What the edge does in the transaction of the decision: keep the answer under its Idempotency-Key."""


def nothing(_session: Session, _item: Item) -> None:
    """Keep no answer."""
    return


def confirm(
    node: Node,
    kinds: Kinds,
    caller: Caller,
    item_id: str,
    findings: Sequence[ConfirmedFinding],
    if_match: str | None,
    attempt: Attempt,
    keep: Keep = nothing,
) -> Item:
    """Say as a second person that an item may be published; it is at once, or waits on for its minute.

    Raises `not-found`, the 403 of `is_alone`, `review-decided` and `review-stale` (409), `precondition-failed`, and `invalid-content`
    with each finding that no reason or an unknown one was given for: nothing is changed then.
    """
    with node.db.write() as session:
        item, content = _taken(session, node, caller, item_id, if_match, _HELD)
        alone = is_alone(session, caller, item)
        _require_reasons(content["findings"], findings)
        record(session, attempt, "confirmed_alone" if alone else "confirmed", [(item.id, item.version)])
        record_codes(session, attempt, "reason_given", [each.reason for each in findings], (item.id, item.version))
        if item.due is not None and item.due > utc_now():
            decided.let_pass(session, node.secrets, item, caller.client_id)
        else:
            released(session, node, kinds, item, attempt, caller.client_id)
        keep(session, item)
    return item


def reject(node: Node, caller: Caller, item_id: str, reason: str, if_match: str | None, attempt: Attempt, keep: Keep = nothing) -> Item:
    """Refuse that an item is published; what it held goes.  Raises as `confirm` does."""
    with node.db.write() as session:
        item, _ = _taken(session, node, caller, item_id, if_match, _OPEN)
        fault = _reason_fault("reject_reason", reason, "/reason")
        if fault:
            raise Problem("invalid-content", fault)
        record(session, attempt, "rejected", [(item.id, item.version)])
        decided.settle(session, item, WaitingStatus.REJECTED, by=caller.client_id, reason=reason)
        keep(session, item)
    return item


def cancel(node: Node, caller: Caller, item_id: str, if_match: str | None, attempt: Attempt, keep: Keep = nothing) -> Item:
    """Take an item back before it is published.  Raises `not-found`, `review-decided` (409), `precondition-failed`."""
    with node.db.write() as session:
        item, _ = _taken(session, node, caller, item_id, if_match, _OPEN)
        record(session, attempt, "cancelled", [(item.id, item.version)])
        decided.settle(session, item, WaitingStatus.CANCELLED, by=caller.client_id)
        keep(session, item)
    return item


def replace(
    node: Node, kinds: Kinds, caller: Caller, item_id: str, body: object, if_match: str | None, attempt: Attempt, keep: Keep = nothing
) -> Item:
    """Send something else in an item's place, in the form that was sent first; it is published at once where it need not wait.

    Raises what sending it anew would, `not-found`, `review-decided` and `review-waiting` (409), `precondition-failed`.
    """
    with node.db.read() as session:
        item, content = _judged(session, node, caller, item_id, if_match, _OPEN)
    resubmit = kinds[item.kind].resubmit
    if resubmit is None:
        raise LookupError(item.kind)
    wanted = resubmit(node, caller, content["payload"], body)
    with node.db.write() as session:
        item, _ = _taken(session, node, caller, item_id, if_match, _OPEN)
        record(session, attempt, "replaced", [(item.id, item.version)])
        record(session, attempt, CONFIRMED_BEFORE, wanted.covered)
        if wanted.is_ready:
            waiting.add_writer(item, caller)
            published(session, node, kinds, item, waiting.as_kept(wanted)["payload"], attempt, caller.client_id)
        else:
            waiting.replace(session, node.secrets, item, caller, wanted)
        keep(session, item)
    return item


def _taken(
    session: Session, node: Node, caller: Caller, item_id: str, if_match: str | None, states: frozenset[str]
) -> tuple[Item, Mapping[str, Any]]:
    """An item locked, as `_judged` finds it then: of two who decide at once the second is told that it is decided."""
    decided.locked(session, item_id)
    return _judged(session, node, caller, item_id, if_match, states)


def _judged(
    session: Session, node: Node, caller: Caller, item_id: str, if_match: str | None, states: frozenset[str]
) -> tuple[Item, Mapping[str, Any]]:
    item, content = one(session, node, caller, item_id)
    if if_match is None:
        raise Problem("precondition-required")
    if item.status not in states:
        raise Problem("review-decided", status=item.status)
    require_match(if_match, etag_of(item))
    if content is None:
        raise Problem("review-unreadable")
    return item, content


def _require_reasons(found: Sequence[Mapping[str, Any]], given: Sequence[ConfirmedFinding]) -> None:
    """Raise `invalid-content` unless a known reason is given for every finding, and for nothing else."""
    wanted = dict.fromkeys((each["pointer"], each["params"]["offset"]) for each in found)
    faults = [
        fault for at, each in enumerate(given) if (fault := _reason_fault("finding_reason", each.reason, pointer("findings", at, "reason")))
    ]
    faults += [
        Finding("finding-unknown", pointer=pointer("findings", at))
        for at, each in enumerate(given)
        if (each.pointer, each.offset) not in wanted
    ]
    told = {(each.pointer, each.offset) for each in given}
    faults += [
        Finding("finding-unconfirmed", pointer="/findings", params={"place": place, "offset": at})
        for place, at in wanted
        if (place, at) not in told
    ]
    if faults:
        raise Problem("invalid-content", *faults[:_MOST_FINDINGS])


def _reason_fault(vocabulary: str, code: str, place: str) -> Finding | None:
    known = list(codes.vocabulary(vocabulary).terms)
    return None if code in known else Finding("code-unknown", pointer=place, params={"suggestions": nearest(code, known), "known": known})
