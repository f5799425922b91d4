"""The raw public series as offices would send them, and what is true of them by pandas alone; no code of the product."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

TESTS = Path(__file__).parents[1]
SAMPLES = TESTS.parent / "app" / "cli" / "samples"
AREAS = {
    "africa": "AFR", "asia": "ASI", "caribbean": "CAR", "europe": "EUR", "oceania": "OCE",
    "central_america": "AMN", "north_america": "AMN", "south_america": "AMS",
}  # fmt: skip
CODES = {"OOO": "_O", "TIB": "CHN", "STL": "LCA"}
"""Codes of the files that are not ISO's: "others", Tibet, Saint Lucia."""

OUTSIDE = {
    "strict@1": ("class_strict", {"extra_continental"}),
    "extra_regional@1": ("class_extra_regional", {"extra_continental", "extra_regional"}),
}
EIGHTEEN = {"men": ("M", "Y_GE18"), "women": ("F", "Y_GE18"), "boys": ("M", "Y0T17"), "girls": ("F", "Y0T17")}
Q4, Y2022 = [f"2022-{month}" for month in (10, 11, 12)], [f"2022-{month:02}" for month in range(1, 13)]


@cache
def classes() -> pd.DataFrame:
    """Area and side of each nationality."""
    known = pd.read_csv(TESTS / "data" / "nationalities.csv", keep_default_na=False).set_index("iso3")
    return known.assign(area=known.area.map(AREAS))


@cache
def nationalities(reporter: str) -> pd.DataFrame:
    """period, nationality, count of one reporter, the codes ISO's, each once a period."""
    if reporter == "COL":
        raw = pd.read_csv(TESTS / "data" / "files" / "irregular_by_nationality_2022_2025.csv", dtype={"period": str}, keep_default_na=False)
    elif reporter == "UNHCR":
        every = pd.read_csv(TESTS / "data" / "files" / "population_asylum_refugee_2009_2024.csv.xz", keep_default_na=False)
        raw = every[(every.asylum_iso3 == "PAN") & (every.group == "asylum")].rename(columns={"origin_iso3": "nationality_iso3"})
        raw = raw.assign(period=raw.year.astype(str))
    else:
        name = {"PAN": "darien", "HND": "honduras", "MEX": "mexico"}[reporter]
        raw = pd.read_csv(SAMPLES / f"{name}_by_nationality.csv", dtype={"period": str}, keep_default_na=False)
    raw = raw.assign(nationality=raw.nationality_iso3.replace(CODES))
    found = raw.groupby(["period", "nationality"], as_index=False)["count"].sum()
    return found.join(classes()[["area", "class_strict", "class_extra_regional"]], on="nationality")


@cache
def persons(reporter: str) -> pd.DataFrame:
    """period, sex, age, count of one reporter."""
    name = {"PAN": "darien", "HND": "honduras", "MEX": "mexico"}[reporter]
    raw = pd.read_csv(TESTS / "data" / f"{name}_by_sex_age.csv", dtype={"period": str})
    if reporter == "MEX":
        ages = {"18+": "Y_GE18", "12-17": "Y12T17", "under 12, accompanied": "Y0T11", "under 12, unaccompanied": "Y0T11"}
        raw = raw.assign(sex=raw.sex.map({"male": "M", "female": "F"}), age=raw.age.map(ages))
    else:
        raw = raw.assign(
            **{name: raw.sex_age_group.map(lambda group, at=at: EIGHTEEN[group][at]) for at, name in enumerate(("sex", "age"))}
        )
    return raw.groupby(["period", "sex", "age"], as_index=False)["count"].sum()


def outside(of: pd.DataFrame, classification: str) -> pd.Series:
    """Which rows a scheme counts as extra-continental."""
    column, sides = OUTSIDE[classification]
    return of[column].isin(sides)


def within(of: pd.DataFrame, periods: Iterable[str]) -> pd.DataFrame:
    """The rows of some periods."""
    return of[of.period.isin(list(periods))]


def sums(of: pd.DataFrame, *by: str) -> dict[Any, int]:
    """The counts by some columns."""
    return {key: int(value) for key, value in of.groupby([*by] if len(by) > 1 else by[0])["count"].sum().items()}


SENT = {
    "PAN": ("pan", "irregular_transit", "person", ["2012", *Y2022]),
    "HND": ("hnd", "irregular_entry", "person", Y2022),
    "MEX": ("rcm", "irregular_entry", "event", ["2018-01", "2018-02", "2018-03"]),
    "COL": ("sacm", "irregular_transit", "person", ["2023-01", "2023-02", "2023-03"]),
    "UNHCR": ("pan", "asylum_seeker_population", "person", ["2023"]),
}
"""Who sends what: the client, measure, unit and periods by nationality."""

SENT_PERSONS = {"HND": Q4, "MEX": ["2018-01", "2018-02", "2018-03"], "PAN": Q4}


def bodies() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A batch for each sender: its bulletins by nationality, then those by sex and age."""
    for reporter, (client, measure, unit, periods) in SENT.items():
        head = {"reporting_state": "PAN" if reporter == "UNHCR" else reporter, "measure": measure, "unit": unit}
        head |= {"publisher": "INT-UNHCR"} if reporter == "UNHCR" else {}
        named = within(nationalities(reporter), periods)
        made = [head | {"period": period, "cells": cells(group, "nationality")} for period, group in named.groupby("period")]
        if reporter in SENT_PERSONS:
            told = within(persons(reporter), SENT_PERSONS[reporter])
            made += [head | {"period": period, "cells": cells(group, "sex", "age")} for period, group in told.groupby("period")]
        yield client, made


def cells(group: pd.DataFrame, *dimensions: str) -> list[dict[str, object]]:
    """Rows as cells of a draft."""
    return [{**{name: row[name] for name in dimensions}, "value": int(row["count"])} for row in group.to_dict("records")]


def days(period: str) -> tuple[str, str]:
    """The first and the last day of a year, quarter or month."""
    span = pd.Period(period)
    return f"{span.start_time:%Y-%m-%d}", f"{span.end_time:%Y-%m-%d}"
