"""What a sender should know of a table that may be published: told in the answer to the sender alone and kept nowhere."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from app.bulletins.declare import Declaration
from app.bulletins.document import population_shown_pct
from app.bulletins.door import UNKNOWN, Door, shown_by, shown_pooled
from app.disclosure.table import Leaf, ProtectedTable, Table
from app.wire.problem import Finding

_HALF: Final = 50
_TIMES: Final = {"week": 4, "month": 3, "quarter": 4}
"""How many periods make about the next longer one of the calendar."""


def warnings_of(declaration: Declaration, table: ProtectedTable, door: Door, known_ids: Collection[str]) -> tuple[Finding, ...]:
    """Remarks on a protected table: what it contradicts, small changes against its previous version, what would show more of it.

    Only bulletins whose id is among `known_ids` are named: the sender may see no others.
    Codes: `linked-totals-differ` {tables}, `delta-below-k` {cells, k}, `mostly-withheld` {shown, pooled, times, longer} in whole percent (guarantees 1, rule 9).
    """
    told = [replace(each, params={**each.params, "tables": _named(each.params.get("tables"), known_ids)}) for each in table.warnings]
    return (*told, *_small_changes(declaration, table, door), *_mostly_withheld(declaration, table, door))


def _named(tables: object, known_ids: Collection[str]) -> list[str]:
    names = tables if isinstance(tables, list | tuple) else ()
    return [f"/v1/bulletins/{name.split('@')[0]}" for name in names if name.split("@")[0] in known_ids]


def _small_changes(declaration: Declaration, table: ProtectedTable, door: Door) -> Iterator[Finding]:
    earlier = [release for release in door.behind.releases if release.bulletin == declaration.natural_key]
    before = {row.key: row.value for row in earlier[-1].rows} if earlier else {}
    pairs = [(row.value, before.get(row.key)) for row in table.rows]
    small = sum(new is not None and old is not None and 0 < abs(new - old) < table.k for new, old in pairs)
    if small:
        yield Finding("delta-below-k", params={"cells": small, "k": table.k})


def _mostly_withheld(declaration: Declaration, table: ProtectedTable, door: Door) -> Iterator[Finding]:
    shown = population_shown_pct(declaration.table, table)
    if shown >= _HALF or table.method not in {"withhold", "pool"}:
        return
    times = _TIMES.get(declaration.period.frequency)
    params = {
        "shown": shown,
        "pooled": shown_pooled(declaration, door) if table.method == "withhold" else UNKNOWN,
        "times": times or UNKNOWN,
        "longer": _shown_longer(declaration, door, times) if times else UNKNOWN,
    }
    yield Finding("mostly-withheld", params=params)


def _shown_longer(declaration: Declaration, door: Door, times: int) -> int | str:
    """Share that a longer period would show at the same rate, nothing else of its flow being published."""
    leaves = {key: Leaf(None if leaf.value is None else leaf.value * times, leaf.status) for key, leaf in declaration.table.leaves.items()}
    longer = Table(declaration.table.dimensions, leaves, {})
    return shown_by(declaration, longer, replace(door, behind=replace(door.behind, releases=())))
