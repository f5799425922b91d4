"""Figures of rounding, and of certificates with their check, on seeded tables of 603 and 7,236 cells.

Run: python bench/disclosure_round.py [tables]
"""

import json
import sys
import time

import numpy as np

from app.disclosure.certificate import alone_of, certificate_of
from app.disclosure.check_certificate import faults
from app.disclosure.draw import Draw
from app.disclosure.judge import judge
from app.disclosure.program import Budget, Program
from app.disclosure.rounding import round_counts
from app.disclosure.space import Space
from app.disclosure.system import alone
from app.disclosure.told import Told
from app.disclosure.withhold import Pattern, withhold

AREAS = ("AFR", "AMS", "ASI", "CAR", "EUR", "OCE")
CODES = [f"N{number:02d}" for number in range(60)]
AREA_OF = {code: AREAS[number % 6] for number, code in enumerate(CODES)}
SEXES, AGES, POINTS = ["F", "M"], ["Y0T11", "Y12T17", "Y_GE18"], [f"PAN-P{number}" for number in range(8)]
SHAPES = {
    603: (("nationality", "route_point"), (CODES, POINTS)),
    7236: (("nationality", "sex", "age", "route_point"), (CODES, SEXES, AGES, POINTS)),
}
WEIGHTS = {60: 1 / np.arange(1, 61) ** 1.3, 8: 1 / np.arange(1, 9) ** 1.2, 2: np.array([0.35, 0.65]), 3: np.array([0.20, 0.08, 0.72])}


def space_of(cells):
    dimensions, codes = SHAPES[cells]
    leaves = [()]
    for each in codes:
        leaves = [(*leaf, code) for leaf in leaves for code in each]
    space = Space(dimensions, leaves, AREA_OF)
    assert len(space.cells) == cells
    return space


def persons(space, total, seed):
    """Sparse skewed counts by leaf of the space: Zipf over nationalities and points, uneven sex and age, overdispersed."""
    chance = np.random.default_rng(seed)
    weight = np.ones(len(space.leaves))
    for place in range(len(space.dimensions)):
        codes = sorted({leaf[place] for leaf in space.leaves})
        at = np.array([codes.index(leaf[place]) for leaf in space.leaves])
        weight *= WEIGHTS[len(codes)][at]
    weight *= chance.gamma(0.6, 1 / 0.6, size=len(weight))
    return chance.multinomial(total, weight / weight.sum()).astype(np.int64)


def report(cells, base, tables):
    space, figures = space_of(cells), []
    for seed in range(1, tables + 1):
        counts = persons(space, 5000, seed)
        start = time.perf_counter()
        rounded = round_counts(space, counts, base, Draw(b"bench", "flow", str(seed)), 1)
        took = time.perf_counter() - start
        error = np.abs(space.sums @ (rounded - counts))
        figures.append((took, error.mean(), error.max(), error[-1]))
    took, mean, largest, total = np.array(figures).T
    return {
        "cells": cells,
        "base": base,
        "tables": tables,
        "seconds_p50": round(float(np.median(took)), 3),
        "seconds_p95": round(float(np.quantile(took, 0.95)), 3),
        "mean_error": round(float(mean.mean()), 3),
        "worst_table_mean_error": round(float(mean.max()), 3),
        "largest_error": int(largest.max()),
        "total_off_by": int(total.max()),
    }


def document(space, shown, values, method):
    cells = [dict(zip(space.dimensions, key, strict=True)) for key in space.cells]
    for cell, told, value in zip(cells, shown.tolist(), values.tolist(), strict=True):
        cell["value"] = value if told else None
    disclosure = {"policy": "rule(k)", "k": 5, "method": method}
    period = {"period_start": "2022-10-01", "period_end": "2022-10-31"}
    return {"dimensions": list(space.dimensions), "cells": cells, "disclosure": disclosure, **period}


def withheld(seed):
    """A withheld table of 603 cells: its document, its certificate, and the seconds that the certificate took."""
    space = space_of(603)
    values = space.sums @ persons(space, 5000, seed)
    everything = np.ones(603, dtype=bool)
    pattern = Pattern(space, values, everything, 5, Draw(b"bench", "flow", str(seed)), ~everything)
    withhold(pattern, Budget(30))
    system, start = alone(space, pattern.shown, values), time.perf_counter()
    program = Program(system, Budget(30))
    _, witnesses = judge(system, 5, program)
    made = alone_of(Told(space, pattern.shown, values), system, 5, program, witnesses, space.cells)
    text = certificate_of("withhold", 5, [space], [made])
    return document(space, pattern.shown, values, "withhold"), text, time.perf_counter() - start


def rounded(seed):
    space = space_of(7236)
    values = space.sums @ round_counts(space, persons(space, 5000, seed), 6, Draw(b"bench", "flow", str(seed)), 1)
    start = time.perf_counter()
    text = certificate_of("round", 5, [space])
    return document(space, np.ones(7236, dtype=bool), values, "round"), text, time.perf_counter() - start


def certificates(make, tables):
    figures = []
    for seed in range(1, tables + 1):
        published, text, took = make(seed)
        published, certificate = json.loads(json.dumps(published)), json.loads(text)
        start = time.perf_counter()
        assert faults({"this": published}, certificate) == []
        figures.append((took, len(text), time.perf_counter() - start))
    took, size, check = np.array(figures).T
    return {
        "certificates": make.__name__,
        "cells": len(published["cells"]),
        "tables": tables,
        "seconds_p50": round(float(np.median(took)), 3),
        "seconds_max": round(float(took.max()), 3),
        "largest_bytes": int(size.max()),
        "check_ms_p50": round(1000 * float(np.median(check)), 1),
        "check_ms_max": round(1000 * float(check.max()), 1),
    }


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    for size, rounding_base in ((603, 5), (603, 6), (7236, 5), (7236, 6)):
        print(json.dumps(report(size, rounding_base, wanted)), flush=True)
    for kind in (withheld, rounded):
        print(json.dumps(certificates(kind, wanted)), flush=True)
