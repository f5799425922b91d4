"""Tables withheld beside released ones, checked by a program that shares no code with the audit: whole numbers, published rows alone."""

import itertools
from contextlib import suppress
from datetime import date

import checker
import numpy as np
import pytest
from joint_tables import AREAS

from app.disclosure.draw import Draw
from app.disclosure.joint import beside
from app.disclosure.program import Budget, UnsolvedError
from app.disclosure.release import Place, Release
from app.disclosure.space import Space
from app.disclosure.told import Told
from app.disclosure.view import View
from app.disclosure.withhold import Pattern, withhold

K = 5
CODES = {"nationality": ("SOM", "ERI", "NPL", "CMR", "BGD", "XXA"), "route_point": ("DAR", "JAQ", "PAS"), "sex": ("F", "M")}
OCTOBER = (date(2022, 10, 1), date(2022, 10, 31))
WEEKS = [(date(2022, 10, 3 + 7 * number), date(2022, 10, 9 + 7 * number)) for number in range(3)]
THREE_WEEKS = (WEEKS[0][0], WEEKS[-1][1])
CHECKED = 6
"""Withheld cells of each table that the checker looks at."""


@pytest.fixture(autouse=True)
def _solve_as_it_stands(monkeypatch):
    """The solver's preparation of whole-number programmes calls some of these impossible that the true tables obey."""
    milp = checker.milp
    monkeypatch.setattr(checker, "milp", lambda *asked, options, **how: milp(*asked, options={**options, "presolve": False}, **how))


class Counts:
    """A skewed table of one seed, as an array of one axis a dimension."""

    def __init__(self, dimensions, counts):
        self.dimensions, self.counts = dimensions, counts
        self.leaves = list(itertools.product(*(CODES[name] for name in dimensions)))
        self.space = Space(dimensions, self.leaves, AREAS)

    @property
    def values(self):
        by_leaf = dict(zip(self.leaves, self.counts.ravel().tolist(), strict=True))
        return self.space.sums @ np.array([by_leaf[leaf] for leaf in self.space.leaves], dtype=np.int64)


def made(seed, dimensions=("nationality", "route_point"), persons=300):
    chance = np.random.default_rng([seed, 7])
    shape = [len(CODES[name]) for name in dimensions]
    weight = np.multiply.outer(1 / np.arange(1, shape[0] + 1) ** 1.3, 1 / np.arange(1, shape[1] + 1) ** 1.2)
    weight = weight * chance.gamma(0.6, 1 / 0.6, size=shape)
    return Counts(dimensions, chance.multinomial(persons, (weight / weight.sum()).ravel()).reshape(shape))


class Flow:
    """Tables released one after the other, each withheld beside all before."""

    def __init__(self):
        self.releases, self.published = [], []

    def publish(self, table, bulletin, period, *, beside_others=True):
        earlier = [each for each in self.releases if each.bulletin == bulletin]
        hidden = {each.key for release in earlier for each in release.rows if each.value is None}
        sticky = np.array([cell in hidden for cell in table.space.cells])
        budget, draw, known = Budget(60), Draw(b"a secret of these tests", "flow", f"{bulletin} {period}"), np.ones_like(sticky)
        pattern = Pattern(table.space, table.values, known, K, draw, sticky)
        told = Told(table.space, pattern.shown, table.values)
        readings = beside(told, Place(bulletin, *period), self.releases, AREAS, budget, 5) if beside_others else ()
        withhold(pattern, budget, [each.system_of for each in readings])
        rows = View(table.space, pattern.shown, table.values, {}).rows()
        self.releases.append(Release(f"{len(self.releases)}@v1", bulletin, table.dimensions, *period, "withhold", K, rows))
        self.published.append(checker.Published(table.dimensions, tuple((each.key, each.value, each.status) for each in rows), AREAS))

    def sample(self, chance, *numbers):
        """Some of the withheld cells of each of these tables, as the checker asks for them."""
        asked = []
        for place, number in enumerate(numbers):
            hidden = self.published[number].hidden
            asked += [(place, hidden[at]) for at in chance.permutation(len(hidden))[:CHECKED]]
        return asked


def corrected(table, chance):
    """A few persons more, and some moved or struck out."""
    counts = table.counts.ravel()
    counts = counts + chance.multinomial(int(chance.integers(1, 7)), (counts + 0.2) / (counts + 0.2).sum())
    for _ in range(chance.integers(1, 4)):
        leaf = chance.choice(np.flatnonzero(counts))
        moved = int(chance.integers(1, min(counts[leaf], 4) + 1))
        counts[leaf] -= moved
        counts[chance.integers(len(counts))] += moved * int(chance.random() < 0.6)
    return Counts(table.dimensions, counts.reshape(table.counts.shape))


def history(seed, *, beside_others=True):
    """What the checker can tell of three versions, pair by pair; a version that cannot be proved is not published."""
    chance, flow, table, found = np.random.default_rng(seed), Flow(), made(seed), {}
    for _ in range(3):
        with suppress(UnsolvedError):
            flow.publish(table, "b", OCTOBER, beside_others=beside_others)
            newest = len(flow.published) - 1
            for earlier in range(newest):
                pair = [flow.published[earlier], flow.published[newest]]
                found |= checker.versions(pair, K, flow.sample(chance, earlier, newest))
        table = corrected(table, chance)
    return found, len(flow.published)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5])
def test_versions_tell_nothing_together(seed):
    found, published = history(seed)
    assert found == {}
    assert published > 1


def test_versions_judged_each_alone_would_tell():
    assert any(history(seed, beside_others=False)[0] for seed in (2, 4, 5, 6))


def other_dimensions(seed, *, beside_others=True):
    """What the checker can tell of the same persons by point and by sex."""
    chance, flow, by_point = np.random.default_rng(seed), Flow(), made(seed)
    everybody = by_point.counts.sum(axis=1)
    women = chance.binomial(everybody, 0.35)
    by_sex = Counts(("nationality", "sex"), np.stack([women, everybody - women], axis=1))
    flow.publish(by_point, "point", OCTOBER)
    flow.publish(by_sex, "sex", OCTOBER, beside_others=beside_others)
    shared = [((code, "_T"), (code, "_T")) for code in CODES["nationality"]]
    return checker.linked(flow.published, shared, K, flow.sample(chance, 0, 1))


@pytest.mark.parametrize("seed", range(8))
def test_other_dimensions_tell_nothing_together(seed):
    assert other_dimensions(seed) == {}


def test_other_dimensions_judged_each_alone_would_tell():
    assert any(other_dimensions(seed, beside_others=False) for seed in range(12))


def week_in_month(seed, *, week_first):
    chance, flow, month = np.random.default_rng(seed), Flow(), made(seed)
    week = Counts(month.dimensions, chance.binomial(month.counts, 0.3))
    order = [(week, "week", WEEKS[0]), (month, "month", OCTOBER)]
    for each in order if week_first else reversed(order):
        flow.publish(*each)
    inner, outer = (0, 1) if week_first else (1, 0)
    return checker.part(flow.published[inner], flow.published[outer], K, flow.sample(chance, inner, outer))


@pytest.mark.parametrize("week_first", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_a_part_and_its_whole_tell_nothing_together(seed, week_first):
    assert week_in_month(seed, week_first=week_first) == {}


def three_weeks(seed, *, whole_first, beside_others=True):
    """What the checker can tell of three weeks and the period that they fill."""
    chance, flow = np.random.default_rng(seed), Flow()
    first = made(seed, persons=250)
    weeks = [first, *(Counts(first.dimensions, chance.permutation(first.counts)) for _ in WEEKS[1:])]
    whole = Counts(first.dimensions, sum(week.counts for week in weeks))
    order = [(week, f"w{number}", WEEKS[number]) for number, week in enumerate(weeks)]
    order.insert(0 if whole_first else 3, (whole, "whole", THREE_WEEKS))
    for each in order:
        flow.publish(*each, beside_others=beside_others)
    at = [1, 2, 3, 0] if whole_first else [0, 1, 2, 3]
    *parts, last = (flow.published[number] for number in at)
    return checker.cover(parts, last, K, flow.sample(chance, *at))


@pytest.mark.parametrize("whole_first", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_parts_that_fill_a_whole_tell_nothing_together(seed, whole_first):
    assert three_weeks(seed, whole_first=whole_first) == {}


def test_parts_and_whole_judged_each_alone_would_tell():
    assert any(three_weeks(seed, whole_first=True, beside_others=False) for seed in range(2))
