"""POST /v1/bulletins/files: a tidy CSV as one atomic batch, every fault by row and column."""

import json

import httpx
import pytest
from serving import Served

OPTIONS = {"state": "PAN", "measure": "irregular_transit", "unit": "person"}


def send(served: Served, text: str | bytes, who: str = "pan", headers: dict[str, str] | None = None, **options: object) -> httpx.Response:
    raw = text if isinstance(text, bytes) else text.encode()
    return served.as_(who).post("/v1/bulletins/files", params={**OPTIONS, **options}, files={"file": ("x.csv", raw)}, headers=headers)


def places(answer: httpx.Response) -> set[tuple[int | None, str | None, str]]:
    return {(error.get("row"), error.get("column"), error["code"]) for error in answer.json()["errors"]}


GOOD = "period,nationality,value\n2022-01,VEN,400\n2022-01,SOM,9\n2022-02,VEN,500\n"


def test_a_file_becomes_a_bulletin_a_period(served: Served):
    answer = send(served, GOOD)
    assert answer.status_code == 201
    assert [(item["period"], item["outcome"], item["version"]) for item in answer.json()["bulletins"]] == [
        ("2022-01", "created", 1), ("2022-02", "created", 1),
    ]  # fmt: skip
    flows = served.as_("analyst").get("/v1/flows", params={"nationality": "_T"}).json()
    assert [(row["period"], row["value"]) for row in flows["items"]] == [("2022-01", 409), ("2022-02", 500)]


def test_columns_and_codes_are_mapped_and_duplicates_summed_only_when_asked(served: Served):
    text = "mes;iso;n\n2022-01;TIB;6\n2022-01;CHN;5\n2022-01;OOO;7\n"
    mapping = {"column": ["mes=period", "iso=nationality", "n=value"], "code": ["TIB=CHN", "OOO=_O"]}
    refused = send(served, text, **mapping)
    assert refused.status_code == 422
    assert places(refused) == {(3, "n", "cell-repeated")}
    assert served.counts()["log_entry"] == 0
    taken = send(served, text, **mapping, sum_duplicates=True)
    assert taken.status_code == 201
    told = [each["detail"] for each in taken.json()["findings"] if each["code"] == "rows-added-up"]
    assert [each.partition(" rows ")[0] for each in told] == ["The figures of 1"]
    shown = served.as_("analyst").get("/v1/flows", params={"totals": True}).json()["items"]
    assert {row["nationality"]: row["value"] for row in shown}["_T"] == 18


def test_a_nil_row_says_nothing_happened(served: Served):
    assert send(served, "period,nationality,value\n2022-01,,0\n2022-02,VEN,40\n").status_code == 201
    rows = served.as_("analyst").get("/v1/flows", params={"nationality": "_T"}).json()["items"]
    assert [(row["period"], row["value"]) for row in rows] == [("2022-01", 0), ("2022-02", 40)]


FAULTS = {
    "misspelt code": ("period,nationality,value\n2022-01,SOMA,9\n", {(2, "nationality", "code-unknown")}),
    "N/A is no Namibia": ("period,nationality,value\n2022-01,N/A,9\n", {(2, "nationality", "code-unknown")}),
    "empty code": ("period,nationality,value\n2022-01,,9\n", {(2, "nationality", "code-missing")}),
    "impossible week": ("period,nationality,value\n2022-W01,VEN,9\n2021-W53,VEN,9\n", {(3, "period", "period-invalid")}),
    "value 1.5": ("period,nationality,value\n2022-01,VEN,1.5\n", {(2, "value", "not-a-whole-number")}),
    "value 1.234": ("period,nationality,value\n2022-01,VEN,1.234\n", {(2, "value", "number-ambiguous")}),
    "value -1": ("period,nationality,value\n2022-01,VEN,-1\n", {(2, "value", "not-a-whole-number")}),
    "value 2^31": ("period,nationality,value\n2022-01,VEN,2147483648\n", {(2, "value", "out-of-range")}),
    "value missing": ("period,nationality,value\n2022-01,VEN,\n", {(2, "value", "value-missing")}),
    "unknown column": ("period,nationalty,value\n2022-01,VEN,9\n", {(1, "nationalty", "column-unknown")}),
    "no value column": ("period,nationality\n2022-01,VEN\n", {(1, "value", "column-missing")}),
    "repeated cell": ("period,nationality,value\n2022-01,VEN,9\n2022-01,VE,9\n", {(3, "value", "cell-repeated")}),
    "wrong total": ("period,nationality,value\n2022-01,VEN,9\n2022-01,_T,8\n", {(3, "value", "total-mismatch")}),
    "ragged row": ("period,nationality,value\n2022-01,VEN,9,7\n", {(2, None, "row-ragged")}),
    "overlapping ages": ("period,age,value\n2022-01,Y0T17,9\n2022-01,Y12T17,9\n", {(3, "age", "codes-overlap")}),
    "total below k": ("period,nationality,value\n2022-01,VEN,9\n2022-02,VEN,3\n", {(3, "period", "total-too-small")}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_by_row_and_column_and_the_whole_file_stays_out(served: Served, name: str):
    text, expected = FAULTS[name]
    before = served.counts()
    answer = send(served, text, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422, answer.text
    assert places(answer) == expected
    assert served.counts() == before


def test_faults_of_all_bulletins_of_a_file_are_named_together(served: Served):
    answer = send(served, "period,nationality,value\n2022-01,XYZ,9\n2022-02,VEN,9\n2022-03,QQQ,9\n")
    assert places(answer) == {(2, "nationality", "code-unknown"), (4, "nationality", "code-unknown")}


def test_a_fault_of_an_option_names_the_option(served: Served):
    answer = send(served, GOOD, measure="transits")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "measure")
    answer = send(served, GOOD, column=["nonsense"])
    assert answer.json()["errors"][0] | {"detail": ""} == {"pointer": "column", "code": "mapping-malformed", "detail": ""}
    assert send(served, GOOD, state="HND").json()["code"] == "not-your-state"


def test_a_revision_needs_its_reason_and_leaves_equal_periods_alone(served: Served):
    send(served, GOOD)
    changed = GOOD.replace("500", "501")
    refused = send(served, changed)
    assert (refused.status_code, refused.json()["code"]) == (409, "bulletin-exists")
    assert places(refused) == {(4, "period", "bulletin-exists")}
    answer = send(served, changed, revise="late registrations")
    assert [(item["period"], item["outcome"], item["version"]) for item in answer.json()["bulletins"]] == [
        ("2022-01", "unchanged", 1), ("2022-02", "revised", 2),
    ]  # fmt: skip


def test_a_dry_run_answers_as_the_real_one_and_stores_nothing(served: Served):
    before = served.counts()
    dry = send(served, GOOD, dry_run=True, headers={"Idempotency-Key": "k"})
    assert served.counts() == before
    real = send(served, GOOD, headers={"Idempotency-Key": "k"})
    assert dry.status_code == real.status_code
    assert [(item["period"], item["outcome"]) for item in dry.json()["bulletins"]] == [
        (item["period"], item["outcome"]) for item in real.json()["bulletins"]
    ]
    assert {item["outcome"] for item in send(served, GOOD, dry_run=True).json()["bulletins"]} == {"unchanged"}


def test_small_periods_are_left_out_and_named_when_asked(served: Served):
    text = "period,nationality,value\n2022-01,VEN,3\n2022-02,VEN,40\n"
    answer = send(served, text, leave_out_small=True)
    assert [(item["period"], item["outcome"], item["id"] is None) for item in answer.json()["bulletins"]] == [
        ("2022-01", "left_out", True), ("2022-02", "created", False),
    ]  # fmt: skip


def test_progress_comes_a_line_a_bulletin_and_the_answer_last(served: Served):
    answer = send(served, GOOD, headers={"Accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["progress"] for line in lines[:-1]] == [
        {"done": 1, "of": 2, "period": "2022-01"}, {"done": 2, "of": 2, "period": "2022-02"},
    ]  # fmt: skip
    assert [item["outcome"] for item in lines[-1]["answer"]["bulletins"]] == ["created", "created"]
    refused = send(served, FAULTS["misspelt code"][0], headers={"Accept": "application/x-ndjson"})
    last = json.loads(refused.text.splitlines()[-1])
    assert last["problem"]["errors"][0]["row"] == 2
    assert served.audit()[-1] == ("push_file", "refused", "invalid-file")


def test_our_own_csv_export_comes_back_unchanged(served: Served):
    send(served, GOOD)
    text = served.as_("analyst").get("/v1/flows", params={"format": "csv"}).text
    answer = send(served, text)
    assert {item["outcome"] for item in answer.json()["bulletins"]} == {"unchanged"}, answer.text


def test_a_form_without_a_file_and_a_file_above_the_limit_are_refused(served: Served):
    empty = served.as_("pan").post("/v1/bulletins/files", params=OPTIONS, files={"other": ("x", b"1")})
    assert (empty.status_code, empty.json()["errors"][0]["code"]) == (422, "field-missing")
    assert served.as_("pan").post("/v1/bulletins/files", params=OPTIONS, json={}).status_code == 415
    assert send(served, b"x" * (11 * 1024 * 1024)).status_code == 413
