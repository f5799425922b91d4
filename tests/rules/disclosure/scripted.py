"""Every outcome of the real withholding, over all its draws: which cells are decoys, and who is taken along each time."""

import itertools
from collections import defaultdict

import numpy as np
from checker import obeys

from app.disclosure.program import Budget, UnsolvedError
from app.disclosure.space import Space
from app.disclosure.withhold import Pattern, withhold

NEVER = 0.999999
FLAT = (("sex", "age"), (("F", "M"), ("Y0T11", "Y12T17", "Y_GE18")), {})
NESTED = (("nationality", "sex"), (("CMR", "SOM", "IND"), ("F", "M")), {"CMR": "AFR", "SOM": "AFR", "IND": "ASI"})
LINE = (("age",), (("Y0T11", "Y12T17", "Y18T59", "Y_GE60"),), {})
SQUARE = (("sex", "age"), (("F", "M"), ("Y0T17", "Y_GE18")), {})


class Scripted:
    """Stands where `Draw` stands: lets these decoys strike, and the n-th company be the candidate that the path names.

    Any sequence of choices can come from real draws: whoever was chosen is no candidate again, so an order of the candidates that
    gives the sequence never goes in a circle.
    """

    def __init__(self, decoys=(), path=()):
        self.decoys, self.path, self.calls, self.asked = frozenset(decoys), path, [], []

    def fraction(self, purpose, item):
        if purpose.startswith("decoy"):
            self.asked.append(item)
            return 0.0 if item in self.decoys else NEVER
        assert purpose.startswith("company")
        self.calls[-1].append(item)
        turn = len(self.calls) - 1
        return 0.0 if len(self.calls[-1]) - 1 == (self.path[turn] if turn < len(self.path) else 0) else NEVER


class Watched(Pattern):
    """The product's pattern; only tells the script where a choice begins."""

    def take_company(self, *asked):
        self.draw.calls.append([])
        super().take_company(*asked)


class Enumeration:
    """All tables of one shape and total, and all that the real method makes of them."""

    def __init__(self, shape, k, *, decoys=True, least_company=False):
        dimensions, codes, areas = shape
        self.space = Space(dimensions, list(itertools.product(*codes)), areas)
        self.k, self.decoys, self.least_company = k, decoys, least_company
        self.sums = self.space.sums.toarray()
        self.done = {}
        self.refused = 0

    def tables(self, total):
        """Every way to spread a total over the leaves."""
        size = len(self.space.leaves)
        for bars in itertools.combinations(range(total + size - 1), size - 1):
            edges = (-1, *bars, total + size - 1)
            yield tuple(right - left - 1 for left, right in itertools.pairwise(edges))

    def outputs(self, table, before=None):
        """Every pattern of shown cells that one table can get."""
        values = self.sums @ np.array(table)
        hidden = np.zeros(len(values), dtype=bool) if before is None else ~np.array(before)
        found = set()
        for decoys in self._decoys(values, hidden):
            start = self._pattern(values, hidden, Scripted(decoys))
            # What follows reads shown counts only; a test of its own holds it to that.
            name = (start.shown.tobytes(), values[start.shown].tobytes())
            if name not in self.done:
                self.done[name] = self._ends(values, hidden, decoys)
            found |= self.done[name]
        return found

    def preimages(self, total):
        """{published rows: the tables that can give them}."""
        inputs = defaultdict(list)
        for table in self.tables(total):
            values = self.sums @ np.array(table)
            for shown in self.outputs(table):
                inputs[self.seen(shown, values)].append(table)
        return inputs

    @staticmethod
    def seen(shown, values):
        return tuple(int(value) if told else None for told, value in zip(shown, values, strict=True))

    def betrayed(self, tables):
        """Cells whose counts over these tables break rule(k)."""
        values = np.array(tables) @ self.sums.T
        return [self.space.cells[cell] for cell in range(len(self.sums)) if not obeys(set(values[:, cell].tolist()), self.k)]

    def _decoys(self, values, hidden):
        if not self.decoys:
            return [()]
        asked = Scripted()
        self._pattern(values, hidden, asked)
        names = sorted(set(asked.asked))
        return itertools.chain.from_iterable(itertools.combinations(names, size) for size in range(len(names) + 1))

    def _pattern(self, values, hidden, draw):
        return Watched(self.space, values, np.ones(len(values), dtype=bool), self.k, draw, hidden)

    def _ends(self, values, hidden, decoys):
        """Walk through every sequence of choices."""
        ends, paths = set(), [()]
        while paths:
            path = paths.pop()
            draw = Scripted(decoys, path)
            pattern = self._pattern(values, hidden, draw)
            try:
                withhold(pattern, Budget(60))
                ends.add(tuple(pattern.shown.tolist()))
            except UnsolvedError:
                self.refused += 1
            if not self.least_company:
                for turn in range(len(path), len(draw.calls)):
                    early = path + (0,) * (turn - len(path))
                    paths.extend((*early, other) for other in range(1, len(draw.calls[turn])))
        return ends
