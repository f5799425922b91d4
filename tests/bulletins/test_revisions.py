"""GET /v1/flows/revisions: first against latest, cell by cell and by lag, of what the caller may read."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from flowbook import SECRETARIAT, bulletin, cells_of, pooled, query, statements
from storybook import later, taken_back, write

from app.bulletins.flows import history, history_lags
from app.bulletins.flows.history_query import LagQuery, RevisionQuery
from app.bulletins.flows.question import question_of
from app.core.clock import rfc3339

PATH, LAGS = "/v1/flows/revisions", "/v1/flows/revisions/lags"


def at(day, hour=12):
    return rfc3339(datetime.fromisoformat(f"{day}T{hour:02}:00:00+00:00").astimezone(UTC))


def told(served, who="analyst", path=PATH, **asked):
    answer = served.as_(who).get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def by_code(rows, *names):
    return {row["nationality"]: tuple(row[name] for name in names) for row in rows}


FIGURES = ("first_value", "latest_value", "difference", "percent")


@pytest.fixture
def story(served):
    """October 2022 said three times: on 10 November, nine days later, and on 31 January."""
    first = bulletin(counts={"SOM": 30, "NPL": 200, "HTI": 8}, published_at=at("2022-11-10"))
    second = later(first, cells=cells_of(["nationality"], {"SOM": 33, "NPL": 200, "HTI": 8}), published_at=at("2022-11-19"))
    third = later(
        second,
        cells=cells_of(["nationality"], {"SOM": 35, "NPL": 190, "VEN": 4}),
        published_at=at("2023-01-31"),
        figure_status="final",
        reason="closed",
    )
    for each in (first, second, third, bulletin("2022-11", counts={"SOM": 5}, published_at=at("2022-12-05"))):
        write(served, each)
    return first


def test_each_cell_tells_what_was_said_first_and_what_is_said_now(served, story):
    rows = told(served)
    assert by_code(rows, *FIGURES) == {
        "SOM": (30, 35, 5, 16.67),
        "NPL": (200, 190, -10, -5.0),
        "VEN": (None, 4, None, None),
        "HTI": (8, None, None, None),
    }
    assert by_code(rows, "first_value_status", "latest_value_status") | {} == {
        "SOM": (None, None),
        "NPL": (None, None),
        "VEN": ("absent", None),
        "HTI": (None, "absent"),
    }
    row = next(row for row in rows if row["nationality"] == "SOM")
    expected = {
        "period": "2022-10",
        "period_end": "2022-10-31",
        "versions": 3,
        "first_published_at": at("2022-11-10"),
        "first_lag_days": 10,
        "latest_published_at": at("2023-01-31"),
        "latest_lag_days": 92,
        "first_figure_status": "provisional",
        "latest_figure_status": "final",
        "withdrawn": False,
        "is_total": False,
        "first_bulletin": f"{story['id']}@v1",
        "bulletin": f"{story['id']}@v3",
        "first_lower": 30,
        "first_upper": 30,
        "difference_lower": 5,
        "difference_upper": 5,
    }
    assert {name: row[name] for name in expected} == expected
    provisional, final = "provisional", "final"
    assert row["revisions"] == [
        {"version": 2, "published_at": at("2022-11-19"), "days": 9, "figure_status": provisional, "reason": "late registrations"},
        {"version": 3, "published_at": at("2023-01-31"), "days": 73, "figure_status": final, "reason": "closed"},
    ]
    # What now stands is what /v1/flows answers.
    now = {row["nationality"]: row["value"] for row in told(served, path="/v1/flows", period_to="2022-10")}
    assert {code: value for code, (value,) in by_code(rows, "latest_value").items() if value is not None} == now


def test_filters_are_those_of_the_flows_and_totals_and_single_versions_come_when_asked_for(served, story):
    assert by_code(told(served, nationality="SOM,_AFR"), "difference") == {"SOM": (5,), "_AFR": (5,)}
    assert by_code(told(served, nationality="_T"), *FIGURES) == {"_T": (238, 229, -9, -3.78)}
    assert {row["nationality"] for row in told(served, totals="true")} >= {"_T", "_AFR", "_ASI", "SOM"}
    assert told(served, period_from="2022-11") == []
    single = told(served, period_from="2022-11", unrevised="true")
    assert [(row["versions"], row["difference"], row["percent"], row["revisions"]) for row in single] == [(1, 0, 0.0, [])]
    assert told(served, reporting_state="HND") == []
    wrong = served.as_("analyst").get(PATH, params={"nationality": "SOMA", "group_by": "period"})
    assert {(error["pointer"], error["code"]) for error in wrong.json()["errors"]} == {("group_by", "parameter-unknown")}
    assert served.as_("analyst").get(PATH, params={"as_of": "2999-01-01"}).json()["errors"][0]["code"] == "as-of-future"


def test_as_of_tells_the_story_as_far_as_it_had_come(served):
    first = bulletin(counts={"SOM": 30}, published_at=at("2022-11-10"))
    write(served, first)
    second = later(first, cells=cells_of(["nationality"], {"SOM": 33}))
    then = rfc3339(write(served, second))
    write(served, later(second, cells=cells_of(["nationality"], {"SOM": 40})))
    assert by_code(told(served), "versions", *FIGURES) == {"SOM": (3, 30, 40, 10, 33.33)}
    assert by_code(told(served, as_of=then), "versions", *FIGURES) == {"SOM": (2, 30, 33, 3, 10.0)}


def test_withheld_and_pooled_figures_give_bounds_and_never_a_guess(served):
    cells = [{"nationality": "SOM", "value": 31}, {"nationality": "NPL", "value": None, "value_status": "withheld"}]
    first = bulletin(counts=cells, method="withhold")
    swapped = [{"nationality": "SOM", "value": None, "value_status": "withheld"}, {"nationality": "NPL", "value": 12}]
    small = pooled("2022-11", {"SOM": 31, "_OAFR": 9, "_O": 6, "_T": 46})
    grown = pooled("2022-11", {"SOM": 34, "ERI": 11, "HTI": 20, "_O": 0, "_T": 65})
    for document in (first, later(first, cells=swapped), small, later(small, cells=grown["cells"])):
        write(served, document)
    bounds = ("difference", "difference_lower", "difference_upper", "percent", "first_value_status", "latest_value_status")
    assert by_code(told(served, period_to="2022-10"), *bounds) == {
        "SOM": (None, -31, None, None, None, "withheld"),
        "NPL": (None, None, 12, None, "withheld", None),
    }
    # ERI was in the rest of Africa, at most 9; HTI in `_O`, at most 6; what a rest would have been nobody knows.
    assert by_code(told(served, period_from="2022-11"), *bounds) == {
        "SOM": (3, 3, 3, 9.68, None, None),
        "ERI": (None, 2, 11, None, "pooled", None),
        "HTI": (None, 14, 20, None, "pooled", None),
        "_OAFR": (None, None, None, None, None, "absent"),
        "_O": (-6, -6, -6, -100.0, None, None),
    }


def test_what_was_taken_back_is_told_without_a_figure(served):
    first = bulletin(counts={"SOM": 30}, published_at=at("2022-11-10"))
    then = rfc3339(write(served, first))
    write(served, taken_back(first, published_at=at("2022-11-20")))
    (row,) = told(served)
    figures = [row[name] for name in (*FIGURES, "first_lower", "latest_upper", "difference_upper")]
    assert (row["withdrawn"], row["nationality"], row["period"], row["versions"], figures) == (True, "_T", "2022-10", 2, [None] * 7)
    assert [(each["version"], each["days"], each["reason"]) for each in row["revisions"]] == [(2, 10, "counted twice")]
    assert (told(served, as_of=then), told(served, period_to="2022-09"), told(served, sex="F")) == ([], [], [])
    assert len(told(served, nationality="HTI")) == 1
    back = later({**first, "version": 2}, cells=cells_of(["nationality"], {"SOM": 41}), published_at=at("2022-11-25"))
    write(served, back)
    assert told(served) == []
    assert by_code(told(served, unrevised="true"), "versions", *FIGURES) == {"SOM": (1, 41, 41, 0, 0.0)}


def test_only_versions_that_the_caller_may_read_are_first_or_counted(served):
    first = bulletin(counts={"SOM": 30}, tlp="AMBER")
    second = later(first, tlp="GREEN", cells=cells_of(["nationality"], {"SOM": 33}))
    third = later(second, cells=cells_of(["nationality"], {"SOM": 36}))
    for each in (first, second, third):
        write(served, each)
    seen = ("first_value", "latest_value", "versions", "first_bulletin")
    assert by_code(told(served), *seen) == {"SOM": (33, 36, 2, f"{first['id']}@v2")}
    assert by_code(told(served, "rcm"), *seen) == {"SOM": (30, 36, 3, f"{first['id']}@v1")}
    assert [[each["version"] for each in row["revisions"]] for who in ("analyst", "rcm") for row in told(served, who)] == [[3], [2, 3]]
    write(served, later(third, tlp="AMBER"))
    assert told(served) == []
    write(served, bulletin("2021-01", tlp="RED", issuer="RCM/HND"))
    reader = served.as_("analyst")
    for path in (PATH, LAGS):
        before = reader.get(path)
        hidden = bulletin(f"2020-0{1 + len(path) % 9}", tlp="RED", issuer="RCM/HND")
        write(served, hidden)
        write(served, later(hidden))
        after = reader.get(path)
        assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
        assert reader.get(path, headers={"If-None-Match": before.headers["etag"]}).status_code == 304
    served.node.read_audit.flush()
    noted = [row for row in served.audit() if row[0] == "list_flow_revisions" and row[1] == "read"]
    assert noted, served.audit()


def test_pages_and_csv_have_the_same_rows_in_the_same_order(served, story):
    for month in (1, 2, 3):
        first = bulletin(f"2023-0{month}", counts={"SOM": month, "NPL": 50, "HTI": 7})
        write(served, first)
        write(served, later(first, reason="=cmd|' /C calc'!A0", cells=cells_of(["nationality"], {"SOM": 10 + month, "NPL": 50, "VEN": 9})))
    reader = served.as_("analyst")
    every = told(served)
    assert len(every) == 16
    walked, link = [], f"{PATH}?limit=3"
    while link:
        answer = reader.get(link)
        walked += answer.json()["items"]
        assert answer.json()["total"] == 16
        link = answer.links.get("next", {}).get("url")
    assert walked == every
    assert [(row["period_start"], row["bulletin"][:36]) for row in every] == sorted(
        (row["period_start"], row["bulletin"][:36]) for row in every
    )
    whole = reader.get(PATH, params={"format": "csv"})
    lines = list(csv.DictReader(io.StringIO(whole.text, newline="")))
    assert list(lines[0]) == list(history.COLUMNS) == list(every[0])
    for line, row in zip(lines, every, strict=True):
        for name in ("nationality", "bulletin", "first_value", "difference_upper", "percent", "latest_lag_days"):
            assert line[name] == ("" if row[name] is None else str(row[name])), name
    assert lines[0]["revisions"] == "v2 (2022-11-19, +9 d): late registrations\nv3 (2023-01-31, +73 d): closed"
    page = reader.get(PATH, params={"format": "csv", "limit": 5}).text
    assert whole.text.startswith(page)
    cursor = reader.get(PATH, params={"limit": 3}).json()["next_cursor"]
    assert reader.get(PATH, params={"cursor": cursor, "nationality": "SOM"}).json()["code"] == "cursor-invalid"
    assert reader.get(PATH, headers={"Accept": "application/xml"}).status_code == 406


SERIES = ("conference", "reporting_state", "publisher", "measure", "unit", "definition_code", "accumulation")


def table(rows):
    names = ("cells", "compared", "changed", "mean_percent", "median_percent", "mean_absolute_percent")
    return {(row["publisher"], row["weeks"]): tuple(row[name] for name in names) for row in rows}


def test_revisions_by_lag_are_those_that_were_still_to_come(served, story):
    """By hand: on 10 November (lag 10 days), 19 November (19) and 31 January (92) SOM 30, 33, 35; NPL 200, 200, 190; HTI 8, 8, none; VEN
    none, none, 4.  November's own bulletin came on 5 December (lag 5) and was never revised.
    """
    write(served, bulletin(counts={"SOM": 60}, publisher="PAN-B", published_at=at("2022-12-01")))
    rows = told(served, path=LAGS)
    assert [row["weeks"] for row in rows if row["publisher"] == "PAN-SNM"] == [None, 1, 2, 4, 8, 13, 26, 52, 104]
    assert {tuple(row[name] for name in SERIES) for row in rows if row["publisher"] == "PAN-B"} == {
        ("RCM", "PAN", "PAN-B", "irregular_transit", "person", "default", "period")
    }
    found = table(rows)
    # SOM +16.67, NPL -5.00, November's SOM 0.
    first = (4, 3, 2, 3.89, 0.0, 7.22)
    # SOM 35 after 33 (+6.06), NPL 190 after 200 (-5.00), November's SOM 0.
    between = (4, 3, 2, 0.35, 0.0, 3.69)
    assert found[("PAN-SNM", None)] == first
    assert found[("PAN-SNM", 1)] == (1, 1, 0, 0.0, 0.0, 0.0)
    assert found[("PAN-SNM", 2)] == first
    assert found[("PAN-SNM", 4)] == found[("PAN-SNM", 8)] == found[("PAN-SNM", 13)] == between
    assert found[("PAN-SNM", 26)] == (4, 4, 0, 0.0, 0.0, 0.0)
    assert ("PAN-B", 4) not in found
    assert found[("PAN-B", 8)] == found[("PAN-B", None)] == (1, 1, 0, 0.0, 0.0, 0.0)
    narrowed = table(told(served, path=LAGS, nationality="SOM", period_to="2022-10", publisher="PAN-SNM"))
    assert narrowed[("PAN-SNM", None)] == (1, 1, 1, 16.67, 16.67, 16.67)
    text = served.as_("analyst").get(LAGS, params={"format": "csv"}).text
    assert text.splitlines()[0] == ",".join(history_lags.COLUMNS)
    assert len(text.splitlines()) == len(rows) + 1


def test_of_an_even_number_the_median_lies_between_the_two_in_the_middle(served):
    first = bulletin(counts={"SOM": 100, "NPL": 100, "HTI": 100, "VEN": 100}, published_at=at("2022-11-05"))
    write(served, first)
    write(
        served,
        later(first, cells=cells_of(["nationality"], {"SOM": 101, "NPL": 102, "HTI": 104, "VEN": 150}), published_at=at("2023-11-05")),
    )
    found = table(told(served, path=LAGS))
    # 1, 2, 4 and 50 percent.
    assert found[("PAN-SNM", 1)] == (4, 4, 4, 14.25, 3.0, 14.25)


def test_the_work_is_a_fixed_number_of_statements_and_finds_cells_by_their_index(served):
    db = served.node.db
    for number in range(8):
        first = bulletin(f"20{10 + number}-01", counts={"SOM": 30, "NPL": 20})
        write(served, first)
        write(served, later(first, cells=cells_of(["nationality"], {"SOM": 31 + number, "NPL": 20})))
    for period_to, rows in (("2010-12", 2), ("2017-12", 16)):
        question = question_of(RevisionQuery(period_to=period_to).flows)
        with statements(db) as seen, db.read() as session:
            assert history.page(session, SECRETARIAT, question, unrevised=True, limit=5).total == rows
        assert len(seen) == 3
        with statements(db) as seen, db.read() as session:
            history_lags.lags(session, SECRETARIAT, question_of(LagQuery(period_to=period_to).flows))
        assert len(seen) == 2
    if db.is_sqlite:
        with statements(db) as seen, db.read() as session:
            history.page(session, SECRETARIAT, question_of(query(period_to="2017-12")), unrevised=False, limit=5)
        with db.read() as session:
            plans = [plan_of(session, one) for one in seen]
        scanned = [
            step for plan in plans for step in plan if step.startswith("SCAN") and ("cell" in step.split() or "log_entry" in step.split())
        ]
        assert scanned == []
        assert any(
            re.match(r"SEARCH cell USING (?:PRIMARY KEY|INDEX pk_cell|INDEX sqlite_autoindex_cell_1) \(bulletin_id=\?", step)
            for step in plans[0]
        )


def plan_of(session, statement):
    marks = statement.count("?")
    connection = session.connection()
    return [row[3] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, (None,) * marks)]
