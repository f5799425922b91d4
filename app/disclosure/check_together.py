"""How the tables that a certificate reads together hang together: versions of a bulletin, tables of one period, periods in a period.

Part of the stand-alone check: `check_certificate.py` says how to run it.  Needs Python and numpy.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING or __package__:
    from app.disclosure.check_table import MOST, Array, Json, Key, Table
else:  # beside it in one folder
    from check_table import MOST, Array, Json, Key, Table


class Together:
    """The unknowns of one or more tables side by side, and which of their sums must agree.

    One table by itself: its finest cells are the unknowns.  Several tables: each has columns, which are finest cells, or parts of
    them that other tables name; `atoms` name them.  The columns of all tables are the unknowns, but for versions of one bulletin,
    where they are, from each version to the next and for each atom: what both count, what the second adds, what it takes back.

    A form is a row with a number for each of the `width` unknowns: the count that it multiplies out to.  `ties` are forms with the
    least and the most that they come to; `rests` are those of a period that its parts do not fill.
    """

    def __init__(self, tables: list[Table], system: Json) -> None:
        """Read the columns, and place them as the kind of the system says."""
        self.tables, self.kind, self.system = tables, system["kind"], system
        columns = system.get("columns", [{"leaf": range(len(table.leaves)), "atoms": []} for table in tables])
        self.leaf = [np.array(each["leaf"], dtype=int) for each in columns]
        self.atoms = [[tuple(atom) for atom in each["atoms"]] for each in columns]
        self.named = [each["leaf"] if atoms else [] for each, atoms in zip(columns, self.atoms, strict=True)]
        self.ties: dict[tuple[Any, ...], tuple[Array, int, int]] = {}
        self.rests: dict[int, dict[Key, Array]] = {}
        self.rows: dict[tuple[int, int], Array] = {}
        self._place()

    def leaves(self, table: int, unknowns: Array) -> Array:
        """The leaves of a table, from one list of unknowns a row."""
        leaves = np.zeros((len(self.tables[table].leaves), len(unknowns)), dtype=np.int64)
        np.add.at(leaves, self.leaf[table], unknowns[:, self.at[table]].T)
        return leaves.T

    def row(self, table: int, cell: int) -> Array:
        """The form of a cell of a table."""
        if (table, cell) not in self.rows:
            self.rows[table, cell] = np.zeros(self.width, dtype=np.int64)
            self.rows[table, cell][self.at[table]] = self.tables[table].leaves_of(cell)[self.leaf[table]]
        return self.rows[table, cell]

    def form(self, bound: Json) -> Array:
        """The form of the count that a bound is about: a cell of a table, some columns of one, or part of a rest."""
        if "cell" in bound:
            return self.row(bound["table"], bound["cell"])
        atoms = [tuple(atom) for atom in bound["atoms"]]
        if "rest" in bound:
            return np.asarray(np.sum([self.rests[bound["rest"]][atom] for atom in atoms], axis=0))
        return self._column(bound["table"], atoms)

    def inner(self) -> list[Array]:
        """Counts that stand in no table and must be open all the same: who is in a pool, and what a period has beside its parts."""
        forms = []
        for table in range(len(self.tables)):
            forms += [self._column(table, atoms) for atoms in (*self._crowded(table), *self._mixed(table))]
        areas = [self.tables[0].areas.get(name, {}) for name in self._shared()]
        return forms + [np.sum([rest[key] for key in keys], axis=0) for rest in self.rests.values() for keys in _margins(rest, areas)]

    def misplaced(self) -> list[str]:
        """A column must be of its cell: the same codes, but for ages and for those that `_O` and the like stand for."""
        for table, atoms, leaves in zip(self.tables, self.atoms, self.named, strict=True):
            if len(set(atoms)) < len(atoms):
                return [f"{self.kind}: a column stands twice"]
            if not all(_may_hold(table, table.key(leaf), atom) for atom, leaf in zip(atoms, leaves, strict=True)):
                return [f"{self.kind}: a column is of another cell"]
        return []

    def lacks_a_column(self, table: int, most: Array) -> bool:
        """Whether somebody may be in a leaf that has no column, or in a pool that has none for those whom no table names."""
        own = self.tables[table]
        parts: dict[int, set[str]] = {leaf: set() for leaf in self.leaf[table].tolist()}
        for leaf, atom in zip(self.named[table], self.atoms[table], strict=False):
            parts[leaf].update(atom)
        live = np.flatnonzero(most[own.leaves] > 0).tolist()
        return any(leaf not in parts or not self._unnamed(own.key(leaf)) <= parts[leaf] for leaf in live)

    def _unnamed(self, leaf: Key) -> set[str]:
        """What stands for those whom no table names in the pools of a leaf."""
        return set() if self.kind == "alone" else {f"*{code[2:]}" for code in leaf if code.startswith("_O")}

    def is_of_other_periods(self) -> bool:
        """Whether the periods of the tables are not those of which the kind speaks."""
        same = all(table.days == self.tables[0].days for table in self.tables)
        return same != (self.kind in {"alone", "version", "linked"}) or (self.kind != "alone" and not self.ties and self.width > 0)

    def is_broken_by(self, unknowns: Array) -> bool:
        """Whether sums that should agree do not, in one of the lists of unknowns."""
        for row, low, high in self.ties.values():
            sums = unknowns @ row
            if (sums < low).any() or (sums > high).any():
                return True
        return False

    def _place(self) -> None:
        """Where the unknowns of each table stand, and what ties the tables together."""
        ends = np.cumsum([0, *(len(leaf) for leaf in self.leaf)])
        self.at = [np.arange(start, end) for start, end in itertools.pairwise(ends)]
        self.width = int(ends[-1])
        if self.kind == "version":
            self._place_versions()
        elif self.kind == "linked":
            one, two = self._folded()
            self.ties = {(0, key): (one[key] - two[key], 0, 0) for key in self._keys()}
        elif self.kind != "alone":
            self._place_periods()

    def _place_versions(self) -> None:
        """A version is what it shares with the next and what is gone then; but for the first, also what it shared and added."""
        number = {key: at for at, key in enumerate(sorted(set().union(*self.atoms)))}
        count, last = len(number), len(self.tables) - 1
        self.width = 3 * count * last
        for table, atoms in enumerate(self.atoms):
            step, block = 3 * count * max(0, table - 1), (1 if table else 2) * count
            at = [step + number[key] for key in atoms]
            self.at[table] = np.array([*at, *(place + block for place in at)], dtype=int)
            self.leaf[table] = np.tile(self.leaf[table], 2)
            for key, place in number.items():
                form, following = self._ones([step + place, step + place + block]), 3 * count * table + place
                self.ties |= {} if key in atoms else {(table, key): (form, 0, 0)}
                if 0 < table < last:
                    self.ties[-1 - table, key] = (form - self._ones([following, following + 2 * count]), 0, 0)
        change = np.tile(np.repeat(np.array([0, 1, 1]), count), last)
        self.ties[-1, ()] = (change, 0, self.system["change"]["least"])

    def _place_periods(self) -> None:
        """A period is the sum of the longest periods inside it and of a rest, which is 0 where they fill it."""
        folded, spans = self._folded(), [table.days for table in self.tables]
        for whole, span in enumerate(spans):
            parts = _longest_inside(span, spans)
            if parts:
                rest = {key: folded[whole][key] - sum(folded[part][key] for part in parts) for key in self._keys()}
                most = 0 if sum(len(spans[part]) for part in parts) == len(span) else MOST
                self.ties |= {(whole, key): (row, 0, most) for key, row in rest.items()}
                self.rests |= {whole: rest} if most else {}

    def _shared(self) -> list[str]:
        return [name for name in self.tables[0].names if all(name in table.names for table in self.tables)]

    def _short(self, table: int) -> list[Key]:
        places = [self.tables[table].names.index(name) for name in self._shared()]
        return [tuple(atom[place] for place in places) for atom in self.atoms[table]]

    def _keys(self) -> list[Key]:
        return sorted({key for table in range(len(self.tables)) for key in self._short(table)})

    def _folded(self) -> list[dict[Key, Array]]:
        """For each table the sum of its columns for each atom in the dimensions that all tables have."""
        folded: list[dict[Key, Array]] = [defaultdict(lambda: self._ones([])) for _ in self.tables]
        for table, (sums, at) in enumerate(zip(folded, self.at, strict=True)):
            for column, key in zip(at.tolist(), self._short(table), strict=True):
                sums[key][column] = 1
        return folded

    def _ones(self, at: Iterable[int]) -> Array:
        row = np.zeros(self.width, dtype=np.int64)
        row[list(at)] = 1
        return row

    def _column(self, table: int, atoms: list[Key]) -> Array:
        chosen = np.array([atom in atoms for atom in self.atoms[table]], dtype=bool)
        return self._ones(self.at[table][np.tile(chosen, len(self.at[table]) // len(chosen))])

    def _crowded(self, table: int) -> Iterator[list[Key]]:
        """Each atom that shares its leaf with others and has a name."""
        leaves = self.named[table]
        crowded = np.bincount(leaves, minlength=len(self.tables[table].leaves)) > 1
        for atom, leaf in zip(self.atoms[table], leaves, strict=True):
            if crowded[leaf] and not any(part[0] == "*" for part in atom):
                yield [atom]

    def _mixed(self, number: int) -> Iterator[list[Key]]:
        """The atoms of each area that has some in the pool of all areas."""
        table, atoms = self.tables[number], self.atoms[number]
        if len(table.names) == 1:
            area = {atom: table.areas.get(table.names[0], {}).get(atom[0]) for atom in atoms}
            pooled = {area[atom] or "" for atom, leaf in zip(atoms, self.named[number], strict=True) if table.key(leaf) == ("_O",)}
            for name in sorted(pooled - {""}):
                yield [atom for atom in atoms if area[atom] == name]


def _may_hold(table: Table, leaf: Key, atom: Key) -> bool:
    """Whether an atom may be part of a leaf: `_O` holds any, `_OAFR` those of the area AFR."""
    for name, code, part in zip(table.names, leaf, atom, strict=False):
        if part != code and name != "age" and code not in ("_O", f"_O{table.areas.get(name, {}).get(part)}"):
            return False
    return True


def _longest_inside(span: frozenset[int], spans: list[frozenset[int]]) -> list[int]:
    """Which periods lie inside a period, but for those that lie inside others of them."""
    inside = [part for part, other in enumerate(spans) if other < span]
    return [part for part in inside if not any(spans[part] < spans[other] for other in inside)]


def _margins(keys: Iterable[Key], areas: list[dict[str, str]]) -> list[list[Key]]:
    """The keys under each cell of their lattice: every code, every area, every total."""
    cells: dict[Key, list[Key]] = {}
    for key in keys:
        ways = [{code, "_T", f"_{area[code]}" if code in area else "_T"} for code, area in zip(key, areas, strict=True)]
        for cell in itertools.product(*ways):
            cells.setdefault(cell, []).append(key)
    return list(cells.values())
