"""GET /v1/flows over HTTP: pages, CSV, formats, freshness, refusals, audit."""

import csv
import io

import pytest
from flowbook import bulletin, pooled, publish
from sqlalchemy import text

from app.bulletins.flows import sums
from app.bulletins.flows.columns import PLAIN
from app.bulletins.flows.export import MEDIA
from app.bulletins.flows.query import FlowQuery
from app.core.accepting import accepted
from app.core.problems import Problem

PATH = "/v1/flows"


@pytest.fixture
def reader(served):
    publish(
        served.node.db,
        *(bulletin(period, counts={"SOM": 31, "NPL": 20}) for period in ("2022-08", "2022-09")),
        pooled("2022-10", {"SOM": 31, "NPL": 20, "_O": 14, "_T": 65}),
        bulletin("2022-11", counts={"SOM": 9}, tlp="AMBER"),
    )
    return served.as_("analyst")


def as_text(value):
    return "" if value is None else {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def test_json_comes_in_pages_that_link_to_the_next(reader):
    first = reader.get(PATH, params={"limit": 3})
    body = first.json()
    assert (len(body["items"]), body["total"], list(body)) == (3, 7, ["items", "next_cursor", "total", "warnings", "as_of"])
    assert list(body["items"][0]) == list(PLAIN)
    assert first.headers["vary"] == "Authorization, Accept, Accept-Language"
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.links["next"]["url"].startswith(PATH)
    second = reader.get(first.links["next"]["url"]).json()
    last = reader.get(PATH, params={"limit": 1000, "cursor": second["next_cursor"]})
    every = reader.get(PATH).json()["items"]
    assert body["items"] + second["items"] + last.json()["items"] == every
    assert last.json()["next_cursor"] is None
    assert "link" not in last.headers
    assert reader.get(PATH, params={"cursor": body["next_cursor"], "nationality": "SOM"}).json()["code"] == "cursor-invalid"


def test_csv_has_the_same_rows_as_json_and_a_header_even_when_empty(reader):
    for asked in ({}, {"nationality": "_AFR,SOM"}, {"group_by": "period,nationality"}, {"totals": "true"}):
        items = reader.get(PATH, params=asked).json()["items"]
        answer = reader.get(PATH, params={**asked, "format": "csv"})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
        assert answer.headers["content-disposition"] == 'attachment; filename="flows.csv"'
        assert list(csv.DictReader(io.StringIO(answer.text))) == [{name: as_text(value) for name, value in item.items()} for item in items]
    assert reader.get(PATH, params={"nationality": "HTI"}, headers={"Accept": "text/csv"}).text.splitlines() == [",".join(PLAIN)]


def test_csv_with_a_limit_is_a_page(reader):
    first = reader.get(PATH, params={"limit": 3, "format": "csv"})
    rest = reader.get(
        first.links["next"]["url"], params={"limit": 100, "format": "csv", "cursor": first.links["next"]["url"].split("cursor=")[1]}
    )
    whole = reader.get(PATH, params={"format": "csv"}).text.splitlines()
    assert first.text.splitlines() + rest.text.splitlines()[1:] == whole


def test_a_fresh_answer_is_not_sent_again_and_a_hidden_bulletin_changes_no_byte(served, reader):
    for asked in ({}, {"format": "csv"}, {"group_by": "period", "nationality": "SOM"}):
        first = reader.get(PATH, params=asked)
        again = reader.get(PATH, params=asked, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        publish(served.node.db, bulletin("2023-01", tlp="RED", reporting_state="HND", issuer="RCM/HND", publisher=f"X{len(asked)}"))
        after = reader.get(PATH, params=asked)
        assert (after.content, after.headers["etag"]) == (first.content, first.headers["etag"])
    tags = {
        reader.get(PATH, params=asked).headers["etag"] for asked in ({}, {"format": "csv"}, {"limit": 1}, {"sex": "F"}, {"totals": "true"})
    }
    assert len(tags) == 5
    assert served.as_("rcm").get(PATH).headers["etag"] not in tags


def test_every_misspelt_parameter_is_refused_with_the_valid_names(reader):
    for name in FlowQuery.model_fields:
        answer = reader.get(PATH, params={name + "x": "1"})
        (fault,) = answer.json()["errors"]
        assert (answer.status_code, fault["code"], fault["pointer"]) == (422, "parameter-unknown", name + "x")
        assert name in fault["detail"]
        assert reader.get(PATH, params={name: ""}).status_code == 422


def test_what_cannot_be_added_is_refused_in_every_format(served, reader):
    publish(served.node.db, bulletin("2022", counts={"SOM": 500}))
    refused = {
        "mixed-sum": {"group_by": "sex", "unit": "person,event"},
        "overlapping-periods": {"group_by": "reporting_state"},
        "group-not-whole": {"group_by": "period", "frequency": "quarter"},
        "invalid-query": {"limit": "1001"},
    }
    for code, asked in refused.items():
        for form in ("json", "csv"):
            answer = reader.get(PATH, params={**asked, "format": form})
            assert (answer.status_code, answer.json()["code"], answer.headers["content-type"]) == (422, code, "application/problem+json")


def test_every_refusal_says_where_it_is_and_what_would_be_right(served, reader, monkeypatch):
    publish(
        served.node.db,
        bulletin("2022", counts={"SOM": 500}),
        bulletin("2022-08", counts={"SOM": 7}, unit="event"),
        *(bulletin(f"2021-W{week:02}", counts={"SOM": 7}, publisher="PAN-W") for week in (5, 6, 7)),
    )
    monkeypatch.setattr(sums, "MOST_GROUPS", 1)
    refused = [
        ({"nationality": "Somalia"}, "invalid-query", "nationality", "code-unknown", "SOM"),
        ({"group_by": "aera"}, "invalid-query", "group_by", "code-unknown", "area"),
        ({"sort": "-valeu"}, "invalid-query", "sort", "code-unknown", "value"),
        ({"group_by": "sex", "sort": "nationality"}, "invalid-query", "sort", "code-unknown", "withheld"),
        ({"fields": "valu"}, "invalid-query", "fields", "code-unknown", "value"),
        ({"as_of": "2999-01-01"}, "invalid-query", "as_of", "as-of-future", "UTC"),
        ({"as_of": "2022"}, "invalid-query", "as_of", "as-of-invalid", "2022-11-30"),
        ({"lang": "fr"}, "invalid-query", "lang", "code-unknown", "es"),
        ({"format": "xls"}, "invalid-query", "format", "code-unknown", "xlsx"),
        ({"group_by": "area"}, "mixed-sum", "unit", "mixed-sum", "event, person"),
        ({"group_by": "area", "unit": "person", "publisher": "PAN-SNM"}, "overlapping-periods", "frequency", "overlapping-periods", "2022 and 2022-08"),
        ({"group_by": "period", "frequency": "month", "publisher": "PAN-W"}, "group-not-whole", "frequency", "group-not-whole", "2021-02"),
        ({"group_by": "period", "unit": "person", "publisher": "PAN-SNM"}, "too-many-groups", "group_by", "too-many-groups", "4"),
    ]  # fmt: skip
    for asked, problem, place, code, word in refused:
        answer = reader.get(PATH, params=asked, headers={"Accept-Language": "en"})
        told = answer.json()
        fault = told["errors"][0]
        assert (answer.status_code, told["code"], fault["pointer"], fault["code"]) == (422, problem, place, code), asked
        assert word in fault["detail"], (asked, fault)


def test_reading_amber_is_in_the_audit_before_the_answer_leaves(served, reader):
    secretariat = served.as_("rcm")
    for asked in ({}, {"format": "csv"}, {"group_by": "period"}):
        answer = secretariat.get(PATH, params=asked)
        assert "2022-11" in answer.text
        statement = text("SELECT count(*) FROM audit WHERE action = 'list_flows' AND request_id = :id")
        with served.node.db.read() as session:
            assert session.scalar(statement, {"id": answer.headers["x-request-id"]}) >= 1
    assert reader.get(PATH).json()["total"] == 7


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "json"),
        ("*/*", "json"),
        ("application/*", "json"),
        ("text/csv", "csv"),
        ("text/*;q=0.5", "csv"),
        ("text/csv;q=0.4, application/json;q=0.5", "json"),
        ("application/json;q=0, */*", "csv"),
        ("text/html, */*;q=0.1", "json"),
    ],
)
def test_the_format_follows_the_accept_header(accept, form):
    assert accepted(accept, MEDIA) == form


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*", "text/csv;q=x", "application/vnd.ms-excel"])
def test_what_cannot_be_given_is_406(accept):
    with pytest.raises(Problem, match="not-acceptable"):
        accepted(accept, MEDIA)


def test_406_crosses_the_wire_and_format_goes_before_accept(reader):
    assert reader.get(PATH, headers={"Accept": "text/html"}).status_code == 406
    assert reader.get(PATH, params={"format": "csv"}, headers={"Accept": "text/html"}).status_code == 200
