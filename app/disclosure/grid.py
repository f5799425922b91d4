"""A common grid for tables with different codes: every dimension cut into atoms, so that each code of each table is a sum of atoms.

Ages are cut where any table cuts them.  A State dimension has one atom for every code that any table names, and one anonymous atom
for the unnamed of each area and for the unnamed without area: the rest `_OAFR` of a table holds those of Africa that it does not
name, its `_O` all that it neither names nor has in a rest (as `app.disclosure.pool.states_of` reads them).  What a table does not have
at all is 0 there.  Elsewhere a code is an atom.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from app.disclosure.lattice import AREA_DIMENSIONS
from app.disclosure.scheme import AREAS, OTHER, RESTS, area_of
from app.disclosure.space import Mask, Sparse
from app.disclosure.table import Key
from app.disclosure.told import Told

Atoms = dict[str, tuple[str, ...]]
"""The atoms that each code of one table is the sum of, in one dimension."""

UNNAMED: Final = {f"*{area}": area for area in AREAS}
"""The anonymous atoms of the areas; the one without area is `*`."""

_OLDEST: Final = 130
_SPAN: Final = re.compile(r"Y(\d+)T(\d+)|Y_GE(\d+)")


@dataclass(frozen=True)
class Columns:
    """The unknowns of one table: one for each combination of atoms under its leaves.

    `spread` (leaves by columns, 0 or 1) says which leaf holds which.
    """

    dimensions: tuple[str, ...]
    keys: tuple[Key, ...]
    spread: Sparse

    def folded(self, dimensions: Sequence[str], place: Mapping[Key, int]) -> Sparse:
        """Sums over some of the dimensions, one row for each combination of their atoms as `place` numbers them."""
        at = [self.dimensions.index(name) for name in dimensions]
        rows = np.array([place[tuple(key[d] for d in at)] for key in self.keys], dtype=np.int64)
        return csr_array((np.ones(len(rows), np.int64), (rows, np.arange(len(rows)))), shape=(len(place), len(rows)))

    def hidden(self) -> Mask:
        """Columns of a named code that share their leaf with others."""
        alone = self.spread.sum(axis=1) == 1
        crowded = np.asarray(self.spread.T @ ~alone > 0)
        named = np.array([not any(atom.startswith("*") for atom in key) for key in self.keys], dtype=bool)
        inside: Mask = np.logical_and(crowded, named)
        return inside


def columns_of(tables: Sequence[Told], areas: Mapping[str, str]) -> list[Columns]:
    """The unknowns of each table over one grid; they depend on leaves and on shown zeros, not on what else is shown."""
    names = sorted({name for each in tables for name in each.space.dimensions})
    cut: list[dict[str, Atoms]] = [{} for _ in tables]
    for name in names:
        having = [number for number, each in enumerate(tables) if name in each.space.dimensions]
        live = [_live_codes(tables[number], name) for number in having]
        for number, atoms in zip(having, _cut(name, live, areas), strict=True):
            cut[number][name] = atoms
    return [_columns(each, atoms) for each, atoms in zip(tables, cut, strict=True)]


def shared_keys(columns: Iterable[Columns], dimensions: Sequence[str]) -> dict[Key, int]:
    """Every combination of atoms of these dimensions that any of the tables has, numbered."""
    found = {tuple(key[each.dimensions.index(name)] for name in dimensions) for each in columns for key in each.keys}
    return {key: number for number, key in enumerate(sorted(found))}


def _columns(table: Told, atoms: Mapping[str, Atoms]) -> Columns:
    keys: list[Key] = []
    leaves: list[int] = []
    for number, leaf in enumerate(table.space.leaves):
        combined = list(product(*(atoms[name].get(code, ()) for name, code in zip(table.space.dimensions, leaf, strict=True))))
        keys += combined
        leaves += [number] * len(combined)
    spread = csr_array((np.ones(len(keys), np.int64), (leaves, np.arange(len(keys)))), shape=(len(table.space.leaves), len(keys)))
    return Columns(table.space.dimensions, tuple(keys), spread)


def _live_codes(table: Told, name: str) -> dict[str, bool]:
    """Codes of a table in a dimension, and whether anybody may be under each of them."""
    at = table.space.dimensions.index(name)
    live: dict[str, bool] = {}
    for leaf, cell in zip(table.space.leaves, table.space.leaf_cells, strict=True):
        is_zero = not table.base and table.shown[cell] and table.values[cell] == 0
        live[leaf[at]] = live.get(leaf[at], False) or not is_zero
    return live


def _cut(name: str, tables: Sequence[Mapping[str, bool]], areas: Mapping[str, str]) -> list[Atoms]:
    if name == "age":
        return _cut_ages(tables)
    if name in AREA_DIMENSIONS:
        return _cut_states(tables, areas)
    return [{code: (code,) for code in codes} for codes in tables]


def _cut_states(tables: Sequence[Mapping[str, bool]], areas: Mapping[str, str]) -> list[Atoms]:
    named = sorted(set[str]().union(*tables) - RESTS - {OTHER})
    area_by_atom = {**{code: area_of(code, areas) for code in named}, **UNNAMED, "*": None}
    return [_homes(area_by_atom, codes) for codes in tables]


def _homes(area_by_atom: Mapping[str, str | None], codes: Mapping[str, bool]) -> Atoms:
    """The atoms under each code of one table; those that it has no place for are in none."""
    atoms: dict[str, list[str]] = {}
    for atom, area in area_by_atom.items():
        home = atom if atom in codes else _pool(area, codes)
        if home:
            atoms.setdefault(home, []).append(atom)
    return {code: tuple(parts) for code, parts in atoms.items()}


def _pool(area: str | None, codes: Mapping[str, bool]) -> str | None:
    """Where a table holds those that it does not name; None where it has no place for them."""
    for pool in (f"_O{area}", OTHER):
        if codes.get(pool):
            return pool
    return None


def _cut_ages(tables: Sequence[Mapping[str, bool]]) -> list[Atoms]:
    spans = {code: span for code in set[str]().union(*tables) if (span := _ages(code))}
    cuts = sorted({first for first, _ in spans.values()} | {last + 1 for _, last in spans.values()})
    atoms = {code: _between(cuts, *span) for code, span in spans.items()}
    return [{code: atoms.get(code, (code,)) for code in codes} for codes in tables]


def _between(cuts: Sequence[int], first: int, last: int) -> tuple[str, ...]:
    """The pieces of an age span between the ages at which it is cut."""
    return tuple(f"Y{start}T{end - 1}" for start, end in pairwise(cuts) if first <= start and end <= last + 1)


def _ages(code: str) -> tuple[int, int] | None:
    """First and last completed year of life that an age code names; None for `_U`."""
    found = _SPAN.fullmatch(code)
    if not found:
        return None
    return (int(found[3]), _OLDEST) if found[3] else (int(found[1]), int(found[2]))
