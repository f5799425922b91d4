"""What may be asked: codes, aliases, periods; every fault is named with what would be right, and never echoed."""

from datetime import UTC, date, datetime

import pytest
from flowbook import query

from app.bulletins.flows.question import AREA_MARGINS, COLUMNS, GROUPS, period_of, question_of, scheme_codes
from app.core.clock import utc_now
from app.core.problems import Problem
from app.directory.codes import in_scheme
from app.directory.dimensions import DIMENSIONS


def question(**asked):
    return question_of(query(**asked))


def faults(**asked):
    with pytest.raises(Problem) as raised:
        question(**asked)
    return {finding.pointer: finding for finding in raised.value.findings}


def test_aliases_become_codes():
    asked = question(conference="CRM,CSM", reporting_state="PA,HND", nationality="NA,XK,_AFR", origin_state="SO")
    assert asked.matching == {"origin": ("RCM", "SACM"), "reporting_state": ("PAN", "HND")}
    assert asked.chosen == {"nationality": {"NAM", "XKX", "_AFR"}, "origin_state": {"SOM"}}


@pytest.mark.parametrize(
    ("name", "wrong", "suggested"),
    [
        ("reporting_state", "PANAMA", "PAN"),
        ("conference", "RCN", "RCM"),
        ("publisher", "pan-snm", "PAN-SNM"),
        ("measure", "irregular_transits", "irregular_transit"),
        ("unit", "persons", "person"),
        ("definition_code", "Default", "default"),
        ("accumulation", "periods", "period"),
        ("figure_status", "finale", "final"),
        ("nationality", "Somalia", "SOM"),
        ("origin_state", "XXA", None),
        ("sex", "women", "F"),
        ("sex", "_AFR", None),
        ("age", "Y18T17", None),
        ("accompaniment", "unacompanied", "unaccompanied"),
        ("procedure", "title8", "title_8"),
        ("route_point", "XYZ-DARIEN", None),
        ("mode", "seas", "sea"),
        ("previous_state", "Colombia", "COL"),
        ("destination_state", "USAA", None),
        ("group_by", "nationalities", "nationality"),
        ("sort", "-perid", "period"),
        ("fields", "valeu", "value"),
    ],
)
def test_a_wrong_code_is_refused_with_the_nearest_and_never_echoed(name, wrong, suggested):
    finding = faults(**{name: wrong})[name]
    assert finding.code == "code-unknown"
    assert suggested is None or suggested in finding.params["suggestions"]
    assert wrong not in str(finding.params)


def test_every_fault_is_named_at_once():
    found = faults(sex="female", unit="persons", period_from="2022-13", period_to="2024-FY", group_by="x")
    assert {pointer: finding.code for pointer, finding in found.items()} == {
        "sex": "code-unknown",
        "unit": "code-unknown",
        "group_by": "code-unknown",
        "period_from": "period-invalid",
        "period_to": "period-invalid",
    }


def test_columns_are_those_of_the_answer_and_each_orders_once():
    assert question(sort="-value,period,value").sort == (("value", True), ("period", False))
    assert question(group_by="period", sort="-upper,period_start").sort == (("upper", True), ("period_start", False))
    assert question(fields="bulletin,value").sort == ()
    assert faults(group_by="period", sort="nationality")["sort"].params["known"] == [
        *("period", "period_start", "period_end", "value", "lower", "upper", "withheld", "bulletins")
    ]
    assert faults(group_by="period", fields="bulletin")["fields"].code == "code-unknown"


def test_a_moment_is_an_instant_in_utc_or_the_end_of_a_day_and_never_to_come():
    assert question(as_of="2022-11-30").as_of == datetime(2022, 11, 30, 23, 59, 59, 999999, UTC)
    assert question(as_of="2022-11-30T12:00:00.5Z").as_of == datetime(2022, 11, 30, 12, 0, 0, 500000, UTC)
    assert question().as_of is None
    for wrong in (
        "2022-11-31",
        "2022",
        "2022-11-30T12:00:00",
        "2022-11-30T12:00:00+01:00",
        "20221130",
        "2022-11-30T25:00:00Z",
        "٢٠٢٢-١١-٣٠",
    ):
        assert faults(as_of=wrong)["as_of"].code == "as-of-invalid", wrong
    for later in (f"{utc_now():%Y-%m-%d}", "2999-01-01T00:00:00Z"):
        assert faults(as_of=later)["as_of"].code == "as-of-future", later


def test_a_span_runs_from_the_first_to_the_last_day():
    asked = question(period_from="2022-Q2", period_to="2022-W40")
    assert (asked.first, asked.last) == (date(2022, 4, 1), date(2022, 10, 9))
    assert question(period_from="2022-12", period_to="2022").last == date(2022, 12, 31)
    assert faults(period_from="2023", period_to="2022-12")["period_to"].code == "period-order"


@pytest.mark.parametrize("name", ["unit", "measure", "publisher", "definition_code", "accumulation"])
def test_naming_several_of_what_is_never_added_is_refused_in_a_sum_alone(name):
    two = {"unit": "person,event", "measure": "rescue,removal", "accumulation": "period,year_to_date"}.get(name, "aa,bb")
    two = two.upper() if name == "publisher" else two
    assert faults(group_by="sex", **{name: two})[name].params == {"parameter": name, "known": two.split(",")}
    assert question(**{name: two}).matching
    assert question(group_by=f"sex,{name}", **{name: two}).group_by == ("sex", name)
    assert question(group_by="sex", **{name: f"{two.split(',')[0]},{two.split(',')[0]}"}).matching[name] == (two.split(",")[0],)


def test_groups_are_every_column_and_dimension_once():
    assert sorted(GROUPS) == sorted(["period", *COLUMNS, "stock_or_flow", "frequency", "area", "extra_continental", *DIMENSIONS])
    assert question(group_by=["sex,period", "sex"]).group_by == ("sex", "period")
    assert question(group_by="sex,period", nationality="_T", age="Y0T17").required == ("sex", "age")
    assert question(extra_continental=False).required == ("nationality",)
    assert question(group_by="area,sex").required == ("nationality", "sex")


def test_calendar_groups_need_period_among_the_groups():
    assert question(group_by="period", frequency="year").bucket == "year"
    assert question(group_by="sex", frequency="year").bucket is None
    assert question(group_by="period", frequency="week").bucket is None
    assert [period_of(*each).code for each in (("year", 2022), ("quarter", 2022 * 4 + 3), ("month", 2022 * 12 + 11))] == [
        "2022",
        "2022-Q4",
        "2022-12",
    ]


def test_an_area_is_added_as_its_members_and_its_rest():
    added = question(group_by="period", nationality="_AFR,SOM,NPL").added("nationality")
    assert {"SOM", "NPL", "_OAFR", "GHA"} <= added
    assert "_AFR" not in added
    every = ",".join(code for code in added if not code.startswith("_") and code != "NPL")
    assert question(group_by="period", nationality=every).added("nationality") == added - {"NPL"}
    assert question(group_by="period", nationality=every.removesuffix(every[-4:])).added("nationality").isdisjoint({"_OAFR"})
    assert question(group_by="period").added("nationality") == {"_T"}


@pytest.mark.parametrize("classification", ["strict@1", "extra_regional@1"])
def test_a_scheme_and_its_complement_share_nothing_and_leave_out_the_unclassified(classification):
    inside, outside = scheme_codes(classification, inside=True), scheme_codes(classification, inside=False)
    assert in_scheme(classification) <= inside
    assert not inside & outside
    assert not {"XXA", "_U", "_O", "_T"} & (inside | outside)
    assert {code for code in inside if code in AREA_MARGINS} == {"_AFR", "_ASI", "_EUR", "_OCE"}
    assert {code for code in outside if code in AREA_MARGINS} == ({"_CAR", "_AMN", "_AMS"} if classification == "strict@1" else set())
