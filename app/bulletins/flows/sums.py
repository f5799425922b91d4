"""Sums: published cells added up by group, as intervals where pooled rests may hold some of what is asked for (contract: /flows).

A pooled bulletin names only some nationalities.  What it does not name may be in the rest of its area or in `_O`; `hideout` knows
where, and how much is there at most.  Two forms of sum follow:

* over a set of codes: what is named, and at most also each rest that may hold a code of the set, once a bulletin;
* by single nationality: the hideouts of its area in all bulletins of the group, less those of the bulletins that name it.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NoReturn

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.bulletins.flows.answering import answering_of
from app.bulletins.flows.classes import classified
from app.bulletins.flows.columns import columns_of
from app.bulletins.flows.prepared import MOST, Shape, shape_of
from app.bulletins.flows.question import ATTRIBUTES, CLASSES, NATIONALITY, FlowQuestion, period_of
from app.bulletins.flows.rests import beside_nationality, held_in, hideouts, may_hide, reads, rests_beside, wanted_of
from app.bulletins.flows.settling import Settled
from app.bulletins.flows.totals import groups_of, of_bulletins
from app.bulletins.models import Cell
from app.bulletins.projection import AREAS
from app.core.problems import Problem
from app.directory.codes import margin_codes
from app.directory.dimensions import DIMENSIONS
from app.wire.problem import Finding

MOST_GROUPS = 20_000
_PERIOD = ("period_start", "period_end", "period")


def every(session: Session, found: Settled, question: FlowQuestion) -> list[tuple[object, ...]]:
    """All groups, in no order; in one statement, or in two where groups are of whole bulletins.

    Raises `too-many-groups` {count, maximum}.
    """
    if of_bulletins(question):
        groups = groups_of(session, found, question)
        return groups if len(groups) <= MOST_GROUPS else _refuse_many(len(groups))
    shape = shape_of(session, question, found.declared)
    given = {"ids": shape.listed(found.ids), "pooled": shape.listed(found.pooled)}
    statement = _every(shape)
    result = session.execute(statement.limit(MOST_GROUPS + 1), given)
    names, rows = tuple(result.keys()), result.all()
    if len(rows) > MOST_GROUPS:
        _refuse_many(session.scalar(select(func.count()).select_from(statement.subquery("groups")), given) or 0)
    columns = columns_of(question.group_by)
    return [_shown(question, columns, dict(zip(names, row, strict=True))) for row in rows]


@lru_cache(maxsize=MOST)
def _every(shape: Shape) -> Select[*tuple[Any, ...]]:
    return _groups(answering_of(shape.question, (), sqlite=shape.sqlite), shape.question, sqlite=shape.sqlite)


def _refuse_many(number: int) -> NoReturn:
    figures = {"count": number, "maximum": MOST_GROUPS}
    raise Problem("too-many-groups", Finding("too-many-groups", pointer="group_by", params=figures), headers=None, **figures)


def _keys(question: FlowQuestion) -> list[str]:
    # A calendar group is not told apart by the frequency of its parts: it would be several, none of them whole.
    own: dict[str, tuple[str, ...]] = {"period": ("bucket",), "frequency": ()} if question.bucket else {"period": _PERIOD}
    return [key for name in question.group_by for key in own.get(name, (name,))]


def _shown(question: FlowQuestion, columns: Sequence[str], given: dict[str, Any]) -> tuple[object, ...]:
    if question.bucket:
        period = period_of(question.bucket, given["bucket"])
        given |= {"period": period.code, "period_start": period.first, "period_end": period.last}
        given["frequency"] = question.bucket
    upper = None if given["unknown"] else given["lower"] + given["hidden"]
    given |= {"upper": upper, "value": given["lower"] if upper == given["lower"] else None}
    shown = (given[name] for name in columns)
    return tuple(value.isoformat() if isinstance(value, date) else value for value in shown)


def _groups(answer: CTE, question: FlowQuestion, *, sqlite: bool) -> Select[*tuple[Any, ...]]:
    if NATIONALITY not in question.group_by:
        return _added(answer, question, sqlite=sqlite)
    single = _single(answer, question, sqlite=sqlite)
    if not question.areas:
        return single
    either = union_all(single, _added(answer, question, sqlite=sqlite)).subquery("either")
    return select(either)


def _of_bulletin(answer: CTE, question: FlowQuestion) -> list[ColumnElement[Any]]:
    keys = [key for key in _keys(question) if key not in (*DIMENSIONS, *CLASSES)]
    return [answer.c[ATTRIBUTES.get(key, key)].label(key) for key in keys]


def _single(answer: CTE, question: FlowQuestion, *, sqlite: bool) -> Select[*tuple[Any, ...]]:
    """Sums by nationality, each code as published."""
    named, held = _named(answer, question), held_in(hideouts(question, sqlite=sqlite), question)
    shared, others = _of_bulletin(answer, question), beside_nationality(question)
    hidden = func.coalesce(held.c.hidden, 0)
    own = and_(held.c.bulletin_id == named.c.bulletin_id, *(held.c[key] == named.c[key] for key in ("home", *others)))
    kept = [key for key in _keys(question) if key not in CLASSES]
    keys = [named.c[key] for key in (*kept, "home")]
    figures = [
        _sum(named.c.known).label("lower"),
        _sum(named.c.unknown).label("unknown"),
        _sum(hidden).label("hidden"),
        func.count(held.c.bulletin_id).label("rests"),
        func.count().label("bulletins"),
    ]
    single = select(*keys, *figures).outerjoin_from(named, held, own).group_by(*keys).subquery("single")
    pooled = _pools(answer, held, shared, others)
    same = [pooled.c[key] == single.c[key] for key in ("home", *(str(column.key) for column in shared), *others)]
    unnamed = func.coalesce(pooled.c.rests, 0) - single.c.rests
    told = {str(column.key): column for column in (*single.c, *classified(question, single.c.home, single.c.nationality))}
    columns = [
        *(told[key] for key in _keys(question)),
        single.c.lower,
        single.c.unknown,
        (func.coalesce(pooled.c.hidden, 0) - single.c.hidden).label("hidden"),
        (single.c.unknown + unnamed).label("withheld"),
        (single.c.bulletins + unnamed).label("bulletins"),
    ]
    return select(*columns).outerjoin_from(single, pooled, and_(*same))


def _pools(answer: CTE, held: Subquery, shared: Sequence[ColumnElement[Any]], others: Sequence[str]) -> Subquery:
    """What may be hidden of each area in all bulletins of a group."""
    places = [held.c[key] for key in ("home", *others)]
    found = select(*shared, *places, _sum(held.c.hidden).label("hidden"), func.count().label("rests"))
    found = found.join_from(answer, held, held.c.bulletin_id == answer.c.id)
    return found.group_by(*_bare(shared), *places).subquery("pool")


def _named(answer: CTE, question: FlowQuestion) -> Subquery:
    """What each bulletin says of the nationalities that it names."""
    shown, areas = question.shown(NATIONALITY), {f"_{area}" for area in AREAS}
    wanted = Cell.nationality.not_in(sorted(margin_codes())) if shown is None else Cell.nationality.in_(sorted(shown - areas))
    keys = [*_of_bulletin(answer, question), *(getattr(Cell, name).label(name) for name in question.grouped), Cell.area.label("home")]
    figures = [func.sum(func.coalesce(Cell.value, 0)).label("known"), func.sum(case((Cell.value.is_(None), 1), else_=0)).label("unknown")]
    cells = select(answer.c.id.label("bulletin_id"), *keys, *figures).join_from(answer, Cell, Cell.bulletin_id == answer.c.id)
    return cells.where(*reads(question, wanted)).group_by(answer.c.id, *_bare(keys)).subquery("named")


def _sum(column: ColumnElement[Any]) -> ColumnElement[int]:
    """A sum of sums as a whole number: PostgreSQL makes it a decimal."""
    return cast(func.sum(column), BigInteger)


def _bare(columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [getattr(column, "element", column) for column in columns]


def _added(answer: CTE, question: FlowQuestion, *, sqlite: bool) -> Select[*tuple[Any, ...]]:
    """Sums over chosen nationalities; with nationality among the groups, over each area that is chosen."""
    hidden = [_hidden_pieces(answer, question, sqlite=sqlite)] if may_hide(question) else []
    pieces = union_all(_named_pieces(answer, question), *hidden).subquery("piece")
    keys = [pieces.c[key] for key in _keys(question)]
    figures = [
        func.sum(pieces.c.known).label("lower"),
        func.sum(pieces.c.unknown).label("unknown"),
        _sum(pieces.c.hidden).label("hidden"),
        func.sum(pieces.c.unknown + pieces.c.rests).label("withheld"),
        func.count(pieces.c.bulletin_id.distinct()).label("bulletins"),
    ]
    groups = select(*keys, *figures).group_by(*keys)
    # An area that no row names is no group; without such a column a rest alone makes one, for it may hold all that is asked for.
    return groups.having(func.sum(pieces.c.cells) > 0) if NATIONALITY in question.group_by else groups


def _named_pieces(answer: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    code = (literal("_") + Cell.area).expression if NATIONALITY in question.group_by else Cell.nationality.expression
    dimensions = [(code if name == NATIONALITY else getattr(Cell, name)).label(name) for name in question.grouped]
    figures = [
        func.coalesce(Cell.value, 0).label("known"),
        case((Cell.value.is_(None), 1), else_=0).label("unknown"),
        literal(0).label("hidden"),
        literal(0).label("rests"),
        literal(1).label("cells"),
        answer.c.id.label("bulletin_id"),
    ]
    columns = [*_of_bulletin(answer, question), *classified(question, Cell.area.expression, code), *dimensions, *figures]
    read = reads(question, Cell.nationality.in_(sorted(wanted_of(question))))
    return select(*columns).join_from(answer, Cell, Cell.bulletin_id == answer.c.id).where(*read)


def _hidden_pieces(answer: CTE, question: FlowQuestion, *, sqlite: bool) -> Select[*tuple[Any, ...]]:
    """Rests that may hold what is asked for and are not counted already, each once a bulletin, at the cells that the sum reads."""
    held = held_in(rests_beside(question, sqlite=sqlite), question)
    figures = [
        literal(0).label("known"),
        literal(0).label("unknown"),
        held.c.hidden,
        literal(1).label("rests"),
        literal(0).label("cells"),
        answer.c.id.label("bulletin_id"),
    ]
    shared = _of_bulletin(answer, question)
    if NATIONALITY in question.group_by:
        margin = (literal("_") + held.c.home).expression
        classes = classified(question, held.c.home, margin)
        groups = [*classes, *(margin.label(name) if name == NATIONALITY else held.c[name] for name in question.grouped)]
    else:
        groups = [held.c[name] for name in (*question.classes, *question.grouped)]
    return select(*shared, *groups, *figures).join_from(answer, held, held.c.bulletin_id == answer.c.id)
