"""The base that small counts are rounded to, and what a rounded count may be."""

import numpy as np

from app.disclosure.space import Whole


def base_of(k: int) -> int:
    """K + 1: every version of a flow is drawn afresh, and a count that flips between two of them keeps k candidates."""
    return k + 1


def ranges(leaves: Whole, base: int) -> tuple[Whole, Whole]:
    """Least and most of each rounded leaf: 0 is 0..base-1, the base is 1..base, all else is exact (persons or events)."""
    low = np.where(leaves == base, 1, leaves)
    return low, np.where(leaves == 0, base - 1, leaves)
