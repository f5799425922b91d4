"""What shows outsiders that every count of a system keeps the rule: whole tables, steps between tables, and inequalities.

A step leads from one whole table to another in k - 1 equal strides.  The tables on the way obey the same rows, for rows are linear, so
that one step opens every count that each stride changes by 1: a hundred counts at a time.  All of it is verified in integers here, and
again by `app.disclosure.check_certificate`.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import lcm
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.disclosure.judge import Witnesses, fill
from app.disclosure.program import Program, UnsolvedError, Vertex
from app.disclosure.space import Mask, Whole
from app.disclosure.system import MOST, NOTHING, System, is_met

_DRY: Final = 2
_FINEST: Final = 60
_NEAR: Final = 1e-6

_ZERO: Final = -1
"""A count taken with -1 is more than this: the count is 0."""


@dataclass(frozen=True)
class Step:
    """A stride from the point `start` (its number); k - 1 strides on it stands another table of the system."""

    start: int
    stride: Whole = field(repr=False)


@dataclass(frozen=True)
class Bound:
    """`scale` * cell >= sum of `rows` * rows of the system + `columns` * columns, all whole: the cell is at least k, or 0 (scale < 0)."""

    cell: int
    scale: int
    rows: Whole = field(repr=False)
    columns: Whole = field(repr=False)


@dataclass
class Evidence:
    """Everything that one system needs; counts are by column of the system."""

    points: list[Whole] = field(default_factory=list, repr=False)
    steps: list[Step] = field(default_factory=list, repr=False)
    bounds: list[Bound] = field(default_factory=list, repr=False)

    def keep(self, point: Whole) -> int:
        """Number of a point among those kept."""
        self.points.append(point)
        return len(self.points) - 1


def evidence(system: System, k: int, program: Program, witnesses: Witnesses) -> Evidence:
    """Evidence for every judged count that is not told; `witnesses` are those of a judgement that found no leak.

    Raises `UnsolvedError` where a count has none: the system was not judged, or the solver errs.
    """
    found, todo = Evidence(), system.known == NOTHING
    tables, used = witnesses.tables, 0
    while used < len(tables) and todo.any():
        before = int(todo.sum())
        _stride(system, k, program, tables[used], todo, found)
        used += 1
        if int(todo.sum()) == before:
            break
    _bound(system, k, program, todo, found)
    for table in tables[used:]:
        if todo.any():
            _stride(system, k, program, table, todo, found)
    _point(system, k, program, witnesses, todo, found)
    if not found.points:
        found.keep(_any_table(program, tables))
    return found


def _any_table(program: Program, tables: NDArray[np.int64]) -> Whole:
    """One table that agrees with the rows: that there is one is part of the proof."""
    table = tables[0] if len(tables) else program.whole(np.zeros(program.system.rows.shape[1]))
    if table is None:
        message = "no whole table obeys the rows"
        raise UnsolvedError(message)
    return table


def _stride(system: System, k: int, program: Program, start: Whole, todo: Mask, found: Evidence) -> None:
    """Steps from one table, as long as each opens further counts; `todo` loses what they open."""
    chance, dry, number = np.random.default_rng(len(found.steps)), 0, None
    ways = Program(_ways(system, start, k), program.budget)
    while dry < _DRY and todo.any():
        cells = np.flatnonzero(todo)
        vertex = ways.best(system.weighed(cells, chance.normal(size=len(cells))))
        stride = np.rint(vertex.x).astype(np.int64)
        opened = todo & (np.abs(system.cells @ stride) == 1)
        if not opened.any() or not is_met(system, start + (k - 1) * stride):
            dry += 1
            continue
        number = found.keep(start) if number is None else number
        found.steps.append(Step(number, stride))
        todo &= ~opened


def _ways(system: System, start: Whole, k: int) -> System:
    """The strides of -1, 0 or 1 a column that lead from one table to another in k - 1 of them."""
    sums = system.rows @ start
    return System(
        rows=system.rows,
        low=-((sums - system.low) // (k - 1)),
        high=(system.high - sums) // (k - 1),
        least=np.maximum(-1, -((start - system.least) // (k - 1))),
        most=np.minimum(1, (system.most - start) // (k - 1)),
        cells=system.cells,
        row_of=system.row_of,
        column_of=system.column_of,
        known=system.known,
    )


def _bound(system: System, k: int, program: Program, todo: Mask, found: Evidence) -> None:
    """Proofs of what is at least k, or 0; twins have one proof each."""
    for cell in np.flatnonzero(todo):
        cost = system.cost_of(int(cell))
        for scale, enough in ((1, k - 1), (-1, _ZERO)):
            vertex = program.best(scale * cost)
            if scale * cost @ vertex.x > enough + _NEAR:
                proof = proof_of(system, int(cell), scale * cost, vertex, enough)
                found.bounds.append(replace(proof, scale=scale * proof.scale))
                todo[cell] = False
                break


def proof_of(system: System, cell: int, cost: Whole, vertex: Vertex, enough: int) -> Bound:
    """The solver's multipliers as whole numbers: they prove that the cost is more than `enough`, which a float never does.

    Raises `UnsolvedError` where they do not.
    """
    used = np.flatnonzero(vertex.rows)
    fractions = [Fraction(each).limit_denominator(_FINEST) for each in vertex.rows[used].tolist()]
    scale = lcm(*(each.denominator for each in fractions))
    rows = np.zeros(len(vertex.rows), dtype=np.int64)
    rows[used] = [int(each * scale) for each in fractions]
    columns = scale * cost - system.rows.T @ rows
    value = _worth(rows, system.low, system.high) + _worth(columns, system.least, system.most)
    if value <= scale * enough:
        message = "the solver's proof does not hold in whole numbers"
        raise UnsolvedError(message)
    return Bound(cell, scale, rows, columns)


def _worth(multipliers: Whole, low: Whole, high: Whole) -> int:
    """The least that multiplied counts between two limits can be."""
    told = np.where(multipliers > 0, low, high)
    # MOST is no limit that outsiders could use.
    return int(np.where(multipliers == 0, 0, multipliers * told).sum()) if (told[multipliers != 0] < MOST).all() else -MOST


def _point(system: System, k: int, program: Program, witnesses: Witnesses, todo: Mask, found: Evidence) -> None:
    """Whole tables, k for each count that no step opened."""
    for cell in np.flatnonzero(todo):
        if not witnesses.runs(k)[cell] and not fill(system, k, program, witnesses, int(cell), system.cost_of(int(cell))):
            message = "a count is too certain"
            raise UnsolvedError(message)
        values = witnesses.values[:, cell]
        low = next(value for value in np.unique(values).tolist() if np.isin(np.arange(value, value + k), values).all())
        for value in range(low, low + k):
            found.keep(witnesses.tables[int(np.argmax(values == value))])
        todo[cell] = False
