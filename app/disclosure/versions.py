"""Two versions of one bulletin, read together by the least change (guarantees 1, rule 2).

Each version has counts of its own: a correction would make one table for both impossible, and the impossible is never safe.  What
outsiders may hold likely is that little was changed: among all pairs of tables that both versions allow, those count whose total
change, the sum of |x2 - x1|, is the least.  Every count of both versions must be open among those pairs.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from app.disclosure.program import Budget, Program, UnsolvedError
from app.disclosure.reading import Reading
from app.disclosure.scheme import TOTAL
from app.disclosure.space import Mask, Sparse, Whole
from app.disclosure.system import MOST, NOTHING, System
from app.disclosure.told import Told

_NEAR: Final = 1e-6


def least_change(old: Reading, new: Reading, budget: Budget) -> System:
    """The system of the pairs with the least change; its columns are what both versions share, what is new, what is gone.

    Whatever the pair, x1 = shared + gone and x2 = shared + added, so that a count has three columns and no rule of its own.
    Raises `UnsolvedError` where one of the versions contradicts itself.
    """
    pairs = _pairs(old, new)
    width = pairs.cells.shape[1] // 3
    cost = np.concatenate([np.zeros(width, np.int64), np.ones(2 * width, np.int64)])
    program = Program(pairs, budget)
    best = program.best(cost)
    system = replace(
        pairs,
        rows=csr_array(vstack([pairs.rows, csr_array(cost.reshape(1, -1))])),
        low=np.append(pairs.low, 0),
        row_of=np.append(pairs.row_of, NOTHING),
        cost=cost,
        changed=_changed(old.told, new.told),
    )
    if not best.is_whole:
        least = _least_of_whole(program, cost)
        return replace(system, high=np.append(pairs.high, least), least_cost=least)
    x = np.rint(best.x).astype(np.int64)
    # What the multipliers of a least say must stay where it is: in every pair of the least change, these columns do.
    held = np.abs(best.columns) > _NEAR
    return replace(
        system,
        high=np.append(pairs.high, int(cost @ x)),
        least=np.where(held, x, pairs.least),
        most=np.where(held, x, pairs.most),
        least_cost=int(cost @ x),
    )


def _changed(old: Told, new: Told) -> Mask:
    """Shown cells of a new version that the old one did not show, or showed with another count; never the grand total."""
    before = {cell: int(old.values[number]) for cell, number in old.space.place.items() if old.shown[number]}
    counts = zip(new.space.cells, new.values.tolist(), new.shown.tolist(), strict=True)
    return np.array([shown and before.get(cell) != value and set(cell) != {TOTAL} for cell, value, shown in counts], dtype=bool)


def _least_of_whole(program: Program, cost: Whole) -> int:
    pair = program.whole(cost)
    if pair is None:
        message = "no whole tables obey the rows"
        raise UnsolvedError(message)
    return int(cost @ pair)


def _pairs(old: Reading, new: Reading) -> System:
    keys = {key: number for number, key in enumerate(sorted({*old.columns.keys, *new.columns.keys}))}
    one, two = (
        _aligned(each.system(), np.array([keys[key] for key in each.columns.keys], dtype=np.int64), len(keys)) for each in (old, new)
    )
    fixed = (one.least == one.most) & (two.least == two.most)
    least, most = _change_bounds(one, two, fixed)
    told_one, told_two = (np.flatnonzero(~fixed & ((each.least > 0) | (each.most < MOST)) & (each.most > 0)) for each in (one, two))
    eye = csr_array(np.eye(len(keys), dtype=np.int64))
    return System(
        rows=csr_array(vstack([_first(one.rows), _second(two.rows), _first(eye[told_one]), _second(eye[told_two])])),
        low=np.concatenate([one.low, two.low, one.least[told_one], two.least[told_two]]),
        high=np.concatenate([one.high, two.high, one.most[told_one], two.most[told_two]]),
        least=least,
        most=most,
        cells=csr_array(vstack([_first(one.cells), _second(two.cells)])),
        row_of=np.concatenate([one.row_of, two.row_of, one.column_of[told_one], two.column_of[told_two]]),
        column_of=np.tile(np.where(fixed | (two.most == 0), two.column_of, NOTHING), 3),
        known=np.concatenate([one.known, two.known]),
    )


def _change_bounds(one: System, two: System, fixed: Mask) -> tuple[Whole, Whole]:
    """Bounds of shared, added and gone: where both counts are told, all three are."""
    shared, change = np.minimum(one.least, two.least), two.least - one.least
    least = np.concatenate(
        [np.where(fixed, shared, 0), np.where(fixed, np.maximum(change, 0), 0), np.where(fixed, np.maximum(-change, 0), 0)]
    )
    most = np.concatenate([np.minimum(one.most, two.most), two.most, one.most])
    return least, np.where(np.tile(fixed, 3), least, most)


def _aligned(system: System, at: Whole, width: int) -> System:
    """A system over the columns of both versions; what a version does not have is 0 there."""
    rows, cells = (
        csr_array((m.data, at[m.indices], m.indptr), shape=(m.shape[0], width)) for m in (csr_array(system.rows), csr_array(system.cells))
    )
    least, most, column_of = np.zeros(width, np.int64), np.zeros(width, np.int64), np.full(width, NOTHING, dtype=np.int64)
    least[at], most[at], column_of[at] = system.least, system.most, system.column_of
    return replace(system, rows=rows, cells=cells, least=least, most=most, column_of=column_of)


def _first(matrix: Sparse) -> Sparse:
    return csr_array(hstack([matrix, csr_array(matrix.shape, dtype=np.int64), matrix]))


def _second(matrix: Sparse) -> Sparse:
    return csr_array(hstack([matrix, matrix, csr_array(matrix.shape, dtype=np.int64)]))
