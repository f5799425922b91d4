"""Pools of a table of several dimensions: what is said of an area is true, and what was withheld of it stays so."""

import numpy as np
import pytest
from checker import alone
from made_tables import AGES, AREAS, CODES, MONTH, SEXES, Shelf, aside, skewed

from app.disclosure.check_certificate import faults
from app.disclosure.scheme import AREA_TOTALS

K = 5
DIMENSIONS = ("nationality", "sex")


def counts_of(seed):
    return skewed(np.random.default_rng([seed, 21]), (CODES, SEXES), 160)


def true_total(counts, cell):
    """How many persons an area total is of, whatever pool they went into."""
    area, sex = cell
    return sum(count for (code, own), count in counts.items() if AREAS[code] == area[1:] and sex in ("_T", own))


def document(table, rows):
    cells = [
        dict(zip(table.dimensions, key, strict=True)) | {"value": value} | ({"value_status": status} if status else {})
        for key, value, status in rows
    ]
    days = {"period_start": MONTH.first.isoformat(), "period_end": MONTH.last.isoformat()}
    return {"dimensions": list(table.dimensions), "cells": cells, **days, "disclosure": {"policy": "rule(k)", "k": K, "method": "pool"}}


@pytest.mark.parametrize("seed", range(12))
def test_an_area_total_is_that_of_the_area_or_does_not_stand(seed):
    counts, shelf = counts_of(seed), Shelf(seed)
    table = shelf.publish(DIMENSIONS, counts, method="pool")
    stated = {key: value for key, value, _ in table.rows if key[0] in AREA_TOTALS and value is not None}
    assert {cell: true_total(counts, cell) for cell in stated} == stated
    named = {leaf[0] for leaf in table.leaves}
    listed = {key[0] for key, _, _ in table.rows} & AREA_TOTALS
    assert all(f"_O{area[1:]}" in named or "_O" not in named for area in listed)
    assert alone(table, K) == {}
    assert faults({"this": document(table, table.rows)}, shelf.certificates[-1]) == []


def test_some_tables_of_these_have_areas_that_do_not_stand_and_counts_that_are_withheld():
    tables = [Shelf(seed).publish(DIMENSIONS, counts_of(seed), method="pool") for seed in range(12)]
    lost = [table for table in tables if "_O" in {leaf[0] for leaf in table.leaves} and table.hidden]
    assert len(lost) > 2
    for table in lost:
        gone = {f"_{AREAS[code]}" for code in CODES} - {key[0] for key, _, _ in table.rows}
        assert gone


def test_an_area_that_was_withheld_by_sex_is_not_told_by_a_pool_of_nationalities():
    shelf, found = Shelf(3), 0
    for seed in range(12):
        shelf.forget()
        counts = counts_of(seed)
        first = shelf.publish(DIMENSIONS, counts, aside(MONTH, f"{seed} by sex"))
        withheld = {key[0] for key in first.hidden if key[0] in AREA_TOTALS and key[1] == "_T"}
        found += bool(withheld)
        alone_counts = {(code,): sum(counts[code, sex] for sex in SEXES) for code in CODES}
        second = shelf.publish(("nationality",), alone_counts, aside(MONTH, f"{seed} alone"), method="pool")
        cells = {key[0] for key, _, _ in second.rows}
        assert cells.isdisjoint(withheld)
        # Nor by the sum of what stands of it: its rest went into `_O` with the rest of the area.
        assert cells.isdisjoint(f"_O{area[1:]}" for area in withheld)
    assert found


def test_a_total_that_a_gap_withheld_is_not_told_by_a_pool():
    shelf = Shelf(4)
    counts = {(code, age): 40 for code in CODES[:3] for age in AGES}
    gappy = shelf.publish_gappy(("nationality", "age"), counts, {(CODES[0], AGES[0])}, aside(MONTH, "with a gap"))
    assert (("_T", "_T"), None) in [(key, value) for key, value, _ in gappy.rows]
    whole = {(code,): 80 for code in CODES[:3]}
    second = shelf.publish(("nationality",), whole, aside(MONTH, "whole"), method="pool")
    assert {key: value for key, value, _ in second.rows}["_T",] is None
