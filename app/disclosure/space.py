"""The cells of a table as sums of its leaves: a matrix of 0 and 1, and what statisticians call its families and twins."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from app.disclosure.lattice import AREA_DIMENSIONS
from app.disclosure.scheme import AREA_TOTALS, TOTAL, area_of
from app.disclosure.table import Key, row_order

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]
Sparse = Any
"""A scipy sparse array; scipy carries no types."""

_TWO_WAYS: Final = 2


class Space:
    """The lattice over the leaves that a table has: `sums` (cells by leaves) gives the value of every cell from those of the leaves.

    `leaves` and `cells` are keys in the order of `row_order`; cells are all leaves and every margin over at least one of them, as
    `app.disclosure.lattice.margins` has them.  A leaf that a table does not have is no unknown.
    """

    def __init__(self, dimensions: tuple[str, ...], leaves: Sequence[Key], areas: Mapping[str, str]) -> None:
        """Lay out the cells over these leaves."""
        self.dimensions, self.areas = dimensions, areas
        self.leaves = tuple(sorted(leaves, key=row_order))
        members: dict[Key, list[int]] = {}
        for number, leaf in enumerate(self.leaves):
            for cell in product(*(self._above(place, code) for place, code in enumerate(leaf))):
                members.setdefault(cell, []).append(number)
        self.cells = tuple(sorted(members, key=row_order))
        self.place = {cell: number for number, cell in enumerate(self.cells)}
        within = [members[cell] for cell in self.cells]
        starts = np.cumsum([0, *map(len, within)])
        flat = np.fromiter((leaf for each in within for leaf in each), dtype=np.int64, count=int(starts[-1]))
        self.sums: Sparse = csr_array((np.ones(len(flat), np.int64), flat, starts), shape=(len(self.cells), len(self.leaves)))
        self.leaf_cells: Whole = np.array([self.place[leaf] for leaf in self.leaves], dtype=np.int64)
        self.leaf_of: Whole = np.full(len(self.cells), -1, dtype=np.int64)
        self.leaf_of[self.leaf_cells] = np.arange(len(self.leaves))

    @property
    def is_unimodular(self) -> bool:
        """Whether every linear bound of one version of this table is met by whole numbers, and no span of values has a hole.

        Two ways, of which one may have areas, are two nested families of sums: such a matrix is totally unimodular.  Areas in both
        cross each other.
        """
        with_areas = sum(name in AREA_DIMENSIONS for name in self.dimensions)
        return len(self.dimensions) <= _TWO_WAYS and with_areas < _TWO_WAYS

    @cached_property
    def twins(self) -> Whole:
        """For each cell the first cell that sums the same leaves: such cells are one count and are shown or withheld together."""
        first: dict[bytes, int] = {}
        ends = self.sums.indptr
        return np.array([first.setdefault(self.sums.indices[ends[c] : ends[c + 1]].tobytes(), c) for c in range(len(self.cells))])

    @cached_property
    def families(self) -> tuple[tuple[int, Whole], ...]:
        """(total, its parts) for every total and each way of dividing it: `_T` by code and by area, an area by code."""
        parts: dict[tuple[Key, int, str], list[int]] = {}
        for number, cell in enumerate(self.cells):
            for place, code in enumerate(cell):
                for total, division in self._totals(place, code):
                    parts.setdefault(((*cell[:place], total, *cell[place + 1 :]), place, division), []).append(number)
        return tuple((self.place[total], np.array(cells)) for (total, _, _), cells in parts.items())

    def _above(self, place: int, code: str) -> Iterator[str]:
        yield code
        yield TOTAL
        area = area_of(code, self.areas) if self.dimensions[place] in AREA_DIMENSIONS else None
        if area:
            yield f"_{area}"

    def _totals(self, place: int, code: str) -> Iterator[tuple[str, str]]:
        if code == TOTAL:
            return
        if code in AREA_TOTALS:
            yield TOTAL, "by area"
            return
        yield TOTAL, "by code"
        area = area_of(code, self.areas) if self.dimensions[place] in AREA_DIMENSIONS else None
        yield (f"_{area}", "by code") if area else (TOTAL, "by area")
