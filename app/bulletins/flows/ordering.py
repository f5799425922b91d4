"""The order of an answer and the place of a cursor in it: by the columns asked for, nulls last, then by the natural order (contract: /flows)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cmp_to_key, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, tuple_

from app.bulletins.flows.columns import columns_of

Row = tuple[object, ...]
Sort = Sequence[tuple[str, bool]]
_PERIOD = ("period_start", "period_end", "period")


def ordered(rows: Iterable[Row], group_by: Sequence[str], sort: Sort) -> list[Row]:
    """Groups in the order asked for."""
    places = _places(group_by, sort)
    asked, natural = places[: len(sort)], [at for at, _ in places[len(sort) :]]
    given = sorted(rows, key=itemgetter(*natural))
    # Each pass keeps what those before it did where it finds equals: the last column first.
    for at, descending in reversed(asked):
        given.sort(key=lambda row: ((row[at] is None) != descending, row[at]), reverse=descending)
    return given


def piece(
    ordered: Sequence[Row], group_by: Sequence[str], sort: Sort, after: Sequence[object] | None, limit: int | None
) -> tuple[list[Row], list[object] | None]:
    """Of groups in order those after a position, at most `limit`, and the position after the last where more wait."""
    places = _places(group_by, sort)
    key = cmp_to_key(partial(_compare, [descending for _, descending in places]))
    start = bisect_right(ordered, key(list(after)), key=lambda row: key([row[at] for at, _ in places])) if after else 0
    end = len(ordered) if limit is None else start + limit
    more = end < len(ordered)
    return list(ordered[start:end]), [ordered[end - 1][at] for at, _ in places] if more else None


def _places(group_by: Sequence[str], sort: Sort) -> list[tuple[int, bool]]:
    """Where in a row the columns of the order stand, each with whether the largest comes first."""
    columns = columns_of(group_by)
    natural = [column for name in group_by for column in (_PERIOD if name == "period" else (name,))]
    return [(columns.index(name), descending) for name, descending in (*sort, *((name, False) for name in natural))]


def _compare(descending: Sequence[bool], one: Sequence[Any], other: Sequence[Any]) -> int:
    for mine, theirs, is_descending in zip(one, other, descending, strict=True):
        if mine == theirs:
            continue
        if mine is None or theirs is None:
            return 1 if mine is None else -1
        return -1 if (mine < theirs) != is_descending else 1
    return 0


def ordered_by(columns: Sequence[tuple[ColumnElement[Any], bool]]) -> list[ColumnElement[Any]]:
    """The same order of columns in a statement."""
    return [each for column, descending in columns for each in (column.is_(None), column.desc() if descending else column.asc())]


def behind(
    columns: Sequence[tuple[ColumnElement[Any], bool]], values: Sequence[Any], natural: Sequence[ColumnElement[Any]], place: Sequence[Any]
) -> ColumnElement[bool]:
    """Condition: a row stands behind the one with these values and this place in the natural order."""
    found: list[ColumnElement[bool]] = []
    same: list[ColumnElement[bool]] = []
    for (column, descending), value in zip(columns, values, strict=True):
        further = false() if value is None else or_(column < value if descending else column > value, column.is_(None))
        found.append(and_(*same, further))
        same.append(column.is_(None) if value is None else column == value)
    return or_(*found, and_(*same, tuple_(*natural) > tuple_(*place)))
