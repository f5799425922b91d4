"""Where what a pooled bulletin does not name may be, and how much of it at the cells that a sum reads (contract: /flows)."""

from typing import Any

from sqlalchemy import ColumnElement, Select, String, Subquery, and_, case, false, func, literal, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from app.bulletins.flows.classes import parts
from app.bulletins.flows.question import NATIONALITY, FlowQuestion
from app.bulletins.models import Cell, Hideout
from app.bulletins.projection import OTHER, TOTAL, codes_of_area
from app.core.comparing import one_of
from app.directory.codes import area_of, margin_codes
from app.directory.dimensions import DIMENSIONS


def reads(question: FlowQuestion, *nationality: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """Which cells a sum reads: every dimension at the codes that are grouped, chosen or, where it is neither, at `_T`."""
    found = [*nationality]
    for name in DIMENSIONS:
        column, shown, added = getattr(Cell, name), question.shown(name), question.added(name)
        if name == NATIONALITY or (name not in question.declared and TOTAL in added):
            continue
        if name not in question.group_by:
            found.append(column.in_(sorted(added)))
        else:
            found.append(column.not_in(sorted(margin_codes())) if shown is None else column.in_(sorted(shown)))
    return found


def at_the_whole(question: FlowQuestion) -> list[ColumnElement[bool]]:
    """Condition on a cell: it is at `_T` of every dimension but nationality."""
    return [getattr(Cell, name) == TOTAL for name in DIMENSIONS if name != NATIONALITY and name in question.declared]


def beside_nationality(question: FlowQuestion) -> list[str]:
    """The other dimensions among the groups."""
    return [name for name in question.grouped if name != NATIONALITY]


def wanted_of(question: FlowQuestion) -> frozenset[str]:
    """The nationalities that a sum over a set adds up; with nationality among the groups those of each area that is chosen."""
    if NATIONALITY not in question.group_by:
        return question.added(NATIONALITY)
    chosen = frozenset(code for area in question.areas for code in (*codes_of_area(area), f"_O{area}"))
    return chosen if question.scheme is None else chosen & question.scheme


def may_hide(question: FlowQuestion) -> bool:
    """Whether a rest can hold anything that a sum over a set asks for: all that is published, in one number, hides nowhere."""
    return NATIONALITY in question.group_by or any(wanted - {TOTAL, OTHER} for wanted in parts(question).values())


def hideouts(question: FlowQuestion, *, sqlite: bool) -> Subquery:
    """Every hideout that is not empty of pooled bulletins, whose ids are the parameter `pooled`.

    `home` is the area of those that may hide there.
    """
    columns = (Hideout.bulletin_id, Hideout.area.label("home"), Hideout.rest, Hideout.value)
    return _hiding(question, *columns, sqlite=sqlite).subquery("every")


def rests_beside(question: FlowQuestion, *, sqlite: bool) -> Subquery:
    """Rests that may hold some of what a sum over a set asks for and are not asked for themselves; by class where it is grouped so.

    They are those of pooled bulletins, whose ids are the parameter `pooled`.
    """
    if NATIONALITY in question.group_by:
        return _beside(question, wanted_of(question), Hideout.area.label("home"), sqlite=sqlite).subquery("rests")
    found = []
    for key, wanted in parts(question).items():
        by = (literal(name, String).label(column) for column, name in zip(question.classes, key, strict=True))
        found.append(_beside(question, wanted, *by, sqlite=sqlite))
    return (union_all(*found) if len(found) > 1 else found[0]).subquery("rests")


def _hiding(question: FlowQuestion, *columns: ColumnElement[Any] | InstrumentedAttribute[Any], sqlite: bool) -> Select[*tuple[Any, ...]]:
    # The margin of an area is published only where none of its rests joined `_O` (guarantees 1, rule 8).
    margin = (literal("_") + Hideout.area).expression
    own = (Cell.bulletin_id == Hideout.bulletin_id, Cell.nationality == margin, Cell.value.is_not(None))
    told = select(Cell.row).where(*own, *at_the_whole(question)).correlate(Hideout)
    pooled = one_of(Hideout.bulletin_id, "pooled", sqlite=sqlite)
    return select(*columns).where(pooled, Hideout.value > 0, or_(Hideout.rest != OTHER, ~told.exists()))


def _beside(question: FlowQuestion, wanted: frozenset[str], *by: ColumnElement[Any], sqlite: bool) -> Select[*tuple[Any, ...]]:
    pools = sorted(code for code in wanted if code.startswith("_"))
    found = _hiding(question, Hideout.bulletin_id, Hideout.rest, func.max(Hideout.value).label("value"), *by, sqlite=sqlite)
    found = found.where(_may_hold(wanted), *([Hideout.rest.not_in(pools)] if pools else []))
    homes = [Hideout.area] if any(column.key == "home" for column in by) else []
    return found.group_by(Hideout.bulletin_id, Hideout.rest, *homes)


def _may_hold(wanted: frozenset[str]) -> ColumnElement[bool]:
    """Condition on a hideout: some code of its area is wanted that the bulletin does not name."""
    by_area: dict[str, set[str]] = {}
    for code in wanted - {TOTAL, OTHER}:
        by_area.setdefault(area_of(code) or "---", set()).add(code)
    # Where the area's own rest is wanted it is either counted, then this is not the hideout, or not named: no need to look.
    whole = [area for area, members in by_area.items() if f"_O{area}" in members]
    found: list[ColumnElement[bool]] = [Hideout.area.in_(whole)] if whole else []
    for area, members in by_area.items():
        if area not in whole:
            named = select(func.count(Cell.nationality.distinct())).where(
                Cell.bulletin_id == Hideout.bulletin_id, Cell.nationality.in_(sorted(members))
            )
            found.append(and_(Hideout.area == area, named.correlate(Hideout).scalar_subquery() < len(members)))
    # The areas by themselves too: through a choice of several conditions SQLite looks up no hideout by its key.
    return and_(Hideout.area.in_(sorted(by_area)), or_(false(), *found))


def held_in(rests: Subquery, question: FlowQuestion) -> Subquery:
    """What rests may hold at the cells that a sum reads, by the other dimensions among its groups.

    A withheld cell of a rest holds at most what the rest does in all, and so do all its cells together.
    """
    keys = [column for column in rests.c if column.key != "value"]
    others = [getattr(Cell, name) for name in beside_nationality(question)]
    most = func.sum(func.coalesce(Cell.value, rests.c.value))
    hidden = case((most > rests.c.value, rests.c.value), else_=most).label("hidden")
    here = and_(Cell.bulletin_id == rests.c.bulletin_id, Cell.nationality == rests.c.rest)
    found = select(*keys, *others, hidden).join_from(rests, Cell, and_(here, *reads(question)))
    return found.group_by(*keys, rests.c.value, *others).having(most > 0).subquery("held")
