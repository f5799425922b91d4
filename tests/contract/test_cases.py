"""Public bug reports about neighbouring systems, each with the outcome that is expected of ours."""

import httpx
import pytest
import time_machine
from bodies import bulletin, cells, publish, withdraw
from serving import Served

from app.client import Istmo, Refused

HND = {"reporting_state": "HND", "measure": "irregular_entry", "cells": cells(HTI=12)}
WEEK = "2024-W10"


def pull(client: httpx.Client, cursor: str | None = None, limit: int = 10) -> tuple[list[dict[str, object]], str | None, list[int]]:
    """Follow the feed until it says that there is no more."""
    items, sizes = [], []
    while True:
        page = client.get("/v1/changes", params={"limit": limit, **({"cursor": cursor} if cursor else {})}).json()
        items += page["items"]
        sizes.append(len(page["items"]))
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return items, cursor, sizes


def test_b001_bulletins_of_one_instant_arrive_once_each_and_in_order(served: Served):
    with time_machine.travel("2024-03-11T12:00:00Z", tick=False):
        bodies = [bulletin(**HND, period=f"2024-W{number:02}") for number in range(1, 26)]
        sent = served.as_("rcm").post("/v1/bulletins/batch", json={"bulletins": bodies}).json()["bulletins"]
        items, _, sizes = pull(served.as_("peer"))
    assert [item["id"] for item in items] == [item["id"] for item in sent]
    assert len({item["document"]["published_at"] for item in items}) == 1
    assert sizes in ([10, 10, 5], [10, 10, 5, 0])


def test_b001_a_list_at_one_instant_loses_none_either(served: Served):
    with time_machine.travel("2024-03-11T12:00:00Z", tick=False):
        bodies = [bulletin(**HND, period=f"2024-W{number:02}") for number in range(1, 26)]
        sent = served.as_("rcm").post("/v1/bulletins/batch", json={"bulletins": bodies}).json()["bulletins"]
        seen, cursor = [], None
        while True:
            page = served.as_("peer").get("/v1/bulletins", params={"limit": 10, **({"cursor": cursor} if cursor else {})}).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
    assert sorted(seen) == sorted(item["id"] for item in sent)


def test_b003_the_same_bulletin_twice_is_one_record_and_two_audit_rows(served: Served):
    first = served.as_("rcm").post("/v1/bulletins", json=bulletin(**HND, period=WEEK)).json()
    second = served.as_("rcm").post("/v1/bulletins", json=bulletin(**HND, period=WEEK))
    assert (second.status_code, second.json()["outcome"]) == (200, "unchanged")
    assert (second.json()["id"], second.json()["version"]) == (first["id"], first["version"])
    assert len(pull(served.as_("peer"))[0]) == 1
    written = [(action, outcome) for action, outcome, _ in served.audit() if action == "publish_bulletin"]
    assert written == [("publish_bulletin", "created"), ("publish_bulletin", "unchanged")]


def test_b011_the_last_cursor_gives_an_empty_page_and_the_bound_of_a_time_is_out(served: Served):
    for number in range(3):
        publish(served.as_("rcm"), **HND, period=WEEK, publisher=f"HND-{number}")
    items, cursor, _ = pull(served.as_("analyst"))
    again, same, sizes = pull(served.as_("analyst"), cursor)
    assert (again, same, sizes) == ([], cursor, [0])
    last = items[-1]["document"]["published_at"]
    assert served.as_("analyst").get("/v1/bulletins", params={"published_after": last}).json()["items"] == []


@pytest.fixture
def mixed(served: Served) -> Served:
    """Three months of transits and a month without a rescue that stand, and two withdrawn months."""
    for month in range(1, 6):
        # Large counts, for the chance that one is pooled as a decoy is 0.25 / count.
        document = publish(served.as_("rcm"), period=f"2023-{month:02}", cells=cells(SOM=50_000, VEN=400_000))
        if month > 3:
            withdraw(served.as_("rcm"), document)
    publish(served.as_("rcm"), period="2023-01", measure="rescue", cells=[{"value": 0}])
    return served


B019_COUNTS = [
    ("bulletins", {}, 6),
    ("bulletins", {"status": "published"}, 4),
    ("bulletins", {"status": "withdrawn"}, 2),
    ("flows", {}, 7),
    ("flows", {"totals": True}, 16),  # a month of transits: two nationalities, their two areas, the total
    ("flows", {"totals": False}, 7),
    ("flows", {"totals": 0}, 7),
    ("flows", {"extra_continental": True}, 3),
    ("flows", {"extra_continental": False}, 3),
    ("flows", {"extra_continental": 0}, 3),
]
B019_REFUSED = [
    ("bulletins", {"withdrawn": False}, "parameter-unknown"), ("bulletins", {"withdrawn": 0}, "parameter-unknown"),
    ("flows", {"persons_max": 0}, "parameter-unknown"), ("bulletins", {"offset": 0}, "parameter-unknown"), ("flows", {"page": 0}, "parameter-unknown"),
    ("bulletins", {"limit": 0}, "out-of-range"), ("flows", {"limit": 0}, "out-of-range"), ("changes", {"limit": 0}, "out-of-range"),
    ("changes", {"cursor": "0"}, "cursor-invalid"), ("bulletins", {"cursor": 0}, "cursor-invalid"), ("flows", {"cursor": 0}, "cursor-invalid"),
    ("bulletins", {"status": 0}, "code-unknown"), ("bulletins", {"status": False}, "code-unknown"), ("bulletins", {"reporting_state": 0}, "code-unknown"),
    ("flows", {"nationality": False}, "code-unknown"), ("flows", {"period_from": 0}, "period-invalid"), ("bulletins", {"published_after": False}, "format"),
    *[(area, {name: empty}, "parameter-empty") for empty in ("", [], [""], [None], ()) for area, name in (
        ("bulletins", "status"), ("bulletins", "measure"), ("bulletins", "cursor"), ("bulletins", "limit"), ("flows", "nationality"),
        ("flows", "totals"), ("flows", "extra_continental"), ("flows", "group_by"), ("flows", "period_from"))],
    ("changes", {"cursor": ""}, "parameter-empty"),
]  # fmt: skip


def written(params: dict[str, object]) -> dict[str, object]:
    """Parameters as a hand would write them into an address: an empty list has no other form than an empty value."""
    plain = {True: "true", False: "false"}
    return {name: plain[value] if isinstance(value, bool) else value or ("0" if value == 0 else "") for name, value in params.items()}


def asked_of(istmo: Istmo, area: str, params: dict[str, object]) -> dict[str, object]:
    return {"changes": istmo.changes, "bulletins": istmo.bulletins, "flows": istmo.flows}[area](**params).page()


def test_b019_false_and_zero_filter_as_they_are_written_over_http_and_by_the_client(mixed: Served):
    with Istmo(mixed.url, mixed.keys["analyst"]) as istmo:
        for area, params, count in B019_COUNTS:
            plain = mixed.as_("analyst").get(f"/v1/{area}", params=written(params)).json()
            assert (plain["total"], asked_of(istmo, area, params)["total"]) == (count, count), params
        (zero,) = istmo.flows(measure="rescue")
        left_out = {row["nationality"] for row in istmo.flows(extra_continental=False)}
    assert (zero["value"], zero["lower"], zero["upper"]) == (0, 0, 0)  # a zero is a figure, no gap
    assert left_out == {"VEN"}


def test_b019_an_empty_or_senseless_value_is_refused_and_never_means_everything(mixed: Served):
    with Istmo(mixed.url, mixed.keys["analyst"]) as istmo:
        for area, params, code in B019_REFUSED:
            plain = mixed.as_("analyst").get(f"/v1/{area}", params=written(params))
            with pytest.raises(Refused) as refused:
                asked_of(istmo, area, params)
            name = next(iter(params))
            assert (plain.status_code, plain.json()["errors"][0]["pointer"], plain.json()["errors"][0]["code"]) == (422, name, code), params
            assert [(error["pointer"], error["code"]) for error in refused.value.findings] == [(name, code)], params


def test_b033_na_is_namibia_in_json_csv_and_back(served: Served):
    document = publish(served.as_("rcm"), reporting_state="HND", cells=[{"nationality": "NA", "value": 120}], protect=None)
    assert document["cells"][0] == {"nationality": "NAM", "value": 120}
    export = served.as_("analyst").get("/v1/flows", params={"nationality": "NA", "format": "csv"}).text
    assert ",NAM," in export
    assert ",NA," not in export
    options = {"state": "HND", "measure": "irregular_transit", "unit": "person"}
    answer = served.as_("rcm").post("/v1/bulletins/files", params=options, files={"file": ("x.csv", export.encode())})
    assert [item["outcome"] for item in answer.json()["bulletins"]] == ["unchanged"], answer.text


@pytest.mark.parametrize(("cell", "code"), [("N/A", "code-unknown"), ("", "code-missing"), ('"N/A"', "code-unknown")])
def test_b033_not_available_is_refused_and_never_namibia(served: Served, cell: str, code: str):
    options = {"state": "HND", "measure": "irregular_transit", "unit": "person", "column": ["semana=period", "nacionalidad=nationality"]}
    raw = f"semana,nacionalidad,value\n2024-W10,NA,12\n2024-W11,{cell},14\n".encode()
    answer = served.as_("rcm").post("/v1/bulletins/files", params=options, files={"file": ("x.csv", raw)})
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["row"], error["column"], error["code"]) == (422, 3, "nacionalidad", code)


TEXT_FIELDS = [
    {"measure": "a\u0000"}, {"publisher": "A\u0000B"}, {"period": "2022\u0000"}, {"definition_code": "a\u0000"}, {"id": "\u0000"},
    {"title": {"es": "a\u0000b"}}, {"narrative": {"pt": "\u0000"}}, {"source": {"name": "a\u0000"}}, {"source": {"name": "a", "url": "http://a\u0000"}},
    {"audience": ["RCM\u0000"]}, {"handling": ["\u0000"]}, {"cells": [{"nationality": "SOM\u0000", "value": 9}]}, {"reporting_state": "PAN\u0000"},
    {"conference": "RCM\u0000"}, {"route_points": [{"code": "PAN-AB", "label": "\u0000"}]}, {"figure_status": "final\u0000"}, {"tlp": "RED\u0000"},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(TEXT_FIELDS)))
def test_b041_a_zero_byte_in_any_text_is_a_4xx_that_names_the_field(served: Served, number: int):
    before = served.counts()
    answer = served.as_("rcm").post("/v1/bulletins", json=bulletin(**TEXT_FIELDS[number]))
    assert 400 <= answer.status_code < 500, answer.text
    assert f"/{next(iter(TEXT_FIELDS[number]))}" in answer.json()["errors"][0]["pointer"]
    assert served.counts() == before


@pytest.mark.parametrize("path", ["/v1/bulletins?publisher=a%00b", "/v1/bulletins?cursor=%00", "/v1/flows?nationality=%00", "/v1/flows?period_from=2%00",
                                  "/v1/changes?cursor=%00", "/v1/changes?origin=%00", "/v1/bulletins/%00", "/v1/bulletins/%00/versions/%00"])  # fmt: skip
def test_b041_a_zero_byte_in_a_query_or_path_is_a_4xx(served: Served, path: str):
    answer = served.as_("rcm").get(path)
    assert 400 <= answer.status_code < 500
    if "?" in path:
        assert answer.json()["errors"][0]["pointer"] == path.split("?")[1].split("=", maxsplit=1)[0]


def test_b041_a_zero_byte_in_a_file_names_row_and_column(served: Served):
    options = {"state": "HND", "measure": "rescue", "unit": "person"}
    answer = served.as_("rcm").post(
        "/v1/bulletins/files", params=options, files={"file": ("x.csv", b"period,nationality,value\n2024-W10,H\x00TI,12\n")}
    )
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["row"], error["column"], error["code"]) == (422, 2, "nationality", "text-character")


NUMBERS = ["2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551616", "-1", "1e400", "9" * 5000]


@pytest.mark.parametrize("number", NUMBERS, ids=[text[:20] for text in NUMBERS])
def test_b043_a_number_that_no_column_can_hold_is_a_4xx_everywhere(served: Served, number: str):
    document = publish(served.as_("rcm"))
    raw = f'{{"reporting_state":"PAN","measure":"rescue","unit":"person","period":"2022-10","cells":[{{"value":{number}}}]}}'.encode()
    answer = served.as_("rcm").post("/v1/bulletins", content=raw, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/cells/0/value")
    for path in ("/v1/bulletins", "/v1/flows", "/v1/changes"):
        limited = served.as_("rcm").get(path, params={"limit": number})
        assert (limited.status_code, limited.json()["errors"][0]["pointer"]) == (422, "limit")
        assert served.as_("rcm").get(path, params={"cursor": number}).status_code == 422
    assert served.as_("rcm").get(f"/v1/bulletins/{document['id']}/versions/{number}").status_code in {404, 422}
    assert served.as_("rcm").get(f"/v1/bulletins/{number}").status_code in {404, 422}
