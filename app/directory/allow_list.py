"""The allow-list as it stands: what is shipped, what operators added, and what screening is told of both (guarantees 2)."""

from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import insert_new
from app.core.problems import Problem
from app.directory.allow_rules import normal
from app.directory.known_names import known, plain
from app.directory.models import Allowed
from app.directory.passing import Entry, name_of, passing, shipped
from app.screening.screen import Vocabulary
from app.wire.allow_list import AllowedDraft, AllowedKind
from app.wire.ids import uuid7


def added(session: Session) -> list[Allowed]:
    """What operators added, in the order of kinds and values."""
    return list(session.scalars(select(Allowed).order_by(Allowed.kind, Allowed.value)))


def vocabulary_of(session: Session) -> Vocabulary:
    """What screening is told here and now: the words that are nobody's name, and what anyone may write.

    It is made once for each state of the list, which is read each time: an entry counts from the next request on, on every process.
    """
    rows = session.execute(select(Allowed.kind, Allowed.value).order_by(Allowed.kind, Allowed.value))
    return _vocabulary(tuple((row.kind, row.value) for row in rows))


@lru_cache(maxsize=8)
def _vocabulary(entries: tuple[Entry, ...]) -> Vocabulary:
    names = [name_of(value) for kind, value in entries if kind == AllowedKind.NAME]
    return Vocabulary(known().union(names, map(plain, names)), passing([*shipped(), *entries]))


def add(session: Session, draft: AllowedDraft, by: str) -> Allowed:
    """Let something pass from the next text on.

    Raises `invalid-document` for what is not of its kind or would let anyone's pass, `allow-list-known` (409) for what passes already.
    """
    value = normal(draft.kind, draft.value)
    number, what = uuid7(), {"kind": draft.kind.value, "value": value, "note": draft.note}
    is_new = (draft.kind.value, value) not in shipped()
    if not is_new or not insert_new(session, Allowed, {"id": number, **what, "added_by": by, "added_at": utc_now()}):
        raise Problem("allow-list-known")
    return session.get_one(Allowed, number)


def remove(session: Session, number: str) -> Allowed:
    """Take an operator's entry off the list; raises `not-found`."""
    found = session.get(Allowed, number)
    if found is None:
        raise Problem("not-found")
    session.delete(found)
    session.flush()
    return found
