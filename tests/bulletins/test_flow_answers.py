"""The analyst query on both databases: values by hand, and an oracle in plain Python over the same published documents."""

import random
from collections import defaultdict

import pytest
from serving import Served

from app.access.callers import Caller
from app.bulletins.door import scheme
from app.bulletins.flows import answers
from app.bulletins.flows.query import FlowQuery
from app.bulletins.flows.question import question_of
from app.bulletins.projection import project
from app.core.db import Database
from app.core.problems import Problem
from app.directory.codes import area_of, in_scheme
from app.directory.dimensions import DIMENSIONS
from app.disclosure import Draw, Leaf, ProtectedTable, Table, protect
from app.disclosure.program import Budget
from app.disclosure.release import Place
from app.wire.codes import TLP, Role
from app.wire.period import parse_period

ANALYST = Caller("a", Role.ANALYST, "SACM", None, TLP.GREEN.rank, None)
SECRETARIAT = Caller("s", Role.SECRETARIAT, "RCM", None, TLP.RED.rank, None)
STATES = ("SOM", "ERI", "GHA", "NPL", "IND", "VEN", "CUB", "HTI", "FRA")


def document(
    number: int, counts: dict[tuple[str, ...], int], dimensions: tuple[str, ...] = ("nationality",), **changes: object
) -> dict[str, object]:
    """A published document of these counts, protected as the product does."""
    period = parse_period(str(changes.get("period", "2022-01")))
    table = Table(dimensions, {key: Leaf(value, None) for key, value in counts.items()}, {})
    place, draw = Place("flow", period.first, period.last), Draw(b"tests", "flow", f"{period.first}{number}")
    outcome = protect(table, scheme=scheme(), method=None, k=5, draw=draw, place=place, releases=(), budget=Budget(60))
    assert isinstance(outcome, ProtectedTable), outcome
    made: dict[str, object] = {
        "id": f"01920000-0000-7000-8000-{number:012}", "kind": "bulletin", "version": 1, "status": "published", "origin": "RCM",
        "issuer": "RCM/secretariat", "tlp": "GREEN", "audience": ["RCM", "SACM"], "published_at": "2024-01-01T00:00:00.000000Z",
        "reporting_state": "PAN", "publisher": "PAN-SNM", "measure": "irregular_transit", "unit": "person", "stock_or_flow": "flow",
        "definition_code": "default", "accumulation": "period", "period": period.code, "period_start": period.first.isoformat(),
        "period_end": period.last.isoformat(), "dimensions": list(dimensions), "figure_status": "final", "classification": "strict@1",
        "disclosure": {"k": 5, "method": outcome.method},
        "cells": [{**dict(zip(dimensions, row.key, strict=True)), "value": row.value} for row in outcome.rows],
    }  # fmt: skip
    return made | changes


def one(**counts: int) -> dict[tuple[str, ...], int]:
    return {(code,): value for code, value in counts.items()}


def publish(db: Database, *documents: dict[str, object]) -> None:
    with db.write() as session:
        for each in documents:
            project(session, each)


def ask(db: Database, caller: Caller = ANALYST, **filters: object) -> list[dict[str, object]]:
    with db.read() as session:
        page = answers.page(session, caller, question_of(FlowQuery(**filters)), None, 1000)
    assert page.total == len(page.rows)
    return [dict(zip(page.columns, row, strict=True)) for row in page.rows]


def refusal(db: Database, **filters: object) -> str:
    with pytest.raises(Problem) as refused:
        ask(db, **filters)
    return refused.value.findings[0].code


def test_plain_rows_stand_at_codes_and_margins_come_only_when_asked_for(db: Database):
    publish(db, document(1, one(SOM=10, VEN=20)))
    assert {row["nationality"]: row["value"] for row in ask(db)} == {"SOM": 10, "VEN": 20}
    assert {row["nationality"] for row in ask(db, totals=True)} == {"SOM", "VEN", "_AFR", "_AMS", "_T"}
    assert [(row["nationality"], row["value"], row["is_total"]) for row in ask(db, nationality=["_T"])] == [("_T", 30, True)]
    assert [(row["nationality"], row["value"]) for row in ask(db, nationality=["_AFR"])] == [("_AFR", 10)]
    row = ask(db, nationality=["SO"])[0]
    assert (row["lower"], row["upper"], row["sex"], row["bulletin"]) == (10, 10, "_T", "01920000-0000-7000-8000-000000000001@v1")


def test_the_bulletin_with_the_fewest_dimensions_that_covers_the_question_answers(db: Database):
    both = {("SOM", "F"): 10, ("SOM", "M"): 20, ("VEN", "F"): 30, ("VEN", "M"): 40}
    publish(
        db, document(1, one(SOM=31, VEN=70)), document(2, both, ("nationality", "sex")), document(3, {("F",): 41, ("M",): 60}, ("sex",))
    )
    assert {row["nationality"]: row["value"] for row in ask(db)} == {"SOM": 31, "VEN": 70}
    assert [row["value"] for row in ask(db, sex=["F"])] == [41]
    assert [row["value"] for row in ask(db, sex=["F"], nationality=["SOM"])] == [10]
    # One dimension each: on the tie the one that declares the filtered dimension answers.
    assert [row["value"] for row in ask(db, sex=["_T"])] == [101]
    sums = {row["nationality"]: row["value"] for row in ask(db, group_by=["nationality"], sex=["M"])}
    assert sums == {"SOM": 20, "VEN": 40}
    assert [row["value"] for row in ask(db, group_by=["reporting_state"])] == [101]


def test_unlike_figures_are_never_added(db: Database):
    publish(db, document(1, one(SOM=10)), document(2, one(SOM=10), unit="event", measure="rescue", publisher="PAN-X"))
    assert refusal(db, group_by=["nationality"]) == "mixed-sum"
    assert refusal(db, group_by=["nationality"], unit=["person", "event"]) == "mixed-sum"
    groups = ask(db, group_by=["unit", "measure", "publisher"])
    assert sorted((row["unit"], row["value"]) for row in groups) == [("event", 10), ("person", 10)]
    assert [row["value"] for row in ask(db, group_by=["nationality"], unit=["event"])] == [10]
    assert len(ask(db)) == 2


def test_a_sum_over_a_month_and_its_year_needs_a_frequency(db: Database):
    publish(db, document(1, one(SOM=10), period="2022-01"), document(2, one(SOM=90), period="2022"))
    assert refusal(db, group_by=["nationality"]) == "overlapping-periods"
    assert [row["value"] for row in ask(db, group_by=["nationality"], frequency="month")] == [10]
    assert [row["value"] for row in ask(db, group_by=["period"], frequency="year")] == [90]
    assert len(ask(db, group_by=["period"])) == 2


def test_twelve_whole_months_make_a_year_and_eleven_do_not(db: Database):
    months = [document(number, one(SOM=10 + number), period=f"2022-{number:02}") for number in range(1, 13)]
    publish(db, *months[:11])
    assert refusal(db, group_by=["period"], frequency="year") == "group-not-whole"
    assert [row["value"] for row in ask(db, group_by=["period"], frequency="quarter", period_to="2022-09")] == [36, 45, 54]
    publish(db, months[11])
    [year] = ask(db, group_by=["period"], frequency="year")
    assert (year["period"], year["value"], year["bulletins"]) == ("2022", 198, 12)
    assert year["period_end"] in ("2022-12-31", parse_period("2022").last)


def test_periods_answer_only_where_they_lie_wholly_inside(db: Database):
    publish(db, *(document(at, one(SOM=10), period=period) for at, period in enumerate(("2021-12", "2022-01", "2022-Q1", "2022"))))
    assert {row["period"] for row in ask(db, period_from="2022-01", period_to="2022-03")} == {"2022-01", "2022-Q1"}
    assert {row["period"] for row in ask(db, period_from="2022")} == {"2022-01", "2022-Q1", "2022"}
    assert refusal(db, period_from="2022-02", period_to="2022-01") == "period-order"


def test_only_what_the_caller_may_see_is_counted(db: Database):
    publish(db, document(1, one(SOM=10)), document(2, one(SOM=90), period="2022-02", tlp="AMBER"))
    assert [row["value"] for row in ask(db, group_by=["nationality"])] == [10]
    assert [row["value"] for row in ask(db, SECRETARIAT, group_by=["nationality"])] == [100]


def truth(counts: dict[tuple[str, ...], int], wanted: frozenset[str]) -> int:
    return sum(value for (code,), value in counts.items() if code in wanted)


@pytest.mark.parametrize("seed", range(12))
def test_an_interval_always_holds_the_truth_and_a_value_is_the_truth(db: Database, seed: int):
    chance = random.Random(f"{seed} {db.url.get_backend_name()}")  # other tables on either database
    tables = []
    for _ in range(6):
        counts = {(code,): chance.choice((0, 1, 2, 3, 4, 6, 9, 40)) for code in chance.sample(STATES, 6)}
        counts["VEN",] = 50
        tables.append(counts)
    publish(db, *(document(100 * seed + at, counts, period=f"2022-{at:02}") for at, counts in enumerate(tables, 1)))
    strict = in_scheme("strict@1")
    questions = [({"nationality": [code]}, frozenset({code})) for code in STATES]
    questions += [({"extra_continental": True}, strict), ({"nationality": ["_AFR"]}, frozenset(c for c in STATES if area_of(c) == "AFR"))]
    questions += [({"nationality": ["SOM", "NPL"]}, frozenset({"SOM", "NPL"}))]
    for filters, wanted in questions:
        for row in ask(db, group_by=["period"], **filters):
            true = truth(tables[int(str(row["period"])[-2:]) - 1], wanted)
            assert row["lower"] <= true <= row["upper"], (filters, row, true)
            assert row["value"] in (None, true)
        for row in ask(db, group_by=["reporting_state"], **filters):
            true = sum(truth(counts, wanted) for counts in tables)
            assert row["lower"] <= true <= row["upper"], (filters, row, true)
            assert row["value"] in (None, true)
    for row in ask(db, group_by=["nationality"]):
        if not str(row["nationality"]).startswith("_"):
            true = sum(counts.get((str(row["nationality"]),), 0) for counts in tables)
            assert row["lower"] <= true <= row["upper"]
    assert [row["value"] for row in ask(db, group_by=["period"])] == [sum(counts.values()) for counts in tables]


def test_plain_rows_equal_an_oracle_over_the_documents(db: Database):
    chance = random.Random(7)
    documents = []
    for number in range(40):
        dimensions = chance.choice((("nationality",), ("nationality", "sex"), ("sex",), ()))
        keys = {tuple({"nationality": chance.choice(STATES), "sex": chance.choice("FM")}[name] for name in dimensions) for _ in range(4)}
        counts = {key: chance.choice((7, 12, 300)) for key in keys}
        documents.append(document(number, counts, dimensions, period=f"2022-{number % 12 + 1:02}", publisher=f"P{number % 5}X"))
    publish(db, *documents)
    for wanted in ({}, {"nationality": ["SOM", "VEN"]}, {"sex": ["F"]}, {"sex": ["F"], "nationality": ["VEN"]}, {"nationality": ["_T"]}):
        expected = sorted(oracle(documents, wanted))
        found = sorted(
            (str(row["bulletin"]).split("@")[0], str(row["nationality"]), str(row["sex"]), row["value"]) for row in ask(db, **wanted)
        )
        assert found == expected, wanted


def oracle(documents: list[dict[str, object]], wanted: dict[str, list[str]]) -> list[tuple[str, str, str, object]]:
    required = {name for name, codes in wanted.items() if set(codes) - {"_T"}}
    candidates = defaultdict(list)
    for each in documents:
        if required <= set(each["dimensions"]):
            order = (
                len(each["dimensions"]),
                not set(wanted) & set(each["dimensions"]),
                "nationality" not in each["dimensions"],
                each["id"],
            )
            candidates[each["publisher"], each["period"]].append((order, each))
    rows = []
    for group in candidates.values():
        chosen = min(group, key=lambda pair: pair[0])[1]
        for cell in chosen["cells"]:
            codes = {name: cell.get(name, "_T") for name in DIMENSIONS}
            reads = all(
                codes[name] in wanted[name]
                if name in wanted
                else not (name in chosen["dimensions"] and codes[name].startswith("_") and codes[name] in MARGINS)
                for name in DIMENSIONS
            )
            if reads:
                rows.append((chosen["id"], codes["nationality"], codes["sex"], cell["value"]))
    return rows


MARGINS = {"_T", "_AFR", "_ASI", "_CAR", "_EUR", "_OCE", "_AMN", "_AMS"}


def test_pages_give_every_row_once_and_the_limit_is_never_cut(served: Served):
    body = {"reporting_state": "PAN", "measure": "rescue", "unit": "person"}
    for month in range(1, 5):
        cells = [{"nationality": code, "value": 10 + month} for code in ("SOM", "VEN", "NPL")]
        assert served.as_("pan").post("/v1/bulletins", json={**body, "period": f"2022-{month:02}", "cells": cells}).status_code == 201
    reader = served.as_("analyst")
    whole = [(row["bulletin"], row["nationality"]) for row in reader.get("/v1/flows", params={"limit": 1000}).json()["items"]]
    for limit in (1, 5, len(whole), len(whole) + 1):
        seen, cursor = [], None
        while True:
            page = reader.get("/v1/flows", params={"limit": limit, **({"cursor": cursor} if cursor else {})}).json()
            assert page["total"] == len(whole)
            seen += [(row["bulletin"], row["nationality"]) for row in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == whole
    assert reader.get("/v1/flows", params={"limit": 1001}).status_code == 422
    text = reader.get("/v1/flows", headers={"Accept": "text/csv"}).text.splitlines()
    assert len(text) == len(whole) + 1
    assert reader.get("/v1/flows", params={"measure": "removal", "format": "csv"}).text.startswith("period,")
    assert reader.get("/v1/flows", headers={"Accept": "image/png"}).json()["code"] == "not-acceptable"


@pytest.mark.parametrize("name", ["nationalty", "groupby", "period", "sorts"])
def test_a_misspelt_parameter_is_refused_with_the_valid_names(served: Served, name: str):
    answer = served.as_("analyst").get("/v1/flows", params={name: "x"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "parameter-unknown")
    assert "nationality" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("params", "pointer", "code"),
    [
        ({"nationality": "SOMA"}, "nationality", "code-unknown"),
        ({"nationality": ""}, "nationality", "parameter-empty"),
        ({"group_by": "colour"}, "group_by", "code-unknown"),
        ({"conference": "ABC"}, "conference", "code-unknown"),
        ({"classification": "strict@2"}, "classification", "code-unknown"),
        ({"period_from": "2024-FY"}, "period_from", "period-invalid"),
        ({"frequency": "day"}, "frequency", "code-unknown"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_parameter(served: Served, params: dict[str, str], pointer: str, code: str):
    answer = served.as_("analyst").get("/v1/flows", params=params)
    assert answer.status_code == 422
    assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == (pointer, code)
