"""What published rows say, as linear rules over whole unknowns: the form that every audit judges."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.disclosure.space import Mask, Space, Sparse, Whole

MOST: Final = 2**31 - 1
"""No count is larger (contract: value)."""

NOTHING: Final = -1


@dataclass(frozen=True)
class System:
    """`low <= rows @ x <= high` and `least <= x <= most` over whole x; `cells @ x` are the counts to judge.

    `row_of` and `column_of` name, for each row and each fixed column, the published cell of the NEW table that states it (its
    number in the new table's space; -1: nothing of the new table, so that withholding cannot take it back).  `known` is the
    published value of each judged cell, -1 where there is none.  `exact_vertices`: every vertex is whole and no span has a hole.
    `cost` (optional) is what outsiders take to be least, such as the change between two versions: its rule is among the rows
    already; `least_cost` is that least.  `k` is the largest under which one of its tables was published.  `changed` are then the cells of the new table that are told otherwise than before: what
    changed nowhere tells of no change elsewhere.
    """

    rows: Sparse = field(repr=False)
    low: Whole = field(repr=False)
    high: Whole = field(repr=False)
    least: Whole = field(repr=False)
    most: Whole = field(repr=False)
    cells: Sparse = field(repr=False)
    row_of: Whole = field(repr=False)
    column_of: Whole = field(repr=False)
    known: Whole = field(repr=False)
    exact_vertices: bool = False
    cost: Whole | None = field(default=None, repr=False)
    least_cost: int = 0
    k: int = 0
    changed: Mask | None = field(default=None, repr=False)

    @cached_property
    def _within(self) -> Sparse:
        """By unknown the judged counts that it is part of."""
        return self.cells.T

    def cost_of(self, cell: int) -> Whole:
        """How often each unknown counts in one judged count."""
        return self.weighed(np.array([cell]), np.ones(1, dtype=np.int64))

    def weighed(self, cells: Whole, weights: NDArray[np.generic]) -> NDArray[Any]:
        """What each unknown costs where these judged counts are weighed, in the numbers of the weights."""
        # To take the rows of a few counts out of the matrix takes many times as long as to multiply the others by 0.
        every = np.zeros(self.cells.shape[0], dtype=weights.dtype)
        every[cells] = weights
        return np.asarray(self._within @ every)


def alone(space: Space, shown: Mask, values: Whole, *, least: int = 0) -> System:
    """One version by itself: shown leaves are fixed, shown margins are rows, every other leaf is at least `least`.

    `shown` and `values` are by cell of the space; values of cells that are not shown are never read.
    """
    margins = np.flatnonzero((space.leaf_of < 0) & shown)
    told = shown[space.leaf_cells]
    leaf_values = np.where(told, values[space.leaf_cells], 0)
    return System(
        rows=space.sums[margins],
        low=values[margins],
        high=values[margins],
        least=np.where(told, leaf_values, least),
        most=np.where(told, leaf_values, MOST),
        cells=space.sums,
        row_of=margins,
        column_of=np.where(told, space.leaf_cells, NOTHING),
        known=np.where(shown, values, NOTHING),
        exact_vertices=space.is_unimodular,
    )


def is_met(system: System, x: NDArray[np.int64]) -> bool:
    """Whether a whole vector obeys every rule of a system; integers from end to end."""
    sums = system.rows @ x
    inside = bool((x >= system.least).all() and (x <= system.most).all())
    return inside and bool((sums >= system.low).all() and (sums <= system.high).all())
