"""The waiting items that a caller may see: those of its office and, for a secretariat, of its whole conference, none above its ceiling."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.exchange.models import WaitingItem
from app.wire.codes import Role


def seen(session: Session, caller: Caller, item_id: str) -> WaitingItem | None:
    """One item; none where it is not the caller's to see, as where there is none."""
    return session.scalar(select(WaitingItem).where(WaitingItem.id == item_id, seen_by(caller)))


def listed(
    session: Session, caller: Caller, *, status: Sequence[str] = (), kind: str | None = None, after: str | None = None, limit: int
) -> tuple[list[WaitingItem], int]:
    """A page of items after an id, the oldest first, and how many there are in all."""
    wanted = [seen_by(caller)]
    if status:
        wanted.append(WaitingItem.status.in_(status))
    if kind:
        wanted.append(WaitingItem.kind == kind)
    total = session.scalar(select(func.count()).select_from(WaitingItem).where(*wanted)) or 0
    later = [WaitingItem.id > after] if after else []
    found = session.scalars(select(WaitingItem).where(*wanted, *later).order_by(WaitingItem.id).limit(limit))
    return list(found), total


def seen_by(caller: Caller) -> ColumnElement[bool]:
    """The items that a caller may see, as a condition."""
    if caller.role is Role.SECRETARIAT:
        return (WaitingItem.origin == caller.conference) & (WaitingItem.tlp <= caller.ceiling)
    own = (WaitingItem.issuer == caller.office) & (WaitingItem.tlp <= caller.ceiling)
    return own if caller.role is Role.PARTNER else false()
