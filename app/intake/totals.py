"""Totals of a table: which rows are sums by their label, and whether they are the sum of rows that stand there."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from app.intake.words import folded

_WORDS = frozenset({"total", "totals", "totales", "totais", "subtotal", "subtotales", "subtotais", "subtotals"})
_PAIRS = frozenset({"gran total", "grand total", "sub total", "sub totales"})
_DOUBTFUL = frozenset({"suma", "soma", "sum", "geral"})
"""Words of sums that a misspelt code may be too (SOMA for SOM): their row is one only where its numbers are."""


def is_total(label: str) -> bool:
    """Tell whether a label says that its row is a sum: it begins with such a word in es, pt or en."""
    words = folded(label).split()
    return bool(words) and (words[0] in _WORDS | _DOUBTFUL or " ".join(words[:2]) in _PAIRS)


def is_doubtful(label: str) -> bool:
    """Tell whether such a label may be something else."""
    return folded(label).split()[:1] != [] and folded(label).split()[0] in _DOUBTFUL


def running(lines: Iterable[int]) -> list[int]:
    """The sums of the first none, one, two ... lines."""
    return [0, *accumulate(lines)]


def sums_beside(sums: Sequence[int], after: int, breaks: Iterable[int]) -> list[int]:
    """The sums that a total after so many lines may state: of the lines from any break down to it, or from it to any later break."""
    return [abs(sums[after] - sums[at]) for at in sorted({0, len(sums) - 1, *breaks}) if at != after]


def nearest_sum(stated: int, candidates: Iterable[int]) -> int | None:
    """The candidate that a total states or comes nearest to; None where nothing can be summed."""
    return min(candidates, key=lambda each: (abs(each - stated), each), default=None)
