"""The independent checker: what outsiders can prove from published rows alone, by whole-number programmes of its own.

It imports nothing of the product.  A published table is its dimensions, its rows `(key, value or None, status)` and the areas of its
codes; unknowns are its finest rows.  A withheld count obeys rule(k) where it can only be 0, or only k and more, or where k whole
numbers in a row are each shown to be possible by a whole table that obeys every published row.  What the solver leaves open in its
time is a violation.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

CAP = 10**6
NEAR = 1e-6
AREAS = ("_AFR", "_AMN", "_AMS", "_ASI", "_CAR", "_EUR", "_OCE")
MARGINS = {"_T", *AREAS}
UNBOUNDED = float("inf")


@dataclass(frozen=True)
class Published:
    """A table as outsiders have it."""

    dimensions: tuple
    rows: tuple
    areas: dict

    @cached_property
    def leaves(self):
        return [key for key, _, _ in self.rows if not MARGINS.intersection(key)]

    @property
    def hidden(self):
        return [key for key, value, _ in self.rows if value is None]

    def beneath(self, cell):
        """Places of the finest rows that a cell sums."""
        return [place for place, leaf in enumerate(self.leaves) if all(self._covers(*pair) for pair in zip(cell, leaf, strict=True))]

    def _covers(self, margin, code):
        if margin in AREAS:
            return code == f"_O{margin[1:]}" or self.areas.get(code) == margin[1:]
        return margin in ("_T", code)


class Unsolved(Exception):  # noqa: N818
    """Nothing is proved."""


class Programme:
    """Whole-number programmes over some unknowns, and every whole table that they have given so far."""

    def __init__(self, width, least=0):
        self.width, self.rules = width, []
        self.least = np.broadcast_to(np.asarray(least, dtype=np.int64), width)
        self.found, self._chance = [], np.random.default_rng(1)
        self._matrix = None

    def rule(self, terms, low, high):
        """`low <= sum of multiplier * unknown <= high`, terms as {unknown: multiplier}."""
        self.rules.append((terms, low, high))
        self._matrix = None

    def publish(self, table, start=0):
        """Every row that has a value, over the unknowns that begin at `start`."""
        for key, value, _ in table.rows:
            if value is not None:
                self.rule({start + place: 1 for place in table.beneath(key)}, value, value)

    def coefficients(self, terms):
        row = np.zeros(self.width, dtype=np.int64)
        row[list(terms)] = list(terms.values())
        return row

    def solve(self, cost, *fixed):
        """The whole point of the least cost, or None; `fixed` are further (row, value) to be met exactly.

        Where the best of all real points is whole, it is the best of the whole ones.
        """
        for whole in (0, 1):
            result = milp(
                cost,
                constraints=[self._rules(), *(LinearConstraint(row[None, :].astype(float), value, value) for row, value in fixed)],
                integrality=np.full(self.width, whole),
                bounds=Bounds(self.least.astype(float), np.full(self.width, float(CAP))),
                options={"time_limit": 20.0, "mip_rel_gap": 0.0, "presolve": False},
            )
            if result.status == 2:
                return None
            if result.status or result.x is None:
                continue
            point = np.rint(result.x).astype(np.int64)
            is_whole = np.abs(point - result.x).max(initial=0.0) < NEAR
            if is_whole and self.is_met(point) and all(row @ point == value for row, value in fixed):
                self.found.append(point)
                return point
        raise Unsolved

    def is_met(self, point):
        sums = self._whole @ point
        return bool((point >= self.least).all() and (sums >= self._low).all() and (sums <= self._high).all())

    def forget(self):
        """Keep only the tables that obey the rules as they are now."""
        self._rules()
        self.found = [point for point in self.found if self.is_met(point)]

    def span(self, cost):
        """Least and greatest value that whole points give to a cost; raises `Unsolved` where there is no point."""
        ends = self.solve(cost), self.solve(-cost)
        if ends[0] is None or ends[1] is None:
            raise Unsolved
        return int(cost @ ends[0]), int(cost @ ends[1])

    def violation(self, terms, k):
        """None where a sum obeys rule(k), else the (low, high) that outsiders can prove, or "unsolved"."""
        cost = self.coefficients(terms)
        try:
            return None if has_run(self._values(cost), k) else self._looked_for(cost, k)
        except Unsolved:
            return "unsolved"

    def _values(self, cost):
        return {int(value) for value in np.array(self.found).reshape(-1, self.width) @ cost}

    def _looked_for(self, cost, k):
        low, high = self.span(cost)
        if low >= k or high == 0:
            return None
        if high - low >= k - 1:
            for value in range(low, high + 1):
                if value not in self._values(cost):
                    self.solve(self._chance.integers(-3, 4, self.width), (cost, value))
                if has_run(self._values(cost), k):
                    return None
        return low, high

    def _rules(self):
        if self._matrix is None:
            at = [(number, unknown) for number, (terms, _, _) in enumerate(self.rules) for unknown in terms]
            values = [multiplier for terms, _, _ in self.rules for multiplier in terms.values()]
            rows, columns = zip(*at, strict=True)
            self._whole = csr_array((values, (rows, columns)), shape=(len(self.rules), self.width))
            self._low, self._high = (np.array([rule[end] for rule in self.rules]) for end in (1, 2))
            self._matrix = LinearConstraint(self._whole.astype(float), self._low, self._high)
        return self._matrix


def has_run(values, k):
    """Whether k whole numbers in a row are among the values."""
    run, best, ordered = 1, min(len(values), 1), sorted(values)
    for left, right in pairwise(ordered):
        run = run + 1 if right == left + 1 else 1
        best = max(best, run)
    return best >= k


def obeys(values, k):
    """Whether a count of which these are all the possible values obeys rule(k)."""
    return max(values) == 0 or min(values) >= k or has_run(values, k)


def told(programme, tables, k, cells=None):
    """What outsiders can prove of the withheld cells of tables that stand side by side: {(table, cell): violation}.

    `cells` (optional) are the (number of the table, cell) to look at; otherwise all that are withheld.
    """
    starts = np.cumsum([0, *(len(table.leaves) for table in tables)])
    asked = [(number, key) for number, table in enumerate(tables) for key in table.hidden] if cells is None else cells
    found = {
        (number, key): programme.violation({int(starts[number]) + place: 1 for place in tables[number].beneath(key)}, k)
        for number, key in asked
    }
    return {cell: what for cell, what in found.items() if what is not None}


def side_by_side(tables, extra=0, least=0):
    """A programme over the finest rows of all tables, one after the other, and some further unknowns; with the start of each."""
    starts = np.cumsum([0, *(len(table.leaves) for table in tables)]).tolist()
    programme = Programme(starts[-1] + extra, least)
    for table, start in zip(tables, starts, strict=False):
        programme.publish(table, start)
    return programme, starts


def alone(table, k, cells=None, least=0, known=None):
    """What one version tells by itself; `least` 1 for the reader who knows that the sender sends no zeros.

    `known` are whole tables that another look found: those that obey the rules of this one count here too, and it adds its own.
    """
    programme, _ = side_by_side([table], least=least)
    programme.found = [] if known is None else known
    programme.forget()
    found = told(programme, [table], k, None if cells is None else [(0, cell) for cell in cells])
    if known is not None:
        known[:] = programme.found
    return found


def versions(history, k, cells=None):
    """What the versions of one bulletin tell together: each has unknowns of its own, and the whole change is the least possible.

    A finest row that a version does not have counts as 0 there.
    """
    keys = sorted({key for table in history for key in table.leaves})
    steps = len(history) - 1
    programme, starts = side_by_side(history, extra=steps * len(keys))
    at = [{key: start + place for place, key in enumerate(table.leaves)} for table, start in zip(history, starts, strict=False)]
    change = {}
    for step in range(steps):
        for number, key in enumerate(keys):
            moved = starts[-1] + step * len(keys) + number
            change[moved] = 1
            for sign in (1, -1):
                before = {at[step][key]: sign} if key in at[step] else {}
                after = {at[step + 1][key]: -sign} if key in at[step + 1] else {}
                programme.rule({moved: 1, **before, **after}, 0, UNBOUNDED)
    least = programme.solve(programme.coefficients(change)) if change else np.zeros(programme.width, dtype=np.int64)
    if least is None:
        return {"history": "unsolved"}
    programme.rule(change, 0, int(least[starts[-1] :].sum()))
    programme.forget()
    return told(programme, history, k, cells)


def linked(tables, shared, k, cells=None):
    """What tables of the same persons tell together; `shared` are pairs (cell of the first, cell of the second) of equal count."""
    first, second = tables
    programme, starts = side_by_side(tables)
    for one, other in shared:
        terms = dict.fromkeys(first.beneath(one), 1) | {starts[1] + place: -1 for place in second.beneath(other)}
        programme.rule(terms, 0, 0)
    return told(programme, tables, k, cells)


def part(inner, outer, k, cells=None):
    """What a period and a longer one that holds it tell together, over the same dimensions."""
    programme, starts = side_by_side([inner, outer])
    wide = {key: starts[1] + place for place, key in enumerate(outer.leaves)}
    for place, key in enumerate(inner.leaves):
        programme.rule({place: -1} | ({wide[key]: 1} if key in wide else {}), 0, UNBOUNDED)
    return told(programme, [inner, outer], k, cells)


def cover(parts, whole, k, cells=None):
    """What all parts of a period and the period itself tell together, over the same dimensions."""
    tables = [*parts, whole]
    programme, starts = side_by_side(tables)
    for key in sorted({key for table in tables for key in table.leaves}):
        terms = {}
        for table, start in zip(tables, starts, strict=False):
            if key in table.leaves:
                terms[start + table.leaves.index(key)] = -1 if table is whole else 1
        programme.rule(terms, 0, 0)
    return told(programme, tables, k, cells)
