"""The four methods: pool, withhold, round, none; each makes the rows of a job, or finds why it cannot (guarantees 1, rule 8)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np

from app.disclosure.base import base_of
from app.disclosure.explain import remainder, words
from app.disclosure.job import Job
from app.disclosure.joint import beside
from app.disclosure.judge import Leak, judge
from app.disclosure.pool import State, States, decide, rows_of
from app.disclosure.program import Program, UnsolvedError
from app.disclosure.rounding import round_counts
from app.disclosure.scheme import AREA_TOTALS, AREAS, NATIONALITY, OTHER, TOTAL, TOTALS, Scheme
from app.disclosure.table import Key, Leaf, Row, Table, row, row_order
from app.disclosure.told import Told
from app.disclosure.view import View
from app.disclosure.withhold import Pattern, small_remainder, withhold
from app.wire.problem import Finding

MOST_WITHHELD: Final = 1_000
"""Cells of the largest lattice in which counts are withheld."""
MOST_ROUNDED: Final = 20_000
"""Cells of the largest lattice that is rounded."""
_SHARP: Final = 3


@dataclass(frozen=True)
class Made:
    """Rows as a method leaves them, for the audit."""

    method: str
    rows: tuple[Row, ...] = field(repr=False)


def none(job: Job) -> Made | Finding:
    """The table as declared; a nil report is its grand total of 0."""
    leaves = [row(key, leaf.value, leaf.status) for key, leaf in job.table.leaves.items()]
    rows = (*leaves, *job.totals) or (row((TOTAL,) * len(job.table.dimensions), 0),)
    in_the_way = {key for key, count in job.counts.items() if 0 < count < job.k} | job.withheld_before(job.counts)
    if in_the_way:
        first = min(in_the_way, key=row_order)
        shown = f"{words(first)} = {job.counts[first]}"
        return Finding("cannot-be-protected", params={"cells": len(in_the_way), "k": job.k, "equation": shown})
    values, known = job.in_numbers()
    if broken := small_remainder(job.space, known, values, job.k):
        return Finding("cannot-be-protected", params={"cells": 1, "k": job.k, "equation": str(remainder(job.space, values, *broken))})
    return Made("none", rows)


def withheld(job: Job) -> Made | Finding:
    """Exact totals; small counts, zeros and their company without a count."""
    if too_large := _too_large(job, MOST_WITHHELD):
        return too_large
    values, known = job.in_numbers()
    before, cells = job.withheld_before(job.space.cells), job.space.cells
    withheld_before, untold = (np.array([cell in some for cell in cells], dtype=bool) for some in (before, job.untold))
    pattern = Pattern(job.space, values, known, job.k, job.draw, withheld_before, job.version, untold)
    against = beside(Told(job.space, pattern.shown, values), job.place, job.releases, job.scheme.areas, job.budget, job.k)
    withhold(pattern, job.budget, [each.system_of for each in against])
    rows = View(job.space, pattern.shown, values, _reasons(job.table)).rows()
    return Made("withhold", tuple(each for each in rows if each.key not in job.untold))


def rounded(job: Job) -> Made | Finding:
    """Small counts become 0 or the base, every total is added up anew; each version is drawn afresh."""
    if too_large := _too_large(job, MOST_ROUNDED):
        return too_large
    if not job.table.complete or job.withheld_before(job.space.cells):
        return Finding("method-not-available", params={"method": "round"})
    values, _ = job.in_numbers()
    leaves = round_counts(job.space, values[job.space.leaf_cells], base_of(job.k), job.draw, job.version, job.place.bulletin)
    return Made("round", View(job.space, np.ones(len(values), dtype=bool), job.space.sums @ leaves, {}).rows())


def pooled(job: Job) -> Made | Finding:
    """Nationalities with small counts join their area's rest or `_O`; what cannot be pooled by nationality is withheld."""
    if NATIONALITY not in job.table.dimensions or job.has_lost_its_total:
        return withheld(job)
    if job.table.dimensions == (NATIONALITY,):
        return _pooled_alone(job) if job.table.complete else withheld(job)
    states = decide(_by_nationality(job), scheme=job.scheme, k=job.k, draw=job.draw, before=job.bound(), version=job.version)
    made = withheld(_joined(job, states))
    return Made("pool", made.rows) if isinstance(made, Made) else made


METHODS: Final[Mapping[str, Callable[[Job], Made | Finding]]] = {"pool": pooled, "withhold": withheld, "round": rounded, "none": none}


def _leaks(view: View, job: Job) -> list[Leak]:
    """What the rows of a finished table tell too narrowly beside those released before; of one reading at a time."""
    for each in beside(Told(view.space, view.shown, view.values), job.place, job.releases, job.scheme.areas, job.budget, job.k):
        system = each.system_of(view.shown)
        if system is not None:
            leaks, _ = judge(system, job.k, Program(system, job.budget))
            if leaks:
                return leaks
    return []


def _pooled_alone(job: Job) -> Made:
    counts = {key[0]: count for key, count in job.counts.items() if key[0] not in TOTALS}
    bound = job.bound()
    while True:
        states = decide(counts, scheme=job.scheme, k=job.k, draw=job.draw, before=bound, version=job.version)
        rows = rows_of(counts, states, job.scheme)
        if not job.grand:
            return Made("pool", rows)
        view = View.of(rows, job.table.dimensions, job.scheme.areas)
        leaks = _leaks(view, job)
        if not leaks:
            return Made("pool", rows)
        bound = _pushed(states, view, leaks, job)


def _pushed(states: States, view: View, leaks: Sequence[Leak], job: Job) -> States:
    """One published group of each proof is pooled too, drawn by key, leaning to the smallest."""
    taken: set[str] = set()
    for leak in leaks:
        # Where `_O` alone proves it, a larger `_O` tells less: any published group may join it.
        groups = _groups_in(leak, view, job.scheme) or {code for (code,) in view.space.leaves} - {OTHER}
        if not groups:
            message = "nothing that could be pooled proves it"
            raise UnsolvedError(message)
        if taken.isdisjoint(groups):  # else this proof is broken already
            taken.add(min(groups, key=partial(_turn, view, job, leak)))
    return {code: _pooled_with(taken, code, state, job.scheme) for code, state in states.items()}


def _groups_in(leak: Leak, view: View, scheme: Scheme) -> set[str]:
    """Published groups that a proof rests on; of an area's total all groups of the area."""
    told = {view.space.cells[cell][0] for cell in leak.proof}
    areas = {code[1:] for code in told & AREA_TOTALS}
    members = {code for (code,) in view.space.leaves if scheme.area_of(code) in areas}
    return (told | members) - TOTALS - {OTHER}


def _turn(view: View, job: Job, leak: Leak, code: str) -> tuple[float, str]:
    """Place of a published group in the race for one leak: the small lead, anyone may win."""
    count = int(view.values[view.space.place[code,]])
    return job.draw.fraction(f"company beside {leak.cell}", code) * count**_SHARP, code


def _pooled_with(taken: set[str], code: str, state: State, scheme: Scheme) -> State:
    if code in taken and state is State.SHOWN:
        return State.REST if scheme.area_of(code) else State.OTHER
    return State.OTHER if state is State.REST and scheme.rest_of(code) in taken else state


def _by_nationality(job: Job) -> dict[str, int]:
    place = job.table.dimensions.index(NATIONALITY)
    counts: dict[str, int] = {}
    for key, leaf in job.table.leaves.items():
        counts[key[place]] = counts.get(key[place], 0) + (leaf.value or 0)
    return counts


def _joined(job: Job, states: States) -> Job:
    """The job with pooled nationalities under the names of their pools; a gap makes its whole pooled cell a gap."""
    place = job.table.dimensions.index(NATIONALITY)
    leaves: dict[Key, Leaf] = {}
    grown: set[str] = set()
    for key, leaf in job.table.leaves.items():
        pool = _name_of(key[place], states, job.scheme)
        name = (*key[:place], pool, *key[place + 1 :])
        leaves[name] = _sum(leaves.get(name), leaf)
        grown |= {pool} - {key[place]}
    # What the sender says of its own rest is no total of a pool that others joined.
    submitted = {key: value for key, value in job.table.submitted.items() if key[place] not in grown}
    joined = job.with_table(Table(job.table.dimensions, leaves, submitted))
    named = {key[place] for key in leaves}
    hidden = {f"_{area}" for area in AREAS if OTHER in named and f"_O{area}" not in named}
    return replace(joined, untold=frozenset(cell for cell in joined.space.cells if cell[place] in hidden))


def _name_of(code: str, states: States, scheme: Scheme) -> str:
    return (code, scheme.rest_of(code), OTHER)[states[code]]


def _sum(one: Leaf | None, other: Leaf) -> Leaf:
    if one is None:
        return other
    gap = next((leaf for leaf in (one, other) if leaf.value is None), None)
    return gap or Leaf((one.value or 0) + (other.value or 0), None)


def _reasons(table: Table) -> dict[Key, str]:
    """What is told of a cell without a count beside that it is withheld: only that nobody collected it."""
    return {key: leaf.status for key, leaf in table.leaves.items() if leaf.status == "not_collected"}


def _too_large(job: Job, most: int) -> Finding | None:
    cells = len(job.space.cells)
    return Finding("table-too-large", params={"cells": cells, "limit": most}) if cells > most else None
