"""Bad input: every refusal names its place and its rule, and changes nothing: no row, no log entry, no kept answer."""

import json

import httpx
import pytest
from bodies import Body, bulletin, cells, codes_of, publish
from serving import Served

NAT = "nationality"

FORM = {
    "misspelt nationality": (bulletin(cells=[{NAT: "SOMA", "value": 9}]), "/cells/0/nationality", "code-unknown"),
    "misspelt measure": (bulletin(measure="irregular_transits"), "/measure", "code-unknown"),
    "misspelt unit": (bulletin(unit="persons"), "/unit", "code-unknown"),
    "misspelt State": (bulletin(reporting_state="PANAMA"), "/reporting_state", "code-unknown"),
    "misspelt sex": (bulletin(cells=[{"sex": "W", "value": 9}]), "/cells/0/sex", "code-unknown"),
    "unknown audience": (bulletin(audience=["RCMX"]), "/audience/0", "code-unknown"),
    "negative value": (bulletin(cells=[{NAT: "SOM", "value": -1}]), "/cells/0/value", "out-of-range"),
    "value 2^31": (bulletin(cells=[{NAT: "SOM", "value": 2**31}]), "/cells/0/value", "out-of-range"),
    "value 1.5": (bulletin(cells=[{NAT: "SOM", "value": 1.5}]), "/cells/0/value", "not-a-whole-number"),
    "value 12 as text": (bulletin(cells=[{NAT: "SOM", "value": "12"}]), "/cells/0/value", "not-a-whole-number"),
    "value true": (bulletin(cells=[{NAT: "SOM", "value": True}]), "/cells/0/value", "not-a-whole-number"),
    "value missing": (bulletin(cells=[{NAT: "SOM"}]), "/cells/0/value", "field-missing"),
    "null without reason": (bulletin(cells=[{NAT: "SOM", "value": None}]), "/cells/0/value", "value-missing"),
    "value beside status": (
        bulletin(cells=[{NAT: "SOM", "value": 9, "value_status": "masked"}]),
        "/cells/0/value_status",
        "value-status-with-value",
    ),
    "outward status sent in": (
        bulletin(cells=[{NAT: "SOM", "value": None, "value_status": "withheld"}]),
        "/cells/0/value_status",
        "code-unknown",
    ),
    "repeated cell": (bulletin(cells=[*cells(SOM=9), *cells(SOM=9)]), "/cells/1", "cell-repeated"),
    "repeated by alias": (bulletin(cells=[*cells(NAM=9), *cells(NA=9)]), "/cells/1", "cell-repeated"),
    "overlapping ages": (
        bulletin(cells=[{"age": "Y0T17", "value": 9}, {"age": "Y12T17", "value": 9}]),
        "/cells/1/age",
        "codes-overlap",
    ),
    "dimension missing in a cell": (
        bulletin(cells=[{NAT: "SOM", "sex": "F", "value": 9}, {NAT: "NPL", "value": 9}]),
        "/cells/1",
        "dimension-missing",
    ),
    "dimension not declared": (
        bulletin(dimensions=[NAT], cells=[{NAT: "SOM", "sex": "F", "value": 9}]),
        "/cells/0/sex",
        "dimension-undeclared",
    ),
    "week 53 of a year without": (bulletin(period="2021-W53"), "/period", "period-invalid"),
    "week 54": (bulletin(period="2020-W54"), "/period", "period-invalid"),
    "month 13": (bulletin(period="2022-13"), "/period", "period-invalid"),
    "interval backwards": (bulletin(period="2022-11-15/2022-11-01"), "/period", "period-invalid"),
    "interval with no such day": (bulletin(period="2022-02-01/2022-02-30"), "/period", "period-invalid"),
    "fiscal year without start": (bulletin(period="2024-FY"), "/period", "period-invalid"),
    "no cells": (bulletin(cells=[]), "/cells", "cells-missing"),
    "nil report with cells": (bulletin(nil_report=True), "/cells", "nil-report-with-cells"),
    "unknown field": (bulletin(cellls=[]), "/cellls", "field-unknown"),
    "unknown field in a cell": (bulletin(cells=[{NAT: "SOM", "value": 9, "count": 1}]), "/cells/0/count", "field-unknown"),
    "missing field": (bulletin(period=None), "/period", "field-missing"),
    "flow called a stock": (bulletin(stock_or_flow="stock"), "/stock_or_flow", "stock-or-flow"),
    "title too long": (bulletin(title={"es": "x" * 301}), "/title/es", "text-too-long"),
    "blank title": (bulletin(title={"es": " \t"}), "/title/es", "text-empty"),
    "id of another version": (bulletin(id="550e8400-e29b-41d4-a716-446655440000"), "/id", "format"),
    "total without value": (
        bulletin(cells=[*cells(SOM=9), {NAT: "_T", "value": None, "value_status": "masked"}]),
        "/cells/1/value",
        "total-without-value",
    ),
    "not an object": (["a list"], "", "format"),
}

CONTENT = {
    "wrong total": (bulletin(cells=cells(SOM=9, NPL=8, _T=18)), "/cells/2/value", "total-mismatch"),
    "wrong area": (bulletin(cells=cells(SOM=9, GHA=9, _AFR=17, NPL=8)), "/cells/2/value", "total-mismatch"),
    "total of the whole below k": (bulletin(cells=cells(SOM=1, NPL=3)), "/cells", "total-too-small"),
}


def refused(served: Served, who: str, body: object, path: str = "/v1/bulletins") -> httpx.Response:
    """Send a body that must be refused; nothing but audit may have changed."""
    before, changes = served.counts(), served.as_("rcm").get("/v1/changes").json()
    answer = served.as_(who).post(path, json=body, headers={"Idempotency-Key": "once"})
    assert 400 <= answer.status_code < 500, answer.text
    assert served.counts() == before
    assert served.as_("rcm").get("/v1/changes").json() == changes
    return answer


@pytest.mark.parametrize("name", FORM)
def test_a_fault_of_form_names_pointer_and_code_and_changes_nothing(standing: Served, name: str):
    body, pointer, code = FORM[name]
    answer = refused(standing, "pan" if name != "misspelt State" else "rcm", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-document")
    assert codes_of(answer) == {(pointer, code)}


@pytest.mark.parametrize("name", CONTENT)
def test_a_fault_of_content_names_pointer_and_code_and_changes_nothing(standing: Served, name: str):
    body, pointer, code = CONTENT[name]
    answer = refused(standing, "pan", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert codes_of(answer) == {(pointer, code)}


def test_a_wrong_total_is_told_with_both_numbers(standing: Served):
    detail = refused(standing, "pan", bulletin(cells=cells(SOM=9, NPL=8, _T=18))).json()["errors"][0]["detail"]
    assert "18" in detail
    assert "17" in detail


def test_a_right_total_is_taken(served: Served):
    document = publish(served.as_("pan"), cells=cells(SOM=9, NPL=8, _AFR=9, _T=17))
    assert {cell[NAT]: cell["value"] for cell in document["cells"]}["_T"] == 17


def test_a_misspelt_code_gets_suggestions_and_never_a_guess(standing: Served):
    answer = refused(standing, "pan", bulletin(cells=[{NAT: "Namibia", "value": 9}]))
    assert "NAM" in answer.json()["errors"][0]["detail"]
    assert "Namibia" not in answer.text


def test_an_unknown_field_gets_the_nearest_names(standing: Served):
    answer = refused(standing, "pan", bulletin(titel={"es": "x"}))
    assert "title" in answer.json()["errors"][0]["detail"]


RAW = {
    "repeated key": (b'{"reporting_state":"PAN","reporting_state":"PAN"}', "/reporting_state", "repeated-key"),
    "repeated key deep down": (b'{"cells":[{"value":1,"value":2}]}', "/cells/0/value", "repeated-key"),
    "NaN": (b'{"cells":[{"value":NaN}]}', "/cells/0/value", "not-a-number"),
    "Infinity": (b'{"cells":[{"value":-Infinity}]}', "/cells/0/value", "not-a-number"),
    "1e400": (b'{"cells":[{"value":1e400}]}', "/cells/0/value", "not-a-number"),
    "2^64": (b'{"cells":[{"value":18446744073709551616}]}', "/cells/0/value", "out-of-range"),
    "5,000 digits": (b'{"cells":[{"value":' + b"9" * 5000 + b"}]}", "/cells/0/value", "out-of-range"),
    "U+0000": (b'{"measure":"a\\u0000b"}', "/measure", "text-character"),
    "lone surrogate": (b'{"title":{"es":"a\\ud800"}}', "/title/es", "text-character"),
    "U+0000 in a key": (b'{"a\\u0000":1}', "", "text-character"),
    "right-to-left override": ('{"title":{"es":"a\u202eb"}}'.encode(), "/title/es", "text-character"),
    "not JSON": (b"{", "", "malformed-json"),
    "not UTF-8": (b'{"title":"\xff"}', "", "malformed-json"),
    "trailing words": (b"{} x", "", "malformed-json"),
    "nested without end": (b"[" * 100_000, "", "too-deep"),
}


@pytest.mark.parametrize("name", RAW)
def test_what_no_column_can_hold_is_refused_at_the_door(standing: Served, name: str):
    raw, pointer, code = RAW[name]
    before = standing.counts()
    answer = standing.as_("pan").post("/v1/bulletins", content=raw, headers={"Content-Type": "application/json", "Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-document"), answer.text
    assert codes_of(answer) == {(pointer, code)}
    assert standing.counts() == before


def test_a_body_above_the_limit_is_refused_unread(standing: Served):
    before = standing.counts()
    body = b'{"cells":"' + b"x" * (10 * 1024 * 1024) + b'"}'
    answer = standing.as_("pan").post("/v1/bulletins", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")

    def chunks():
        for _ in range(11):
            yield b" " * 1024 * 1024

    answer = standing.as_("pan").post("/v1/bulletins", content=chunks(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert standing.counts() == before


def test_another_media_type_is_refused(standing: Served):
    answer = standing.as_("pan").post("/v1/bulletins", content=b"{}", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


def test_a_small_cell_that_is_to_be_shown_is_refused_with_its_equation_and_what_would_do(served: Served):
    sent = bulletin(cells=[{"sex": "F", "value": 4}, {"sex": "M", "value": 90}])
    answer = refused(served, "pan", sent, "/v1/bulletins?protect=none")
    assert (answer.status_code, answer.json()["code"]) == (422, "cannot-be-protected")
    assert codes_of(answer) == {("/cells", "cannot-be-protected")}
    # Of two cells both are withheld: nothing is shown; rounded, both are.
    assert "F = 4" in answer.json()["detail"]
    assert "protect=round 100 %" in answer.json()["detail"]


def test_a_table_with_gaps_cannot_be_rounded(served: Served):
    sent = bulletin(cells=[{"sex": "F", "value": None, "value_status": "masked"}, {"sex": "M", "value": 90}])
    answer = refused(served, "pan", sent, "/v1/bulletins?protect=round")
    assert (answer.status_code, answer.json()["code"]) == (422, "method-not-available")
    assert codes_of(answer) == {("protect", "method-not-available")}


CALENDARS = [
    ("2022-10", "2022-W40"),
    ("2022-10", "2022-10-01/2022-10-31"),
    ("2022-W40", "2022-10"),
    ("2022-10-01/2022-10-15", "2022-10-10/2022-10-20"),
]


@pytest.mark.parametrize(("first", "second"), CALENDARS)
def test_a_flow_keeps_to_one_calendar(served: Served, first: str, second: str):
    publish(served.as_("pan"), period=first)
    answer = refused(served, "pan", bulletin(period=second))
    assert (answer.status_code, answer.json()["code"]) == (422, "period-family")
    assert codes_of(answer) == {("/period", "period-family")}


def test_periods_of_one_calendar_stand_beside_and_inside_each_other(served: Served):
    for period in ("2022-10", "2022-Q4", "2022", "2022-11"):
        publish(served.as_("pan"), period=period)
    fiscal = {"period": "2023-FY", "period_start": "2022-10-01"}
    assert refused(served, "pan", bulletin(**fiscal)).json()["code"] == "period-family"
    publish(served.as_("pan"), period="2025-FY", period_start="2024-10-01")


def test_every_failing_item_of_a_batch_is_named(served: Served):
    faulty: list[Body] = [
        bulletin(cells=[{NAT: "SOM", "value": -1}]),
        bulletin(period="2022-11", measure="x", cells=[{NAT: "SOMA", "value": 9}]),
    ]
    answer = refused(served, "pan", {"bulletins": faulty}, "/v1/bulletins/batch")
    pointers = {pointer for pointer, _ in codes_of(answer)}
    assert pointers == {"/bulletins/0/cells/0/value", "/bulletins/1/measure", "/bulletins/1/cells/0/nationality"}


def test_every_item_of_a_batch_that_cannot_be_published_is_named(served: Served):
    faulty = [
        bulletin(period="2022-01", cells=cells(SOM=3)),
        bulletin(period="2022-02"),
        bulletin(period="2022-03", cells=cells(SOM=9, _T=8)),
    ]
    answer = refused(served, "pan", {"bulletins": faulty}, "/v1/bulletins/batch")
    assert answer.json()["code"] == "invalid-content"
    assert codes_of(answer) == {("/bulletins/0/cells", "total-too-small"), ("/bulletins/2/cells/1/value", "total-mismatch")}


def test_the_problem_never_echoes_what_was_sent(served: Served):
    secret = "QUETZALCOATL"
    for body in (bulletin(measure=secret), bulletin(cells=[{NAT: secret, "value": 9}]), bulletin(unit=secret), bulletin(publish_at=secret)):
        answer = refused(served, "pan", body)
        assert secret not in json.dumps(answer.json()).upper()
