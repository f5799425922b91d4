"""Totals of a table: which rows are sums by their label, and whether they are the sum of rows that stand there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from app.intake.words import folded

_WORDS = frozenset(
    {"total", "totals", "totales", "totais", "subtotal", "subtotales", "subtotais", "subtotals", "suma", "soma", "sum", "geral"}
)
_PAIRS = frozenset({"gran total", "grand total", "sub total", "sub totales"})


def is_total(label: str) -> bool:
    """Tell whether a label says that its row is a sum: it begins with such a word in es, pt or en."""
    words = folded(label).split()
    return bool(words) and (words[0] in _WORDS or " ".join(words[:2]) in _PAIRS)


@dataclass(frozen=True)
class Stated:
    """A total that a file states: how many lines of figures stand above it, its row, and its numbers by column of values."""

    after: int
    row: int
    numbers: dict[int, int]


def sums_beside(lines: Sequence[int], after: int, breaks: Iterable[int]) -> list[int]:
    """The sums that a total after so many lines may state: of the lines from any break down to it, or from it to any later break."""
    sums = [0, *accumulate(lines)]
    return [abs(sums[after] - sums[at]) for at in sorted({0, len(lines), *breaks}) if at != after]


def nearest_sum(stated: int, candidates: Iterable[int]) -> int | None:
    """The candidate that a total states or comes nearest to; None where nothing can be summed."""
    return min(candidates, key=lambda each: (abs(each - stated), each), default=None)
