"""An answer as it is shown: the columns that were asked for, in their order, with codes, their names, or both (contract: /flows)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Literal

from app.bulletins.flows.columns import FIGURES
from app.bulletins.flows.labels import labels_of
from app.directory.dimensions import DIMENSIONS

Row = tuple[object, ...]
Labels = Literal["code", "name", "both"]
NAMED: Final = frozenset(
    {
        *("conference", "reporting_state", "publisher", "measure", "unit", "stock_or_flow", "accumulation", "figure_status"),
        *("value_status", "area", *DIMENSIONS),
    }
)
"""Columns of codes that have names."""
_KINDS: Final = {
    **dict.fromkeys(FIGURES, "integer"),
    **dict.fromkeys(("period_start", "period_end"), "date"),
    "is_total": "boolean",
}


@dataclass(frozen=True)
class View:
    """How rows are shown: the columns, those that they are taken from, and what makes shown rows of rows as they are read."""

    columns: tuple[str, ...]
    sources: tuple[str, ...]
    of: Callable[[Sequence[Row]], Sequence[Row]]

    @property
    def kinds(self) -> dict[str, str]:
        """What each column holds: `string`, `integer`, `boolean` or `date`."""
        return {column: _KINDS.get(column, "string") for column in self.columns}


def view_of(
    columns: Sequence[str],
    fields: Sequence[str] | None,
    labels: Labels,
    language: str,
    points: Mapping[str, str],
) -> View:
    """The view of an answer that has these columns; `fields` are some of them, `points` the names of points of a route.

    With `name` a name stands in the place of its code, with `both` in a column of its own behind it, `nationality_label`.  What has no
    name stands as its code.
    """
    picked: list[tuple[str, int, Mapping[str, str] | None]] = []
    sources = tuple(dict.fromkeys(fields or columns))
    for column in sources:
        at, names = columns.index(column), _names(column, language, points) if labels != "code" else None
        if names is None or labels == "both":
            picked.append((column, at, None))
        if names is not None:
            picked.append((f"{column}_label" if labels == "both" else column, at, names))
    return View(tuple(name for name, _, _ in picked), sources, _shower(len(columns), [(at, names) for _, at, names in picked]))


def _names(column: str, language: str, points: Mapping[str, str]) -> Mapping[str, str] | None:
    if column not in NAMED:
        return None
    return {**labels_of(column, language), **points} if column == "route_point" else labels_of(column, language)


def _shower(width: int, picked: Sequence[tuple[int, Mapping[str, str] | None]]) -> Callable[[Sequence[Row]], Sequence[Row]]:
    places = [at for at, _ in picked]
    if all(names is None for _, names in picked):
        if places == list(range(width)):
            return lambda rows: rows
        pick = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
        return lambda rows: list(map(pick, rows))

    def shown(rows: Sequence[Row]) -> Sequence[Row]:
        given = list(zip(*rows, strict=True))
        if not given:
            return []
        kept = (given[at] if names is None else [names.get(value, value) for value in given[at]] for at, names in picked)
        return list(zip(*kept, strict=True))

    return shown
