"""The schemes and the foreseeable draws that these tests share."""

import csv
from pathlib import Path

import pytest

from app.disclosure.draw import Draw
from app.disclosure.scheme import Scheme

DATA = Path(__file__).parents[2] / "data"
AREA = {
    "africa": "AFR",
    "asia": "ASI",
    "caribbean": "CAR",
    "europe": "EUR",
    "oceania": "OCE",
    "north_america": "AMN",
    "central_america": "AMN",
    "south_america": "AMS",
}
NEVER = 0.999999


class ForeseenDraw:
    """Stands where `Draw` stands and lets a test say which chances strike and who is taken along."""

    def __init__(self, decoys=(), joins=(), company=None):
        self.strikes = {"decoy": frozenset(decoys), "join": frozenset(joins), "company": frozenset([company])}
        self.asked_for_company = []

    def fraction(self, purpose, item):
        if purpose == "company":
            self.asked_for_company.append(item)
        return 0.0 if item in self.strikes[purpose] else NEVER


@pytest.fixture(scope="session")
def foreseen():
    return ForeseenDraw


@pytest.fixture(scope="session")
def data():
    return DATA


@pytest.fixture(scope="session")
def world():
    with (DATA / "nationalities.csv").open(encoding="utf-8", newline="") as file:
        return Scheme({line["iso3"]: AREA[line["area"]] for line in csv.DictReader(file) if line["area"] in AREA})


@pytest.fixture(scope="session")
def small():
    """Three nationalities of Africa, three of Asia, one of Europe."""
    return Scheme({"CMR": "AFR", "ERI": "AFR", "SOM": "AFR", "BGD": "ASI", "IND": "ASI", "NPL": "ASI", "FRA": "EUR"})


@pytest.fixture
def draw():
    return Draw(b"a secret of these tests", "PAN|irregular_transit|person|default", "2022-10")
