"""The certificate of tables read together: joint systems in terms of the published tables, for `app.disclosure.check_certificate`.

    {"kind": "version" | "linked" | "part" | "whole" | "cover", "tables": ["<id>@v1", ..., "this"], "least": [0, ..., 0],
     "columns": [{"leaf": [0, 0, 1], "atoms": [["SOM"], ["ERI"], ["NPL"]]}, ...],   for each table: the leaf of each column, and its name
     "points", "steps": as for one table; the unknowns are the columns of all tables in their order,
     "bounds": [{"table", "cell", "scale", "rows", "ties": [[1, 0, ["SOM"]], ...]}, ...]}

For versions the unknowns are, from each version to the next and for each name of a column of any, sorted: what both count, what the
second adds, what it takes back; and "change": {"least": 3, "proof": {"scale", "rows", "ties"}} says that fewer than 3 changes are impossible.
A tie is [multiplier, table, name]: with `linked` the sum of the first table less the second, for a name in the dimensions that both
have, which is 0; with periods a table less the longest periods inside it; with versions the columns that a table does not have,
table -1 for the change, and -2, -3 for the second, third version less the same by the next step, which is 0.  A bound of part of a pool has "table" and "atoms" instead of "cell"; one of a rest, "rest" and "atoms".
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from app.disclosure.certificate import tables_of
from app.disclosure.change_certificate import ChangeProof
from app.disclosure.evidence import Bound, evidence
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
        versions = ChangeProof(self.readings, self.number, self.system, program) if self.kind == "version" else None
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
            cells = reading.row_cells
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
        row = sum(len(each.row_cells) for each in self.readings)
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


def _columns(reading: Reading) -> Json:
    return {"leaf": reading.leaf_above.tolist(), "atoms": [list(key) for key in reading.columns.keys]}


def _leaf_terms(reading: Reading, columns: Whole) -> Iterator[tuple[int, int]]:
    """How often each leaf is taken, so that nothing below 0 remains of its columns."""
    low, _ = reading.told.limits
    leaves = reading.leaf_above
    alone = np.bincount(leaves, minlength=len(low)) == 1
    own = np.zeros(len(low), dtype=np.int64)
    own[leaves] = columns
    # What is over for a leaf of several columns, or of at least 0, is no less than nothing and needs no row.
    for leaf in np.flatnonzero(alone & ((low > 0) | (own < 0)) & (own != 0)):
        yield int(own[leaf]), int(reading.told.space.leaf_cells[leaf])
