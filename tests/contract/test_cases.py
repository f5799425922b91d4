"""Public bug reports about neighbouring systems, each with the outcome that is expected of ours."""

import httpx
import pytest
import time_machine
from bodies import bulletin, cells, publish
from serving import Served

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
        bodies = [bulletin(**HND, period=WEEK, publisher=f"HND-{number:02}") for number in range(25)]
        sent = served.as_("rcm").post("/v1/bulletins/batch", json={"bulletins": bodies}).json()["bulletins"]
        items, _, sizes = pull(served.as_("peer"))
    assert [item["id"] for item in items] == [item["id"] for item in sent]
    assert len({item["document"]["published_at"] for item in items}) == 1
    assert sizes in ([10, 10, 5], [10, 10, 5, 0])


def test_b001_a_list_at_one_instant_loses_none_either(served: Served):
    with time_machine.travel("2024-03-11T12:00:00Z", tick=False):
        bodies = [bulletin(**HND, period=WEEK, publisher=f"HND-{number:02}") for number in range(25)]
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
