"""Tables of one flow side by side: the same persons by other dimensions, and periods that lie within periods.

Each table keeps unknowns of its own; what couples them are sums over the atoms of the dimensions that they share.  Periods that
add up to a published one stand in ONE system: pair by pair, twelve months and their year betray each other.  What a longer period
keeps beside its published parts is judged too, else its last part could never be published.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from scipy.sparse import block_diag, csr_array, eye_array, hstack, vstack

from app.disclosure.grid import UNNAMED, shared_keys
from app.disclosure.reading import Reading
from app.disclosure.space import Space, Sparse, Whole
from app.disclosure.system import MOST, NOTHING, System
from app.disclosure.table import Key


@dataclass(frozen=True, eq=False)
class Tile:
    """A table and the first and last day of its period."""

    reading: Reading
    first: date
    last: date

    def holds(self, other: "Tile") -> bool:
        """Whether another period lies inside this one and is shorter."""
        return self.first <= other.first and other.last <= self.last and self.days > other.days

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first + timedelta(days=1)).days


def linked(old: Reading, new: Reading) -> System:
    """One period by two sets of dimensions or from two publishers: their sums over what they share are equal."""
    shared = shared_dimensions([old, new])
    keys = shared_keys([old.columns, new.columns], shared)
    coupling = hstack([old.columns.folded(shared, keys), -new.columns.folded(shared, keys)])
    return _coupled(_beside([old.system(), new.system()]), csr_array(coupling), 0)


def tiled(tiles: Sequence[Tile]) -> System:
    """Periods within periods, nested or apart: every period is the sum of the longest ones inside it and of a remainder."""
    readings = [each.reading for each in tiles]
    dimensions = shared_dimensions(readings)
    keys = shared_keys([each.columns for each in readings], dimensions)
    folds = [each.columns.folded(dimensions, keys) for each in readings]
    system = _beside([each.system() for each in readings])
    told = system.rows.shape[1]
    for whole in tiles:
        if parts := _parts(whole, tiles):
            sums = csr_array(hstack([fold * _sign(tile, whole, parts) for fold, tile in zip(folds, tiles, strict=True)]))
            complete = sum(part.days for part in parts) == whole.days
            system = _with_remainder(system, sums, told, readings[0], dimensions, keys, complete=complete)
    return replace(system, exact_vertices=_is_unimodular(tiles))


def _is_unimodular(tiles: Sequence[Tile]) -> bool:
    """Whether every bound is met by whole numbers, and no span has a hole.

    Where the sums of each table are nested, and periods lie in periods but once, all that is told and judged of the shorter ones and
    of the remainders is one nested family of sums over these, and all of the longer ones is a second one.
    """
    nested_twice = any(whole.holds(part) and part.holds(inner) for whole in tiles for part in tiles for inner in tiles)
    return not nested_twice and all(tile.reading.is_nested for tile in tiles)


def _sign(tile: Tile, whole: Tile, parts: Sequence[Tile]) -> int:
    """How a period counts in a longer one less its parts."""
    return 1 if tile is whole else -1 if tile in parts else 0


def shared_dimensions(readings: Sequence[Reading]) -> tuple[str, ...]:
    """Dimensions that all tables have, in the order of the first."""
    first, *others = (each.told.space.dimensions for each in readings)
    return tuple(name for name in first if all(name in other for other in others))


def _parts(whole: Tile, tiles: Sequence[Tile]) -> list[Tile]:
    inside = [tile for tile in tiles if whole.holds(tile)]
    return [tile for tile in inside if not any(other.holds(tile) for other in inside)]


def _with_remainder(
    system: System, sums: Sparse, told: int, model: Reading, dimensions: tuple[str, ...], keys: dict[Key, int], *, complete: bool
) -> System:
    """Whole less parts is the remainder, which is 0 where the parts are complete, else at least 0 and judged in all its margins."""
    sums = csr_array(hstack([sums, csr_array((sums.shape[0], system.rows.shape[1] - told), dtype=np.int64)]))
    if complete:
        return _coupled(system, sums, 0)
    space = Space(dimensions, list(keys), {**model.areas, **UNNAMED})
    order = np.array([keys[leaf] for leaf in space.leaves], dtype=np.int64)
    free = np.full(len(keys), NOTHING, dtype=np.int64)
    rest = System(
        rows=csr_array((0, len(keys)), dtype=np.int64),
        low=np.zeros(0, np.int64),
        high=np.zeros(0, np.int64),
        least=np.zeros(len(keys), np.int64),
        most=np.full(len(keys), MOST, dtype=np.int64),
        cells=space.sums,
        row_of=np.zeros(0, np.int64),
        column_of=free,
        known=np.full(len(space.cells), NOTHING, dtype=np.int64),
    )
    return _coupled(_beside([system, rest]), csr_array(hstack([sums[order], -eye_array(len(keys), dtype=np.int64, format="csr")])), 0)


def _coupled(system: System, rows: Sparse, value: int) -> System:
    """A system with further rows, all of one value, that no single table states."""
    count = rows.shape[0]
    return replace(
        system,
        rows=csr_array(vstack([system.rows, rows])),
        low=np.append(system.low, np.full(count, value)),
        high=np.append(system.high, np.full(count, value)),
        row_of=np.append(system.row_of, np.full(count, NOTHING)),
    )


def _beside(systems: Sequence[System]) -> System:
    return System(
        rows=csr_array(block_diag([each.rows for each in systems], format="csr")),
        cells=csr_array(block_diag([each.cells for each in systems], format="csr")),
        low=_end_to_end([each.low for each in systems]),
        high=_end_to_end([each.high for each in systems]),
        least=_end_to_end([each.least for each in systems]),
        most=_end_to_end([each.most for each in systems]),
        row_of=_end_to_end([each.row_of for each in systems]),
        column_of=_end_to_end([each.column_of for each in systems]),
        known=_end_to_end([each.known for each in systems]),
    )


def _end_to_end(vectors: Sequence[Whole]) -> Whole:
    return np.concatenate(vectors).astype(np.int64)
