"""The report on a bulletin's protection: worked out by hand from small published tables."""

from typing import Any

import pytest

from app.bulletins.report import persons_shown_pct, report_of

ID = "019aa4f0-6f80-7c3e-9a51-2d0c6a5f1b11"


def document(method: str, dimensions: list[str], *cells: tuple[object, ...], k: int = 5) -> dict[str, Any]:
    """A published version; a cell is its codes and its value, or the reason why there is none."""
    rows = []
    for *codes, value in cells:
        named: dict[str, Any] = dict(zip(dimensions, codes, strict=True))
        rows.append(named | ({"value": None, "value_status": value} if isinstance(value, str) else {"value": value}))
    told = {"policy": "rule(k)", "k": k, "method": method, "declared": 9, "shown": 4, "withheld": 5, "certificate": None}
    return {"id": ID, "version": 2, "dimensions": dimensions, "cells": rows, "disclosure": told}


WITHHELD = document(
    "withhold", ["nationality", "sex"],
    ("SOM", "F", "withheld"), ("SOM", "M", "withheld"), ("SOM", "_T", 12), ("VEN", "F", 40), ("VEN", "M", "withheld"), ("VEN", "_T", "withheld"),
    ("_AFR", "F", "not_collected"), ("_T", "F", "withheld"), ("_T", "_T", 80),
)  # fmt: skip
POOLED = document("pool", ["nationality"], ("VEN", 70), ("_OAFR", 9), ("_O", 21), ("_AFR", 9), ("_T", 100))
ROUNDED = document("round", ["nationality"], ("VEN", 30), ("SOM", 6), ("ERI", 0), ("_T", 36))


def test_withheld_cells_have_one_reason_whatever_is_in_them():
    report = report_of(WITHHELD, [], "en")
    assert [(reason["code"], reason["cells"]) for reason in report["reasons"]] == [("withheld", 5), ("not-collected", 1)]
    assert "from 1 to 4" in report["reasons"][0]["detail"]
    assert "company" in report["reasons"][0]["detail"]


def test_a_pool_is_told_with_its_group_and_its_count_and_the_areas_that_it_takes_the_total_of():
    reasons = report_of(POOLED, [], "en")["reasons"]
    assert [(reason["code"], reason["cells"]) for reason in reasons] == [("pooled", 1), ("pooled", 1), ("areas-withheld", 6)]
    assert "Other nationalities of Africa" in reasons[1]["detail"]
    assert "_OAFR: 9" in reasons[1]["detail"]
    assert "_AMN, _AMS, _ASI, _CAR, _EUR, _OCE" in reasons[2]["detail"]


def test_rounded_counts_of_at_most_the_base_are_told_as_inexact():
    (reason,) = report_of(ROUNDED, [], "en")["reasons"]
    assert (reason["code"], reason["cells"]) == ("rounded", 2)
    assert "from 1 to 5 are published as 0 or as 6" in reason["detail"]


@pytest.mark.parametrize(
    ("made", "pct"),
    [
        (WITHHELD, 50),  # 40 of 80
        (POOLED, 70),  # 70 of 100
        (ROUNDED, 83),  # 30 of 36
        (document("none", [], (18,)), 100),
        (document("none", ["sex"], ("_T", 0)), 100),
        (document("none", ["sex"], ("F", 9), ("M", "not_collected"), ("_T", "not_collected")), None),
    ],
)
def test_the_share_is_that_of_the_published_total_under_exact_cells(made: dict[str, Any], pct: int | None):
    assert persons_shown_pct(made) == pct


def test_figures_and_company_are_handed_on_as_they_are():
    report = report_of(WITHHELD, [("019aa4f0-6f80-7c3e-9a51-2d0c6a5f1b12", 3)], "pt")
    figures = {name: report[name] for name in ("id", "version", "policy", "k", "method", "declared", "shown", "withheld")}
    assert figures == {"id": ID, "version": 2, "policy": "rule(k)", "k": 5, "method": "withhold", "declared": 9, "shown": 4, "withheld": 5}
    assert report["audited_with"] == [{"id": "019aa4f0-6f80-7c3e-9a51-2d0c6a5f1b12", "version": 3}]
    assert "omitidas por sigilo" in report["reasons"][0]["detail"]


def test_a_reader_of_spanish_reads_spanish():
    assert "secreto estadístico" in report_of(WITHHELD, [], "es")["reasons"][0]["detail"]
    assert "Otras nacionalidades de África" in report_of(POOLED, [], "es")["reasons"][1]["detail"]
