"""Checks whether every count of a published bulletin keeps the rule that its node promises, by the certificate beside it.

The rule, for a number k: every count of the table, shown or not, is 0, at least k, or may be each of k whole numbers in a row, for all
that the published rows say.  This program shares no code with the node; it needs Python, numpy, and files that anyone may read:

    python check_certificate.py bulletin.json certificate.json [other bulletins that the certificate names ...]

It solves nothing.  The certificate holds whole tables (`points`) that agree with every published row.  A count that is not shown must
have k values in a row among them, or a step of 1 from one of them to the (k-1)th table behind it (`steps`), or an inequality from
published rows (`bounds`) that proves it to be at least k, or 0.
"""

import itertools
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

MOST = 2**31 - 1  # no count is larger
MOST_TIMES = 10**6  # no multiplier is larger: products of whole numbers stay exact

Json = dict[str, Any]
Array = np.ndarray[Any, Any]
Key = tuple[str, ...]


class Table:
    """A published bulletin in numbers: its cells in their order, and of which finest cells (leaves) each is the sum."""

    def __init__(self, document: Json, areas: dict[str, dict[str, str]]) -> None:
        """Read the cells; `areas` gives, for each dimension of States, the area of each code, so that `_AFR` sums those of AFR."""
        cells, self.method = document["cells"], document["disclosure"]["method"]
        self.listed, self.areas, self.days = cells, areas, _days(document)
        self.k, self.names = document["disclosure"]["k"], document["dimensions"]
        self.base = self.k + 1 if self.method == "round" else 0
        values = [cell["value"] for cell in cells]
        self.told = np.array([value is not None for value in values], dtype=bool)
        self.value = np.array([value or 0 for value in values], dtype=np.int64)
        self.at, leaf_at = np.zeros(len(cells), dtype=int), np.zeros(len(cells), dtype=int)
        self.is_leaf, self.leaf_codes = np.ones(len(cells), dtype=bool), []
        self.sums: list[Array] = []
        self.divisions: list[list[tuple[int, Array]]] = []
        for name in self.names:
            area, listed = areas.get(name, {}), [cell[name] for cell in cells]
            codes = sorted(set(listed))
            finest = [code for code in codes if code != "_T" and code[1:] not in area.values()]
            below = [[code in (leaf, "_T", f"_{area.get(leaf)}") for leaf in finest] for code in codes]
            number = {code: n for n, code in enumerate(codes)}
            place = np.array([number[code] for code in listed], dtype=int)
            leaf_number = np.array([finest.index(code) if code in finest else -1 for code in codes], dtype=int)[place]
            self.sums.append(np.array(below, dtype=np.int64).reshape(len(codes), len(finest)))
            self.divisions.append(list(_divisions(codes, area)))
            self.at, leaf_at = self.at * len(codes) + place, leaf_at * max(1, len(finest)) + leaf_number
            self.is_leaf &= leaf_number >= 0
            self.leaf_codes.append(leaf_number)
        self.leaf_at, self.leaves = leaf_at[self.is_leaf], np.flatnonzero(self.is_leaf)

    def key(self, leaf: int) -> Key:
        """The codes of a leaf."""
        return tuple(self.listed[self.leaves[leaf]][name] for name in self.names)

    def grid(self, leaves: Array) -> Array:
        """Every sum that the codes allow, from one table of leaves a row; one axis a dimension after the first."""
        shape = [each.shape[1] for each in self.sums]
        flat = np.zeros((len(leaves), math.prod(shape)), dtype=np.int64)
        flat[:, self.leaf_at] = leaves
        sums = flat.reshape(len(leaves), *shape)
        for axis, each in enumerate(self.sums, start=1):
            sums = np.moveaxis(np.tensordot(sums, each, (axis, 1)), -1, axis)
        return sums

    def cells(self, leaves: Array) -> Array:
        """The cells in their order, from one table of leaves a row."""
        sums = self.grid(leaves)
        return sums.reshape(len(leaves), math.prod(sums.shape[1:]))[:, self.at]

    def leaves_of(self, cell: int) -> Array:
        """1 for each leaf that a cell sums, else 0."""
        row = np.ones(len(self.leaves), dtype=np.int64)
        shape = [each.shape[0] for each in self.sums]
        for each, codes, at in zip(self.sums, self.leaf_codes, np.unravel_index(self.at[cell], shape) if shape else (), strict=True):
            row *= each[at, codes[self.is_leaf]]
        return row

    def may_hold(self, name: str, code: str, atom: str) -> bool:
        """Whether an atom may be part of a code: `_O` holds any, `_OAFR` those of the area AFR."""
        return atom == code or name == "age" or code == "_O" or code == f"_O{self.areas.get(name, {}).get(atom)}"

    def limits(self, least: int) -> tuple[Array, Array]:
        """The least and the most that the rows say of each cell; a rounded leaf stands for all that rounds to it."""
        low, high = np.where(self.told, self.value, 0), np.where(self.told, self.value, MOST)
        low[self.is_leaf & ~self.told] = least
        if self.base:
            low = np.where(~self.is_leaf, 0, np.where(self.value == self.base, 1, self.value))
            high = np.where(~self.is_leaf, MOST, np.where(self.value == 0, self.base - 1, self.value))
        return low, high

    def faults(self, k: int) -> list[str]:
        """What the table shows wrongly by itself: counts and remainders of 1 to k-1, cells twice or not at all, sums that do not add up."""
        found = ["a count below k is shown"] if (self.told & (self.value != 0) & (self.value < k)).any() else []
        if len(np.unique(self.at)) < len(self.at):
            found.append("a cell stands twice")
        if any(((rest != 0) & (rest < k)).any() for rest in self._remainders()):
            found.append("a total less its shown parts is below k")
        return found + self._sum_faults(k)

    def _remainders(self) -> Iterator[Array]:
        shape = [each.shape[0] for each in self.sums]
        told, value = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64)
        told.ravel()[self.at], value.ravel()[self.at] = self.told, np.where(self.told, self.value, 0)
        for axis, divisions in enumerate(self.divisions):
            for total, parts in divisions:
                yield np.where(told.take(total, axis), value.take(total, axis) - np.tensordot(value, parts, (axis, 0)), 0)

    def _sum_faults(self, k: int) -> list[str]:
        """A pooled table of one dimension leaves out the areas that it cannot tell; all others have every sum over their leaves."""
        is_whole, every = self.told.all(), self.grid(np.ones((1, len(self.leaves)), dtype=np.int64))
        found = []
        if is_whole and not np.array_equal(self.cells(self.value[None, self.leaves])[0], self.value):
            found.append("the cells do not add up")
        if len(self.leaves) and not (is_whole and self.method == "pool") and np.count_nonzero(every) != len(self.at):
            found.append("a sum over the finest cells is not there")
        if self.base:
            low, high = (self.cells(end[None, self.leaves])[0] for end in self.limits(0))
            found += [] if is_whole and ((low >= k) | (high - low >= k - 1)).all() else ["a rounded count is too certain"]
        return found


def _days(document: Json) -> frozenset[int]:
    """The days that the counts of a bulletin are of."""
    first, last = (date.fromisoformat(document[name]) for name in ("period_start", "period_end"))
    first = min(first, date(last.year, 1, 1)) if document.get("accumulation") == "year_to_date" else first
    return frozenset(range(first.toordinal(), last.toordinal() + 1))


def _divisions(codes: list[str], area: dict[str, str]) -> Iterator[tuple[int, Array]]:
    """Each total among codes with the parts it divides into: the whole by code and by area, an area by code."""
    areas = {f"_{each}" for each in area.values()}
    finest = [code != "_T" and code not in areas for code in codes]
    top = [part in areas or (fine and part not in area) for part, fine in zip(codes, finest, strict=True)]
    for number, code in enumerate(codes):
        if code == "_T":
            yield from ((number, np.array(parts, dtype=np.int64)) for parts in (finest, top))
        elif code in areas:
            yield number, np.array([area.get(part) == code[1:] for part in codes], dtype=np.int64)


class System:
    """Some tables read together, and the whole tables that the certificate gives for them: unknowns side by side, one point a row.

    One table by itself: its finest cells are the unknowns.  Several tables: each has columns, which are finest cells, or parts of
    them that other tables name; `atoms` name them.  The columns of all tables are the unknowns, but for two versions of one bulletin,
    where they are, for each atom: what both versions count, what the second adds, what it takes back.
    """

    def __init__(self, tables: list[Table], system: Json, k: int) -> None:
        """Lay out the points, the steps, and the tables at the far end of the steps."""
        self.tables, self.k, self.kind, self.system = tables, k, system["kind"], system
        self.limits = [table.limits(least) for table, least in zip(tables, system.get("least", [0] * len(tables)), strict=True)]
        self.columns = system.get("columns", [{"leaf": range(len(table.leaves)), "atoms": []} for table in tables])
        self.leaf = [np.array(each["leaf"], dtype=int) for each in self.columns]
        self.atoms = [[tuple(atom) for atom in each["atoms"]] for each in self.columns]
        self.ties: dict[tuple[Any, ...], tuple[Array, int, int]] = {}
        self.rests: dict[int, dict[Key, Array]] = {}
        self.rows: dict[tuple[int, int], Array] = {}
        self._place()
        self.points = np.array(system["points"], dtype=np.int64).reshape(len(system["points"]), self.width)
        self.steps = np.zeros((len(system["steps"]), self.width), dtype=np.int64)
        for step, (_, up, down) in zip(self.steps, system["steps"], strict=True):
            np.add.at(step, up, 1)
            np.add.at(step, down, -1)
        self.far = self.points[[start for start, _, _ in system["steps"]]] + (k - 1) * self.steps

    def faults(self) -> list[str]:
        """What the points break, and which counts nothing opens."""
        found = [] if len(self.points) else [f"{self.kind}: no table agrees with the rows"]
        found += self._misplaced() + self._untied()
        forms = [(bound, self._form(bound)) for bound in self.system["bounds"]]
        proven = {form.tobytes() for bound, form in forms if self._holds(bound, form)}
        if any(form.tobytes() not in proven for _, form in forms):
            found.append(f"{self.kind}: a bound proves nothing")
        closed = 0
        for number, table in enumerate(self.tables):
            near, far, step = (table.cells(self._leaves(number, each)) for each in (self.points, self.far, self.steps))
            low, high = self.limits[number]
            if any((cells < low).any() or (cells > high).any() for cells in (near, far)):
                found.append(f"{self.kind}: a table disagrees with a published row")
            told = (low == high) & ((low == 0) | (low >= self.k))
            is_open = told | _runs(near, self.k) | (np.abs(step) == 1).any(axis=0)
            closed += sum(self._row(number, cell).tobytes() not in proven for cell in np.flatnonzero(~is_open).tolist())
        inner = np.array(self._inner(), dtype=np.int64).reshape(-1, self.width)
        is_open = _runs(self.points @ inner.T, self.k) | (np.abs(self.steps @ inner.T) == 1).any(axis=0)
        closed += sum(inner[form].tobytes() not in proven for form in np.flatnonzero(~is_open).tolist())
        return found + ([f"{self.kind}: {closed} counts are not proved"] if closed else [])

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
        keys = sorted({*self.atoms[0], *self.atoms[1]})
        number = {key: at for at, key in enumerate(keys)}
        self.width = 3 * len(keys)
        for table, changed in ((0, 2), (1, 1)):
            at = [number[key] for key in self.atoms[table]]
            self.at[table] = np.array([*at, *(place + changed * len(keys) for place in at)], dtype=int)
            self.leaf[table] = np.tile(self.leaf[table], 2)
            for key in set(keys).difference(self.atoms[table]):
                self.ties[table, key] = (self._ones([number[key], number[key] + changed * len(keys)]), 0, 0)
        self.ties[-1, ()] = (self._ones(range(len(keys), self.width)), 0, self.system["change"]["least"])

    def _place_periods(self) -> None:
        """A period is the sum of the longest periods inside it and of a rest, which is 0 where they fill it."""
        folded, spans = self._folded(), [table.days for table in self.tables]
        for whole, span in enumerate(spans):
            inside = [part for part, other in enumerate(spans) if other < span]
            parts = [part for part in inside if not any(spans[part] < spans[other] for other in inside)]
            if parts:
                complete = sum(len(spans[part]) for part in parts) == len(span)
                rest = {key: folded[whole][key] - sum(folded[part][key] for part in parts) for key in self._keys()}
                self.ties |= {(whole, key): (row, 0, 0 if complete else MOST) for key, row in rest.items()}
                if not complete:
                    self.rests[whole] = rest

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

    def _leaves(self, table: int, unknowns: Array) -> Array:
        leaves = np.zeros((len(self.tables[table].leaves), len(unknowns)), dtype=np.int64)
        np.add.at(leaves, self.leaf[table], unknowns[:, self.at[table]].T)
        return leaves.T

    def _row(self, table: int, cell: int) -> Array:
        if (table, cell) not in self.rows:
            self.rows[table, cell] = np.zeros(self.width, dtype=np.int64)
            self.rows[table, cell][self.at[table]] = self.tables[table].leaves_of(cell)[self.leaf[table]]
        return self.rows[table, cell]

    def _misplaced(self) -> list[str]:
        """A column must be of its cell: the same codes, but for ages and for those that `_O` and the like stand for."""
        for table, atoms, columns in zip(self.tables, self.atoms, self.columns, strict=True):
            if len(set(atoms)) < len(atoms):
                return [f"{self.kind}: a column stands twice"]
            for atom, leaf in zip(atoms, columns["leaf"] if atoms else (), strict=True):
                if not all(map(table.may_hold, table.names, table.key(leaf), atom)):
                    return [f"{self.kind}: a column is of another cell"]
        return []

    def _untied(self) -> list[str]:
        """Counts below 0, sums that should agree and do not, and a change that could be smaller."""
        both = np.concatenate([self.points, self.far])
        found = [f"{self.kind}: a count is below 0"] if (both < 0).any() else []
        same = all(table.days == self.tables[0].days for table in self.tables)
        if same != (self.kind in {"alone", "version", "linked"}) or (self.kind != "alone" and not self.ties):
            found.append(f"{self.kind}: the periods are others")
        for row, low, high in self.ties.values():
            sums = both @ row
            if (sums < low).any() or (sums > high).any():
                return [*found, f"{self.kind}: the tables do not fit together"]
        change = self.system.get("change", {"least": 0})
        if change["least"] and not self._holds(change["proof"], change["proof"]["scale"] * self.ties[-1, ()][0], change["least"]):
            found.append("version: the change could be smaller")
        return found

    def _inner(self) -> list[Array]:
        """Counts that stand in no table and must be open all the same: who is in a pool, and what a period has beside its parts."""
        forms = []
        for number, (table, atoms) in enumerate(zip(self.tables, self.atoms, strict=True)):
            leaves = self.columns[number]["leaf"] if atoms else []
            crowded = np.bincount(leaves, minlength=len(table.leaves)) > 1
            named = [atom for atom, leaf in zip(atoms, leaves, strict=True) if crowded[leaf] and not any(part[0] == "*" for part in atom)]
            forms += [self._column(number, [atom]) for atom in named]
            if len(table.names) == 1:
                area = {atom: table.areas.get(table.names[0], {}).get(atom[0]) for atom in atoms}
                mixed = sorted({area[atom] or "" for atom, leaf in zip(atoms, leaves, strict=True) if table.key(leaf) == ("_O",)} - {""})
                forms += [self._column(number, [atom for atom in atoms if area[atom] == name]) for name in mixed]
        areas = [self.tables[0].areas.get(name, {}) for name in self._shared()]
        return forms + [np.sum([rest[key] for key in keys], axis=0) for rest in self.rests.values() for keys in _margins(rest, areas)]

    def _column(self, table: int, atoms: list[Key]) -> Array:
        chosen = np.array([atom in atoms for atom in self.atoms[table]], dtype=bool)
        return self._ones(self.at[table][np.tile(chosen, len(self.at[table]) // len(chosen))])

    def _form(self, bound: Json) -> Array:
        """The count that a bound is about: a cell of a table, some columns of one, or part of a rest."""
        if "cell" in bound:
            return self._row(bound["table"], bound["cell"])
        atoms = [tuple(atom) for atom in bound["atoms"]]
        if "rest" in bound:
            return np.asarray(np.sum([self.rests[bound["rest"]][atom] for atom in atoms], axis=0))
        return self._column(bound["table"], atoms)

    def _holds(self, bound: Json, form: Array, least: int = 0) -> bool:
        """Whether scale * count >= the sum of multiplier * row for all counts from 0 on, and that is enough: for k, or for 0.

        With `least` the form is scaled already, and must be at least that.
        """
        scale, ties = bound["scale"], bound.get("ties", [])
        if max(abs(each) for each in (scale, *(row[0] for row in (*bound["rows"], *ties)))) > MOST_TIMES:
            return False
        rest, value = (form if least else scale * form), 0
        for multiplier, table, cell in bound["rows"]:
            low, high = self.limits[table]
            rest = rest - multiplier * self._row(table, cell)
            value += multiplier * int(low[cell] if multiplier > 0 else high[cell])
        for multiplier, table, atom in ties:
            row, least_sum, most_sum = self.ties[table, tuple(atom)]
            rest = rest - multiplier * row
            value += multiplier * (least_sum if multiplier > 0 else most_sum)
        enough = scale * (least - 1) if least else scale * (self.k - 1) if scale > 0 else scale
        return bool((rest >= 0).all()) and value > enough


def _margins(keys: Iterable[Key], areas: list[dict[str, str]]) -> list[list[Key]]:
    """The keys under each cell of their lattice: every code, every area, every total."""
    cells: dict[Key, list[Key]] = {}
    for key in keys:
        ways = [{code, "_T", f"_{area[code]}" if code in area else "_T"} for code, area in zip(key, areas, strict=True)]
        for cell in itertools.product(*ways):
            cells.setdefault(cell, []).append(key)
    return list(cells.values())


def _runs(values: Array, k: int) -> Array:
    """For each column whether k whole numbers in a row are among its values."""
    ordered = np.sort(values, axis=0)
    run = np.ones(values.shape[1], dtype=np.int64)
    best = np.minimum(run, len(values))
    for step in np.diff(ordered, axis=0):
        run = np.where(step == 0, run, np.where(step == 1, run + 1, 1))
        best = np.maximum(best, run)
    return best >= k


def faults(documents: dict[str, Json], certificate: Json) -> list[str]:
    """All that is wrong with a certificate; nothing, where it proves the rule.

    `documents` are the bulletin itself under the name `this`, and every other version that the certificate names, `<id>@v<n>`.
    """
    k = certificate["k"]
    own = documents["this"]["disclosure"]
    if (own["policy"], own["k"], own["method"]) != (certificate["policy"], k, certificate["method"]):
        return ["the certificate is of another table"]
    tables = {name: Table(document, certificate["areas"]) for name, document in documents.items()}
    found = tables["this"].faults(k)
    by_itself = any(each["kind"] == "alone" and each.get("least", [0]) == [0] for each in certificate["systems"])
    if not tables["this"].told.all() and not by_itself:
        found.append("nothing is proved of the counts that are not shown")
    for system in certificate["systems"]:
        missing = [f"{name} is missing" for name in system["tables"] if name not in tables]
        named = [tables[name] for name in system["tables"] if name in tables]
        found += missing or System(named, system, max(table.k for table in named)).faults()
    return found


def main(arguments: list[str]) -> int:
    """Check the files that are named; 0 where nothing is wrong."""
    bulletin, certificate, *others = (json.loads(Path(name).read_text("utf-8")) for name in arguments)
    documents = {"this": bulletin, **{f"{each['id']}@v{each['version']}": each for each in others}}
    found = faults(documents, certificate)
    sys.stdout.write("".join(f"{fault}\n" for fault in found) or f"every count is 0, at least {certificate['k']} or open\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
