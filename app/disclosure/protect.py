"""The one door between what a sender declares and what may be published of it."""

from collections.abc import Iterable, Sequence
from typing import Final

from app.disclosure.audit import audit
from app.disclosure.draw import Draw
from app.disclosure.lattice import margins, submitted_over_gaps
from app.disclosure.pool import State, history, pool
from app.disclosure.scheme import TOTAL, TOTALS, Scheme
from app.disclosure.table import Key, ProtectedTable, Row, Table, row
from app.wire.problem import Finding

_POOLED_DIMENSION: Final = "nationality"


def protect(
    table: Table, *, scheme: Scheme, method: str | None, k: int, draw: Draw, before: Sequence[tuple[Row, ...]]
) -> ProtectedTable | tuple[Finding, ...]:
    """What may be published of a table, or why nothing may be.

    `method` None is the default: 'pool' where nationality is the only dimension and every count is known, else 'none'.
    `before` are the rows of all earlier versions and bulletins of the flow key and period, withdrawn ones too.

    Findings: `total-mismatch` {submitted, summed, cell}; `total-too-small` {k}; `cannot-be-protected` {cells, k}, where `cells`
    says how many stand in the way and no count is told; `method-not-available` {method}.
    Source: guarantees 1, rules 1, 5 and 8.
    """
    totals, mismatches = margins(table, scheme.areas)
    if mismatches:
        return tuple(each.finding(table.dimensions) for each in mismatches)
    poolable = table.dimensions == (_POOLED_DIMENSION,) and table.complete
    chosen = method or ("pool" if poolable else "none")
    if chosen == "pool" and poolable:
        return _pooled(table, scheme=scheme, k=k, draw=draw, before=before)
    if chosen == "none":
        return _as_declared(table, totals, scheme=scheme, k=k, before=before)
    return (Finding("method-not-available", params={"method": chosen}),)


def _pooled(table: Table, *, scheme: Scheme, k: int, draw: Draw, before: Sequence[tuple[Row, ...]]) -> ProtectedTable | tuple[Finding, ...]:
    counts = {key[0]: leaf.value for key, leaf in table.leaves.items() if leaf.value is not None}
    if 0 < sum(counts.values()) < k:
        return (Finding("total-too-small", params={"k": k}),)
    rows = pool(counts, scheme=scheme, k=k, draw=draw, before=before)
    return audit(rows, dimensions=table.dimensions, method="pool", k=k, scheme=scheme)


def _as_declared(
    table: Table, totals: tuple[Row, ...], *, scheme: Scheme, k: int, before: Sequence[tuple[Row, ...]]
) -> ProtectedTable | tuple[Finding, ...]:
    rows = (*(row(key, leaf.value, leaf.status) for key, leaf in table.leaves.items()), *totals) or (_nil(table.dimensions),)
    in_the_way = {each.key for each in rows if each.value is not None and 0 < each.value < k}
    if not table.complete:
        in_the_way |= submitted_over_gaps(table, scheme.areas)
    in_the_way |= _pooled_before(table.dimensions, rows, scheme, before)
    if in_the_way:
        return (Finding("cannot-be-protected", params={"cells": len(in_the_way), "k": k}),)
    return audit(rows, dimensions=table.dimensions, method="none", k=k, scheme=scheme)


def _nil(dimensions: tuple[str, ...]) -> Row:
    return row((TOTAL,) * len(dimensions), 0)


def _pooled_before(dimensions: tuple[str, ...], rows: Iterable[Row], scheme: Scheme, before: Sequence[tuple[Row, ...]]) -> set[Key]:
    """Cells with a count for a nationality that an earlier bulletin pooled: beside its pool they would tell the others there.

    Areas and `_T` add nothing to the cells beneath them.  Earlier rows do not say by which method they came, so a sender's own
    `_O` or `_OAFR` is read as a pool too: the safe reading.
    """
    if _POOLED_DIMENSION not in dimensions:
        return set()
    place = dimensions.index(_POOLED_DIMENSION)
    named = {each.key: each.key[place] for each in rows if each.value is not None and each.key[place] not in TOTALS}
    bound = history(before, scheme, set(named.values()))
    return {key for key, code in named.items() if bound[code] is not State.SHOWN}
