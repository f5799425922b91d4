"""Periods: the six forms and nothing else, the days that they hold, and how two of them lie to each other."""

from contextlib import suppress
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.wire.period import Period, PeriodError, bucket, contains, days, overlaps, parse_period, partial_overlap

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Any period of any form, of which about half lie near each other."""
    day = draw(st.one_of(DAYS, st.dates(date(2012, 1, 1), date(2013, 12, 31))))
    year, week, _ = day.isocalendar()
    later = min(day + timedelta(days=draw(st.integers(0, 365))), date(2100, 12, 31))
    forms = [f"{day:%Y-%m}", f"{day.year}-Q{(day.month - 1) // 3 + 1}", f"{day.year}", f"{day}/{later}"]
    if 1900 <= year <= 2100:
        forms.append(f"{year}-W{week:02}")
    text = draw(st.sampled_from([*forms, "FY"]))
    return parse_period(f"{day.year}-FY", day.replace(day=1)) if text == "FY" else parse_period(text)


def days_of(period: Period) -> set[date]:
    """The days one by one: slower than the rules, and not derived from them."""
    return {period.first + timedelta(days=n) for n in range((period.last - period.first).days + 1)}


@pytest.mark.parametrize(
    ("text", "first", "last", "family", "frequency"),
    [
        ("2012-W01", date(2012, 1, 2), date(2012, 1, 8), "week", "week"),
        ("2012-W45", date(2012, 11, 5), date(2012, 11, 11), "week", "week"),
        ("2015-W53", date(2015, 12, 28), date(2016, 1, 3), "week", "week"),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3), "week", "week"),
        ("2021-W01", date(2021, 1, 4), date(2021, 1, 10), "week", "week"),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4), "week", "week"),
        ("2012-11", date(2012, 11, 1), date(2012, 11, 30), "month", "month"),
        ("2012-12", date(2012, 12, 1), date(2012, 12, 31), "month", "month"),
        ("2012-02", date(2012, 2, 1), date(2012, 2, 29), "month", "month"),
        ("1900-02", date(1900, 2, 1), date(1900, 2, 28), "month", "month"),
        ("2000-02", date(2000, 2, 1), date(2000, 2, 29), "month", "month"),
        ("2012-Q1", date(2012, 1, 1), date(2012, 3, 31), "month", "quarter"),
        ("2012-Q4", date(2012, 10, 1), date(2012, 12, 31), "month", "quarter"),
        ("2012", date(2012, 1, 1), date(2012, 12, 31), "month", "year"),
        ("1900", date(1900, 1, 1), date(1900, 12, 31), "month", "year"),
        ("2100", date(2100, 1, 1), date(2100, 12, 31), "month", "year"),
        ("2012-11-01/2012-11-15", date(2012, 11, 1), date(2012, 11, 15), "interval", "interval"),
        ("2023-11-27/2023-12-01", date(2023, 11, 27), date(2023, 12, 1), "interval", "interval"),
        ("2012-02-29/2012-02-29", date(2012, 2, 29), date(2012, 2, 29), "interval", "interval"),
    ],
)
def test_each_form_has_its_days_family_and_frequency(text, first, last, family, frequency):
    assert parse_period(text) == Period(text, first, last, family, frequency)


@pytest.mark.parametrize(
    ("text", "start", "last"),
    [
        ("2024-FY", date(2023, 10, 1), date(2024, 9, 30)),  # United States: October to September
        ("2024-FY", date(2024, 4, 1), date(2025, 3, 31)),
        ("2024-FY", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-FY", date(2023, 3, 1), date(2024, 2, 29)),
        ("1900-FY", date(1899, 10, 1), date(1900, 9, 30)),
    ],
)
def test_a_fiscal_year_is_twelve_months_from_its_start(text, start, last):
    assert parse_period(text, start) == Period(text, start, last, "month", "fiscal_year")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2024-FY", None),
        ("2024-FY", date(2023, 10, 2)),
        ("2024-FY", date(2023, 9, 30)),
        ("2024-FY", date(2023, 1, 1)),  # ends in 2023: it would be 2023-FY
        ("2024-FY", date(2025, 1, 1)),
        ("2024-FY", date(1990, 4, 1)),
        ("1899-FY", date(1899, 1, 1)),
        ("2101-FY", date(2101, 1, 1)),
        ("24-FY", date(2024, 1, 1)),
        ("-FY", date(2024, 1, 1)),
        ("2024-11-FY", date(2024, 1, 1)),
    ],
)
def test_a_fiscal_year_without_a_fitting_start_is_refused(text, start):
    with pytest.raises(PeriodError):
        parse_period(text, start)


@pytest.mark.parametrize("text", ["2012-W45", "2012-11", "2012-Q4", "2012", "2012-11-01/2012-11-15", "nonsense"])
def test_only_a_fiscal_year_takes_a_start(text):
    with pytest.raises(PeriodError):
        parse_period(text, date(2012, 11, 1))


NEAR_MISSES = """
    2012-w45 2012W45 2012-W5 2012-W00 2012-W54 2012-W045 2012-1 2012-00 2012-13 2012-011 201211 2012-Q0 2012-Q5 2012-q4 2012Q4
    12 02012 1899 2101 0000 1899-12 2101-01 1899-W52 2101-W01 2024-fy FY2024 2012-11-05 2012-11-01/ /2012-11-15
    2012-11-15/2012-11-01 2012-11-02/2012-11-01 2012-11-31/2012-12-01 2013-02-01/2013-02-29 2012-11-01/2012-11-1 2012-11/2012-12 2012-11-01--2012-11-15
    2012-11-01/2012-11-15/2012-11-20 1899-12-31/1900-01-05 2100-12-31/2101-01-01 2012-11-01/2013-11-02 -2012 +2012 2012.0 _T
    11/2012 2012/11 2012\u201311 \u0662\u0660\u0661\u0662 2012-\u0661\u0661 \uff12\uff10\uff11\uff12-11 2012-W\u0664\u0665
    2012-11-0\u0661/2012-11-15
"""
SPACED = ["", " 2012-11", "2012-11 ", "2012-11\n", "2012 - 11", "2012-11\x00", "noviembre 2012"]


@pytest.mark.parametrize("text", [*NEAR_MISSES.split(), *SPACED])
def test_no_other_text_is_a_period(text):
    with pytest.raises(PeriodError) as refused:
        parse_period(text)
    assert refused.value.code == "period-invalid"


def test_a_refusal_never_repeats_what_was_sent():
    for text in ("2021-W53", "secret-name", "2012-13", "2013-02-01/2013-02-29", "secret-FY"):
        with pytest.raises(PeriodError) as refused:
            parse_period(text)
        assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("year", "exists"), [(2009, True), (2015, True), (2020, True), (2026, True), (2012, False), (2021, False), (2024, False)]
)
def test_week_53_exists_only_in_long_years(year, exists):
    if exists:
        assert parse_period(f"{year}-W53").first.isocalendar()[:2] == (year, 53)
    else:
        with pytest.raises(PeriodError):
            parse_period(f"{year}-W53")


def test_every_year_has_52_weeks_and_some_have_one_more():
    for year in range(1900, 2101):
        found = set()
        for week in range(1, 54):
            with suppress(PeriodError):
                found.add(parse_period(f"{year}-W{week:02}").first.isocalendar().week)
        # 28 December lies in the last ISO week of its year.
        assert found == set(range(1, date(year, 12, 28).isocalendar().week + 1))


@given(st.dates(date(1900, 1, 1), date(2100, 12, 26)))
def test_a_day_lies_in_the_week_that_the_calendar_says(day):
    year, week, _ = day.isocalendar()
    period = parse_period(f"{year}-W{week:02}")
    assert period.first <= day <= period.last
    assert (period.first.isoweekday(), period.last.isoweekday(), days(period)) == (1, 7, 7)


@given(periods())
def test_a_code_reads_back_as_the_same_period(period):
    start = period.first if period.frequency == "fiscal_year" else None
    assert parse_period(period.code, start) == period
    assert period.first <= period.last


@given(st.text(max_size=24), st.one_of(st.none(), DAYS))
def test_any_text_is_a_period_or_a_period_error(text, start):
    with suppress(PeriodError):
        assert parse_period(text, start).code == text


@given(st.from_regex(r"\A\d{4}(-\d\d|-W\d\d|-Q\d)?\Z"))
def test_a_period_is_written_in_ascii(text):
    with suppress(PeriodError):
        assert parse_period(text).code.isascii()


def test_the_longest_interval_is_a_leap_year():
    assert days(parse_period("2012-01-01/2012-12-31")) == 366
    assert days(parse_period("2013-01-01/2014-01-01")) == 366
    with pytest.raises(PeriodError):
        parse_period("2013-01-01/2014-01-02")


def test_days_are_counted_with_both_ends():
    assert [days(parse_period(text)) for text in ("2012-W45", "2012-02", "2012-Q1", "2013", "2012-11-05/2012-11-05")] == [7, 29, 91, 365, 1]
    assert days(parse_period("2024-FY", date(2023, 10, 1))) == 366


@given(periods(), periods())
def test_two_periods_lie_to_each_other_as_their_days_do(a, b):
    left, right = days_of(a), days_of(b)
    assert days(a) == len(left)
    assert overlaps(a, b) == bool(left & right)
    assert contains(a, b) == (left >= right)
    assert partial_overlap(a, b) == (bool(left & right) and bool(left - right) and bool(right - left))


@pytest.mark.parametrize(
    ("a", "b", "overlapping", "partial"),
    [
        ("2012-W44", "2012-11", True, True),  # 29 October to 4 November
        ("2012-W45", "2012-11", True, False),
        ("2012-11", "2012-Q4", True, False),
        ("2012-11", "2012-12", False, False),
        ("2012-11-01/2012-11-15", "2012-11-15/2012-11-30", True, True),
        ("2012-11-01/2012-11-15", "2012-11-16/2012-11-30", False, False),
        ("2012-11", "2012-11-01/2012-11-30", True, False),  # the same days under two names
        ("2012", "2012-W01", True, False),
        ("2011", "2012-W01", False, False),
        ("2015", "2015-W53", True, True),
    ],
)
def test_overlap_by_hand(a, b, overlapping, partial):
    one, other = parse_period(a), parse_period(b)
    assert (overlaps(one, other), overlaps(other, one)) == (overlapping, overlapping)
    assert (partial_overlap(one, other), partial_overlap(other, one)) == (partial, partial)


def test_a_fiscal_year_overlaps_two_calendar_years_in_part():
    fiscal = parse_period("2024-FY", date(2023, 10, 1))
    assert partial_overlap(fiscal, parse_period("2023"))
    assert partial_overlap(fiscal, parse_period("2024"))
    assert contains(fiscal, parse_period("2023-Q4"))


@pytest.mark.parametrize(
    ("text", "month", "quarter", "year"),
    [
        ("2012-W45", "2012-11", "2012-Q4", "2012"),
        ("2012-W44", None, "2012-Q4", "2012"),
        ("2012-W40", "2012-10", "2012-Q4", "2012"),  # Monday 1 October
        ("2012-W13", None, None, "2012"),  # 26 March to 1 April
        ("2015-W53", None, None, None),
        ("2012-11", "2012-11", "2012-Q4", "2012"),
        ("2012-Q4", None, "2012-Q4", "2012"),
        ("2012", None, None, "2012"),
        ("2012-11-01/2012-11-30", "2012-11", "2012-Q4", "2012"),
        ("2012-11-15/2012-12-15", None, "2012-Q4", "2012"),
        ("2012-12-31/2013-01-01", None, None, None),
    ],
)
def test_bucket_by_hand(text, month, quarter, year):
    found = [bucket(parse_period(text), frequency) for frequency in ("month", "quarter", "year")]
    assert [period and period.code for period in found] == [month, quarter, year]


def test_a_fiscal_year_has_a_year_only_from_january():
    assert bucket(parse_period("2024-FY", date(2023, 10, 1)), "year") is None
    assert bucket(parse_period("2024-FY", date(2024, 1, 1)), "year") == parse_period("2024")


@given(periods())
def test_a_bucket_holds_the_whole_period_or_there_is_none(period):
    for frequency in ("month", "quarter", "year"):
        found = bucket(period, frequency)
        assert found is None or (contains(found, period) and found.frequency == frequency)
        if frequency == "year":
            assert (found is None) == (period.first.year != period.last.year)
        if frequency == "month":
            assert (found is None) == ((period.first.year, period.first.month) != (period.last.year, period.last.month))


@pytest.mark.parametrize("frequency", ["week", "fiscal_year", "interval", "decade", ""])
def test_there_are_no_other_buckets(frequency):
    with pytest.raises(KeyError):
        bucket(parse_period("2012-11"), frequency)


def test_quarters_tile_the_year_and_months_the_quarter():
    year = parse_period("2012")
    quarters = [parse_period(f"2012-Q{n}") for n in (1, 2, 3, 4)]
    months = [parse_period(f"2012-{n:02}") for n in range(1, 13)]
    assert sum(map(days, quarters)) == sum(map(days, months)) == days(year) == 366
    assert not any(overlaps(a, b) for a, b in product(months, months) if a != b)
    assert [bucket(month, "quarter") for month in months] == [quarter for quarter in quarters for _ in range(3)]
