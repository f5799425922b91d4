"""Twenty questions over HTTP whose answers pandas works out from the raw files: exact, or in an interval no wider than the rests."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from raw_figures import Q4, Y2022, bodies, days, nationalities, outside, persons, sums, within
from serving import Served
from stores import STORES

from app.bulletins.projection import project_all

Row = Mapping[str, Any]
IN_2022 = {"period_from": "2022", "period_to": "2022"}
DARIEN = {"reporting_state": "PAN", "measure": "irregular_transit"}
EARLY = {**DARIEN, "period_from": "2012", "period_to": "2012"}
LATER = {**DARIEN, **IN_2022}
HONDURAS = {"reporting_state": "HND", **IN_2022}
MEXICO = {"reporting_state": "MEX", "period_from": "2018-Q1", "period_to": "2018-Q1"}
FEBRUARY = {"reporting_state": "COL", "period_from": "2023-02", "period_to": "2023-02"}
SEEKERS = {"measure": "asylum_seeker_population", "period_from": "2023", "period_to": "2023"}
WIDE = {"extra_continental": "true", "classification": "extra_regional@1"}
NOBODYS = {"_O", "_U", "XXA", "unclassified"}
"""Groups that hold what is told of no nationality: the files do not say what is true of them."""

ALL, NONE = frozenset({"_O"}), frozenset()
MIXED = frozenset({"_O", "_OCAR", "_OAMN", "_OAMS"})
"""The rests of areas with States of both conferences and of neither."""

SOME = ["VEN", "ECU", "HTI", "CUB", "IND", "SOM"]


@dataclass(frozen=True)
class Question:
    """What is asked, the columns that tell groups apart, what is true of them, and the rests that may hold some of it."""

    asked: Mapping[str, str]
    keys: tuple[str, ...]
    truth: Mapping[Any, int]
    rests: frozenset[str] = NONE

    @property
    def parameters(self) -> dict[str, str]:
        return {**self.asked, "limit": "1000"}


def ask(keys: str, asked: Mapping[str, str], truth: Mapping[Any, int], rests: frozenset[str] = NONE, **more: str) -> Question:
    return Question({**asked, "group_by": keys, **more}, tuple(keys.split(",")), truth, rests)


def quarters(of):
    return of.assign(period=of.period.map(lambda month: f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"))


def sides(of):
    known = of[of.class_strict.isin({"extra_continental", "intra_continental"})]
    return sums(known.assign(side=outside(known, "strict@1").map({True: "true", False: "false"})), "side")


@cache
def questions() -> Mapping[str, Question]:
    early, later = (within(nationalities("PAN"), periods) for periods in (["2012"], Y2022))
    honduras, mexico = within(nationalities("HND"), Y2022), within(nationalities("MEX"), [f"2018-{month:02}" for month in (1, 2, 3)])
    colombia, seekers = within(nationalities("COL"), ["2023-02"]), within(nationalities("UNHCR"), ["2023"])
    some, venezuelans = later[later.nationality.isin(SOME)], later[later.nationality == "VEN"]
    african = honduras[honduras.area.isin({"AFR", "ASI"})]
    girls = within(persons("MEX"), mexico.period).query("sex == 'F' and age != 'Y_GE18'")
    near = colombia[colombia.area == "CAR"]
    own = frozenset({"_O", "_OAFR", "_OASI", "_OAMS", "_OCAR"})
    return {
        "Darién in 2012": ask("period", EARLY, sums(early, "period")),
        "from outside the continent in 2012": ask("period", EARLY, sums(early[outside(early, "strict@1")], "period"), ALL, extra_continental="true"),
        "the same with the Caribbean": ask("period", EARLY, sums(early[outside(early, "extra_regional@1")], "period"), MIXED, **WIDE),
        "areas in 2012": ask("area", EARLY, sums(early, "area"), ALL),
        "both sides in 2012": ask("extra_continental", EARLY, sides(early), ALL),
        "Somalis and Eritreans in 2012": ask(
            "period", EARLY, sums(early[early.nationality.isin({"SOM", "ERI"})], "period"), own, nationality="SOM,ERI"
        ),
        "months of 2022": ask("period", LATER, sums(later, "period"), frequency="month"),
        "quarters of 2022": ask("period", LATER, sums(quarters(later), "period"), frequency="quarter"),
        "the year 2022": ask("period", LATER, {"2022": int(later["count"].sum())}, frequency="year"),
        "some nationalities of 2022": ask("nationality", LATER, sums(some, "nationality"), own, nationality=",".join(SOME)),
        "Venezuelans by quarter": ask("period", LATER, sums(quarters(venezuelans), "period"), own, nationality="VEN", frequency="quarter"),
        "women and men of the last quarter": ask("sex", {**LATER, "period_from": "2022-Q4"}, sums(within(persons("PAN"), Q4), "sex")),
        "Africans and Asians in Honduras": ask(
            "reporting_state", HONDURAS, {"HND": int(african["count"].sum())}, ALL, nationality="_AFR,_ASI"
        ),
        "areas by quarter in Honduras": ask("area,period", HONDURAS, sums(quarters(honduras), "area", "period"), ALL, frequency="quarter"),
        "outsiders by month in Honduras": ask(
            "period", HONDURAS, sums(honduras[outside(honduras, "extra_regional@1")], "period"), MIXED, **WIDE
        ),
        "sex and age in Honduras": ask("sex,age", {**HONDURAS, "period_from": "2022-Q4"}, sums(within(persons("HND"), Q4), "sex", "age")),
        "areas of events in Mexico": ask("area,unit", MEXICO, {(area, "event"): n for area, n in sums(mexico, "area").items()}, ALL),
        "girls in Mexico by month": ask("period", MEXICO, sums(girls, "period"), sex="F", age="Y0T11,Y12T17"),
        "asylum-seekers in Panama by area": ask("area,stock_or_flow", SEEKERS, {(area, "stock"): n for area, n in sums(seekers, "area").items()}, ALL),
        "rows of February in Colombia": Question(
            {**FEBRUARY, "nationality": "ECU,_CAR,_T"},
            ("nationality",),
            {"ECU": sums(colombia, "nationality")["ECU"], "_CAR": int(near["count"].sum()), "_T": int(colombia["count"].sum())},
            ALL,
        ),
    }  # fmt: skip


NAMES = (
    "Darién in 2012",
    "from outside the continent in 2012",
    "the same with the Caribbean",
    "areas in 2012",
    "both sides in 2012",
    "Somalis and Eritreans in 2012",
    "months of 2022",
    "quarters of 2022",
    "the year 2022",
    "some nationalities of 2022",
    "Venezuelans by quarter",
    "women and men of the last quarter",
    "Africans and Asians in Honduras",
    "areas by quarter in Honduras",
    "outsiders by month in Honduras",
    "sex and age in Honduras",
    "areas of events in Mexico",
    "girls in Mexico by month",
    "asylum-seekers in Panama by area",
    "rows of February in Colombia",
)


@dataclass(frozen=True)
class Pair:
    """Two nodes on stores of both kinds with equal published rows, and what these rows are."""

    nodes: Mapping[str, Served]
    documents: list[dict[str, Any]]


@pytest.fixture(scope="module")
def pair(nodes, tmp_path_factory) -> Iterator[Pair]:
    """The first node protects and publishes what the offices send; the other one has the same documents."""
    with ExitStack() as stack:
        both = {kind: stack.enter_context(nodes.serving(kind, tmp_path_factory.mktemp(kind))) for kind in STORES}
        first, second = (both[kind] for kind in STORES)
        for client, drafts in bodies():
            sent = first.as_(client).post("/v1/bulletins/batch", json={"bulletins": drafts})
            assert sent.status_code == 201, sent.text
        documents = first.as_("rcm").get("/v1/bulletins", params={"limit": 1000}).json()["items"]
        with second.node.db.write() as session:
            project_all(session, documents)
        yield Pair(both, documents)


def told(served: Served, question: Question) -> dict[Any, Row]:
    answer = served.as_("analyst").get("/v1/flows", params=question.parameters)
    assert answer.status_code == 200, answer.text
    rows = [(tuple(row[name] for name in question.keys), row) for row in answer.json()["items"]]
    found = {key if len(key) > 1 else key[0]: row for key, row in rows}
    assert len(found) == len(rows) == answer.json()["total"]
    return found


def rests_of(documents: list[dict[str, Any]], question: Question, row: Row) -> int:
    """How much the published rests hold in all that may hold some of a group, over its bulletins."""
    first = row.get("period_start") or days(question.asked["period_from"])[0]
    last = row.get("period_end") or days(question.asked["period_to"])[1]
    within_it = [
        each
        for each in documents
        if first <= each["period_start"] and each["period_end"] <= last
        if all(each[name] == question.asked[name] for name in ("reporting_state", "measure") if name in question.asked)
    ]
    return sum(cell["value"] for each in within_it for cell in each["cells"] if cell.get("nationality") in question.rests)


def test_the_truth_is_that_of_the_issue():
    truth = {name: each.truth for name, each in questions().items()}
    assert (tuple(truth), len(truth)) == (NAMES, 20)
    assert truth["from outside the continent in 2012"] == {"2012": 581}
    assert truth["Africans and Asians in Honduras"] == {"HND": 14_570}
    assert truth["Darién in 2012"] == {"2012": 1_777}
    assert round(100 * truth["the same with the Caribbean"]["2012"] / 1_777, 1) == 97.6
    assert truth["the year 2022"] == {"2022": 248_284}


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_exact_or_an_interval_that_holds_the_truth_and_is_no_wider_than_the_rests(pair, name):
    question = questions()[name]
    for served in pair.nodes.values():
        found = told(served, question)
        assert set(question.truth) <= set(found)
        for key, row in found.items():
            if NOBODYS & set(key if isinstance(key, tuple) else (key,)):
                continue
            true = question.truth.get(key, 0)
            assert row["lower"] <= true <= row["upper"], (key, row, true)
            assert row["value"] in {None, true}
            assert row["upper"] - row["lower"] <= rests_of(pair.documents, question, row), (key, row)
    print(name, {key: (question.truth.get(key, 0), row["lower"], row["upper"]) for key, row in found.items()})


def test_two_stores_with_equal_rows_answer_alike_to_the_byte_and_a_hidden_document_changes_none(pair):
    before = {}
    for kind, served in pair.nodes.items():
        answers = {name: served.as_("analyst").get("/v1/flows", params=each.parameters) for name, each in questions().items()}
        before[kind] = {name: (answer.content, answer.headers["etag"]) for name, answer in answers.items()}
    first, second = before.values()
    assert {name: body for name, (body, _) in first.items()} == {name: body for name, (body, _) in second.items()}
    # Of the same flows by another definition: were one of them seen, a sum would be refused as mixed, and a list would be longer.
    hidden = {"unit": "person", "tlp": "RED", "definition_code": "detained"}
    flows = [("PAN", "irregular_transit", "2012"), ("PAN", "irregular_transit", "2022-10"), ("HND", "irregular_entry", "2022-10")]
    for kind, served in pair.nodes.items():
        for state, measure, period in flows:
            draft = {"reporting_state": state, "measure": measure, "period": period, "cells": [{"nationality": "SOM", "value": 99}]}
            sent = served.as_("rcm").post("/v1/bulletins", json=draft | hidden)
            assert sent.status_code == 201, sent.text
        after = {name: served.as_("analyst").get("/v1/flows", params=each.parameters) for name, each in questions().items()}
        assert {name: (answer.content, answer.headers["etag"]) for name, answer in after.items()} == before[kind]
        assert served.as_("rcm").get("/v1/flows", params={**EARLY, "group_by": "period"}).json()["code"] == "mixed-sum"
