"""Faults planted in the product, one after the other: the independent checker or the door's own audit sees each of them."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from checker import alone, cover, linked, part, versions
from made_tables import MONTHS, Shelf, small
from test_withhold_checked import history, months_of_a_quarter, pair, week_in_month

from app.disclosure.audit import UnsafeTableError, _Proof
from app.disclosure.judge import judge
from app.disclosure.program import Budget, Program
from app.disclosure.space import Space
from app.disclosure.system import alone as one_version

K = 5
SEEDS = (0, 2, 5)


def violations():
    """What the door's tables of some seeds tell."""
    found = {}
    for seed in SEEDS:
        dimensions, counts = small(seed)
        found |= {(seed, *cell): what for cell, what in alone(Shelf(seed).publish(dimensions, counts), K).items()}
    return found


def test_without_a_planted_fault_nothing_is_told():
    assert violations() == {}


def without_margins(space, shown, values, *, least=0):
    system = one_version(space, shown, values, least=least)
    return replace(system, rows=system.rows[:0], low=system.low[:0], high=system.high[:0], row_of=system.row_of[:0])


def test_an_audit_that_skips_the_margins_is_seen(monkeypatch):
    monkeypatch.setattr("app.disclosure.withhold.alone", without_margins)
    monkeypatch.setattr("app.disclosure.audit.alone", without_margins)
    assert violations()


def test_a_method_that_withholds_no_company_stops_at_the_audit(monkeypatch):
    monkeypatch.setattr("app.disclosure.methods.withhold", lambda pattern, *_: pattern.clear_remainders())
    with pytest.raises(UnsafeTableError):
        violations()


def test_a_method_that_passes_the_audit_by_is_seen(monkeypatch):
    monkeypatch.setattr("app.disclosure.methods.withhold", lambda pattern, *_: pattern.clear_remainders())
    monkeypatch.setattr("app.disclosure.audit._judged", lambda *_: _Proof([]))
    assert violations()


def test_a_door_that_forgets_earlier_versions_is_seen():
    assert versions(history(3, 2, heeded=False), K)
    assert versions(history(8, 2, heeded=False), K)


def test_withholding_that_is_not_sticky_is_seen(monkeypatch):
    monkeypatch.setattr("app.disclosure.job.Job.withheld_before", lambda *_: set())
    monkeypatch.setattr("app.disclosure.joint._pair", lambda *_: None)
    assert versions(history(3, 2), K)


def test_a_door_that_forgets_the_other_periods_is_seen():
    assert part(*week_in_month(7, heeded=False), K)


def test_a_door_that_forgets_the_other_tables_of_the_same_persons_is_seen():
    tables, shared = pair(27, heeded=False)
    assert linked(tables, shared, K)


def test_parts_that_are_audited_pair_by_pair_are_seen(monkeypatch):
    monkeypatch.setattr("app.disclosure.joint._covers", lambda *_: ())
    *months, quarter = months_of_a_quarter(1)
    assert len(months) == len(MONTHS)
    assert cover(months, quarter, K)


@pytest.fixture
def steps_of_two():
    """A cube in which one count can only be even.

    Shown: four corners of 0 and three planes.  The others are a = (F, Y0T17, air), b = (M, Y0T17, sea), d = (F, Y_GE18, sea) and
    e = (M, Y_GE18, air); F is a + d = 6, sea is b + d = 6, all of them 14.  So b = a, and Y0T17 is a + b: 0, 2, 4 ... 12.
    """
    space = Space(("sex", "age", "mode"), list(itertools.product("FM", ("Y0T17", "Y_GE18"), ("air", "sea"))), {})
    counts = dict.fromkeys(space.leaves, 0)
    counts |= {("F", "Y0T17", "air"): 2, ("M", "Y0T17", "sea"): 2, ("F", "Y_GE18", "sea"): 4, ("M", "Y_GE18", "air"): 6}
    values = space.sums @ np.array([counts[leaf] for leaf in space.leaves])
    told = {leaf for leaf, count in counts.items() if not count} | {("F", "_T", "_T"), ("_T", "_T", "sea"), ("_T", "_T", "_T")}
    return space, np.array([cell in told for cell in space.cells]), values


def leaks(space, shown, values):
    system = one_version(space, shown, values)
    return {space.cells[leak.cell] for leak in judge(system, 3, Program(system, Budget(30)))[0]}


def test_a_count_that_can_only_be_even_is_found_though_its_linear_bounds_are_wide(steps_of_two):
    assert ("_T", "Y0T17", "_T") in leaks(*steps_of_two)


def test_a_judgement_that_trusts_linear_bounds_is_seen(steps_of_two, monkeypatch):
    monkeypatch.setattr(Space, "is_unimodular", property(lambda _: True))
    assert ("_T", "Y0T17", "_T") not in leaks(*steps_of_two)
