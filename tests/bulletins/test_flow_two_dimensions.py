"""Pooled tables of two dimensions in GET /v1/flows: what a named nationality may have inside a pool, worked out by hand."""

from typing import Any

import pytest
from flowbook import pooled, publish
from serving import Served

Interval = tuple[int | None, int, int | None]

OCTOBER = {
    ("SOM", "F"): 12, ("SOM", "M"): 19, ("SOM", "_T"): 31, ("_OAFR", "F"): None, ("_OAFR", "M"): None, ("_OAFR", "_T"): 9,
    ("NPL", "F"): 8, ("NPL", "M"): 12, ("NPL", "_T"): 20, ("_O", "F"): 6, ("_O", "M"): 8, ("_O", "_T"): 14,
    ("_AFR", "F"): None, ("_AFR", "M"): None, ("_AFR", "_T"): 40, ("_T", "F"): None, ("_T", "M"): None, ("_T", "_T"): 74,
}  # fmt: skip
"""Who is of Africa and is not Somali is among 9 others of Africa, of either sex 0 to 9; who is of neither area is among 14."""
NOVEMBER = {
    ("SOM", "F"): 5, ("SOM", "M"): 6, ("SOM", "_T"): 11, ("ERI", "F"): None, ("ERI", "M"): None, ("ERI", "_T"): 12,
    ("_O", "F"): 5, ("_O", "M"): None, ("_O", "_T"): None, ("_T", "F"): None, ("_T", "M"): None, ("_T", "_T"): 36,
}  # fmt: skip
"""No rest of Africa: others of Africa are among the 5 women and an unknown number of men, 36 at most."""


def document(period: str, told: dict[tuple[str, str], int | None]) -> dict[str, object]:
    cells = [
        {"nationality": code, "sex": sex, "value": value} | ({"value_status": "withheld"} if value is None else {})
        for (code, sex), value in told.items()
    ]
    return pooled(period, {}) | {"dimensions": ["nationality", "sex"], "cells": cells}


@pytest.fixture
def book(served: Served) -> Served:
    publish(served.node.db, document("2022-10", OCTOBER), document("2022-11", NOVEMBER))
    return served


def asked(served: Served, **params: str) -> list[dict[str, Any]]:
    answer = served.as_("analyst").get("/v1/flows", params={"limit": "1000", **params})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def sums(served: Served, *names: str, **params: str) -> dict[tuple[str, ...], Interval]:
    rows = asked(served, group_by=",".join(names), **params)
    return {tuple(row[name] for name in names): (row["value"], row["lower"], row["upper"]) for row in rows}


BY_PERIOD: list[tuple[dict[str, str], Interval, Interval]] = [
    ({"nationality": "SOM"}, (31, 31, 31), (11, 11, 11)),
    # ERI has three cells in November and none in October: it may be among October's 9, whatever SOM's three cells say.
    ({"nationality": "ERI"}, (None, 0, 9), (12, 12, 12)),
    ({"nationality": "SOM,ERI"}, (None, 31, 40), (23, 23, 23)),
    ({"nationality": "SOM,CMR"}, (None, 31, 40), (None, 11, 47)),
    ({"nationality": "_AFR"}, (40, 40, 40), (None, 23, 59)),
    ({"nationality": "IND,VEN"}, (None, 0, 14), (None, 0, 36)),
    ({"nationality": "SOM,IND"}, (None, 31, 45), (None, 11, 47)),
    # Of one sex: the cell of the rest, where it is shown; else all that the rest has.
    ({"nationality": "SOM", "sex": "F"}, (12, 12, 12), (5, 5, 5)),
    ({"nationality": "SOM,CMR", "sex": "F"}, (None, 12, 21), (None, 5, 10)),
    ({"nationality": "IND", "sex": "F"}, (None, 0, 6), (None, 0, 5)),
    ({"nationality": "IND", "sex": "M"}, (None, 0, 8), (None, 0, 36)),
    # Of both: together no more than the rest has in all.
    ({"nationality": "CMR", "sex": "F,M"}, (None, 0, 9), (None, 0, 36)),
    ({"nationality": "SOM,CMR", "sex": "F,M"}, (None, 31, 40), (None, 11, 47)),
    ({"nationality": "ERI", "sex": "F"}, (None, 0, 9), (None, 0, None)),
]


def test_a_set_of_nationalities_may_be_in_the_pools_of_each_period(book: Served):
    for params, october, november in BY_PERIOD:
        assert sums(book, "period", **params) == {("2022-10",): october, ("2022-11",): november}, params


def test_by_sex_the_cells_of_a_pool_bound_what_is_inside(book: Served):
    """Eritreans: among October's 9 of either sex, and November's cells are withheld."""
    assert sums(book, "period", "sex", nationality="CMR") == {
        ("2022-10", "F"): (None, 0, 9), ("2022-10", "M"): (None, 0, 9), ("2022-11", "F"): (None, 0, 5), ("2022-11", "M"): (None, 0, 36),
    }  # fmt: skip
    assert sums(book, "sex", nationality="SOM,IND") == {("F",): (None, 17, 28), ("M",): (None, 25, 69)}
    assert sums(book, "sex", nationality="ERI") == {("F",): (None, 0, None), ("M",): (None, 0, None)}


def test_by_nationality_each_bulletin_that_names_a_code_or_hides_it_counts_once(book: Served):
    both = {"SOM": (42, 42, 42), "ERI": (None, 12, 21), "NPL": (None, 20, 56), "_OAFR": (None, 9, 45), "_O": (None, 14, None)}
    assert sums(book, "nationality") == {(code,): told for code, told in both.items()}
    # Asked for both sexes the leaves are added up: Eritrea's two are withheld, and `_O` has one gap in November.
    by_leaves = both | {"ERI": (None, 0, None), "_OAFR": (None, 0, None), "_O": (None, 19, None)}
    assert sums(book, "nationality", sex="F,M") == {(code,): told for code, told in by_leaves.items()}
    touched = {row["nationality"]: (row["withheld"], row["bulletins"]) for row in asked(book, group_by="nationality", sex="F,M")}
    assert touched == {"SOM": (0, 2), "ERI": (3, 2), "NPL": (1, 2), "_OAFR": (3, 2), "_O": (1, 2)}


def test_by_nationality_and_sex_what_is_hidden_is_what_the_pool_has_of_that_sex(book: Served):
    assert sums(book, "nationality", "sex", nationality="SOM,NPL") == {
        ("SOM", "F"): (17, 17, 17), ("SOM", "M"): (25, 25, 25), ("NPL", "F"): (None, 8, 13), ("NPL", "M"): (None, 12, 48),
    }  # fmt: skip
    assert sums(book, "nationality", sex="F", nationality="SOM,NPL") == {("SOM",): (17, 17, 17), ("NPL",): (None, 8, 13)}
    assert sums(book, "nationality", "sex", nationality="_AFR", period_to="2022-10") == {
        ("_AFR", "F"): (None, 12, None), ("_AFR", "M"): (None, 19, None),
    }  # fmt: skip


def test_plain_rows_of_an_area_without_a_margin_add_up_its_totals_alone(book: Served):
    """Africa in November: 11 and 12 are named, and all of `_O`, 36 at most, may be of it too; in October its margin is told."""
    rows = asked(book, nationality="_AFR,_EUR", totals="true")
    assert {(row["period"], row["nationality"], row["sex"]): (row["value"], row["lower"], row["upper"]) for row in rows} == {
        ("2022-10", "_AFR", "F"): (None, 0, None), ("2022-10", "_AFR", "M"): (None, 0, None), ("2022-10", "_AFR", "_T"): (40, 40, 40),
        ("2022-10", "_EUR", "_T"): (None, 0, 14), ("2022-11", "_AFR", "_T"): (None, 23, 59), ("2022-11", "_EUR", "_T"): (None, 0, 36),
    }  # fmt: skip
    assert {row["nationality"] for row in asked(book, nationality="_EUR", sex="_T,F")} == {"_EUR"}
    assert asked(book, nationality="_EUR", sex="F") == []
