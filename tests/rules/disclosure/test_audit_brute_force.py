"""The judgement against brute force: every whole table of tiny cubes that agrees with the shown cells is listed."""

import itertools
from collections import Counter

import numpy as np
import pytest
from checker import obeys

from app.disclosure.judge import judge
from app.disclosure.program import Budget, Program
from app.disclosure.space import Space
from app.disclosure.system import alone

SHAPE = (("a", "b"), ("c", "d", "e"), ("f", "g"))
K, TOTAL = 3, 8


class Cubes:
    """All tables of 2x3x2 with one total, and the values of their 36 cells (by cell, then by table)."""

    def __init__(self):
        self.space = Space(("sex", "age", "mode"), list(itertools.product(*SHAPE)), {})
        size = len(self.space.leaves)
        bars = np.array(list(itertools.combinations(range(TOTAL + size - 1), size - 1)), dtype=np.int8)
        edges = np.hstack([np.full((len(bars), 1), -1), bars, np.full((len(bars), 1), TOTAL + size - 1)])
        self.tables = (np.diff(edges, axis=1) - 1).astype(np.int8)
        self.cells = np.array([[self._sums(cell, leaf) for leaf in self.space.leaves] for cell in self.space.cells], dtype=np.int8)
        self.values = self.cells @ self.tables.T

    @staticmethod
    def _sums(cell, leaf):
        return all(code in ("_T", own) for code, own in zip(cell, leaf, strict=True))

    def drawn(self, chance):
        """One table with some of its larger cells shown, the grand total always."""
        values = self.values[:, chance.integers(len(self.tables))]
        shown = (values >= K) & (chance.random(len(values)) < chance.choice([0.25, 0.5, 0.8]))
        shown[-1] = True
        return shown, values

    def betrayed(self, shown, values):
        """The cells that break rule(k) over all tables that agree with the shown ones, by plain listing."""
        agree = np.ones(len(self.tables), dtype=bool)
        for cell in np.flatnonzero(shown):
            agree &= self.values[cell] == values[cell]
        left = self.values[:, agree]
        return {int(cell) for cell in np.flatnonzero(~shown) if not obeys(set(np.flatnonzero(np.bincount(left[cell])).tolist()), K)}

    def judged(self, shown, values):
        """The cells that the product's judgement finds, which may read no value that is not shown."""
        system = alone(self.space, shown, np.where(shown, values, -7).astype(np.int64))
        return {leak.cell for leak in judge(system, K, Program(system, Budget(30)))[0]}


@pytest.fixture(scope="module")
def cubes():
    made = Cubes()
    assert made.tables.shape == (75_582, 12)  # 19 choose 11
    assert (made.tables.sum(axis=1) == TOTAL).all()
    assert len(made.space.cells) == 36
    assert made.space.cells[-1] == ("_T", "_T", "_T")
    return made


def compared(cubes, number, seed):
    """Cubes, half of them safe: how many there were of each kind, and where judgement and listing differ."""
    chance, kinds, differ = np.random.default_rng(seed), Counter(), []
    while kinds.total() < number:
        shown, values = cubes.drawn(chance)
        truth = cubes.betrayed(shown, values)
        if kinds[bool(truth)] >= number // 2:
            continue
        kinds[bool(truth)] += 1
        judged = cubes.judged(shown, values)
        if judged != truth:
            differ.append((shown.nonzero()[0].tolist(), values[shown].tolist(), sorted(truth - judged), sorted(judged - truth)))
    return kinds, differ


@pytest.mark.timeout(600)
def test_the_judgement_of_500_tiny_cubes_agrees_with_brute_force_cell_by_cell(cubes):
    kinds, differ = compared(cubes, 500, seed=5)
    assert kinds == {True: 250, False: 250}
    assert differ == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_disclosure_long_10000_tiny_cubes_agree_with_brute_force(cubes):
    kinds, differ = compared(cubes, 10_000, seed=6)
    print(f"cubes: {kinds[True]} unsafe, {kinds[False]} safe, {len(differ)} judged otherwise than by brute force")
    assert kinds == {True: 5_000, False: 5_000}
    assert differ == []
