"""The release of what waited: by whoever confirms it, or by the worker at its minute; never early, never twice, whole or not at all."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.core.clock import utc_now
from app.core.db import PASSING
from app.core.logs import tell
from app.core.problems import Problem
from app.documents.kinds import Kinds
from app.exchange import decided, waiting
from app.exchange.node import Node
from app.exchange.places import leave_places
from app.exchange.waiting import Item
from app.reviews.two_clocks import Clock
from app.wire.codes import WaitingStatus

_RELEASE = Attempt("reviews.release")
_PURGE = Attempt("reviews.purge")
_ROWS = 1_000


def released(session: Session, node: Node, kinds: Kinds, item: Item, attempt: Attempt, by: str | None = None) -> None:
    """Publish an item inside the caller's transaction.

    Raises `review-unreadable` (409) where its key is lost, and what its kind raises: `review-stale` (409) where it was overtaken.
    """
    content = waiting.read(node.secrets, item)
    if content is None:
        raise Problem("review-unreadable")
    published(session, node, kinds, item, content["payload"], attempt, by)


def published(
    session: Session, node: Node, kinds: Kinds, item: Item, payload: Mapping[str, Any], attempt: Attempt, by: str | None = None
) -> None:
    """Publish this payload for an item, which is decided with that."""
    release = kinds[item.kind].release
    if release is None:
        raise LookupError(item.kind)
    # What comes of an item stands in its place.
    leave_places(session, item.id)
    decided.note_published(item, release(session, node, payload, attempt))
    decided.settle(session, item, WaitingStatus.PUBLISHED, by=by)
    record(session, attempt, "released", [(item.id, item.version)])


def release_due(node: Node, kinds: Kinds, clock: Clock = utc_now) -> int:
    """Publish every item whose minute has come by a clock, each in a transaction of its own, the longest due first; how many were published.

    One that was overtaken, and one that fails by a fault of its own, is tried no more and says so; where the store is away the next
    look is another try.
    """
    with node.db.read() as session:
        ids = decided.due(session, clock())
    done = [_release(node, kinds, item_id, clock) for item_id in ids]
    if False in done:
        tell(logging.WARNING, "not published at its minute", {"count": done.count(False)})
    return done.count(True)


def _release(node: Node, kinds: Kinds, item_id: str, clock: Clock) -> bool | None:
    """Whether an item was published; none where there is nothing to publish any more, or not yet."""
    try:
        with node.db.write() as session:
            item = decided.locked(session, item_id)
            # Another worker may have published it since it was looked for, its sender replaced it, the clock been set back.
            if item is None or not decided.is_due(item, clock()) or not decided.is_readable(node.secrets, item):
                return None
            released(session, node, kinds, item, _RELEASE)
    except Problem as problem:
        if problem.code in PASSING:
            raise
        _leave(node, item_id, decided.STALE, clock)
    except IntegrityError:
        # Somebody else took its place at this moment.
        _leave(node, item_id, decided.STALE, clock)
    except Exception as error:  # noqa: BLE001 - one item keeps no other one waiting
        tell(logging.ERROR, "release failed", {"review": item_id}, error)
        _leave(node, item_id, decided.FAILED, clock)
    else:
        return True
    return False


def _leave(node: Node, item_id: str, reason: str, clock: Clock) -> None:
    with node.db.write() as session:
        item = decided.locked(session, item_id)
        if item is not None and decided.is_due(item, clock()):
            decided.leave_waiting(session, item, reason)
            record(session, _RELEASE, reason, [(item.id, item.version)])


def purge(node: Node, clock: Clock = utc_now) -> int:
    """Take away what nobody decided on in time and what nobody can read any more, and the rows of what was decided long ago; how many."""
    with node.db.read() as session:
        late, lost = decided.overdue(session, clock()), decided.unreadable(session, node.secrets)
    if lost:
        tell(logging.ERROR, "waiting items purged: their key is lost", {"count": len(lost)})
    gone = _purge(node, lost, WaitingStatus.UNREADABLE, lambda item: not decided.is_readable(node.secrets, item))
    gone += _purge(node, late, WaitingStatus.EXPIRED, lambda item: item.expires_at <= clock())
    with node.db.write() as session:
        return gone + decided.forget_decided(session, clock(), _ROWS)


def _purge(node: Node, ids: Sequence[str], status: WaitingStatus, still: Callable[[Item], bool]) -> int:
    count = 0
    for item_id in ids:
        with node.db.write() as session:
            item = decided.locked(session, item_id)
            if item is not None and item.status in decided.OPEN and still(item):
                decided.settle(session, item, status)
                record(session, _PURGE, status.value, [(item.id, item.version)])
                count += 1
    return count
