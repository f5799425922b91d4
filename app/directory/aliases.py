"""An office's own words: what they stand for in its files, beside the names that everyone uses (contract: /aliases).

What a secretariat registers counts for every office of its conference, behind the office's own.
"""

from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.core.clock import utc_now
from app.core.db import hold_table, insert_new
from app.core.problems import Problem
from app.directory.labels import words
from app.directory.models import Alias
from app.directory.names import Names, as_code, meaning
from app.wire.alias import AliasDraft
from app.wire.ids import uuid7
from app.wire.problem import Finding

MOST_ALIASES = 2_000
"""Words of one office."""

Told = tuple[str, str, str]
"""Dimension, words and code of an alias."""


def offices_heard(caller: Caller) -> tuple[str, ...]:
    """The offices whose words and layouts count for a caller's files, its own last."""
    if caller.office is None:
        return ()
    return tuple(dict.fromkeys((f"{caller.conference}/secretariat", caller.office)))


def aliases_for(session: Session, caller: Caller) -> list[Alias]:
    """What counts in a caller's files, in the order of offices, dimensions and words."""
    heard = select(Alias).where(Alias.office.in_(offices_heard(caller)))
    return list(session.scalars(heard.order_by(Alias.office, Alias.dimension, Alias.told)))


def names_for(session: Session, caller: Caller, language: str = "es") -> Names:
    """The names that a caller's files may use, with suggestions in a language; an alias counts from the next file on, on every process."""
    offices = offices_heard(caller)
    rows = session.execute(select(Alias.office, Alias.dimension, Alias.told, Alias.code).where(Alias.office.in_(offices)))
    ranked = sorted(rows, key=lambda row: (offices.index(row.office), row.dimension, row.told))
    return _names(tuple((row.dimension, row.told, row.code) for row in ranked), language)


@lru_cache(maxsize=64)
def _names(own: tuple[Told, ...], language: str) -> Names:
    return Names({(dimension, tuple(told.split())): code for dimension, told, code in own}, language)


def add_alias(session: Session, caller: Caller, draft: AliasDraft) -> Alias:
    """Let a word stand for a code in the files of the caller's office from the next one on.

    Raises `invalid-document` with `code-unknown`, `alias-wordless` or `alias-plain` (a word that has a meaning for everyone keeps it),
    `alias-known` (409) and `register-full` (409).
    """
    code, told = _code_of(draft), " ".join(words(draft.label))
    hold_table(session, Alias)
    kept = select(func.count()).select_from(Alias).where(Alias.office == caller.office)
    if (session.scalar(kept) or 0) >= MOST_ALIASES:
        raise Problem("register-full", limit=MOST_ALIASES)
    row = {"id": uuid7(), "office": caller.office, "dimension": draft.dimension, "told": told, "label": draft.label, "code": code}
    if not insert_new(session, Alias, {**row, "added_by": caller.client_id, "added_at": utc_now()}):
        raise Problem("alias-known")
    return session.get_one(Alias, row["id"])


def _code_of(draft: AliasDraft) -> str:
    code = as_code(draft.dimension, draft.code)
    if code is None:
        near = Names().nearest(draft.dimension, draft.code)
        raise Problem("invalid-document", Finding("code-unknown", pointer="/code", params={"known": near}))
    if not words(draft.label):
        raise Problem("invalid-document", Finding("alias-wordless", pointer="/label"))
    plain = as_code(draft.dimension, draft.label.strip()) or meaning(draft.dimension, draft.label)
    if plain is not None:
        raise Problem("invalid-document", Finding("alias-plain", pointer="/label", params={"expected": plain}))
    return code


def remove_alias(session: Session, caller: Caller, number: str) -> Alias:
    """Take a word of the caller's office back; raises `not-found`, and `not-your-office` (403) for the secretariat's."""
    found = session.get(Alias, number)
    if found is None or found.office not in offices_heard(caller):
        raise Problem("not-found")
    if found.office != caller.office:
        raise Problem("not-your-office")
    session.delete(found)
    session.flush()
    return found
