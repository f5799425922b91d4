"""What a method is given: a table that adds up, the rule that it must obey, and what stands around it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from app.disclosure.draw import Draw
from app.disclosure.lattice import margins
from app.disclosure.pool import State, States, history
from app.disclosure.program import Budget
from app.disclosure.release import Place, Release
from app.disclosure.scheme import NATIONALITY, TOTAL, TOTALS, Scheme
from app.disclosure.space import Mask, Space, Whole
from app.disclosure.table import Key, Row, Table


@dataclass(frozen=True)
class Job:
    """A table whose totals agree, to be protected under rule(`k`) beside `releases` within `budget`.

    `untold` are sums that will not stand among the rows: totals of areas of which some persons may be in `_O`.
    """

    table: Table
    totals: tuple[Row, ...] = field(repr=False)
    scheme: Scheme
    k: int
    draw: Draw
    place: Place
    releases: Sequence[Release]
    budget: Budget
    untold: frozenset[Key] = frozenset()

    @property
    def grand(self) -> int | None:
        """The grand total, persons or events; None over a gap, 0 for a nil report."""
        return self.counts.get((TOTAL,) * len(self.table.dimensions), None if self.table.leaves else 0)

    @cached_property
    def counts(self) -> Mapping[Key, int]:
        """Every count of the lattice that is known: leaves and margins."""
        leaves = {key: leaf.value for key, leaf in self.table.leaves.items() if leaf.value is not None}
        return leaves | {each.key: each.value for each in self.totals if each.value is not None}

    @cached_property
    def space(self) -> Space:
        """The lattice over the leaves of the table."""
        return Space(self.table.dimensions, list(self.table.leaves), self.scheme.areas)

    def in_numbers(self) -> tuple[Whole, Mask]:
        """Counts by cell of the space, and which of them are known; 0 where one is not."""
        known = np.array([cell in self.counts for cell in self.space.cells], dtype=bool)
        return np.array([self.counts.get(cell, 0) for cell in self.space.cells], dtype=np.int64), known

    @property
    def version(self) -> int:
        """Which published table of its bulletin this will be, from 1: decoys and roundings are drawn afresh for each."""
        return sum(each.bulletin == self.place.bulletin for each in self.releases) + 1

    @property
    def same_period(self) -> list[Release]:
        """What was released for exactly this period."""
        return [each for each in self.releases if (each.first, each.last) == (self.place.first, self.place.last)]

    def bound(self) -> States:
        """How far earlier releases of the period have put each nationality: a pool, or withheld in a table of any dimensions."""
        earlier = [each.rows for each in self.same_period if each.dimensions == (NATIONALITY,)]
        named = {dict(cell).get(NATIONALITY, TOTAL) for cell in self._withheld}
        if NATIONALITY in self.table.dimensions:
            at = self.table.dimensions.index(NATIONALITY)
            named |= {key[at] for key in self.table.leaves}
        states = history(earlier, self.scheme, named - TOTALS)
        return {code: max(state, self._lost(code)) for code, state in states.items()}

    def _lost(self, code: str) -> State:
        """How far a nationality was put by being withheld, or its area, whose rest would tell the area's total."""
        area = self.scheme.area_of(code)
        if area and self._was_withheld(f"_{area}"):
            return State.OTHER
        if self._was_withheld(code):
            return State.REST if area else State.OTHER
        return State.SHOWN

    @property
    def has_lost_its_total(self) -> bool:
        """Whether the grand total of the period was withheld before, for it had a gap."""
        return frozenset[tuple[str, str]]() in self._withheld

    def _was_withheld(self, nationality: str) -> bool:
        return frozenset({(NATIONALITY, nationality)}) in self._withheld

    def withheld_before(self, cells: Iterable[Key]) -> set[Key]:
        """Which of these cells may not be shown, for an earlier release of the period withheld or pooled them (rule 5: sticky).

        A cell is the same in tables of other dimensions where it sums over these; one of a pooled nationality stays closed with it.
        """
        pooled = {code for code, state in self.bound().items() if state is not State.SHOWN}
        at = self.table.dimensions.index(NATIONALITY) if NATIONALITY in self.table.dimensions else None
        return {cell for cell in cells if _named(self.table.dimensions, cell) in self._withheld or (at is not None and cell[at] in pooled)}

    @cached_property
    def _withheld(self) -> frozenset[frozenset[tuple[str, str]]]:
        rows = ((release.dimensions, each) for release in self.same_period for each in release.rows)
        return frozenset(_named(dimensions, each.key) for dimensions, each in rows if each.status == "withheld")

    def with_table(self, table: Table) -> "Job":
        """The same job over another form of the table, its margins worked out anew."""
        totals, _ = margins(table, self.scheme.areas)
        return replace(self, table=table, totals=totals)


def _named(dimensions: tuple[str, ...], key: Key) -> frozenset[tuple[str, str]]:
    """A cell by what it names, so that it is the same in every table."""
    return frozenset((name, code) for name, code in zip(dimensions, key, strict=True) if code != TOTAL)
