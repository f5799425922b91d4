"""The two forms of a table: as a sender declares it, and as it may leave the node."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import Final, NoReturn, SupportsIndex, final

from app.disclosure.scheme import AREA_TOTALS, TOTAL, TOTALS
from app.wire.problem import Finding

Key = tuple[str, ...]
"""One code per dimension, in the order of the table's `dimensions`."""

_SEAL: Final = object()
"""Known to the audit alone: without it no `ProtectedTable` comes into being."""


@dataclass(frozen=True)
class Leaf:
    """One finest cell of a sender: a whole number, or None with `status` 'masked' or 'not_collected'.

    Counts are kept out of every `repr` of this room, so that no log and no trace-back can hold one (guarantees 1, rule 1).
    """

    value: int | None = field(repr=False)
    status: str | None


@dataclass(frozen=True)
class Table:
    """What a sender declares, unprotected; it lives only in memory.

    `dimensions` in the contract's order; `leaves` holds finest cells only (key `()` where there are no dimensions; no leaves: a
    nil report); `submitted` holds the sender's own totals, at `_T` and at areas such as `_AFR`.
    """

    dimensions: tuple[str, ...]
    leaves: Mapping[Key, Leaf] = field(repr=False)
    submitted: Mapping[Key, int] = field(repr=False)

    @property
    def complete(self) -> bool:
        """Whether every finest cell has a count."""
        return all(leaf.value is not None for leaf in self.leaves.values())


@dataclass(frozen=True)
class Row:
    """One cell of the lattice: a count, or None with the reason in `status`; `is_total` where any code is `_T` or an area."""

    key: Key
    value: int | None = field(repr=False)
    status: str | None
    is_total: bool


def row(key: Key, value: int | None, status: str | None = None) -> Row:
    """Cell at a key, marked as a total where one of its codes is a margin."""
    return Row(key, value, status, not TOTALS.isdisjoint(key))


def row_order(key: Key) -> tuple[tuple[int, str], ...]:
    """Sort key of rows: code by code, the sender's plain codes first, then `_O...` and `_U`, then areas, then `_T`."""
    return tuple((_rank(code), code) for code in key)


def _rank(code: str) -> int:
    if code == TOTAL:
        return 3
    if code in AREA_TOTALS:
        return 2
    return int(code.startswith("_"))


@final
@dataclass(frozen=True)
class ProtectedTable:
    """What may be stored, logged and sent of a table; only `audit` can make one (guarantees 1, rule 1).

    `rows` stand in the order of `row_order`; `method` is 'pool', 'withhold', 'round' or 'none'; `policy` is 'rule(k)'.
    `certificate` is the canonical JSON text by which anyone who may see the rows can check them; `warnings` are for the sender.
    `declared`, `shown` and `withheld` count lattice cells and follow from the rows alone, so that they tell nothing more:
    `shown` cells have a published count, `withheld` ones do not, and `declared` is both together.  After pooling, the cells of a
    published pool are withheld, whether or not the sender's file named them, and so are the areas that lost a rest to `_O`.

    Raises TypeError wherever it is made, changed, copied, pickled or subclassed outside the audit.
    """

    dimensions: tuple[str, ...]
    rows: tuple[Row, ...]
    method: str
    policy: str
    k: int
    declared: int
    shown: int
    withheld: int
    certificate: str
    warnings: tuple[Finding, ...]
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            _refuse()

    def __init_subclass__(cls) -> None:
        _refuse()

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn:
        _refuse()

    def __replace__(self, **changes: object) -> NoReturn:
        _refuse()


def _refuse() -> NoReturn:
    message = "a protected table comes out of the audit and from nowhere else"
    raise TypeError(message)
