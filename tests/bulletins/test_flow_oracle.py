"""The query against an oracle in plain Python, on small random sets of bulletins; and intervals against true counts."""

import contextlib
from datetime import date

import pytest
from flow_oracle import AREAS, MEMBERS, Oracle, frequency_of
from flowbook import ANALYST, SECRETARIAT, ask, bulletin, protected
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from app.bulletins.projection import project
from app.core.problems import Problem
from app.directory.codes import in_scheme
from app.directory.dimensions import DIMENSIONS
from app.wire.period import parse_period

CODES = {
    "nationality": ["SOM", "ERI", "NPL", "IND", "VEN", "CUB", "FRA", "XXA", "_OAFR", "_O"],
    "sex": ["F", "M"],
    "previous_state": ["COL", "ECU", "_OAFR"],
}
ASKED = {
    **CODES,
    "nationality": [*CODES["nationality"], "_T", "_AFR", "_ASI", "_EUR"],
    "sex": ["F", "M", "_T"],
    "previous_state": ["COL", "_AMS", "_T"],
}
GROUPS = [
    *("period", "nationality", "sex", "area", "extra_continental", "previous_state"),
    *("reporting_state", "conference", "frequency", "figure_status", "stock_or_flow"),
]
PERIODS = ["2022-09", "2022-10", "2022-11", "2022-Q4", "2022"]
SHARED = {"suppress_health_check": list(HealthCheck), "deadline": None, "derandomize": True}


class UndoError(Exception):
    """Ends a transaction without a trace, so that every example finds the store empty."""


@contextlib.contextmanager
def published(db, documents):
    with contextlib.suppress(UndoError), db.write() as session:
        for document in documents:
            project(session, document)
        yield session
        raise UndoError


@st.composite
def documents(draw):
    made, keys = [], set()
    for at in range(draw(st.integers(1, 6))):
        names = tuple(draw(st.sets(st.sampled_from(sorted(CODES)), max_size=2)))
        names = tuple(name for name in DIMENSIONS if name in names)
        period = draw(st.sampled_from(PERIODS))
        changes = {"tlp": draw(st.sampled_from(["GREEN", "GREEN", "AMBER"])), "publisher": draw(st.sampled_from(["PAN-SNM", "PAN-B"]))}
        changes["figure_status"] = draw(st.sampled_from(["provisional", "final"]))
        # One natural key, one bulletin.
        if (names, period, changes["publisher"]) in keys:
            continue
        keys.add((names, period, changes["publisher"]))
        if names == ("nationality",) and draw(st.booleans()):
            counts = draw(st.dictionaries(st.sampled_from(CODES["nationality"]), st.integers(0, 30), min_size=1))
            document = protected(period, counts, bytes([at, draw(st.integers(0, 255))]), **changes)
        else:
            key = st.tuples(*(st.sampled_from(CODES[name]) for name in names))
            counts = draw(st.dictionaries(key, st.one_of(st.none(), st.integers(0, 30)), min_size=1, max_size=6))
            document = bulletin(period, names, counts, **changes)
        made += [document] if document else []
    return made


@st.composite
def questions(draw, group_by):
    asked = {}
    for name, codes in ASKED.items():
        wanted = draw(st.sets(st.sampled_from(codes), max_size=3 if draw(st.integers(0, 2)) == 0 else 0))
        if wanted:
            asked[name] = ",".join(sorted(wanted))
    if draw(st.integers(0, 3)) == 0:
        asked |= {"extra_continental": draw(st.booleans()), "classification": draw(st.sampled_from(["strict@1", "extra_regional@1"]))}
    if group_by:
        names = draw(st.lists(st.sampled_from(GROUPS), min_size=1, max_size=3, unique=True))
        asked["group_by"] = ",".join(["publisher", *names])
        asked.setdefault("classification", draw(st.sampled_from(["strict@1", "extra_regional@1"])))
    elif draw(st.booleans()):
        asked["totals"] = True
    if draw(st.integers(0, 3)) == 0:
        asked["period_from"] = draw(st.sampled_from(PERIODS))
    return asked


def seen(documents, caller):
    return [each for each in documents if each["tlp"] == "GREEN" or caller is SECRETARIAT]


def as_oracle(asked):
    since = {"since": parse_period(asked["period_from"]).first} if "period_from" in asked else {}
    return {name: value for name, value in asked.items() if name != "period_from"} | since


@settings(max_examples=20, **SHARED)
@given(documents(), st.lists(questions(group_by=False), min_size=3, max_size=3), st.sampled_from([ANALYST, SECRETARIAT]))
def test_plain_rows_are_those_of_the_oracle(db, made, questions, caller):
    with published(db, made) as session:
        for asked in questions:
            note(str(asked))
            page = ask(session, caller, **asked)
            rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
            found = [(row["bulletin"][:-3], tuple(row[name] for name in DIMENSIONS), row["lower"], row["upper"]) for row in rows]
            assert len(found) == len(set(found)) == page.total
            assert set(found) == Oracle(seen(made, caller), **as_oracle(asked)).rows()


@settings(max_examples=35, **SHARED)
@given(documents(), st.lists(questions(group_by=True), min_size=4, max_size=4), st.sampled_from([ANALYST, SECRETARIAT]))
def test_sums_are_those_of_the_oracle(db, made, questions, caller):
    with published(db, made) as session:
        for asked in questions:
            note(str(asked))
            oracle = Oracle(seen(made, caller), **as_oracle(asked))
            if "period" not in asked["group_by"] and overlap(oracle.answering, asked["group_by"].split(",")):
                with pytest.raises(Problem, match="overlapping-periods"):
                    ask(session, caller, **asked)
                continue
            page = ask(session, caller, **asked)
            names = asked["group_by"].split(",")
            rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
            found = {
                tuple(row[name] for name in names): tuple(row[name] for name in ("lower", "upper", "withheld", "bulletins")) for row in rows
            }
            assert len(found) == len(rows) == page.total
            assert all(row["value"] == (row["lower"] if row["lower"] == row["upper"] else None) for row in rows)
            assert found == oracle.groups()


def overlap(answering, group_by):
    def group(each):
        told = {"frequency": frequency_of(each["period"]), "figure_status": each["figure_status"]}
        return each["publisher"], *(told[name] for name in told if name in group_by)

    spans = [(group(each), each["period_start"], each["period_end"]) for each in answering]
    return any(a[0] == b[0] and a[1] <= b[2] and b[1] <= a[2] for at, a in enumerate(spans) for b in spans[:at])


TRUE_COUNTS = st.dictionaries(st.sampled_from([*CODES["nationality"][:-2], "HTI", "BRA", "GHA", "BGD"]), st.integers(0, 40), min_size=1)


def truth(counts, asked):
    """The true sum over a question's nationalities."""
    wanted = set(asked.get("nationality", "").split(",")) - {""}
    codes = {code for code in wanted if code not in MEMBERS_BY_MARGIN} | {
        code for area in wanted for code in MEMBERS_BY_MARGIN.get(area, ())
    }
    if "extra_continental" in asked:
        inside = in_scheme("strict@1")
        codes = {code for code in codes or set().union(*MEMBERS.values()) if (code in inside) == asked["extra_continental"]}
    return sum(value for one in counts for code, value in one.items() if code in codes)


MEMBERS_BY_MARGIN = {f"_{area}": MEMBERS[area] for area in AREAS}
NAMED = ["SOM", "ERI", "GHA", "HTI", "VEN", "XXA", "NPL", "_AFR", "_ASI", "_AMS", "_CAR"]


@settings(max_examples=25, **SHARED)
@given(
    st.lists(TRUE_COUNTS, min_size=1, max_size=3),
    st.binary(min_size=1, max_size=2),
    st.sets(st.sampled_from(NAMED), min_size=1, max_size=3),
)
def test_an_interval_always_holds_the_truth_and_a_value_is_the_truth(db, counts, secret, wanted):
    tables = [(one, protected(period, one, secret)) for one, period in zip(counts, PERIODS, strict=False)]
    counts = [one for one, table in tables if table]
    made = [table for _, table in tables if table]
    codes = ",".join(sorted(wanted))
    with published(db, made) as session:
        for asked in (
            {"nationality": codes},
            {"extra_continental": True},
            {"extra_continental": False},
            {"extra_continental": True, "nationality": codes},
        ):
            sums = told(ask(session, group_by="unit", **asked))
            assert sums or truth(counts, asked) == 0
            for row in sums:
                assert row["lower"] <= truth(counts, asked) <= row["upper"], (asked, row)
                assert row["value"] in {None, truth(counts, asked)}
        for row in told(ask(session, group_by="nationality")):
            if not row["nationality"].startswith("_O"):
                true = sum(one.get(row["nationality"], 0) for one in counts)
                assert row["lower"] <= true <= row["upper"], row
        told_of = {row["area"]: row for row in told(ask(session, group_by="area"))}
        for area, members in {**MEMBERS, "XXA": {"XXA"}}.items():
            true = sum(value for one in counts for code, value in one.items() if code in members)
            row = told_of.get(area, {"lower": 0, "upper": 0})
            assert row["lower"] <= true <= row["upper"], (area, row)
        for row in told(ask(session, group_by="extra_continental")):
            if row["extra_continental"] != "unclassified":
                true = truth(counts, {"extra_continental": row["extra_continental"] == "true"})
                assert row["lower"] <= true <= row["upper"], row
        for row in told(ask(session, nationality=codes)):
            one = counts[[table["id"] for table in made].index(row["bulletin"][:-3])]
            assert row["lower"] <= truth([one], {"nationality": row["nationality"]}) <= row["upper"], row


def told(page):
    return [dict(zip(page.columns, row, strict=True)) for row in page.rows]


def test_the_oracle_can_fail():
    narrow, wide = bulletin(counts={"SOM": 5}), bulletin(dimensions=("nationality", "sex"), counts={("SOM", "F"): 6})
    assert Oracle([wide, narrow]).answering == [narrow]
    assert Oracle([wide, narrow], sex="F").answering == [wide]
    assert Oracle([narrow], since=date(2022, 11, 1)).answering == []
