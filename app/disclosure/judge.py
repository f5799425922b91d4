"""The judgement of a system: which counts are told too narrowly, and the whole tables that show all others open (rule(k)).

A count obeys the rule where it is 0, at least k, or may be each of k whole numbers in a row.  A linear bound alone never proves that
it is open: only whole tables do, that obey every published row.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.disclosure.program import WHOLE, ImpossibleError, Program, UnsolvedError, Vertex
from app.disclosure.space import Mask, Whole
from app.disclosure.system import NOTHING, System, is_met

_ROUNDS: Final = 40
_DRY: Final = 3
_NEAR: Final = 1e-6


@dataclass(frozen=True)
class Leak:
    """A judged count (its number) whose range is too narrow; `proof` names the published cells of the new table that narrow it.

    `terms` are (multiplier, row of the system) of the tighter bound, for whoever explains it.
    """

    cell: int
    low: int
    high: int
    proof: tuple[int, ...]
    low_vertex: Vertex = field(repr=False)
    high_vertex: Vertex = field(repr=False)


class Witnesses:
    """Whole tables that obey a system, found so far, and the values that they give to the judged counts."""

    def __init__(self, cells: int, columns: int) -> None:
        """Begin with none."""
        self._tables: list[Whole] = []
        self._values: list[Whole] = []
        self._seen: set[bytes] = set()
        self.low: Whole = np.full(cells, np.iinfo(np.int64).max)
        self.high: Whole = np.full(cells, -1, dtype=np.int64)
        self._columns = columns

    def add(self, system: System, table: Whole) -> bool:
        """Count a table that obeys the system; true where it was new."""
        name = table.tobytes()
        if name in self._seen:
            return False
        self._seen.add(name)
        values = system.cells @ table
        self._tables.append(table)
        self._values.append(values)
        np.minimum(self.low, values, out=self.low)
        np.maximum(self.high, values, out=self.high)
        return True

    def still_good(self, system: System) -> "Witnesses":
        """Those that obey another system over the same unknowns, such as after a cell was withheld or a least change fell."""
        kept = Witnesses(system.cells.shape[0], self._columns)
        for table in self._tables:
            if is_met(system, table):
                kept.add(system, table)
        return kept

    @property
    def tables(self) -> NDArray[np.int64]:
        """All tables, one a row."""
        return np.array(self._tables, dtype=np.int64).reshape(len(self._tables), self._columns)

    @property
    def values(self) -> NDArray[np.int64]:
        """The judged counts of all tables, one table a row."""
        return np.array(self._values, dtype=np.int64).reshape(len(self._values), len(self.low))

    def spans(self, k: int) -> Mask:
        """Judged counts of which a low and a high value at least k - 1 apart are known."""
        return (self.high >= self.low) & (self.high - self.low >= k - 1)

    def runs(self, k: int, cells: Whole | None = None) -> Mask:
        """Judged counts (all, or these) of which k whole numbers in a row are known to be possible."""
        ordered = self.values if cells is None else self.values[:, cells]
        run, best = (np.ones(ordered.shape[1], np.int64) for _ in range(2))
        for step in np.diff(np.sort(ordered, axis=0), axis=0):
            run = np.where(step == 0, run, np.where(step == 1, run + 1, 1))
            np.maximum(best, run, out=best)
        return (best >= k) & (len(ordered) >= k)


def judge(
    system: System, k: int, program: Program, witnesses: Witnesses | None = None, *, first: bool = False, seed: int = 0
) -> tuple[list[Leak], Witnesses]:
    """Every count of a system that breaks the rule, and the witnesses for all others.

    `witnesses` from an earlier round are used where they still obey the system.  Raises `UnsolvedError` where a programme cannot
    be solved: nothing was proved then.
    """
    k = max(k, system.k)
    known = Witnesses(system.cells.shape[0], system.cells.shape[1]) if witnesses is None else witnesses
    settled = system.known != NOTHING  # what a table shows was audited when it was published, under its own k
    _wander(system, k, program, known, settled, seed)
    if not system.exact_vertices:
        _close_in(system, k, program, known, settled, seed)
    leaks = []
    open_to = known.spans if system.exact_vertices else known.runs
    for cell in np.flatnonzero(~(settled | open_to(k))):
        # A table found for one count often opens others.
        if _shown_open(system, k, known, int(cell)):
            continue
        leak = _leak(system, k, program, known, int(cell))
        if leak:
            leaks.append(leak)
            if first:
                break
    return leaks, known


def _shown_open(system: System, k: int, known: Witnesses, cell: int) -> bool:
    if known.high[cell] - known.low[cell] < k - 1:
        return False
    return system.exact_vertices or bool(known.runs(k, np.array([cell]))[0])


def _close_in(system: System, k: int, program: Program, known: Witnesses, settled: Mask, seed: int) -> None:
    """Random vertices within 1, 2, ... k - 1 of a known table: they give most counts their whole numbers in a row."""
    chance = np.random.default_rng(seed)
    dry = 0
    while dry <= _DRY and len(known.tables):
        todo = _short_of_runs(k, known, settled)
        if not len(todo):
            return
        middle = known.tables[chance.integers(len(known.tables))]
        weights = chance.normal(size=len(todo))
        for reach in (step * sign for step in range(1, k) for sign in (1, -1)):
            box = np.maximum(system.least, middle - abs(reach)), np.minimum(system.most, middle + abs(reach))
            vertex = program.best(system.weighed(todo, weights * np.sign(reach)), box=box)
            if vertex.is_whole:
                _add(system, known, vertex)
        dry = 0 if len(_short_of_runs(k, known, settled)) < len(todo) else dry + 1


def _short_of_runs(k: int, known: Witnesses, settled: Mask) -> Whole:
    spanned = np.flatnonzero(~settled & known.spans(k))
    return spanned[~known.runs(k, spanned)]


def _wander(system: System, k: int, program: Program, known: Witnesses, settled: Mask, seed: int) -> None:
    """Random vertices settle most counts at the price of a few programmes."""
    chance = np.random.default_rng(seed)
    dry = 0
    for turn in range(_ROUNDS):
        before = known.spans(k)
        todo = np.flatnonzero(~(settled | before))
        if not len(todo) or dry > _DRY:
            return
        weights = chance.random(len(todo)) * (1 if turn % 2 else -1) if turn < 2 or turn % 3 else chance.normal(size=len(todo))  # noqa: PLR2004
        vertex = program.best(system.weighed(todo, weights))
        if not vertex.is_whole or not _add(system, known, vertex):
            dry += 1
            continue
        dry = 0 if (known.spans(k) & ~before).any() else dry + 1


def _add(system: System, known: Witnesses, vertex: Vertex) -> bool:
    table = np.rint(vertex.x).astype(np.int64)
    return is_met(system, table) and known.add(system, table)


def _leak(system: System, k: int, program: Program, known: Witnesses, cell: int) -> Leak | None:
    cost = system.cost_of(cell)
    bottom = program.best(cost)
    low = int(np.ceil(cost @ bottom.x - WHOLE))
    if low >= k:
        return None
    top = program.best(-cost)
    high = int(np.floor(cost @ top.x + WHOLE))
    if high <= 0:
        return None
    if high - low >= k - 1 and _is_open(system, k, program, known, cell, cost, bottom, top):
        return None
    return Leak(cell, low, high, _proof(system, cost, bottom, top), bottom, top)


def _proof(system: System, cost: Whole, bottom: Vertex, top: Vertex) -> tuple[int, ...]:
    """Published cells of the new table that hold two bounds of a count.

    Where something is taken to be least, half the table holds that least.  The proof is then what changed: of the cells that the
    count is part of, else anywhere.
    """
    rows = (np.abs(bottom.rows) > _NEAR) | (np.abs(top.rows) > _NEAR)
    columns = (np.abs(bottom.columns) > _NEAR) | (np.abs(top.columns) > _NEAR)
    proof = {*system.row_of[rows].tolist(), *system.column_of[columns].tolist()} - {NOTHING}
    if system.changed is None:
        return tuple(sorted(proof))
    changed = set(np.flatnonzero(system.changed).tolist())
    near = {*system.row_of[(abs(system.rows) @ cost) > 0].tolist(), *system.column_of[cost > 0].tolist()}
    choices = (proof & changed & near, proof & changed, changed & near, proof)
    return tuple(sorted(next((some for some in choices if some), ())))


def _is_open(system: System, k: int, program: Program, known: Witnesses, cell: int, cost: Whole, bottom: Vertex, top: Vertex) -> bool:
    for vertex in (bottom, top):
        if vertex.is_whole:
            _add(system, known, vertex)
    if system.exact_vertices:
        return bool(known.spans(k)[cell])
    return fill(system, k, program, known, cell, cost)


def fill(system: System, k: int, program: Program, known: Witnesses, cell: int, cost: Whole) -> bool:
    """Look for whole tables that give a count k values in a row; true where they exist."""
    low, high = (_whole_end(system, program, known, price) for price in (cost, -cost))
    seen = set(known.values[:, cell].tolist())
    run = 0
    for value in range(low, -high + 1):
        if value not in seen:
            table = _table_at(system, program, cost, value)
            run = run if table is not None else -1
            if table is not None:
                known.add(system, table)
        run += 1
        if run >= k:
            return True
    return False


def _whole_end(system: System, program: Program, known: Witnesses, price: Whole) -> int:
    """The least that whole tables give to a price; the table that gives it is kept."""
    table = _whole_table(system, program.best(price))
    if table is None:
        table = program.whole(price)
    if table is None:
        message = "no whole table obeys the rows"
        raise UnsolvedError(message)
    known.add(system, table)
    return int(price @ table)


def _table_at(system: System, program: Program, cost: Whole, value: int) -> Whole | None:
    """A whole table that gives a count this value; None where there is none."""
    try:
        # A vertex is whole more often than not, and found much sooner than by branching.
        vertex = program.best(np.zeros(len(cost)), equal=(cost, value))
    except ImpossibleError:
        return None
    table = _whole_table(system, vertex)
    return program.whole(cost, equal=value) if table is None or int(cost @ table) != value else table


def _whole_table(system: System, vertex: Vertex) -> Whole | None:
    """A vertex as a table, where it is whole and obeys every rule."""
    table = np.rint(vertex.x).astype(np.int64)
    return table if vertex.is_whole and is_met(system, table) else None
