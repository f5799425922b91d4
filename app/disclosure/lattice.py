"""The lattice of a table: every margin of its dimensions, and the submitted totals that contradict it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.disclosure.scheme import TOTAL, area_of
from app.disclosure.table import Key, Leaf, Row, Table, row, row_order
from app.wire.problem import Finding

AREA_DIMENSIONS: Final = frozenset({"nationality", "origin_state", "previous_state", "destination_state"})

# Sum of the known parts, and how bad the worst part is: an index into _STATUS.
_Tally = tuple[int, int]
_STATUS: Final = (None, "not_collected", "masked")


@dataclass(frozen=True)
class Mismatch:
    """A submitted total that its parts contradict: the total and the sum of the parts, both persons or events as submitted."""

    key: Key
    submitted: int = field(repr=False)
    summed: int = field(repr=False)

    def finding(self, dimensions: tuple[str, ...], pointer: str | None = None) -> Finding:
        """The finding `total-mismatch`: both numbers and the cell in readable form, such as 'nationality=_T sex=F'."""
        cell = " ".join(f"{name}={code}" for name, code in zip(dimensions, self.key, strict=True))
        return Finding("total-mismatch", pointer, params={"submitted": self.submitted, "summed": self.summed, "cell": cell})


def margins(table: Table, areas: Mapping[str, str]) -> tuple[tuple[Row, ...], tuple[Mismatch, ...]]:
    """Every margin over the leaves that are present, and every submitted total that disagrees with its parts.

    Absent is not zero: a margin without a leaf beneath it does not exist, and a total submitted for it is compared with 0.
    A margin over masked or not collected leaves is None (masked is the stronger word) unless submitted; a submitted one must not
    be smaller than its known parts.  `areas` maps nationalities to areas (contract: Flow bulletin).
    """
    tallies = _tallies(table, areas)
    rows = [_margin(key, tally, table.submitted.get(key)) for key, tally in tallies.items() if key not in table.leaves]
    rows.sort(key=lambda each: row_order(each.key))
    faults = [
        Mismatch(key, value, tallies.get(key, (0, 0))[0])
        for key, value in sorted(table.submitted.items(), key=lambda item: row_order(item[0]))
        if _disagrees(value, tallies.get(key, (0, 0)))
    ]
    return tuple(rows), tuple(faults)


def _tallies(table: Table, areas: Mapping[str, str]) -> dict[Key, _Tally]:
    cells = {key: _leaf_tally(leaf) for key, leaf in table.leaves.items()}
    # One dimension after the other: the work grows with the lattice, not with the leaves times all their margins.
    for place, name in enumerate(table.dimensions):
        with_areas = areas if name in AREA_DIMENSIONS else None
        added: dict[Key, _Tally] = {}
        for key, (value, gap) in cells.items():
            for code in _parents(key[place], with_areas):
                parent = (*key[:place], code, *key[place + 1 :])
                total, worst = added.get(parent, (0, 0))
                added[parent] = (total + value, max(worst, gap))
        cells.update(added)
    return cells


def _leaf_tally(leaf: Leaf) -> _Tally:
    return (0, _STATUS.index(leaf.status)) if leaf.value is None else (leaf.value, 0)


def _parents(code: str, areas: Mapping[str, str] | None) -> Iterator[str]:
    yield TOTAL
    area = None if areas is None else area_of(code, areas)
    if area:
        yield f"_{area}"


def _margin(key: Key, tally: _Tally, submitted: int | None) -> Row:
    value, gap = tally
    if not gap:
        return row(key, value)
    return row(key, submitted, _STATUS[gap] if submitted is None else None)


def _disagrees(submitted: int, tally: _Tally) -> bool:
    value, gap = tally
    return submitted < value if gap else submitted != value
