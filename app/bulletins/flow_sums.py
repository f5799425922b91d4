"""Sums: published cells added up by group, as intervals where pooled rests may hold some of what is asked for (contract: /flows).

A pooled bulletin names only some nationalities.  What it does not name may be in the rest of its area or in `_O`; `hideout` knows
where, and how much is there at most.  Two forms of sum follow:

* over a set of codes: what is named, and at most also each rest that may hold a code of the set, once a bulletin;
* by single nationality: the hideouts of its area in all bulletins of the group, less those of the bulletins that name it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import CTE, ColumnElement, Row, Select, Subquery, and_, case, func, literal, or_, select, true, tuple_, union_all
from sqlalchemy.orm import Session

from app.bulletins.flow_question import COLUMNS, NATIONALITY, FlowQuestion, period_of
from app.bulletins.models import Cell, Hideout
from app.bulletins.projection import AREAS, OTHER, TOTAL, codes_of_area
from app.core.problems import Problem
from app.directory.codes import area_of, margin_codes
from app.directory.dimensions import DIMENSIONS
from app.wire.problem import Finding

MOST_GROUPS = 20_000
FIGURES = ("value", "lower", "upper", "withheld", "bulletins")
_PERIOD = ("period_start", "period_end", "period")


@dataclass(frozen=True)
class SumPage:
    """Groups in the order of `columns_of`, the position after the last where more wait, and how many groups there are."""

    rows: list[tuple[object, ...]]
    position: list[object] | None
    total: int


def columns_of(question: FlowQuestion) -> tuple[str, ...]:
    """Columns of a group, in the order of every format: what it is grouped by, then its figures."""
    named = [("period", "period_start", "period_end") if name == "period" else (name,) for name in question.group_by]
    return (*(column for columns in named for column in columns), *FIGURES)


def page(session: Session, answer: CTE, question: FlowQuestion, after: Sequence[object] | None, limit: int | None) -> SumPage:
    """The groups after a position, at most `limit` of them, with the exact number of all, in one statement.

    Raises `too-many-groups` {count, maximum}.
    """
    groups = _groups(answer, question).cte("groups")
    order = [groups.c[name] for name in _keys(question)]
    asked = select(groups).order_by(*order)
    if after:
        asked = asked.where(tuple_(*order) > tuple_(*_place(question, after)))
    found = (asked.limit(limit + 1) if limit is not None else asked).subquery("found")
    counted = select(func.count().label("total")).select_from(groups).subquery("counted")
    columns = [counted.c.total, *found.c]
    rows = session.execute(
        select(*columns).outerjoin_from(counted, found, true()).order_by(*(found.c[name] for name in _keys(question)))
    ).all()
    number = rows[0].total
    _refuse_many(number)
    present = [row for row in rows if row.lower is not None]
    given = present[:limit] if limit is not None else present
    position = _position(question, given[-1]) if len(present) > len(given) else None
    return SumPage([_shown(question, row) for row in given], position, number)


def _refuse_many(number: int) -> None:
    if number > MOST_GROUPS:
        figures = {"count": number, "maximum": MOST_GROUPS}
        raise Problem("too-many-groups", Finding("too-many-groups", pointer="group_by", params=figures), headers=None, **figures)


def _keys(question: FlowQuestion) -> list[str]:
    period = ("bucket",) if question.bucket else _PERIOD
    return [key for name in question.group_by for key in (period if name == "period" else (name,))]


def _place(question: FlowQuestion, after: Sequence[object]) -> list[object]:
    dates = ("period_start", "period_end")
    return [date.fromisoformat(str(value)) if key in dates else value for key, value in zip(_keys(question), after, strict=True)]


def _position(question: FlowQuestion, row: Row[Any]) -> list[object]:
    values = [getattr(row, key) for key in _keys(question)]
    return [value.isoformat() if isinstance(value, date) else value for value in values]


def _shown(question: FlowQuestion, row: Row[Any]) -> tuple[object, ...]:
    given: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row by column
    if question.bucket:
        period = period_of(question.bucket, row.bucket)
        given |= {"period": period.code, "period_start": period.first, "period_end": period.last}
    upper = None if row.unknown else row.lower + row.hidden
    given |= {"upper": upper, "value": row.lower if upper == row.lower else None}
    columns = (given[name] for name in columns_of(question))
    return tuple(value.isoformat() if isinstance(value, date) else value for value in columns)


def _groups(answer: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    if NATIONALITY not in question.group_by:
        return _added(answer, question)
    single = _single(answer, question)
    if not question.areas:
        return single
    either = union_all(single, _added(answer, question)).subquery("either")
    return select(either)


def _of_bulletin(answer: CTE, question: FlowQuestion) -> list[ColumnElement[Any]]:
    keys = [key for key in _keys(question) if key not in DIMENSIONS]
    return [answer.c[COLUMNS.get(key, key)].label(key) for key in keys]


def _read(question: FlowQuestion, nationality: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """Which cells a sum reads: every dimension at the codes that are grouped, chosen or, where it is neither, at `_T`."""
    found = [nationality]
    for name in DIMENSIONS:
        column, shown = getattr(Cell, name), question.shown(name)
        if name == NATIONALITY:
            continue
        if name not in question.group_by:
            found.append(column.in_(sorted(question.added(name))))
        else:
            found.append(column.not_in(sorted(margin_codes())) if shown is None else column.in_(sorted(shown)))
    return found


def _single(answer: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    """Sums by nationality, each code as published."""
    shared, dimensions = _of_bulletin(answer, question), [getattr(Cell, name).label(name) for name in question.grouped]
    shown = question.shown(NATIONALITY)
    areas = {f"_{area}" for area in AREAS}
    wanted = Cell.nationality.not_in(sorted(margin_codes())) if shown is None else Cell.nationality.in_(sorted(shown - areas))
    here = and_(Hideout.bulletin_id == answer.c.id, Hideout.area == Cell.area, Hideout.value > 0)
    figures = [
        func.sum(func.coalesce(Cell.value, 0)).label("lower"),
        func.sum(case((Cell.value.is_(None), 1), else_=0)).label("unknown"),
        func.sum(func.coalesce(Hideout.value, 0)).label("hidden"),
        func.count(Hideout.bulletin_id).label("rests"),
        func.count(answer.c.id.distinct()).label("bulletins"),
    ]
    cells = select(*shared, *dimensions, Cell.area.label("area"), *figures).join_from(answer, Cell, Cell.bulletin_id == answer.c.id)
    cells = cells.outerjoin(Hideout, here).where(*_read(question, wanted))
    named = cells.group_by(*_bare(shared), *(getattr(Cell, name) for name in question.grouped), Cell.area).subquery("named")
    rests = [Hideout.area.label("area"), func.sum(Hideout.value).label("hidden"), func.count().label("rests")]
    pools = select(*shared, *rests).join_from(answer, Hideout, and_(Hideout.bulletin_id == answer.c.id, Hideout.value > 0))
    pooled = pools.where(answer.c.pooled).group_by(*_bare(shared), Hideout.area).subquery("pool")
    same = and_(pooled.c.area == named.c.area, *(pooled.c[str(column.key)] == named.c[str(column.key)] for column in shared))
    unnamed = func.coalesce(pooled.c.rests, 0) - named.c.rests
    columns = [
        *(named.c[key] for key in _keys(question)),
        named.c.lower,
        named.c.unknown,
        (func.coalesce(pooled.c.hidden, 0) - named.c.hidden).label("hidden"),
        (named.c.unknown + unnamed).label("withheld"),
        (named.c.bulletins + unnamed).label("bulletins"),
    ]
    return select(*columns).outerjoin_from(named, pooled, same)


def _bare(columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [getattr(column, "element", column) for column in columns]


def _added(answer: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    """Sums over chosen nationalities; with nationality among the groups, over each area that is chosen."""
    pieces = union_all(_named_pieces(answer, question), _hidden_pieces(answer, question)).subquery("piece")
    keys = [pieces.c[key] for key in _keys(question)]
    figures = [
        func.sum(pieces.c.known).label("lower"),
        func.sum(pieces.c.unknown).label("unknown"),
        func.sum(pieces.c.hidden).label("hidden"),
        func.sum(pieces.c.unknown + pieces.c.rests).label("withheld"),
        func.count(pieces.c.bulletin_id.distinct()).label("bulletins"),
    ]
    groups = select(*keys, *figures).group_by(*keys)
    # An area that no row names is no group; without such a column a rest alone makes one, for it may hold all that is asked for.
    return groups.having(func.sum(pieces.c.cells) > 0) if NATIONALITY in question.group_by else groups


def _wanted(question: FlowQuestion) -> frozenset[str]:
    if NATIONALITY not in question.group_by:
        return question.added(NATIONALITY)
    chosen = frozenset(code for area in question.areas for code in (*codes_of_area(area), f"_O{area}"))
    return chosen if question.scheme is None else chosen & question.scheme


def _named_pieces(answer: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    area = (literal("_") + Cell.area).expression
    dimensions = [(area if name == NATIONALITY else getattr(Cell, name)).label(name) for name in question.grouped]
    figures = [
        func.coalesce(Cell.value, 0).label("known"),
        case((Cell.value.is_(None), 1), else_=0).label("unknown"),
        literal(0).label("hidden"),
        literal(0).label("rests"),
        literal(1).label("cells"),
        answer.c.id.label("bulletin_id"),
    ]
    columns = [*_of_bulletin(answer, question), *dimensions, *figures]
    read = _read(question, Cell.nationality.in_(sorted(_wanted(question))))
    return select(*columns).join_from(answer, Cell, Cell.bulletin_id == answer.c.id).where(*read)


def _hidden_pieces(answer: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    """Rests that may hold what is asked for and are not counted already, each once a bulletin, at the cells that the sum reads."""
    rests = _rests(answer, question)
    dimensions = [
        ((literal("_") + rests.c.area).expression if name == NATIONALITY else getattr(Cell, name)).label(name) for name in question.grouped
    ]
    figures = [
        literal(0).label("known"),
        literal(0).label("unknown"),
        # A withheld cell of a rest holds at most what the rest does in all.
        func.coalesce(Cell.value, rests.c.value).label("hidden"),
        literal(1).label("rests"),
        literal(0).label("cells"),
        answer.c.id.label("bulletin_id"),
    ]
    pieces = select(*_of_bulletin(answer, question), *dimensions, *figures).join_from(answer, rests, rests.c.bulletin_id == answer.c.id)
    return pieces.join(Cell, Cell.bulletin_id == answer.c.id).where(*_read(question, Cell.nationality == rests.c.rest))


def _rests(answer: CTE, question: FlowQuestion) -> Subquery:
    wanted = _wanted(question)
    by_area = [Hideout.area] if NATIONALITY in question.group_by else []
    columns = [Hideout.bulletin_id, Hideout.rest, func.max(Hideout.value).label("value"), *by_area]
    found = select(*columns).join_from(answer, Hideout, Hideout.bulletin_id == answer.c.id)
    found = found.where(answer.c.pooled, Hideout.value > 0, Hideout.rest.not_in(sorted(wanted)), _may_hold(answer, wanted))
    return found.group_by(Hideout.bulletin_id, Hideout.rest, *by_area).subquery("rests")


def _may_hold(answer: CTE, wanted: frozenset[str]) -> ColumnElement[bool]:
    """Condition on a hideout: some code of its area is wanted that the bulletin does not name."""
    by_area: dict[str, set[str]] = {}
    for code in wanted - {TOTAL, OTHER}:
        by_area.setdefault(area_of(code) or "---", set()).add(code)
    # Where the area's own rest is wanted it is either counted, then this is not the hideout, or not named: no need to look.
    whole = [area for area, members in by_area.items() if f"_O{area}" in members]
    found: list[ColumnElement[bool]] = [Hideout.area.in_(whole)]
    for area, members in by_area.items():
        if area not in whole:
            named = select(func.count()).where(Cell.bulletin_id == answer.c.id, Cell.nationality.in_(sorted(members)))
            found.append(and_(Hideout.area == area, named.correlate(answer).scalar_subquery() < len(members)))
    return or_(*found)
