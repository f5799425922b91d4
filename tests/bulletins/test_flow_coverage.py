"""Who reported what for which periods: values by hand, and on random sets of bulletins an oracle in plain Python."""

import csv
import io
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from flowbook import ANALYST, SECRETARIAT, bulletin, publish, query, statements
from hypothesis import given, settings
from hypothesis import strategies as st
from test_flow_oracle import SHARED, published, seen

from app.bulletins.flows import coverage, looking_routes
from app.bulletins.flows.question import question_of
from app.wire.flows import CoverageRow

PATH = "/v1/flows/coverage"
NAMED = ("conference", "reporting_state", "publisher", "measure", "unit", "definition_code", "accumulation", "frequency")


def covered(session, caller=ANALYST, today=date(2023, 3, 1), after=None, limit=100, **asked):
    return coverage.page(session, caller, question_of(query(**asked)), today, after, limit)


def told(period, day, **changes):
    """A bulletin that was first published on a day."""
    return bulletin(period, published_at=f"{day}T10:00:00Z", **changes)


def revised(document, day, **changes):
    return {**document, "version": document["version"] + 1, "published_at": f"{day}T10:00:00Z", **changes}


def test_a_series_says_what_it_has_what_it_lacks_and_how_late_it_comes(db):
    first = told("2022-08", "2022-09-12")
    nothing = told("2022-11", "2022-12-05", counts=[{"nationality": "_T", "value": 0}])
    every = [first, nothing, told("2022-12", "2023-01-10"), revised(first, "2023-02-20", cells=first["cells"])]
    with published(db, [*every, told("2022-12", "2023-01-11", dimensions=["sex"], counts={"F": 9})]) as session:
        page = covered(session)
    (row,) = page.rows
    assert list(row) == list(CoverageRow.model_fields)
    assert row == {
        **dict(zip(NAMED, ("RCM", "PAN", "PAN-SNM", "irregular_transit", "person", "default", "period", "month"), strict=True)),
        "first_period": "2022-08",
        "last_period": "2022-12",
        "first_day": "2022-08-01",
        "last_day": "2022-12-31",
        "periods": 3,
        "missing": 2,
        "missing_periods": ["2022-09", "2022-10"],
        "gap_days": 61,
        "nil": 1,
        "nil_periods": ["2022-11"],
        "bulletins": 4,
        "versions": 5,
        "last_update": "2023-02-20T10:00:00.000000Z",
        # 12 days after August, 5 after November, 10 after December.
        "usual_lateness_days": 10,
        "last_lateness_days": 10,
        "next_period": "2023-01",
        "expected_by": "2023-02-10",
        "overdue": True,
        "overdue_days": 19,
    }
    assert (page.position, page.total, page.answered) == (None, 1, [])


def test_the_calendar_of_each_frequency_is_its_own(db):
    fiscal = [told(f"{year}-FY", f"{year}-12-01", start=date(year - 1, 10, 1), publisher="PAN-F") for year in (2019, 2022)]
    weeks = [told(week, "2022-01-01") for week in ("2020-W52", "2021-W02")]
    spans = ("2022-01-01/2022-01-10", "2022-01-15/2022-01-20")
    intervals = [told(span, "2022-02-01", publisher="PAN-I", definition_code="own") for span in spans]
    quarters = [told(quarter, "2022-12-01", reporting_state="HND") for quarter in ("2021-Q3", "2022-Q2")]
    years = [told(year, "2022-12-01", reporting_state="HND") for year in ("2018", "2021")]
    with published(db, [*weeks, *fiscal, *intervals, *quarters, *years]) as session:
        rows = {row["frequency"]: row for row in covered(session).rows}
    lacking = {name: (row["missing"], row["missing_periods"], row["gap_days"], row["next_period"]) for name, row in rows.items()}
    assert lacking == {
        "week": (2, ["2020-W53", "2021-W01"], 14, "2021-W03"),
        "fiscal_year": (2, ["2020-FY", "2021-FY"], 731, "2023-FY"),
        "quarter": (2, ["2021-Q4", "2022-Q1"], 182, "2022-Q3"),
        "year": (2, ["2019", "2020"], 731, "2022"),
        "interval": (0, [], 4, None),
    }
    assert (rows["interval"]["expected_by"], rows["interval"]["overdue"], rows["interval"]["overdue_days"]) == (None, False, 0)


def test_history_that_was_loaded_on_one_day_says_nothing_of_lateness(db):
    loaded = [told(f"{year}", "2022-01-20") for year in range(2000, 2022)]
    with published(db, loaded) as session:
        assert {name: covered(session, today=day).rows[0]["overdue_days"] for name, day in DAYS.items()} == {"due": 0, "late": 1}
        assert covered(session).rows[0]["usual_lateness_days"] == 20
    with published(db, [told("1900-W01", "2022-01-20"), told("2100-W52", "2022-01-20")]) as session:
        (row,) = covered(session).rows
        assert (row["missing"], len(row["missing_periods"]), row["next_period"]) == (10_486, 60, None)


DAYS = {"due": date(2023, 1, 20), "late": date(2023, 1, 21)}


def test_a_version_that_one_may_not_see_tells_nothing_of_when_it_came(db):
    early = told("2022-11", "2022-12-02", tlp="RED", audience=["RCM/secretariat"])
    publish(db, early, revised(early, "2022-12-20", tlp="GREEN", audience=["RCM", "SACM"]), told("2022-12", "2023-01-05", tlp="AMBER"))
    with db.read() as session, statements(db) as run:
        mine, theirs = covered(session, SECRETARIAT), covered(session)
    assert len(run) == 4
    figures = ("periods", "versions", "last_lateness_days", "last_update")
    assert [mine.rows[0][name] for name in figures] == [2, 3, 5, "2023-01-05T10:00:00.000000Z"]
    assert [theirs.rows[0][name] for name in figures] == [1, 1, 20, "2022-12-20T10:00:00.000000Z"]
    assert ([len(page.answered) for page in (mine, theirs)]) == [1, 0]


class Oracle:
    """The coverage of some documents, in plain Python over their texts."""

    def __init__(self, versions):
        self.series = defaultdict(lambda: defaultdict(list))
        by_id = defaultdict(list)
        for version in versions:
            by_id[version["id"]].append(version)
        for told in by_id.values():
            newest = max(told, key=lambda each: each["version"])
            key = (newest["origin"], *(newest[name] for name in NAMED[1:-1]), "week" if "W" in newest["period"] else "month")
            self.series[key][newest["period"]].append(told)

    def rows(self, today):
        return {key: self.row(periods, today) for key, periods in self.series.items()}

    def row(self, periods, today):
        late, day, order = {}, None, sorted(periods)
        for period in order:
            day = min(told["published_at"] for each in periods[period] for told in each)[:10]
            late[day] = (date.fromisoformat(day) - self.end(period)).days
        every = [order[0]]
        while every[-1] != order[-1]:
            every.append(self.after(every[-1]))
        usual, coming = sorted(late.values())[(len(late) - 1) // 2], self.after(order[-1])
        overdue = (today - self.end(coming)).days - usual
        last = max(told["published_at"] for each in periods.values() for one in each for told in one)
        nil = [one for one in order if all(cell["value"] == 0 for each in periods[one] for cell in each[-1]["cells"])]
        versions = sum(len(one) for each in periods.values() for one in each)
        missing = [each for each in every if each not in periods]
        return len(order), missing, nil, versions, last[:10], usual, late[day], coming, max(0, overdue)

    def end(self, period):
        year, rest = period.split("-")
        if rest[0] == "W":
            return date.fromisocalendar(int(year), int(rest[1:]), 7)
        return date(int(year) + (rest == "12"), int(rest) % 12 + 1, 1) - timedelta(days=1)

    def after(self, period):
        following = self.end(period) + timedelta(days=1)
        return "{}-W{:02}".format(*following.isocalendar()) if "W" in period else following.isoformat()[:7]


@st.composite
def histories(draw):
    made, keys = [], set()
    for _ in range(draw(st.integers(1, 9))):
        weekly = draw(st.booleans())
        period = draw(st.sampled_from(["2020-W51", "2020-W53", "2021-W01", "2021-W04"] if weekly else ["2022-09", "2022-12", "2023-02"]))
        publisher, names = draw(st.sampled_from(["PAN-SNM", "PAN-B"])), draw(st.sampled_from([["nationality"], ["sex"]]))
        if (period, publisher, *names) in keys:
            continue
        keys.add((period, publisher, *names))
        tlp, day = draw(st.sampled_from(["GREEN", "GREEN", "AMBER"])), draw(st.sampled_from(["2023-03-01", "2023-03-01", "2023-03-09"]))
        zero = {"counts": [{names[0]: "_T", "value": 0}]} if draw(st.booleans()) else {"counts": {"SOM" if names[0] != "sex" else "F": 9}}
        first = told(period, day, publisher=publisher, dimensions=names, tlp=tlp, definition_code="w" if weekly else "m", **zero)
        made += [first, revised(first, "2023-03-20")][: draw(st.integers(1, 2))]
    return made


def agree(db, made, caller):
    today = date(2023, 4, 1)
    expected = Oracle(seen(made, caller)).rows(today)
    with published(db, made) as session:
        rows, position = [], None
        while position is not None or not rows:
            page = covered(session, caller, today, position, 1)
            assert page.total == len(expected)
            rows, position = rows + page.rows, page.position
            if not expected:
                return
    found = {tuple(row[name] for name in NAMED): row for row in rows}
    assert list(found) == sorted(expected)
    figures = ("periods", "missing_periods", "nil_periods", "versions", "last_update", "usual_lateness_days", "last_lateness_days")
    for key, row in found.items():
        shown = [row[name][:10] if name == "last_update" else row[name] for name in (*figures, "next_period", "overdue_days")]
        assert tuple(shown) == expected[key]
        assert (row["missing"], row["nil"], row["overdue"]) == (len(shown[1]), len(shown[2]), shown[-1] > 0)


@settings(max_examples=12, **SHARED)
@given(histories(), st.sampled_from([ANALYST, SECRETARIAT]))
def test_coverage_is_what_the_oracle_tells(db, made, caller):
    agree(db, made, caller)


@pytest.mark.long
@pytest.mark.timeout(1800)
@settings(max_examples=300, **SHARED)
@given(histories(), st.sampled_from([ANALYST, SECRETARIAT]))
def test_flows_long_coverage_is_what_the_oracle_tells(db, made, caller):
    agree(db, made, caller)


def test_coverage_comes_in_pages_and_as_a_file_and_a_new_day_is_a_new_answer(served, monkeypatch):
    states = ("CRI", "HND", "PAN")
    publish(served.node.db, *(told(period, "2023-01-09", reporting_state=state) for state in states for period in ("2022-09", "2022-12")))
    clock = datetime(2023, 2, 9, 12, tzinfo=UTC)
    monkeypatch.setattr(looking_routes, "utc_now", lambda: clock)
    reader = served.as_("analyst")
    first = reader.get(PATH, params={"limit": 2})
    second = reader.get(first.links["next"]["url"]).json()
    items = first.json()["items"] + second["items"]
    assert [item["reporting_state"] for item in items] == list(states)
    assert (second["next_cursor"], second["total"], second["today"], items[0]["overdue"]) == (None, 3, "2023-02-09", False)
    file = reader.get(PATH, params={"format": "csv"})
    lines = list(csv.DictReader(io.StringIO(file.text)))
    assert [(line["reporting_state"], line["missing_periods"], line["overdue"]) for line in lines] == [
        (state, "2022-10 2022-11", "false") for state in states
    ]
    assert list(lines[0]) == list(items[0])
    cut = reader.get(PATH, params={"format": "csv", "limit": 2})
    rest = reader.get(cut.links["next"]["url"])
    assert cut.text + rest.text.split("\r\n", 1)[1] == file.text
    for asked in ({"limit": 2}, {"format": "csv"}):
        tag = reader.get(PATH, params=asked).headers["etag"]
        assert reader.get(PATH, params=asked, headers={"If-None-Match": tag}).status_code == 304
        clock = datetime(2023, 2, 10, 0, tzinfo=UTC)
        later = reader.get(PATH, params=asked, headers={"If-None-Match": tag})
        assert (later.status_code, later.headers["etag"] == tag) == (200, False)
        clock = datetime(2023, 2, 9, 12, tzinfo=UTC)
    clock = datetime(2023, 2, 10, 0, tzinfo=UTC)
    assert [item["overdue_days"] for item in reader.get(PATH).json()["items"]] == [1, 1, 1]
    assert reader.get(PATH, params={"period_from": "2023"}).json()["items"] == []
    assert reader.get(PATH, params={"nationality": "SOM"}).json()["errors"][0]["code"] == "parameter-unknown"
