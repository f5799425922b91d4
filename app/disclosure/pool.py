"""Pooling of small nationalities: exact totals, nothing null, and choices that do not betray (guarantees 1, rules 7 and 8).

A nationality is shown alone, pooled in its area's rest (`_OAFR`), or pooled in `_O`.  What a reader who also has this source
code can work out must be no more than the rows say.  Two things see to that.  Decoys: large counts are sometimes pooled as if
they were small, so that every input that fits the published rows could have given them.  One pool for an area: were some of its
nationalities in the rest and others in `_O`, the split would tell something about both.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Final

from app.disclosure.draw import Draw
from app.disclosure.program import UnsolvedError
from app.disclosure.scheme import AREAS, OTHER, RESTS, TOTAL, Scheme
from app.disclosure.table import Row, row, row_order

# A decoy has this chance, or DECOY_PERSONS / count where that is less: large flows stay readable.
DECOY_CHANCE: Final = 0.05
DECOY_PERSONS: Final = 0.25
JOIN_CHANCE: Final = 0.02


class State(IntEnum):
    """Where a nationality's count is published; over versions of a period it only moves down this list (rule 5: sticky)."""

    SHOWN = 0
    REST = 1
    OTHER = 2


States = dict[str, State]


def pool(
    counts: Mapping[str, int], *, scheme: Scheme, k: int, draw: Draw, before: Sequence[tuple[Row, ...]] = (), version: int = 1
) -> tuple[Row, ...]:
    """Published rows of a table by nationality: counts of at least k, rests, `_O`, exact areas and `_T`, in row order.

    `counts` are persons (or events) by code, and a code left out counts like one with 0; their total is 0 or at least k, which
    the caller sees to.  `before` are the rows of earlier versions and bulletins of the flow key and period.
    """
    bound = history(before, scheme, counts)
    return rows_of(counts, decide(counts, scheme=scheme, k=k, draw=draw, before=bound, version=version), scheme)


def states_of(rows: Iterable[Row], scheme: Scheme, codes: Collection[str] = ()) -> States:
    """What earlier rows withheld, as the state of each code of the scheme and of `codes`, from published rows alone.

    A code without a row was in its area's rest if that was published, else in `_O`.  Where neither was published, or with 0, its
    count was plainly 0 or not reported; nothing was withheld and it may be shown later (a nil report binds nobody).
    Rows by several dimensions are passed over: no method yet withholds in them.
    """
    by_code = {each.key[0]: each.value for each in rows if len(each.key) == 1}
    pools = {code for code in (*RESTS, OTHER) if by_code.get(code, 0) != 0}
    return {code: _earlier(code, by_code, pools, scheme) for code in scheme.members.union(codes)}


def history(before: Iterable[tuple[Row, ...]], scheme: Scheme, codes: Collection[str]) -> States:
    """The states that bind a new version: for each code the furthest that any earlier bulletin put it."""
    bound = dict.fromkeys(scheme.members.union(codes), State.SHOWN)
    for rows in before:
        earlier = states_of(rows, scheme, codes)
        bound = {code: max(state, earlier[code]) for code, state in bound.items()}
    return bound


def decide(counts: Mapping[str, int], *, scheme: Scheme, k: int, draw: Draw, before: Mapping[str, State], version: int = 1) -> States:
    """State of every code of the scheme and of `counts`: small counts, decoys, small rests, then company for a small `_O`.

    Decoys are drawn afresh for each version of a bulletin: what the first one showed would else be known to be no decoy of the second.
    """
    again = "" if version == 1 else f" of version {version}"
    codes = sorted(scheme.members.union(counts))
    states = {code: max(before.get(code, State.SHOWN), _first(code, counts.get(code, 0), scheme, k, draw, again)) for code in codes}
    families: dict[str | None, list[str]] = {}
    for code in codes:
        families.setdefault(scheme.area_of(code), []).append(code)
    for area in AREAS:
        family = families.get(area, [])
        if draw.fraction(f"join{again}", area) < JOIN_CHANCE or _cannot_stand(family, counts, states, k):
            _join_other(family, states)
    if 0 < _size(codes, State.OTHER, counts, states) < k:
        _take_company(counts, states, scheme, draw)
    return states


def rows_of(counts: Mapping[str, int], states: Mapping[str, State], scheme: Scheme) -> tuple[Row, ...]:
    """The rows that states lead to; an area total stands only where the other rows prove it, so that its presence tells nothing."""
    cells: dict[str, int] = {}
    for code, state in states.items():
        name = code if state is State.SHOWN else OTHER if state is State.OTHER else scheme.rest_of(code)
        cells[name] = cells.get(name, 0) + counts.get(code, 0)
    if not cells.get(OTHER):
        cells.pop(OTHER, None)
    cells |= {**_exact_areas(cells, scheme), TOTAL: sum(cells.values())}
    return tuple(row((code,), cells[code]) for code in sorted(cells, key=lambda code: row_order((code,))))


def _exact_areas(cells: Mapping[str, int], scheme: Scheme) -> dict[str, int]:
    sums: dict[str, int] = {}
    for code, count in cells.items():
        area = scheme.area_of(code)
        if area and (f"_O{area}" in cells or OTHER not in cells):
            sums[f"_{area}"] = sums.get(f"_{area}", 0) + count
    return sums


def _earlier(code: str, by_code: Mapping[str, int | None], pools: set[str], scheme: Scheme) -> State:
    if code in by_code and code not in pools:
        return State.SHOWN
    if code != OTHER and scheme.area_of(code) and scheme.rest_of(code) in pools:
        return State.REST
    return State.OTHER if OTHER in pools else State.SHOWN


def _first(code: str, count: int, scheme: Scheme, k: int, draw: Draw, again: str) -> State:
    pooled = State.REST if scheme.area_of(code) else State.OTHER
    if code in RESTS or code == OTHER or count < k:
        return pooled
    return pooled if draw.fraction(f"decoy{again}", code) < min(DECOY_CHANCE, DECOY_PERSONS / count) else State.SHOWN


def _cannot_stand(family: list[str], counts: Mapping[str, int], states: States, k: int) -> bool:
    return _size(family, State.REST, counts, states) < k or any(states[code] is State.OTHER for code in family)


def _take_company(counts: Mapping[str, int], states: States, scheme: Scheme, draw: Draw) -> None:
    """Add one published group to an `_O` below k, with the rest of that group's area; raises `UnsolvedError` where there is none."""
    groups: dict[str, int] = {}
    for code, state in states.items():
        if state is not State.OTHER:
            name = scheme.rest_of(code) if state is State.REST else code
            groups[name] = groups.get(name, 0) + counts.get(code, 0)
    if not groups:
        message = "nobody is left to stand beside the small rest"
        raise UnsolvedError(message)
    # Always the smallest would betray that the others are larger.  A race leans to the small ones and lets anyone win.
    chosen = min(groups, key=lambda name: (draw.fraction("company", name) * groups[name] ** 3, name))
    if chosen in states:
        states[chosen] = State.OTHER
    rest = scheme.rest_of(chosen)
    _join_other([code for code in states if scheme.rest_of(code) == rest], states)


def _join_other(family: Iterable[str], states: States) -> None:
    for code in family:
        if states[code] is State.REST:
            states[code] = State.OTHER


def _size(codes: Iterable[str], state: State, counts: Mapping[str, int], states: States) -> int:
    return sum(counts.get(code, 0) for code in codes if states[code] is state)
