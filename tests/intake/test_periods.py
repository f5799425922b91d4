"""Periods as offices write them, in three languages; a day is filed where it is asked for and a doubt is never settled."""

from datetime import date, datetime

import pytest

from app.intake.cells import SYSTEM_1904
from app.intake.periods import Manner, ReadPeriod, Unread, joined, order_of, read_period, years_in

WEEKS = Manner("week")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2024-W10", "2024-W10"), ("2024-S10", "2024-W10"), ("S10 2024", "2024-W10"), ("semana 10 2024", "2024-W10"),
        ("Semana 10 de 2024", "2024-W10"), ("week 9, 2024", "2024-W09"), ("Enero 2022", "2022-01"), ("janeiro de 2023", "2023-01"),
        ("Jan 2024", "2024-01"), ("2024 Mar", "2024-03"), ("Setembro/2020", "2020-09"), ("SEPTIEMBRE-2020", "2020-09"),
        ("03/2024", "2024-03"), ("2024/03", "2024-03"), ("T1 2024", "2024-Q1"), ("I trimestre 2024", "2024-Q1"),
        ("1er trimestre de 2024", "2024-Q1"), ("3º trimestre 2024", "2024-Q3"), ("Q4 2023", "2023-Q4"), ("AÑO 2017", "2017"),
        (2024, "2024"), ("2024-11-01/2024-11-15", "2024-11-01/2024-11-15"), ("2024-FY", "2024-FY"),
    ],
)  # fmt: skip
def test_a_period_is_read_in_the_words_of_its_office(text: object, code: str):
    assert read_period(text, Manner()) == ReadPeriod(code)


@pytest.mark.parametrize("text", ["S1 2024", "ene-22", "2024-3", "13/2024", "Smarch 2024", "2021-W53", "x" * 200])
def test_what_is_no_plain_period_is_left_as_it_is_for_the_one_who_judges(text: str):
    assert read_period(text, Manner()).code == text[:65]


@pytest.mark.parametrize(
    ("day", "week"), [("2024-12-30", "2025-W01"), ("2025-12-29", "2026-W01"), ("2027-01-01", "2026-W53"), ("2021-01-03", "2020-W53")]
)
def test_the_week_of_a_day_may_belong_to_another_year(day: str, week: str):
    assert read_period(day, WEEKS) == read_period(date.fromisoformat(day), WEEKS) == ReadPeriod(week)


def test_a_day_is_filed_only_under_what_was_asked_for():
    assert read_period("2024-03-04", Manner()) == Unread("period-is-a-day")
    filed = {"month": "2024-03", "quarter": "2024-Q1", "year": "2024", "interval": "2024-03-04/2024-03-04"}
    cell = datetime(2024, 3, 4, 7, 30)  # noqa: DTZ001 - cells have no time zone
    assert {name: read_period(cell, Manner(name)).code for name in filed} == filed
    assert read_period("2024-02-30", WEEKS) == ReadPeriod("2024-02-30")


def test_the_order_of_day_and_month_is_proved_by_the_column_or_declared():
    assert order_of(["4/3/2024", "25/3/2024", "x", None], None) == "dmy"
    assert order_of(["4/3/2024", "3/25/2024"], None) == "mdy"
    assert order_of(["4/3/2024", "5/3/2024"], None) is None
    assert order_of(["25/3/2024", "3/25/2024"], None) is None
    assert order_of(["25/3/2024"], "mdy") == "mdy"
    months = [read_period("4/3/2024", Manner("month", order)) for order in ("dmy", "mdy", None)]
    assert months == [ReadPeriod("2024-03"), ReadPeriod("2024-04"), Unread("date-ambiguous")]
    assert read_period("3/3/2024", Manner("month")) == ReadPeriod("2024-03")


def test_a_serial_number_is_a_day_of_its_system_and_never_a_year():
    assert read_period(45355, WEEKS) == read_period("45355", WEEKS) == ReadPeriod("2024-W10", is_serial=True)
    assert read_period(43893, Manner("interval", days=SYSTEM_1904)).code == "2024-03-04/2024-03-04"
    assert read_period(45355, Manner()) == Unread("period-is-a-day")


def test_a_fiscal_year_bears_the_number_of_its_last_month():
    assert read_period("FY 2024", Manner(fiscal_month=10)) == ReadPeriod("2024-FY", "2023-10-01")
    assert read_period("año fiscal 2024", Manner(fiscal_month=1)) == ReadPeriod("2024-FY", "2024-01-01")
    assert read_period("FY2024", Manner()) == Unread("fiscal-year-undeclared")


def test_a_period_may_stand_in_parts():
    assert joined("2012", "month", "Enero") == joined("2012", "month", "1") == "2012-01"
    assert (joined("2012", "week", "9"), joined("2012", "quarter", "IV"), joined("2012", "year", "")) == ("2012-W09", "2012-Q4", "2012")
    assert joined("2012", "month", "Enerro") is None
    assert years_in("Tabela 2.2.1. Brasil – 2024. 20245") == {"2024"}
