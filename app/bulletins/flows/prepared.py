"""Statements that are put together once for all questions of one shape: to make one takes longer than to ask it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.bulletins.flows.question import FlowQuestion
from app.bulletins.flows.standing import key_of
from app.core.comparing import numbers
from app.core.db import is_sqlite

MOST: Final = 256
"""Shapes that are remembered of each statement; the longest unused is forgotten first."""


@dataclass(frozen=True)
class Shape:
    """All of a question that a statement over settled bulletins is made of; those bulletins' ids are its parameters."""

    key: tuple[object, ...]
    sqlite: bool
    question: FlowQuestion = field(compare=False)

    def listed(self, ids: Sequence[int]) -> object:
        """Ids as a parameter."""
        return numbers(ids, sqlite=self.sqlite)


def shape_of(session: Session, question: FlowQuestion, declared: frozenset[str]) -> Shape:
    """The shape of a question to bulletins that declare these dimensions."""
    known = replace(question, matching={}, first=None, last=None, as_of=None, sort=(), declared=declared)
    return Shape(key_of(known), is_sqlite(session), known)


def fetched(session: Session, statement: Select[*tuple[Any, ...]], given: dict[str, object]) -> Sequence[tuple[Any, ...]]:
    """Rows as the driver gives them; days are texts on SQLite.  SQLAlchemy would take as long for a row as the store does."""
    result = session.connection().execute(statement, given)
    return result.cursor.fetchall() if result.cursor else ()
