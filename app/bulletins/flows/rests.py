"""Where what a pooled bulletin does not name may be, and how much of it at the cells that a sum reads (contract: /flows)."""

from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, String, Subquery, and_, case, func, literal, or_, select, true, union_all
from sqlalchemy.orm import InstrumentedAttribute

from app.bulletins.flows.classes import parts
from app.bulletins.flows.question import NATIONALITY, FlowQuestion
from app.bulletins.models import Cell, Hideout
from app.bulletins.projection import OTHER, TOTAL, codes_of_area
from app.directory.codes import area_of, margin_codes
from app.directory.dimensions import DIMENSIONS


def reads(question: FlowQuestion, nationality: ColumnElement[bool]) -> list[ColumnElement[bool]]:
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


def beside_nationality(question: FlowQuestion) -> list[str]:
    """The other dimensions among the groups."""
    return [name for name in question.grouped if name != NATIONALITY]


def wanted_of(question: FlowQuestion) -> frozenset[str]:
    """The nationalities that a sum over a set adds up; with nationality among the groups those of each area that is chosen."""
    if NATIONALITY not in question.group_by:
        return question.added(NATIONALITY)
    chosen = frozenset(code for area in question.areas for code in (*codes_of_area(area), f"_O{area}"))
    return chosen if question.scheme is None else chosen & question.scheme


def hideouts(answer: CTE) -> Subquery:
    """Every hideout of the answering bulletins that is not empty; `home` is the area of those that may hide there."""
    return _hiding(answer, Hideout.bulletin_id, Hideout.area.label("home"), Hideout.rest, Hideout.value).subquery("every")


def rests_beside(answer: CTE, question: FlowQuestion) -> Subquery:
    """Rests that may hold some of what a sum over a set asks for and are not asked for themselves; by class where it is grouped so."""
    if NATIONALITY in question.group_by:
        return _beside(answer, wanted_of(question), Hideout.area.label("home")).subquery("rests")
    found = [
        _beside(answer, wanted, *(literal(name, String).label(column) for column, name in zip(question.classes, key, strict=True)))
        for key, wanted in parts(question).items()
    ]
    return (union_all(*found) if len(found) > 1 else found[0]).subquery("rests")


def _hiding(answer: CTE, *columns: ColumnElement[Any] | InstrumentedAttribute[Any]) -> Select[*tuple[Any, ...]]:
    # The margin of an area is published only where none of its rests joined `_O` (guarantees 1, rule 8).
    whole = [getattr(Cell, name) == TOTAL for name in DIMENSIONS if name != NATIONALITY]
    margin = (literal("_") + Hideout.area).expression
    told = select(Cell.row).where(Cell.bulletin_id == answer.c.id, Cell.nationality == margin, Cell.value.is_not(None), *whole)
    found = select(*columns).join_from(answer, Hideout, and_(Hideout.bulletin_id == answer.c.id, Hideout.value > 0))
    unproven = or_(Hideout.rest != OTHER, ~told.correlate(answer, Hideout).exists())
    # Named once more by id: else SQLite goes through the hideouts of all history for those of the few that answer.
    return found.where(answer.c.pooled, unproven, Hideout.bulletin_id.in_(select(answer.c.id)))


def _beside(answer: CTE, wanted: frozenset[str], *by: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    pools = sorted(code for code in wanted if code.startswith("_"))
    found = _hiding(answer, Hideout.bulletin_id, Hideout.rest, func.max(Hideout.value).label("value"), *by)
    found = found.where(Hideout.rest.not_in(pools), _may_hold(answer, wanted))
    homes = [Hideout.area] if any(column.key == "home" for column in by) else []
    return found.group_by(Hideout.bulletin_id, Hideout.rest, *homes)


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
            named = select(func.count(Cell.nationality.distinct())).where(
                Cell.bulletin_id == answer.c.id, Cell.nationality.in_(sorted(members))
            )
            found.append(and_(Hideout.area == area, named.correlate(answer).scalar_subquery() < len(members)))
    return or_(*found)


def held_in(rests: Subquery, question: FlowQuestion) -> Subquery:
    """What rests may hold at the cells that a sum reads, by the other dimensions among its groups.

    A withheld cell of a rest holds at most what the rest does in all, and so do all its cells together.
    """
    keys = [column for column in rests.c if column.key != "value"]
    others = [getattr(Cell, name) for name in beside_nationality(question)]
    most = func.sum(func.coalesce(Cell.value, rests.c.value))
    hidden = case((most > rests.c.value, rests.c.value), else_=most).label("hidden")
    here = and_(Cell.bulletin_id == rests.c.bulletin_id, Cell.nationality == rests.c.rest)
    found = select(*keys, *others, hidden).join_from(rests, Cell, here).where(*reads(question, true()))
    return found.group_by(*keys, rests.c.value, *others).having(most > 0).subquery("held")
