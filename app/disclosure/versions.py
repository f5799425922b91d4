"""The versions of one bulletin, read together by the least change (guarantees 1, rule 2).

Each version has counts of its own: a correction would make one table for all impossible, and the impossible is never safe.  What
outsiders may hold likely is that little was changed: among all rows of tables that the versions allow, those count whose total
change, the sum of |x2 - x1| from each version to the next, is the least.  Every count of every version must be open among those.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, vstack

from app.disclosure.program import Budget, Program, UnsolvedError
from app.disclosure.reading import Reading
from app.disclosure.scheme import TOTAL
from app.disclosure.space import Mask, Sparse, Whole
from app.disclosure.system import MOST, NOTHING, System
from app.disclosure.table import Key
from app.disclosure.told import Told

Limits = tuple[Whole, Whole]
"""The least and the most of each column of a version."""
Bounds = tuple[Whole, Whole, Mask]
"""The least and the most of the three columns of a step, and which names are told on both sides of it."""

_NEAR: Final = 1e-6
_SHARED, _ADDED, _GONE = range(3)


@dataclass(frozen=True)
class Steps:
    """The columns of versions that follow each other: for each step, what both versions share, what is new, what is gone.

    The version before a step is shared + gone, the one behind it shared + added, so that a change has no rule of its own.  `width`
    is how many names of columns all versions have together; a version between two steps is told by both, and a tie says so.
    """

    versions: int
    width: int

    @property
    def columns(self) -> int:
        """How many unknowns there are."""
        return 3 * self.width * (self.versions - 1)

    def of(self, version: int) -> tuple[int, int]:
        """Where the two blocks of columns begin that a version is the sum of: of the step that leads to it, or from the first one."""
        step = 3 * self.width * max(0, version - 1)
        return step, step + self.width * (_ADDED if version else _GONE)

    def before(self, step: int) -> tuple[int, int]:
        """The two blocks of the step that leads away from the version with this number."""
        start = 3 * self.width * step
        return start, start + self.width * _GONE

    def lay(self, matrix: Sparse, version: int) -> Sparse:
        """Rows over the names of columns, as rows over the unknowns of one version."""
        return self._spread(matrix, self.of(version))

    def ties(self) -> Sparse:
        """What a version is by the step that leads to it, less what it is by the next: 0 for each name, version by version."""
        eye = eye_array(self.width, dtype=np.int64, format="csr")
        between = [self.lay(eye, version) - self._spread(eye, self.before(version)) for version in range(1, self.versions - 1)]
        return csr_array(vstack(between)) if between else csr_array((0, self.columns), dtype=np.int64)

    def cost(self) -> Whole:
        """1 for each column of what is new or gone."""
        return np.tile(np.repeat(np.array([0, 1, 1]), self.width), self.versions - 1)

    def _spread(self, matrix: Sparse, starts: tuple[int, int]) -> Sparse:
        blocks = [csr_array(matrix.shape, dtype=np.int64)] * (3 * (self.versions - 1))
        for start in starts:
            blocks[start // max(1, self.width)] = matrix
        return csr_array(hstack(blocks))


def least_change(readings: Sequence[Reading], budget: Budget) -> System:
    """The system of those versions, in their order, that change the least; the last one is the new table's.

    Raises `UnsolvedError` where one of the versions contradicts itself.
    """
    names = names_of(readings)
    steps = Steps(len(readings), len(names))
    chain = _chain([aligned(each, names) for each in readings], steps)
    cost = steps.cost()
    program = Program(chain, budget)
    best = program.best(cost)
    system = replace(
        chain,
        rows=csr_array(vstack([chain.rows, csr_array(cost.reshape(1, -1))])),
        low=np.append(chain.low, 0),
        row_of=np.append(chain.row_of, NOTHING),
        cost=cost,
        # Rounded tables have no rows but the ranges of their leaves: each leaf goes its own way, by whole numbers without a hole.
        exact_vertices=all(each.told.base for each in readings),
        changed=_changed(readings[-2].told, readings[-1].told),
    )
    if not best.is_whole:
        least = _least_of_whole(program, cost)
        return replace(system, high=np.append(chain.high, least), least_cost=least)
    x = np.rint(best.x).astype(np.int64)
    # What the multipliers of a least say must stay where it is: in every row of tables of the least change, these columns do.
    held = np.abs(best.columns) > _NEAR
    return replace(
        system,
        high=np.append(chain.high, int(cost @ x)),
        least=np.where(held, x, chain.least),
        most=np.where(held, x, chain.most),
        least_cost=int(cost @ x),
    )


def names_of(readings: Sequence[Reading]) -> dict[Key, int]:
    """The columns of all versions by name, sorted and numbered."""
    return {key: number for number, key in enumerate(sorted({key for each in readings for key in each.columns.keys}))}


def _changed(old: Told, new: Told) -> Mask:
    """Shown cells of a new version that the old one did not show, or showed with another count; never the grand total."""
    before = {cell: int(old.values[number]) for cell, number in old.space.place.items() if old.shown[number]}
    counts = zip(new.space.cells, new.values.tolist(), new.shown.tolist(), strict=True)
    return np.array([shown and before.get(cell) != value and set(cell) != {TOTAL} for cell, value, shown in counts], dtype=bool)


def _least_of_whole(program: Program, cost: Whole) -> int:
    tables = program.whole(cost)
    if tables is None:
        message = "no whole tables obey the rows"
        raise UnsolvedError(message)
    return int(cost @ tables)


def _chain(versions: Sequence[System], steps: Steps) -> System:
    limits = [(each.least, each.most) for each in versions]
    bounds = [step_bounds(*step) for step in pairwise(limits)]
    told = [_told(each, told_by_rows(limits, bounds, number)) for number, each in enumerate(versions)]
    ties = steps.ties()
    nothing = np.zeros(ties.shape[0], np.int64)
    laid = [steps.lay(each.rows, number % len(versions)) for number, each in enumerate((*versions, *told))]
    return System(
        rows=csr_array(vstack([*laid, ties])),
        low=_end_to_end("low", versions, told, nothing),
        high=_end_to_end("high", versions, told, nothing),
        least=np.concatenate([least for least, _, _ in bounds]),
        most=np.concatenate([most for _, most, _ in bounds]),
        cells=csr_array(vstack([steps.lay(each.cells, number) for number, each in enumerate(versions)])),
        row_of=_end_to_end("row_of", versions, told, nothing + NOTHING),
        column_of=np.concatenate(list(_columns_of(versions, bounds))),
        known=np.concatenate([each.known for each in versions]),
    )


def _told(version: System, at: Whole) -> System:
    """The same version with rows for these of its columns alone."""
    rows = csr_array(eye_array(version.rows.shape[1], dtype=np.int64, format="csr")[at])
    return replace(version, rows=rows, low=version.least[at], high=version.most[at], row_of=version.column_of[at])


def _end_to_end(name: str, versions: Sequence[System], told: Sequence[System], ties: Whole) -> Whole:
    return np.concatenate([*(getattr(each, name) for each in (*versions, *told)), ties])


def told_by_rows(limits: Sequence[Limits], bounds: Sequence[Bounds], version: int) -> Whole:
    """Columns of a version whose count is told and not by their bounds alone: those that a step beside it leaves open."""
    least, most = limits[version]
    fixed = np.logical_and.reduce([fixed for _, _, fixed in bounds[max(0, version - 1) : version + 1]])
    return np.flatnonzero(~fixed & ((least > 0) | (most < MOST)) & (most > 0))


def step_bounds(before: Limits, behind: Limits) -> Bounds:
    """Least and most of shared, added and gone in a step; where both counts are told (the mask), all three are."""
    (low, high), (new_low, new_high) = before, behind
    fixed = (low == high) & (new_low == new_high)
    shared, change = np.minimum(low, new_low), new_low - low
    least = np.concatenate(
        [np.where(fixed, shared, 0), np.where(fixed, np.maximum(change, 0), 0), np.where(fixed, np.maximum(-change, 0), 0)]
    )
    most = np.concatenate([np.minimum(high, new_high), new_high, high])
    return least, np.where(np.tile(fixed, 3), least, most), fixed


def _columns_of(versions: Sequence[System], bounds: Sequence[Bounds]) -> Iterator[Whole]:
    """The cells of the new table that hold columns in their place: it stands behind the last step alone."""
    for (_, two), (_, _, fixed) in zip(pairwise(versions), bounds, strict=True):
        held = np.where(fixed | (two.most == 0), two.column_of, NOTHING)
        yield np.tile(held if two is versions[-1] else np.full(len(held), NOTHING), 3)


def aligned(reading: Reading, names: Mapping[Key, int]) -> System:
    """A version over the columns of all; what a version does not have is 0 there."""
    system, width = reading.system(), len(names)
    at = np.array([names[key] for key in reading.columns.keys], dtype=np.int64)
    rows, cells = (
        csr_array((m.data, at[m.indices], m.indptr), shape=(m.shape[0], width)) for m in (csr_array(system.rows), csr_array(system.cells))
    )
    least, most, column_of = np.zeros(width, np.int64), np.zeros(width, np.int64), np.full(width, NOTHING, dtype=np.int64)
    least[at], most[at], column_of[at] = system.least, system.most, system.column_of
    return replace(system, rows=rows, cells=cells, least=least, most=most, column_of=column_of)
