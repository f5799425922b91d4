"""One table as linear rules over the columns of a common grid: the part that it plays in a joint system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from scipy.sparse import csr_array, vstack

from app.disclosure.grid import UNNAMED, Columns
from app.disclosure.lattice import AREA_DIMENSIONS
from app.disclosure.scheme import AREAS, OTHER, area_of
from app.disclosure.space import Mask, Sparse, Whole
from app.disclosure.system import MOST, NOTHING, System
from app.disclosure.told import Told

_INNER: Final = 2
"""Columns beneath one leaf from which on their counts are judged one by one."""


@dataclass(frozen=True)
class Reading:
    """A table and its columns; `is_new` where it is the table to be published, so that proofs name its cells."""

    told: Told
    columns: Columns
    areas: Mapping[str, str]
    is_new: bool = False

    def over(self, shown: Mask) -> "Reading":
        """The same with other cells shown; a table that is released stays as it is."""
        return replace(self, told=replace(self.told, shown=shown)) if self.is_new else self

    def system(self) -> System:
        """What the table says by itself.

        A leaf of one column bounds it, a leaf of several is a row, and so is each exact margin; margins of a rounded table are
        re-added from its leaves and say nothing more.  Judged are all cells, and what is hidden in the table's pools.
        """
        space, shown = self.told.space, self.told.shown
        low, high = self.told.limits
        (rows, leaves), margins = self._leaf_rows, self._margins
        least, most = self._bounds(low, high)
        row_of = np.concatenate([np.where(shown[space.leaf_cells[leaves]], space.leaf_cells[leaves], NOTHING), margins])
        return System(
            rows=csr_array(vstack([rows, self.sums[margins]])),
            low=np.concatenate([low[leaves], self.told.values[margins]]),
            high=np.concatenate([high[leaves], self.told.values[margins]]),
            least=least,
            most=most,
            cells=self.cells,
            row_of=self._mine(row_of),
            column_of=self._mine(np.where(self._single & shown[self._cell_above], self._cell_above, NOTHING)),
            known=self._known(),
        )

    @cached_property
    def sums(self) -> Sparse:
        """The cells of the table as sums of columns."""
        return csr_array(self.told.space.sums @ self.columns.spread)

    @cached_property
    def cells(self) -> Sparse:
        """What is judged: the cells of the table, then named codes and areas inside its pools."""
        inner = np.flatnonzero(self.columns.hidden())
        width = len(self.columns.keys)
        each = csr_array((np.ones(len(inner), np.int64), (np.arange(len(inner)), inner)), shape=(len(inner), width))
        return csr_array(vstack([self.sums, each, *(self._row(members) for members in self._areas_in_other())]))

    @property
    def is_nested(self) -> bool:
        """Whether of any two counts that are told or judged one lies within the other, or they share nobody.

        So it is in one dimension, but for an area of which some are in `_O` and others in leaves that are not shown exactly.
        """
        is_told = self.told.base == 0 and bool(self.told.shown[self.told.space.leaf_cells].all())
        return len(self.columns.dimensions) == 1 and (is_told or not self._areas_in_other())

    @cached_property
    def leaf_above(self) -> Whole:
        """The leaf above each column."""
        return np.asarray(self.columns.spread.T.tocsr().indices, dtype=np.int64)

    @property
    def row_cells(self) -> list[int]:
        """The published cell behind each row of the system: leaves of several columns, then margins that are told."""
        return [*self.told.space.leaf_cells[self._leaf_rows[1]].tolist(), *self._margins.tolist()]

    @cached_property
    def _cell_above(self) -> Whole:
        return self.told.space.leaf_cells[self.leaf_above]

    @cached_property
    def _single(self) -> Mask:
        return np.asarray(self.columns.spread.sum(axis=1) == 1)[self.leaf_above]

    @cached_property
    def _leaf_rows(self) -> tuple[Sparse, Whole]:
        leaves = np.flatnonzero(self.columns.spread.sum(axis=1) >= _INNER)
        return self.columns.spread[leaves], leaves

    @property
    def _margins(self) -> Whole:
        space = self.told.space
        return np.flatnonzero((space.leaf_of < 0) & self.told.shown & (self.told.base == 0))

    def _bounds(self, low: Whole, high: Whole) -> tuple[Whole, Whole]:
        most = np.where(self._single, high[self.leaf_above], np.where(high[self.leaf_above] == 0, 0, MOST))
        return np.where(self._single, low[self.leaf_above], 0), most

    def _known(self) -> Whole:
        exact = self.told.shown & (self.told.base == 0)
        known = np.full(self.cells.shape[0], NOTHING, dtype=np.int64)
        known[: len(exact)] = np.where(exact, self.told.values, NOTHING)
        return known

    def _mine(self, cells: Whole) -> Whole:
        return cells if self.is_new else np.full(len(cells), NOTHING, dtype=np.int64)

    def _row(self, members: Sequence[int] | Whole) -> Sparse:
        count = len(members)
        return csr_array((np.ones(count, np.int64), (np.zeros(count, np.int64), members)), shape=(1, len(self.columns.keys)))

    def _areas_in_other(self) -> list[Whole]:
        """Members of each area of a table by one State dimension, where `_O` may hold some of them."""
        if len(self.columns.dimensions) != 1 or self.columns.dimensions[0] not in AREA_DIMENSIONS:
            return []
        areas = np.array([UNNAMED.get(key[0]) or area_of(key[0], self.areas) or "" for key in self.columns.keys], dtype=object)
        other = np.array([self.told.space.leaves[leaf][0] == OTHER for leaf in self.leaf_above], dtype=bool)
        return [np.flatnonzero(areas == area) for area in AREAS if (other & (areas == area)).any()]
