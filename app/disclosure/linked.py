"""Linked tables of one flow and period: whether exact counts of one tell what another pooled.

A first protection; the audit over histories and linked tables in one system comes on top of it (guarantees 1, rule 2).
"""

from collections.abc import Mapping, Sequence

from app.disclosure.pool import State, history
from app.disclosure.scheme import OTHER, TOTAL, TOTALS, Scheme
from app.disclosure.table import ProtectedTable, Row


def betrayed_pools(table: ProtectedTable, others: Sequence[tuple[tuple[str, ...], tuple[Row, ...]]], scheme: Scheme) -> int:
    """How many pools of a new table keep 1..k-1 when the counts that other released tables give for their members are taken off.

    `others` are (dimensions, rows) of what was released for the same flow key and period; a pool that they contradict proves
    nothing and is passed over.
    """
    if table.method != "pool":
        return 0
    pools = {row.key[0]: row.value or 0 for row in table.rows if row.key[0] not in TOTALS}
    return sum(_betrayed(table, pools, _by_nationality(dimensions, rows), scheme) for dimensions, rows in others)


def _betrayed(table: ProtectedTable, pools: Mapping[str, int], known: Mapping[str, int], scheme: Scheme) -> int:
    states = history([table.rows], scheme, known)
    told: dict[str, int] = {}
    for code, value in known.items():
        if states.get(code, State.SHOWN) is State.SHOWN:
            continue
        pool = OTHER if states[code] is State.OTHER else scheme.rest_of(code)
        told[pool] = told.get(pool, 0) + value
    return sum(0 < pools.get(pool, 0) - value < table.k for pool, value in told.items())


def _by_nationality(dimensions: tuple[str, ...], rows: tuple[Row, ...]) -> dict[str, int]:
    """Exact counts by nationality alone that a table gives; pools of its own are no count of a nationality."""
    if "nationality" not in dimensions:
        return {}
    place = dimensions.index("nationality")
    return {
        row.key[place]: row.value
        for row in rows
        if row.value is not None
        and not row.key[place].startswith("_")
        and all(code == TOTAL for at, code in enumerate(row.key) if at != place)
    }
