"""Seeded tables of counts, skewed as real ones are, and what the product publishes of them."""

import itertools
import json
from dataclasses import replace
from datetime import date

import numpy as np
from checker import Published

from app.disclosure import protect
from app.disclosure.draw import Draw
from app.disclosure.program import Budget
from app.disclosure.release import Place, Release
from app.disclosure.scheme import Scheme
from app.disclosure.table import Leaf, ProtectedTable, Table

CODES = ("CMR", "BGD", "ERI", "CUB", "SOM", "IND", "NPL", "HTI", "FRA")
AREAS = dict(zip(CODES, ("AFR", "ASI", "AFR", "CAR", "AFR", "ASI", "ASI", "CAR", "EUR"), strict=True))
POINTS = ("DAR", "JAQ", "PAS", "OBA", "YAV", "GUA")
SEXES, AGES = ("F", "M"), ("Y0T17", "Y_GE18")
WIDE = {f"N{place:02d}": ("AFR", "AMN", "AMS", "ASI", "CAR", "EUR")[place % 6] for place in range(60)}
MONTH = Place("the month", date(2026, 1, 1), date(2026, 1, 31))
WEEK = Place("the week", date(2026, 1, 5), date(2026, 1, 11))
MONTHS = (MONTH, Place("February", date(2026, 2, 1), date(2026, 2, 28)), Place("March", date(2026, 3, 1), date(2026, 3, 31)))
QUARTER = Place("the quarter", date(2026, 1, 1), date(2026, 3, 31))


class RefusedError(Exception):
    """The door gave findings; none of these tables gives it a reason but one that a test names."""


def skewed(chance, codes, persons):
    """{leaf: count} over every combination of the codes; some persons are many in few cells."""
    leaves = list(itertools.product(*codes))
    weights = np.ones(1)
    for each in codes:
        weights = np.multiply.outer(weights, 1 / np.arange(1, len(each) + 1) ** chance.uniform(0.8, 1.6)).ravel()
    weights = weights * chance.gamma(0.6, 1 / 0.6, size=len(weights)) + 1e-12
    drawn = chance.multinomial(persons, weights / weights.sum())
    return dict(zip(leaves, drawn.tolist(), strict=True))


def small(seed):
    """(dimensions, counts) of 3x3 to 9x6 cells: nationality by crossing point, now and then by another area, or of three dimensions."""
    chance = np.random.default_rng([seed, 5])
    high, wide = int(chance.integers(3, 10)), int(chance.integers(3, 7))
    persons = int(chance.integers(4 * high * wide, 25 * high * wide))
    if seed % 5 == 4:
        return ("nationality", "sex", "age"), skewed(chance, (CODES[: min(high, 4)], SEXES, AGES), persons)
    second = ("origin_state", CODES[:wide]) if seed % 5 == 3 else ("route_point", POINTS[:wide])
    counts = skewed(chance, (CODES[:high], second[1]), persons)
    if seed % 3 == 2:  # a sender that leaves out what it did not see: absent cells, and no zero at all
        counts = {leaf: count for leaf, count in counts.items() if count}
    return ("nationality", second[0]), counts


def with_gaps(seed):
    """A table in which a fifth of the cells is masked or was not collected, with some totals that the sender knows all the same."""
    chance = np.random.default_rng([seed, 11])
    counts = skewed(chance, (CODES[:4], POINTS[:3]), int(chance.integers(60, 200)))
    status = ("masked", "not_collected")[seed % 2]
    leaves = {leaf: Leaf(None, status) if chance.random() < 0.2 else Leaf(count, None) for leaf, count in counts.items()}
    own = [("_T", "_T"), *((code, "_T") for code in CODES[:4]), *(("_T", point) for point in POINTS[:3])]
    totals = {
        cell: sum(count for leaf, count in counts.items() if all(code in ("_T", mine) for code, mine in zip(cell, leaf, strict=True)))
        for cell in own
        if chance.random() < 0.6
    }
    return Table(("nationality", "route_point"), leaves, totals)


def bulletin(seed, persons=5000):
    """The usual two-way bulletin of 603 cells: 60 nationalities in 6 areas by 8 crossing points."""
    points = [f"P{place}" for place in range(8)]
    return ("nationality", "route_point"), skewed(np.random.default_rng([seed, 6]), (list(WIDE), points), persons)


def corrected(chance, counts, share=0.15):
    """A later version: some counts moved up or down."""
    return {leaf: max(0, count + int(chance.integers(-4, 5)) * int(chance.random() < share)) for leaf, count in counts.items()}


def added(*parts):
    """The counts of a longer period."""
    return {leaf: sum(part[leaf] for part in parts) for leaf in parts[0]}


class Shelf:
    """What one flow has published so far, and the door to it."""

    def __init__(self, seed, k=5, areas=AREAS):
        self.seed, self.k, self.areas = seed, k, areas
        self.releases, self.seen, self.certificates = [], [], []

    def publish(self, dimensions, counts, place=MONTH, method="withhold", seconds=30):
        """Publish through the door, which knows all that was published before; what outsiders see."""
        return self.publish_table(
            Table(dimensions, {leaf: Leaf(count, None) for leaf, count in counts.items()}, {}), place, method, seconds
        )

    def publish_table(self, table, place=MONTH, method="withhold", seconds=30):
        """The same of a table that may have gaps and totals of the sender's own."""
        dimensions = table.dimensions
        answer = protect(
            table,
            scheme=Scheme(self.areas),
            method=method,
            k=self.k,
            draw=Draw(b"a secret of these tests", "PAN|irregular_transit|person|default", f"{self.seed} {place.first} {place.last}"),
            place=place,
            releases=tuple(self.releases),
            budget=Budget(seconds),
        )
        if not isinstance(answer, ProtectedTable):
            raise RefusedError([finding.code for finding in answer])
        name = f"table {len(self.releases)}@v1"
        self.releases.append(Release(name, place.bulletin, dimensions, place.first, place.last, answer.method, self.k, answer.rows))
        self.seen.append(seen(dimensions, answer.rows, self.areas))
        self.certificates.append(json.loads(answer.certificate))
        return self.seen[-1]

    def publish_gappy(self, dimensions, counts, gaps, place):
        """The same of counts of which some are not told: masked by the sender."""
        leaves = {leaf: Leaf(None, "masked") if leaf in gaps else Leaf(count, None) for leaf, count in counts.items()}
        return self.publish_table(Table(dimensions, leaves, {}), place)

    def forget(self):
        """A door that ignores what was published before."""
        self.releases = []


def seen(dimensions, rows, areas):
    """Rows as outsiders have them."""
    return Published(dimensions, tuple((row.key, row.value, row.status) for row in rows), dict(areas))


def aside(place, name):
    """The same period for another bulletin."""
    return replace(place, bulletin=name)
