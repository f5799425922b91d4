"""How much of the counted population a table shows under cells of its own; told to the sender alone, never stored."""

from collections.abc import Iterable, Mapping

from app.disclosure.scheme import OTHER, RESTS
from app.disclosure.table import Key, Row

_POOLS = RESTS | {OTHER}


def share_shown(rows: Iterable[Row], counts: Mapping[Key, int], method: str) -> int:
    """Whole percent of the declared persons or events whose finest cell is published; pools are no cells of their own."""
    if method == "round":
        return 100  # every cell stands for its own, a little off
    declared = sum(counts.values())
    shown = sum(
        each.value for each in rows if each.value is not None and not each.is_total and not (method == "pool" and _is_pooled(each.key))
    )
    return min(100, 100 * shown // declared) if declared else 100


def _is_pooled(key: Key) -> bool:
    return not _POOLS.isdisjoint(key)
