"""A published table in numbers, and what it shows wrongly by itself: small counts, small remainders, sums that do not add up.

Part of the stand-alone check: `check_certificate.py` says how to run it.  Needs Python and numpy.
"""

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

MOST = 2**31 - 1  # no count is larger
AREAS = ("AFR", "AMN", "AMS", "ASI", "CAR", "EUR", "OCE")

Json = dict[str, Any]
Array = np.ndarray[Any, Any]
Key = tuple[str, ...]


class Codes:
    """The codes of one dimension: which are finest, which of those each code sums, and into which parts each total divides."""

    def __init__(self, listed: list[str], area: dict[str, str]) -> None:
        """Read the code of each cell; `area` gives the area of each code, so that `_AFR` sums those of AFR."""
        codes = sorted(set(listed))
        finest = [code for code in codes if code != "_T" and code[1:] not in AREAS]
        self.shape = (len(codes), len(finest))
        self.sums = _sums(codes, finest, area)
        self.divisions = list(_divisions(codes, area))
        number, leaf_number = ({code: at for at, code in enumerate(each)} for each in (codes, finest))
        self.at = np.array([number[code] for code in listed], dtype=int)
        self.leaf_at = np.array([leaf_number.get(code, -1) for code in codes], dtype=int)[self.at]


def _sums(codes: list[str], finest: list[str], area: dict[str, str]) -> Array:
    """1 where a code (row) sums a finest code (column), else 0."""
    below = [[code in (leaf, "_T", f"_{area.get(leaf)}") for leaf in finest] for code in codes]
    return np.array(below, dtype=np.int64).reshape(len(codes), len(finest))


def _divisions(codes: list[str], area: dict[str, str]) -> Iterator[tuple[int, Array]]:
    """Each total among codes with the parts it divides into: the whole by code and by area, an area by code."""
    areas = {f"_{each}" for each in area.values()}
    is_area = np.array([code in areas for code in codes], dtype=bool)
    finest = ~is_area & np.array([code != "_T" for code in codes], dtype=bool)
    top = is_area | (finest & np.array([code not in area for code in codes], dtype=bool))
    for number, code in enumerate(codes):
        if code == "_T":
            yield number, finest.astype(np.int64)
            yield number, top.astype(np.int64)
        elif code in areas:
            yield number, np.array([area.get(part) == code[1:] for part in codes], dtype=np.int64)


class Table:
    """A published bulletin in numbers: its cells in their order, and of which finest cells (leaves) each is the sum."""

    def __init__(self, document: Json, areas: dict[str, dict[str, str]]) -> None:
        """Read the cells; `areas` gives, for each dimension of States, the area of each code."""
        cells, self.method = document["cells"], document["disclosure"]["method"]
        self.listed, self.areas, self.days = cells, areas, _days(document)
        self.k, self.names = document["disclosure"]["k"], document["dimensions"]
        self.base = self.k + 1 if self.method == "round" else 0
        values = [cell["value"] for cell in cells]
        self.told = np.array([value is not None for value in values], dtype=bool)
        self.value = np.array([value or 0 for value in values], dtype=np.int64)
        self.codes = [Codes([cell[name] for cell in cells], areas.get(name, {})) for name in self.names]
        self.at, leaf_at = np.zeros(len(cells), dtype=int), np.zeros(len(cells), dtype=int)
        self.is_leaf = np.ones(len(cells), dtype=bool)
        for codes in self.codes:
            every, finest = codes.shape
            self.at, leaf_at = self.at * every + codes.at, leaf_at * max(1, finest) + codes.leaf_at
            self.is_leaf &= codes.leaf_at >= 0
        self.leaf_at, self.leaves = leaf_at[self.is_leaf], np.flatnonzero(self.is_leaf)

    def key(self, leaf: int) -> Key:
        """The codes of a leaf."""
        return tuple(self.listed[self.leaves[leaf]][name] for name in self.names)

    def grid(self, leaves: Array) -> Array:
        """Every sum that the codes allow, from one table of leaves a row; one axis a dimension after the first."""
        shape = [codes.shape[1] for codes in self.codes]
        flat = np.zeros((len(leaves), math.prod(shape)), dtype=np.int64)
        flat[:, self.leaf_at] = leaves
        sums = flat.reshape(len(leaves), *shape)
        for axis, codes in enumerate(self.codes, start=1):
            sums = np.moveaxis(np.tensordot(sums, codes.sums, (axis, 1)), -1, axis)
        return sums

    def cells(self, leaves: Array) -> Array:
        """The cells in their order, from one table of leaves a row."""
        sums = self.grid(leaves)
        return sums.reshape(len(leaves), math.prod(sums.shape[1:]))[:, self.at]

    def leaves_of(self, cell: int) -> Array:
        """1 for each leaf that a cell sums, else 0."""
        row = np.ones(len(self.leaves), dtype=np.int64)
        shape = [codes.shape[0] for codes in self.codes]
        for codes, at in zip(self.codes, np.unravel_index(self.at[cell], shape) if shape else (), strict=True):
            row *= codes.sums[at, codes.leaf_at[self.is_leaf]]
        return row

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
        if self.told.all() and not np.array_equal(self.cells(self.value[None, self.leaves])[0], self.value):
            found.append("the cells do not add up")
        if self._lacks_a_sum():
            found.append("a sum over the finest cells is not there")
        if self.base and not self._is_vague(k):
            found.append("a rounded count is too certain")
        return found

    def _remainders(self) -> Iterator[Array]:
        shape = [codes.shape[0] for codes in self.codes]
        told, value = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64)
        told.ravel()[self.at], value.ravel()[self.at] = self.told, np.where(self.told, self.value, 0)
        for axis, codes in enumerate(self.codes):
            for total, parts in codes.divisions:
                yield np.where(told.take(total, axis), value.take(total, axis) - np.tensordot(value, parts, (axis, 0)), 0)

    def _lacks_a_sum(self) -> bool:
        """A pooled table of one dimension leaves out the areas that it cannot tell; all others have every sum over their leaves."""
        if not len(self.leaves) or (self.method == "pool" and self.told.all()):
            return False
        every = self.grid(np.ones((1, len(self.leaves)), dtype=np.int64))
        return bool(np.count_nonzero(every) != len(self.at))

    def _is_vague(self, k: int) -> bool:
        """Whether each rounded count, shown as all are, is at least k or may be each of k whole numbers in a row."""
        low, high = (self.cells(end[None, self.leaves])[0] for end in self.limits(0))
        return bool(self.told.all() and ((low >= k) | (high - low >= k - 1)).all())


def _days(document: Json) -> frozenset[int]:
    """The days that the counts of a bulletin are of."""
    first, last = (date.fromisoformat(document[name]) for name in ("period_start", "period_end"))
    first = min(first, date(last.year, 1, 1)) if document.get("accumulation") == "year_to_date" else first
    return frozenset(range(first.toordinal(), last.toordinal() + 1))
