"""What one table tells, published or about to be: the form in which joint audits take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from app.disclosure.base import base_of, ranges
from app.disclosure.release import Release
from app.disclosure.scheme import TOTALS
from app.disclosure.space import Mask, Space, Whole
from app.disclosure.system import MOST
from app.disclosure.view import View


@dataclass(frozen=True)
class Told:
    """The cells of a table, which of them are shown, and the values of those (others are never read).

    `base` is the base that leaves were rounded to, 0 for exact counts; `least` is what each withheld leaf is at least.
    """

    space: Space
    shown: Mask = field(repr=False)
    values: Whole = field(repr=False)
    base: int = 0
    least: int = 0

    @property
    def limits(self) -> tuple[Whole, Whole]:
        """The least and the most that each leaf may be: itself where shown, and what may have been rounded to it (rule 8)."""
        shown, values = self.shown[self.space.leaf_cells], self.values[self.space.leaf_cells]
        low, high = ranges(values, self.base) if self.base else (values, values)
        return np.where(shown, low, self.least), np.where(shown, high, MOST)


def told(release: Release, areas: Mapping[str, str]) -> Told:
    """What a released table tells; a leaf without a row is none of its leaves: outsiders read it as 0."""
    has_leaves = any(TOTALS.isdisjoint(each.key) for each in release.rows)
    view = View.of(release.rows if has_leaves else (), release.dimensions, areas)
    return Told(view.space, view.shown, view.values, base_of(release.k) if release.method == "round" else 0, release.least)
