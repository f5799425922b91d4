"""How columns are compared so that both stores answer alike: many numbers as one parameter, codes by code points."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Boolean, ColumnElement, Integer, String, any_, bindparam, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.db import is_sqlite


def one_of(column: InstrumentedAttribute[int], name: str, given: object = None, *, sqlite: bool) -> ColumnElement[bool]:
    """Condition: a column holds one of many numbers, which go to the store as one parameter of this name, as `numbers` makes it."""
    if sqlite:
        listed = func.json_each(bindparam(name, given, String)).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(bindparam(name, given, ARRAY(Integer)))


def numbers(given: Sequence[int], *, sqlite: bool) -> object:
    """Many numbers as one parameter."""
    return json.dumps(list(given)) if sqlite else list(given)


def by_code(session: Session, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column as it is to be compared and sorted: codes by code points, whatever language the server sorts in, flags as 0 and 1."""
    if isinstance(column.type, Boolean):
        return cast(column, Integer)
    return column if is_sqlite(session) or not isinstance(column.type, String) else column.collate("C")
