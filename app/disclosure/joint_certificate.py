"""The certificate of tables read together: joint systems in terms of the published tables, for `app.disclosure.check_certificate`.

    {"kind": "version" | "linked" | "part" | "whole" | "cover", "tables": ["<id>@v1", ..., "this"], "least": [0, ..., 0],
     "columns": [{"leaf": [0, 0, 1], "atoms": [["SOM"], ["ERI"], ["NPL"]]}, ...],   for each table: the leaf of each column, and its name
     "points", "steps": as for one table; the unknowns are the columns of all tables in their order,
     "bounds": [{"table", "cell", "scale", "rows", "ties": [[1, 0, ["SOM"]], ...]}, ...]}

For versions the unknowns are, for each name of a column of either, sorted: what both count, what the second adds, what it takes back;
and "change": {"least": 3, "proof": {"scale", "rows", "ties"}} says that fewer than 3 changes are impossible.
A tie is [multiplier, table, name]: with `linked` the sum of the first table less the second, for a name in the dimensions that both
have, which is 0; with periods a table less the longest periods inside it; with versions the columns that a table does not have,
and table -1 for the change.  A bound of part of a pool has "table" and "atoms" instead of "cell"; one of a rest, "rest" and "atoms".
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_array

from app.disclosure.certificate import tables_of
from app.disclosure.evidence import Bound, evidence, proof_of
from app.disclosure.grid import UNNAMED, shared_keys
from app.disclosure.judge import Witnesses
from app.disclosure.program import Program
from app.disclosure.reading import Reading
from app.disclosure.space import Space, Whole
from app.disclosure.system import System
from app.disclosure.table import Key
from app.disclosure.tiles import shared_dimensions

Json = dict[str, Any]
Term = list[Any]
_CHANGE: Final = -1


@dataclass(frozen=True)
class Joint:
    """Tables read together: kind, names of the released ones, all readings (the new table's last), and their system.

    `listed` are the keys of each table's published rows in the order of its document: a pool leaves out areas that it cannot tell.
    """

    kind: str
    names: tuple[str, ...]
    readings: Sequence[Reading] = field(repr=False)
    listed: Sequence[Sequence[Key]] = field(repr=False)
    system: System = field(repr=False)

    def certificate(self, k: int, program: Program, witnesses: Witnesses) -> Json:
        """The system as a certificate holds it; raises `UnsolvedError` where a count, or the least change, has no proof."""
        found = evidence(self.system, k, program, witnesses)
        versions = _Versions(self, program) if self.kind == "version" else None
        terms = versions.terms if versions else self._terms
        width = sum(len(each.columns.keys) for each in self.readings) if versions is None else self.system.rows.shape[1]
        told = tables_of(found, width)
        return {
            "kind": self.kind,
            "tables": [*self.names, "this"],
            "least": [each.told.least for each in self.readings],
            "columns": [_columns(each) for each in self.readings],
            **told,
            "bounds": list(self._bounds(found.bounds, terms)),
            **({"change": versions.least_change()} if versions else {}),
        }

    def number(self, table: int, cell: int) -> int:
        """Where the document of a table lists a cell; -1 where it does not."""
        return self._numbers[table].get(self.readings[table].told.space.cells[cell], -1)

    @cached_property
    def _numbers(self) -> list[dict[Key, int]]:
        return [{key: number for number, key in enumerate(keys)} for keys in self.listed]

    def _bounds(self, bounds: Sequence[Bound], terms: Callable[[Bound], Json]) -> Iterator[Json]:
        for bound in bounds:
            target = self._target(bound.cell)
            # A sum that the document does not list is one of counts that it lists, and is told by them.
            if target.get("cell", 0) >= 0:
                yield target | {"scale": bound.scale} | terms(bound)

    def _target(self, judged: int) -> Json:
        """Which count a number of the system's judged counts is."""
        for table, reading in enumerate(self.readings):
            cells, counts = len(reading.told.space.cells), reading.cells.shape[0]
            if judged < cells:
                return {"table": table, "cell": self.number(table, judged)}
            if judged < counts:
                columns = csr_array(reading.cells[[judged]]).indices
                return {"table": table, "atoms": [list(reading.columns.keys[column]) for column in columns]}
            judged -= counts
        rests = [whole for whole, complete in self._wholes() if not complete]
        space = self._rest_space()
        rest, cell = divmod(judged, len(space.cells))
        return {"rest": rests[rest], "atoms": [list(space.leaves[leaf]) for leaf in csr_array(space.sums[[cell]]).indices]}

    def _terms(self, bound: Bound) -> Json:
        """Rows and ties of a bound over columns side by side."""
        rows, at, column = [], 0, 0
        for table, reading in enumerate(self.readings):
            cells = _row_cells(reading)
            rows += [[int(bound.rows[at + row]), table, self.number(table, cell)] for row, cell in enumerate(cells) if bound.rows[at + row]]
            at, end = at + len(cells), column + len(reading.columns.keys)
            rows += [[times, table, self.number(table, cell)] for times, cell in _leaf_terms(reading, bound.columns[column:end])]
            column = end
        return {"rows": rows, "ties": list(self._ties(bound, at, column))}

    def _ties(self, bound: Bound, row: int, column: int) -> Iterator[Term]:
        if self.kind == "linked":
            for key, number in self._keys().items():
                if bound.rows[row + number]:
                    yield [int(bound.rows[row + number]), 0, list(key)]
            return
        for whole, complete in self._wholes():
            if complete:
                names, times = list(self._keys()), bound.rows[row : row + len(self._keys())]
            else:
                names, times = list(self._rest_space().leaves), bound.columns[column : column + len(self._keys())]
                column += len(names)
            row += len(names)
            yield from ([int(each), whole, list(name)] for each, name in zip(times, names, strict=True) if each)

    def _keys(self) -> dict[Key, int]:
        return shared_keys([each.columns for each in self.readings], shared_dimensions(list(self.readings)))

    def _rest_space(self) -> Space:
        return Space(shared_dimensions(list(self.readings)), list(self._keys()), {**self.readings[0].areas, **UNNAMED})

    def _wholes(self) -> list[tuple[int, bool]]:
        """Tables with parts, in their order, and whether the parts fill them: as their ties stand in the system."""
        row = sum(len(_row_cells(each)) for each in self.readings)
        ends = np.cumsum([0, *(len(each.columns.keys) for each in self.readings)])
        keys, found = len(self._keys()), list[tuple[int, bool]]()
        while row < self.system.rows.shape[0]:
            tie = csr_array(self.system.rows[row : row + keys])
            used = np.unique(tie.indices[tie.data > 0])
            # A whole without a column is a nil report.
            nil = (table for table in range(len(ends) - 1) if ends[table] == ends[table + 1] and table not in dict(found))
            whole = int(np.searchsorted(ends, used[0], side="right")) - 1 if len(used) else next(nil)
            found.append((whole, bool((tie.indices < ends[-1]).all())))
            row += keys
        return found


class _Versions:
    """Bounds over two versions: their columns are what both count, what is added, what is taken back."""

    def __init__(self, joint: Joint, program: Program) -> None:
        self.joint, self.readings, self.system = joint, joint.readings, joint.system
        self.keys = sorted({key for each in self.readings for key in each.columns.keys})
        self.leaf = [self._leaf_by_key(each) for each in self.readings]
        self.limits = [self._limits_of(each) for each in self.readings]
        (low, high), (new_low, new_high) = self.limits
        self.fixed = (low == high) & (new_low == new_high)
        change = new_low - low
        least = np.concatenate([np.minimum(low, new_low), np.maximum(change, 0), np.maximum(-change, 0)])
        most = np.concatenate([np.minimum(high, new_high), new_high, high])
        thrice = np.tile(self.fixed, 3)
        pairs = replace(
            self.system,
            rows=csr_array(self.system.rows[:-1]),
            low=self.system.low[:-1],
            high=self.system.high[:-1],
            least=np.where(thrice, least, 0),
            most=np.where(thrice, least, most),
        )
        self.cost = np.concatenate([np.zeros(len(self.keys), np.int64), np.ones(2 * len(self.keys), np.int64)])
        self.least = self.system.least_cost
        vertex = Program(pairs, program.budget).best(self.cost)
        self.proof = proof_of(pairs, 0, self.cost, vertex, self.least - 1)

    def least_change(self) -> Json:
        """The least change and why it is no less."""
        return {"least": self.least, "proof": {"scale": self.proof.scale, **self._terms(self.proof, 0)}}

    def terms(self, bound: Bound) -> Json:
        """Rows and ties of a bound.  What the least change alone holds in place is let go by as much of its proof as that takes."""
        held = (self.system.least == self.system.most) & (self.proof.columns != 0) & ~np.tile(self.fixed, 3)
        free = np.where(held, np.abs(bound.columns), 0) // np.where(held, np.abs(self.proof.columns), 1) + 1
        times = int(np.max(free, where=held, initial=0))
        rows = np.append(bound.rows[:-1] + times * self.proof.rows, 0)
        loose = replace(bound, rows=rows, columns=bound.columns + times * self.proof.columns)
        return self._terms(loose, int(bound.rows[-1]) - times * self.proof.scale)

    def _terms(self, bound: Bound, change: int) -> Json:
        rows, at = [], 0
        for table, reading in enumerate(self.readings):
            cells = _row_cells(reading)
            told = np.flatnonzero(bound.rows[at : at + len(cells)])
            rows += [[int(bound.rows[at + row]), table, self.joint.number(table, cells[row])] for row in told]
            at += len(cells)
        ties = [[change, _CHANGE, []]] if change else []
        single = csr_array(self.system.rows[at:-1])
        for row in np.flatnonzero(bound.rows[at : at + single.shape[0]]):
            shared, changed = single.indices[single.indptr[row] : single.indptr[row + 1]].tolist()
            self._tell(rows, ties, int(changed < shared + 2 * len(self.keys)), shared, int(bound.rows[at + row]))
        for key in range(len(self.keys)):
            for table, times in enumerate(self._leaf_times(key, bound.columns)):
                self._tell(rows, ties, table, key, times)
        return {"rows": rows, "ties": ties}

    def _tell(self, rows: list[Term], ties: list[Term], table: int, key: int, times: int) -> None:
        """What a table says of one column: the count of its leaf, or that it has none."""
        leaf = self.leaf[table][key]
        if times and leaf >= 0:
            rows.append([times, table, self.joint.number(table, int(self.readings[table].told.space.leaf_cells[leaf]))])
        elif times:
            ties.append([times, table, list(self.keys[key])])

    def _leaf_times(self, key: int, columns: Whole) -> tuple[int, int]:
        """How often the counts of one column in either version are taken, so that nothing below 0 remains of its three unknowns."""
        count = len(self.keys)
        shared, added, gone = int(columns[key]), int(columns[key + count]), int(columns[key + 2 * count])
        old, new = 0, 0
        (first, most), (second, new_most) = ((int(low[key]), int(high[key])) for low, high in self.limits)
        if self.fixed[key] and (first or second):
            old, new = _fixed_times(first, second, shared, added, gone)
            shared, added, gone = shared - old - new, added - new, gone - old
        if added < 0:
            new, shared, added = new + added, shared - added, 0
        if gone < 0:
            old, shared, gone = old + gone, shared - gone, 0
        if shared < 0:
            old, new = (old + shared, new) if most <= new_most else (old, new + shared)
        return old, new

    def _leaf_by_key(self, reading: Reading) -> list[int]:
        leaf = dict(zip(reading.columns.keys, _leaves(reading).tolist(), strict=True))
        return [leaf.get(key, -1) for key in self.keys]

    def _limits_of(self, reading: Reading) -> tuple[Whole, Whole]:
        own = reading.system()
        at = np.array([self.keys.index(key) for key in reading.columns.keys], dtype=np.int64)
        low, high = np.zeros(len(self.keys), np.int64), np.zeros(len(self.keys), np.int64)
        low[at], high[at] = own.least, own.most
        return low, high


def _fixed_times(first: int, second: int, shared: int, added: int, gone: int) -> tuple[int, int]:
    """Both counts are told: what is taken of each so that the unknowns that are not 0 keep nothing."""
    if first and second:
        return (shared - added, added) if second >= first else (gone, shared - gone)
    return (0, added) if second else (gone, 0)


def _columns(reading: Reading) -> Json:
    return {"leaf": _leaves(reading).tolist(), "atoms": [list(key) for key in reading.columns.keys]}


def _leaves(reading: Reading) -> Whole:
    """The leaf above each column."""
    return np.asarray(reading.columns.spread.T.tocsr().indices, dtype=np.int64)


def _row_cells(reading: Reading) -> list[int]:
    """The published cell behind each row of a reading: leaves of several columns, then margins that are told."""
    space, told = reading.told.space, reading.told
    several = np.flatnonzero(np.asarray(reading.columns.spread.sum(axis=1)) > 1)
    margins = np.flatnonzero((space.leaf_of < 0) & told.shown & (told.base == 0))
    return [*space.leaf_cells[several].tolist(), *margins.tolist()]


def _leaf_terms(reading: Reading, columns: Whole) -> Iterator[tuple[int, int]]:
    """How often each leaf is taken, so that nothing below 0 remains of its columns."""
    low, _ = reading.told.limits
    leaves = _leaves(reading)
    alone = np.bincount(leaves, minlength=len(low)) == 1
    own = np.zeros(len(low), dtype=np.int64)
    own[leaves] = columns
    # What is over for a leaf of several columns, or of at least 0, is no less than nothing and needs no row.
    for leaf in np.flatnonzero(alone & ((low > 0) | (own < 0)) & (own != 0)):
        yield int(own[leaf]), int(reading.told.space.leaf_cells[leaf])
