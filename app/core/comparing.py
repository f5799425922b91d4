"""How columns are compared so that both stores answer alike: many numbers as one parameter, codes by code points."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, Boolean, ColumnElement, Integer, String, any_, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.db import is_sqlite


def one_of(session: Session, column: InstrumentedAttribute[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Condition: a column holds one of many numbers, which go to the store as one parameter, however many they are."""
    if is_sqlite(session):
        listed = func.json_each(json.dumps(list(numbers))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(list(numbers), ARRAY(Integer)))


def by_code(session: Session, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column as it is to be compared and sorted: codes by code points, whatever language the server sorts in, flags as 0 and 1."""
    if isinstance(column.type, Boolean):
        return cast(column, Integer)
    return column if is_sqlite(session) or not isinstance(column.type, String) else column.collate("C")
