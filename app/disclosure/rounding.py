"""Rounding: small counts become 0 or the base, the rest stays exact, every margin is added up anew (guarantees 1, rules 7 and 8).

Why no choice betrays.  How many small leaves go up follows from their total and a coin; which ones, from a race that any of them may
win.  Then leaves change places to bring the margins nearer, but each keeps its place with a chance of its own, so that every result
of the race may stay as it is: each input whose total fits may give each output.  Every 0 shown may be 0..base-1 and every base shown
1..base.  Without those that keep their places a second version would betray: who changed places would be known to be nearly equal.

Why the base is k + 1.  Each version is drawn afresh; a leaf that flips between two versions keeps 1..base-1, which are k values.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.disclosure.draw import Draw
from app.disclosure.space import Mask, Space, Sparse, Whole

KEEP_CHANCE: Final = 0.05
_PASSES: Final = 3
"""Later passes find next to nothing (measured)."""


def round_counts(space: Space, counts: Whole, base: int, draw: Draw, version: int, bulletin: str = "") -> Whole:
    """Published counts by leaf of the space; the grand total moves by less than the base.

    `counts` are whole persons or events by leaf, all known.  Each version, numbered from 1, of each bulletin (natural key) has a draw
    of its own: two tables with one coin would tell which of their totals leaves the larger remainder.
    """
    purpose = f"round version {version}" + (f" of {bulletin}" if bulletin else "")
    small = np.flatnonzero((counts > 0) & (counts < base))
    ordered = small[_race(space, counts, small, draw, purpose)]
    rises = _rises(int(counts[small].sum()), base, draw, purpose)
    rounded = np.where(counts < base, 0, counts)
    rounded[ordered[:rises]] = base
    mobile = _named(space, ordered, draw, purpose, "keep") >= KEEP_CHANCE
    if mobile.any():
        up = _swapped(space.sums[:, ordered], space.sums @ (rounded - counts), rises, mobile, base)
        rounded[ordered] = np.where(up, base, 0)
    return rounded


def _rises(total: int, base: int, draw: Draw, purpose: str) -> int:
    """How many small leaves go up: their total in bases, whose remainder rounds up by keyed chance.

    A fixed number, such as the nearest, would tell the total of the small leaves too well.
    """
    whole, rest = divmod(total, base)
    return whole + int(draw.fraction(purpose, "one more") * base < rest)


def _race(space: Space, counts: Whole, small: NDArray[Any], draw: Draw, purpose: str) -> NDArray[Any]:
    """Order in which small leaves go up: weighted by count, and any of them may be first."""
    return np.argsort(-np.log1p(-_named(space, small, draw, purpose, "up")) / counts[small], kind="stable")


def _named(space: Space, leaves: NDArray[Any], draw: Draw, purpose: str, what: str) -> NDArray[np.float64]:
    """One keyed fraction for each of these leaves."""
    return np.array([draw.fraction(purpose, f"{what} {'|'.join(space.leaves[leaf])}") for leaf in leaves], dtype=np.float64)


def _swapped(columns: Sparse, error: Whole, rises: int, mobile: Mask, base: int) -> Mask:
    """Which leaves are up in the end: one up and one down change places wherever that brings the margins nearer.

    `columns` are cells by small leaves, in the order of the race; `error` is rounded less true, by cell; the first `rises` are up;
    only `mobile` leaves change places.
    """
    across = columns.T.tocsr()
    size = np.diff(across.indptr)
    up = np.arange(len(size)) < rises
    pull = across @ error
    for _ in range(_PASSES):
        before = up.copy()
        for leaf in np.flatnonzero(up & mobile):
            _swap(across, int(leaf), np.flatnonzero(~up & mobile), size, up, pull, base)
        if (before == up).all():
            break
    return up


def _swap(across: Sparse, leaf: int, down: NDArray[Any], size: Whole, up: Mask, pull: Whole, base: int) -> None:
    """Let this leaf change places with the best of these that are down; `pull` is the sum of the errors above each leaf."""
    if not len(down):
        return
    shared = _shared(across, leaf)
    # By how much the sum of squared errors over all cells grows, over the base: integers, no rounding.
    growth = 2 * (pull[down] - pull[leaf]) + base * (size[leaf] + size[down] - 2 * shared[down])
    best = int(np.argmin(growth))
    if growth[best] < 0:
        partner = down[best]
        up[leaf], up[partner] = False, True
        pull += base * (_shared(across, partner) - shared)


def _shared(across: Sparse, leaf: int) -> Whole:
    """How many cells each leaf has in common with one of them."""
    above = np.zeros(across.shape[1], dtype=np.int64)
    above[across.indices[across.indptr[leaf] : across.indptr[leaf + 1]]] = 1
    common: Whole = across @ above
    return common
