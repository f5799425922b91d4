"""What becomes of a waiting item: published, rejected, cancelled, purged; what it held goes as soon as it is decided, its row stays a while."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.core.clock import utc_now
from app.core.db import changed_rows
from app.core.secrets import Secrets
from app.core.vault import opened, sealed
from app.exchange.models import WaitingItem
from app.exchange.places import ENDS_WITH, REVISES, followers, leave_places
from app.exchange.waiting import Item, kept_until, writers_of
from app.wire.codes import WaitingStatus

OPEN = (WaitingStatus.HELD.value, WaitingStatus.PENDING.value)
"""States in which an item still waits."""
ROW_DAYS = 90
"""For so many days the sender of an item sees what became of it."""
STALE, FAILED = "stale", "failed"
"""Why a pending item was not published at its minute: overtaken, or by a fault that nobody thought of."""
ERASED, WITHDRAWN = "erased", "withdrawn"
"""Why an item was cancelled by the node: what became of the document that it follows."""

_CHUNK = 100


def locked(session: Session, item_id: str) -> Item | None:
    """An item as it is now, locked for the rest of the transaction: of two decisions at once the second sees the first."""
    return session.scalar(select(WaitingItem).where(WaitingItem.id == item_id).with_for_update().execution_options(populate_existing=True))


def settle(session: Session, item: Item, status: WaitingStatus, *, by: str | None = None, reason: str | None = None) -> None:
    """Decide an item for good: what is sealed in it goes, another may stand where it stood."""
    item.status, item.reason, item.decided_by = status.value, reason, by
    item.version += 1
    item.sealed, item.changed_at = None, utc_now()
    leave_places(session, item.id)
    session.flush()


def drop_erased(session: Session, secrets: Secrets, document_id: str, attempt: Attempt) -> None:
    """Cancel what waits as a new version of a document that is erased or ends with it: what is sealed goes, its sender sees why."""
    _drop(session, followers(session, secrets, [document_id], (REVISES, ENDS_WITH)), ERASED, attempt)


def drop_withdrawn(session: Session, secrets: Secrets, document_id: str, attempt: Attempt) -> None:
    """Cancel what waits as a new version of a document that is withdrawn; an answer to it stays, for it may stand again."""
    _drop(session, followers(session, secrets, [document_id], (REVISES,)), WITHDRAWN, attempt)


def _drop(session: Session, ids: Sequence[str], reason: str, attempt: Attempt) -> None:
    for each in ids:
        item = locked(session, each)
        if item is not None and item.status in OPEN:
            record(session, attempt, WaitingStatus.CANCELLED.value, [(item.id, item.version)])
            settle(session, item, WaitingStatus.CANCELLED, reason=reason)


def note_published(item: Item, documents: Sequence[tuple[str, int]]) -> None:
    """Remember which versions came of an item."""
    item.published = orjson.dumps([{"id": document_id, "version": version} for document_id, version in documents]).decode()


def published_by(item: Item) -> list[dict[str, object]]:
    """Ids and versions that came of an item; none before it was published."""
    known: list[dict[str, object]] = orjson.loads(item.published) if item.published else []
    return known


def let_pass(session: Session, secrets: Secrets, item: Item, by: str) -> None:
    """Let a held item wait for its minute alone: somebody else has confirmed it."""
    plain = opened(secrets, item.sealed or b"", f"{item.id}.r{item.version}")
    item.version += 1
    item.sealed = sealed(secrets, plain, f"{item.id}.r{item.version}") if plain is not None else None
    item.status, item.decided_by, item.changed_at = WaitingStatus.PENDING.value, by, utc_now()
    item.expires_at = kept_until(item.changed_at, item.due)
    session.flush()


def leave_waiting(session: Session, item: Item, reason: str) -> None:
    """Try an item no more by itself, and say why; whoever wrote it replaces or cancels it."""
    item.reason = reason
    session.flush()


def due(session: Session, now: datetime) -> list[str]:
    """Ids of the items whose minute has come, the longest due first, of those that are still tried."""
    pending = (WaitingItem.status == WaitingStatus.PENDING.value, WaitingItem.due <= now, WaitingItem.reason.is_(None))
    return list(session.scalars(select(WaitingItem.id).where(*pending).order_by(WaitingItem.due, WaitingItem.id).limit(_CHUNK)))


def is_due(item: Item, now: datetime) -> bool:
    """Whether an item is to be published now: it waits for its minute alone, that has come, and nothing was said against it."""
    return item.status == WaitingStatus.PENDING.value and item.reason is None and item.due is not None and item.due <= now


def overdue(session: Session, now: datetime) -> list[str]:
    """Ids of the items that have waited longer than anything is kept."""
    return list(session.scalars(select(WaitingItem.id).where(WaitingItem.status.in_(OPEN), WaitingItem.expires_at <= now).limit(_CHUNK)))


def unreadable(session: Session, secrets: Secrets) -> list[str]:
    """Ids of the items whose key is lost, or another one by now: all that were sealed before it was lost."""
    asked = select(WaitingItem.id).where(WaitingItem.status.in_(OPEN)).order_by(WaitingItem.changed_at, WaitingItem.id)
    found: list[str] = []
    for item_id in session.scalars(asked).all():
        if is_readable(secrets, session.get_one(WaitingItem, item_id)):
            break
        found.append(item_id)
    return found


def is_readable(secrets: Secrets, item: Item) -> bool:
    """Whether what is sealed in an item can be opened."""
    return item.sealed is not None and opened(secrets, item.sealed, f"{item.id}.r{item.version}") is not None


def hold_again(session: Session) -> int:
    """Let nothing that a backup says is pending be published by itself: what was decided since the backup is not in it; how many items."""
    pending = update(WaitingItem).where(WaitingItem.status == WaitingStatus.PENDING.value)
    return changed_rows(session.execute(pending.values(status=WaitingStatus.HELD.value, needs_review=True)))


def forget_decided(session: Session, now: datetime, most: int) -> int:
    """Remove the rows of items that were decided long ago; how many."""
    old = (WaitingItem.status.not_in(OPEN), WaitingItem.changed_at <= now - timedelta(days=ROW_DAYS))
    ids = list(session.scalars(select(WaitingItem.id).where(*old).limit(most)))
    session.execute(delete(WaitingItem).where(WaitingItem.id.in_(ids)))
    return len(ids)


def offices_of(item: Item) -> list[str]:
    """The offices that wrote an item, in the order in which they did."""
    return list(dict.fromkeys(str(each["office"]) for each in writers_of(item) if each.get("office")))
