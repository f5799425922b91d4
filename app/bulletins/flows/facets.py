"""Facets: over which values the published rows that answer are spread, each column and dimension under the other filters.

The rows of a value are those that the analyst query tells with this value in place of the facet's own filter (contract: /flows).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import CTE, BigInteger, Subquery, cast, func, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.flows.answering import answering
from app.bulletins.flows.question import COLUMNS, FlowQuestion
from app.bulletins.flows.rows import all_of, has_areas, matches
from app.bulletins.models import Cell
from app.core.problems import Problem
from app.directory.codes import margin_codes, suggest
from app.directory.dimensions import DIMENSIONS
from app.wire.problem import Finding

MOST_VALUES: Final = 300
_OF_BULLETIN: Final[Mapping[str, str]] = {**COLUMNS, "frequency": "frequency"}
FACETS: Final = (*_OF_BULLETIN, *DIMENSIONS)
_APART: Final = "figure_status"
"""The one column by which bulletins of one period that stand in for each other may differ."""

_Counts = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Facet:
    """The values of a column or dimension, the most frequent first and at most `MOST_VALUES`: code, rows, bulletins; and how many there are."""

    values: list[tuple[str, int, int]]
    number: int


@dataclass(frozen=True)
class Facets:
    """How many rows and bulletins answer under all filters, and their facets by name."""

    rows: int
    bulletins: int
    by_name: dict[str, Facet]


def names_of(wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The facets that are asked for; raises `invalid-query` with `code-unknown` {suggestions, known}."""
    unknown = [name for name in wanted or () if name not in FACETS]
    if unknown:
        faults = [{"suggestions": suggest(name, FACETS), "known": list(FACETS)} for name in unknown]
        raise Problem("invalid-query", *(Finding("code-unknown", pointer="facets", params=params) for params in faults))
    return tuple(name for name in FACETS if wanted is None or name in wanted)


def facets(session: Session, caller: Caller, question: FlowQuestion, names: Sequence[str]) -> Facets:
    """How the rows that answer spread over the values of these columns and dimensions.

    One statement for all columns that are not filtered, one for each that is and for `figure_status`; one that finds which dimensions
    any bulletin declares, and one for each of these.
    """
    shared = [name for name in _OF_BULLETIN if name in names and not _stands_alone(question, name)]
    rows, bulletins, counted = _of_columns(session, caller, question, shared)
    for name in set(names) & set(_OF_BULLETIN) - set(shared):
        apart = [name] if name == _APART else []
        counted |= _of_columns(session, caller, _without(question, name), [name], apart)[2]
    declared = _declared(session, caller, question) if set(names) & set(DIMENSIONS) else set()
    counted |= {name: _of_dimension(session, caller, question, name) for name in declared.intersection(names)}
    return Facets(rows, bulletins, {name: _ranked(counted.get(name, {})) for name in names})


def _stands_alone(question: FlowQuestion, name: str) -> bool:
    if name == "frequency":
        return question.frequency is not None
    return name == _APART or _OF_BULLETIN[name] in question.matching


def _without(question: FlowQuestion, name: str) -> FlowQuestion:
    if name == "frequency":
        return replace(question, frequency=None)
    if name in DIMENSIONS:
        return replace(question, chosen={each: codes for each, codes in question.chosen.items() if each != name})
    return replace(question, matching={each: codes for each, codes in question.matching.items() if each != _OF_BULLETIN[name]})


def _of_columns(
    session: Session, caller: Caller, question: FlowQuestion, names: Sequence[str], apart: Sequence[str] = ()
) -> tuple[int, int, dict[str, _Counts]]:
    """Rows and bulletins of a question, and both by the values of columns of a bulletin, in one statement."""
    given = _by_bulletin(answering(caller, question, apart), question)
    columns = [given.c[_OF_BULLETIN[name]] for name in names]
    spread = select(*columns, cast(func.sum(given.c.rows), BigInteger), func.count()).group_by(*columns)
    counted: dict[str, _Counts] = {name: {} for name in names}
    rows = bulletins = 0
    for *values, many, of in session.execute(spread):
        rows, bulletins = rows + (many or 0), bulletins + of
        for name, value in zip(names, values, strict=True):
            before = counted[name].get(value, (0, 0))
            counted[name][value] = (before[0] + many, before[1] + of)
    return rows, bulletins, counted


def _by_bulletin(answer: CTE, question: FlowQuestion) -> Subquery:
    """How many `rows` each answering bulletin gives that gives any, with the columns of the answer."""
    if has_areas(question):
        found = all_of(answer, question)
        each = select(found.c.id, func.count().label("rows")).group_by(found.c.id).subquery("each")
        return select(*answer.c, each.c.rows).join_from(answer, each, each.c.id == answer.c.id).subquery("given")
    # One bulletin after the other, by its cells: to group all rows takes five times as long.
    here = select(func.count()).where(Cell.bulletin_id == answer.c.id, *matches(answer.c.dimensions, question)).correlate(answer)
    counted = select(*answer.c, here.scalar_subquery().label("rows")).subquery("counted")
    return select(counted).where(counted.c.rows > 0).subquery("given")


def _declared(session: Session, caller: Caller, question: FlowQuestion) -> set[str]:
    """The dimensions that any bulletin declares which could answer."""
    answer = answering(caller, replace(question, chosen={}, scheme=None), ["dimensions"])
    lists = session.scalars(select(answer.c.dimensions).distinct())
    return {name for each in lists for name in each.split(",")}


def _of_dimension(session: Session, caller: Caller, question: FlowQuestion, name: str) -> _Counts:
    # Grouped by it, so that only bulletins answer which declare it: at any of its codes they are the same ones.
    asked = replace(_without(question, name), group_by=(name,))
    found = all_of(answering(caller, asked), asked)
    column: Any = found.c[name]
    spread = select(column, func.count(), func.count(found.c.id.distinct())).group_by(column)
    return {code: (rows, of) for code, rows, of in session.execute(spread) if code not in margin_codes()}


def _ranked(counted: Mapping[str, tuple[int, int]]) -> Facet:
    ranked: Iterable[tuple[str, int, int]] = ((code, *figures) for code, figures in counted.items())
    values = sorted(ranked, key=lambda each: (-each[1], each[0]))
    return Facet(values[:MOST_VALUES], len(values))
