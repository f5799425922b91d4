"""Rows in numbers: which cells of a lattice are shown, and with what count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from app.disclosure.scheme import TOTALS
from app.disclosure.space import Mask, Space, Whole
from app.disclosure.table import Key, Row, row


@dataclass(frozen=True)
class View:
    """A finished table by cell of its space; `values` is 0 where nothing is shown, and never read there."""

    space: Space
    shown: Mask = field(repr=False)
    values: Whole = field(repr=False)
    statuses: Mapping[Key, str] = field(repr=False)

    @classmethod
    def of(cls, rows: Iterable[Row], dimensions: tuple[str, ...], areas: Mapping[str, str]) -> "View":
        """The view of published rows: their finest cells span the space; raises KeyError for a total over nothing."""
        listed = list(rows)
        space = Space(dimensions, [each.key for each in listed if TOTALS.isdisjoint(each.key)], areas)
        shown, values = np.zeros(len(space.cells), dtype=bool), np.zeros(len(space.cells), dtype=np.int64)
        for each in listed:
            if each.value is not None:
                at = space.place[each.key]
                shown[at], values[at] = True, each.value
        return cls(space, shown, values, {each.key: each.status for each in listed if each.status})

    def rows(self) -> tuple[Row, ...]:
        """The rows as they go out, in row order; what is not shown is `withheld` unless its own status says why it has no count."""
        return tuple(
            row(key, int(value)) if told else row(key, None, self.statuses.get(key, "withheld"))
            for key, told, value in zip(self.space.cells, self.shown.tolist(), self.values.tolist(), strict=True)
        )
