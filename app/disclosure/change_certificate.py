"""How a certificate tells what versions of one bulletin hold in place: rows and ties of bounds over what was shared, added and gone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, product
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_array

from app.disclosure.evidence import Bound, proof_of
from app.disclosure.program import Program
from app.disclosure.reading import Reading
from app.disclosure.space import Whole
from app.disclosure.system import System
from app.disclosure.table import Key
from app.disclosure.versions import Steps, aligned, names_of, step_bounds, told_by_rows

Json = dict[str, Any]
Term = list[Any]
_CHANGE: Final = -1
"""The name of the tie that is the change; one less for each version between two steps, which are told by both."""


class ChangeProof:
    """Bounds over versions in their order, and why no less was changed from the first to the last.

    `number` tells where the document of a table (its number) lists a cell of its space.  Raises `UnsolvedError` where the least
    change has no proof in whole numbers.
    """

    def __init__(self, readings: Sequence[Reading], number: Callable[[int, int], int], system: System, program: Program) -> None:
        """Prove the least change."""
        self.readings, self.number, self.system, self.least = readings, number, system, system.least_cost
        names = names_of(readings)
        self.names, self.steps = list(names), Steps(len(readings), len(names))
        self.limits = [(each.least, each.most) for each in (aligned(reading, names) for reading in readings)]
        self.bounds = [step_bounds(*step) for step in pairwise(self.limits)]
        free = replace(
            system,
            rows=csr_array(system.rows[:-1]),
            low=system.low[:-1],
            high=system.high[:-1],
            least=np.concatenate([least for least, _, _ in self.bounds]),
            most=np.concatenate([most for _, most, _ in self.bounds]),
        )
        cost = self.steps.cost()
        self.proof = proof_of(free, 0, cost, Program(free, program.budget).best(cost), self.least - 1)

    def least_change(self) -> Json:
        """The least change and why it is no less."""
        return {"least": self.least, "proof": {"scale": self.proof.scale, **self._told(self.proof, 0)}}

    def terms(self, bound: Bound) -> Json:
        """Rows and ties of a bound.  What the least change alone holds in place is let go by as much of its proof as that takes."""
        fixed = np.concatenate([np.tile(fixed, 3) for _, _, fixed in self.bounds])
        held = (self.system.least == self.system.most) & (self.proof.columns != 0) & ~fixed
        free = np.where(held, np.abs(bound.columns), 0) // np.where(held, np.abs(self.proof.columns), 1) + 1
        times = int(np.max(free, where=held, initial=0))
        rows = bound.rows[:-1] + times * self.proof.rows
        loose = replace(bound, rows=rows, columns=bound.columns + times * self.proof.columns)
        return self._told(loose, int(bound.rows[-1]) - times * self.proof.scale)

    def _told(self, bound: Bound, change: int) -> Json:
        terms = _Terms(self)
        terms.tie(change, _CHANGE, ())
        for times, (tell, version, at) in zip(bound.rows.tolist(), self._rows(terms), strict=True):
            tell(times, version, at)
        for step, name in product(range(self.steps.versions - 1), range(self.steps.width)):
            old, new = self._leaf_times(step, name, bound.columns)
            terms.count_before(old, step, name)
            terms.count(new, step + 1, name)
        return {"rows": terms.rows, "ties": terms.ties}

    def _rows(self, terms: "_Terms") -> Iterator[tuple[Callable[[int, int, int], None], int, int]]:
        """What each row of the system is, in their order: how it is told, of which version, and its cell or name."""
        for version, reading in enumerate(self.readings):
            yield from ((terms.cell, version, cell) for cell in reading.row_cells)
        for version in range(self.steps.versions):
            yield from ((terms.count, version, name) for name in told_by_rows(self.limits, self.bounds, version).tolist())
        for version in range(1, self.steps.versions - 1):
            yield from ((terms.twice, version, name) for name in range(self.steps.width))

    def _leaf_times(self, step: int, name: int, columns: Whole) -> tuple[int, int]:
        """How often the counts before and behind a step are taken, so that nothing below 0 remains of its three unknowns."""
        shared, added, gone = (int(columns[(3 * step + block) * self.steps.width + name]) for block in range(3))
        old, new = 0, 0
        (first, most), (second, new_most) = ((int(low[name]), int(high[name])) for low, high in self.limits[step : step + 2])
        if self.bounds[step][2][name] and (first or second):
            old, new = _fixed_times(first, second, shared, added, gone)
            shared, added, gone = shared - old - new, added - new, gone - old
        if added < 0:
            new, shared, added = new + added, shared - added, 0
        if gone < 0:
            old, shared, gone = old + gone, shared - gone, 0
        if shared < 0:
            old, new = (old + shared, new) if most <= new_most else (old, new + shared)
        return old, new


class _Terms:
    """The rows and ties that a bound adds up."""

    def __init__(self, proof: ChangeProof) -> None:
        self.rows: list[Term] = []
        self.ties: list[Term] = []
        self._proof = proof
        self._leaf = [_leaf_by_name(each, proof.names) for each in proof.readings]

    def tie(self, times: int, table: int, name: Key) -> None:
        if times:
            self.ties.append([times, table, list(name)])

    def cell(self, times: int, version: int, cell: int) -> None:
        if times:
            self.rows.append([times, version, self._proof.number(version, cell)])

    def count(self, times: int, version: int, name: int) -> None:
        """What a version says of one column: the count of its leaf, or that it has none."""
        leaf = self._leaf[version][name]
        if leaf >= 0:
            self.cell(times, version, int(self._proof.readings[version].told.space.leaf_cells[leaf]))
        else:
            self.tie(times, version, self._proof.names[name])

    def count_before(self, times: int, step: int, name: int) -> None:
        """The same of the version before a step by the columns of this step: by those of the step that led to it, less their tie."""
        self.count(times, step, name)
        if step:
            self.twice(-times, step, name)

    def twice(self, times: int, version: int, name: int) -> None:
        """A version by the step that led to it less the same by the next one, which is 0."""
        self.tie(times, _CHANGE - version, self._proof.names[name])


def _leaf_by_name(reading: Reading, names: Sequence[Key]) -> list[int]:
    leaf = dict(zip(reading.columns.keys, reading.leaf_above.tolist(), strict=True))
    return [leaf.get(name, -1) for name in names]


def _fixed_times(first: int, second: int, shared: int, added: int, gone: int) -> tuple[int, int]:
    """Both counts are told: what is taken of each so that the unknowns that are not 0 keep nothing."""
    if first and second:
        return (shared - added, added) if second >= first else (gone, shared - gone)
    return (0, added) if second else (gone, 0)
