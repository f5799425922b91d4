"""The audit: the last look at finished rows, and the only place where a `ProtectedTable` comes into being.

It reads published rows only and shares no code with the methods, so that a broken method stops here.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from app.disclosure.lattice import AREA_DIMENSIONS
from app.disclosure.scheme import AREA_TOTALS, AREAS, OTHER, RESTS, TOTAL, TOTALS, Scheme
from app.disclosure.table import _SEAL, Key, ProtectedTable, Row, row_order

POLICY: Final = "rule(k)"


class UnsafeTableError(AssertionError):
    """A method of ours produced rows that break the rule: a fault of the program, never of the sender.

    The text names the rule that was broken and holds neither cell nor count.
    """


def audit(rows: tuple[Row, ...], *, dimensions: tuple[str, ...], method: str, k: int, scheme: Scheme) -> ProtectedTable:
    """Proven rows, sealed, in row order: every count is 0 or at least k, and so is what a total keeps beside its published parts.

    After 'pool' also: nothing null, the rows add up to `_T`, and no area total tells what the area put into `_O`.
    Raises UnsafeTableError where that does not hold (guarantees 1, rules 1 and 3).
    """
    cells = {each.key: each.value for each in rows}
    _require(
        len(cells) == len(rows) and {len(key) for key in cells} <= {len(dimensions)}, "a cell is there once, with a code per dimension"
    )
    known = {key: value for key, value in cells.items() if value is not None}
    _require(not any(_unsafe(value, k) for value in known.values()), "a count is 0 or at least k")
    _require(not any(_unsafe(value, k) for value in _remainders(known, dimensions, scheme)), "a remainder is 0 or at least k")
    if method == "pool":
        _require(len(known) == len(cells), "pooling leaves nothing null")
        flat = {key[0]: value for key, value in known.items()}
        _check_pools(flat, scheme)
        shown, withheld = _pool_figures(flat.keys(), scheme)
    else:
        shown, withheld = len(known), len(cells) - len(known)
    ordered = tuple(sorted(rows, key=lambda each: row_order(each.key)))
    return ProtectedTable(dimensions, ordered, method, POLICY, k, shown + withheld, shown, withheld, _SEAL)


def _unsafe(value: int, k: int) -> bool:
    return value != 0 and value < k


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise UnsafeTableError(rule)


def _remainders(known: Mapping[Key, int], dimensions: tuple[str, ...], scheme: Scheme) -> Iterator[int]:
    """What each published total keeps when its published parts are taken off, for each way of dividing it."""
    parts: dict[tuple[Key, int, str], int] = {}
    for key, value in known.items():
        for place, name in enumerate(dimensions):
            for total, division in _totals_above(key[place], scheme if name in AREA_DIMENSIONS else None):
                above = (*key[:place], total, *key[place + 1 :])
                parts[above, place, division] = parts.get((above, place, division), 0) + value
    for (above, _, _), value in parts.items():
        if above in known:
            yield known[above] - value


def _totals_above(code: str, scheme: Scheme | None) -> Iterator[tuple[str, str]]:
    if code == TOTAL:
        return
    if code in AREA_TOTALS:
        yield TOTAL, "by area"
        return
    yield TOTAL, "by code"
    area = scheme.area_of(code) if scheme else None
    yield (f"_{area}", "by code") if area else (TOTAL, "by area")


def _check_pools(flat: Mapping[str, int], scheme: Scheme) -> None:
    parts = {code: value for code, value in flat.items() if code not in TOTALS}
    _require(0 not in parts.values(), "nobody is shown as 0 while others are pooled")
    _require(flat.get(TOTAL) == sum(parts.values()), "the rows add up to the total")
    for area in AREAS:
        mine = [value for code, value in parts.items() if scheme.area_of(code) == area]
        provable = bool(mine) and (f"_O{area}" in parts or OTHER not in parts)
        _require(flat.get(f"_{area}") == (sum(mine) if provable else None), "an area total stands where the other rows prove it")


def _pool_figures(published: AbstractSet[str], scheme: Scheme) -> tuple[int, int]:
    """Cells shown and cells withheld after pooling: a pool is no cell, it stands for every cell that may be in it."""
    pools = {*RESTS, OTHER}
    shown = published - pools
    hidden = {code for code in scheme.members - pools - shown if not published.isdisjoint((scheme.rest_of(code), OTHER))}
    lost = AREA_TOTALS - shown if OTHER in published else set()
    return len(shown), len(hidden | lost)
