"""What waiting items stand for and what they follow, keyed and hashed: a store that is read by others tells nothing of it (guarantees 2)."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.core.problems import Problem
from app.core.secrets import Secrets
from app.exchange.models import WaitingItem, WaitingPlace
from app.exchange.waiting_list import seen_by

REVISES, ENDS_WITH = "revises", "ends-with"
"""How an item follows a document: as a new version of it, as what is erased along with it."""

_HALF = 32
"""Characters of a place that say which document an item follows; the others say which item: many may follow one."""


def require_free(session: Session, secrets: Secrets, places: Sequence[str]) -> None:
    """Raise `review-waiting` (409) where an item stands for one of these places; whoever asks sees what waits there."""
    keyed = _keyed(secrets, places)
    known = session.scalar(select(WaitingPlace.item).where(WaitingPlace.place.in_(keyed)).limit(1)) if keyed else None
    if known is not None:
        raise _waits(known)


def require_unrevised(session: Session, secrets: Secrets, caller: Caller, document_ids: Iterable[str]) -> None:
    """Raise `review-waiting` (409) where a new version of one of these documents waits already, of those that the caller may see."""
    items = followers(session, secrets, document_ids, (REVISES,))
    seen = select(WaitingItem.id).where(WaitingItem.id.in_(items), seen_by(caller)).order_by(WaitingItem.id).limit(1)
    known = session.scalar(seen) if items else None
    if known is not None:
        raise _waits(known)


def _waits(review_id: str) -> Problem:
    link = f"/v1/reviews/{review_id}"
    return Problem("review-waiting", review=link, headers={"Link": f'<{link}>; rel="related"'})


def take_places(
    session: Session, secrets: Secrets, review_id: str, places: Sequence[str], revises: Sequence[str], ends_with: Sequence[str]
) -> None:
    """Let an item stand for these places, and follow these documents."""
    own = review_id.replace("-", "")
    follows = [*_marks(secrets, revises, (REVISES,)), *_marks(secrets, ends_with, (ENDS_WITH,))]
    taken = [*_keyed(secrets, places), *(mark + own for mark in dict.fromkeys(follows))]
    if taken:
        session.execute(insert(WaitingPlace), [{"place": place, "item": review_id} for place in taken])


def leave_places(session: Session, review_id: str) -> None:
    """Let another item stand where this one stood."""
    session.execute(delete(WaitingPlace).where(WaitingPlace.item == review_id))


def followers(session: Session, secrets: Secrets, document_ids: Iterable[str], how: Sequence[str]) -> list[str]:
    """Ids of the items that follow one of these documents, in the order in which they were sent."""
    marks = _marks(secrets, document_ids, how)
    following = select(WaitingPlace.item).where(func.substr(WaitingPlace.place, 1, _HALF).in_(marks)).distinct()
    return sorted(session.scalars(following)) if marks else []


def _marks(secrets: Secrets, document_ids: Iterable[str], how: Sequence[str]) -> list[str]:
    return [each[:_HALF] for each in _keyed(secrets, [f"{verb}|{each}" for each in document_ids for verb in how])]


def _keyed(secrets: Secrets, places: Sequence[str]) -> list[str]:
    key = secrets.hmac_key("fingerprint") if places else b""
    return [hmac.new(key, b"waiting\0" + each.encode(), hashlib.sha256).hexdigest() for each in places]
