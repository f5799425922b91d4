"""What is looked for around an alert, and the words that tell it: without a database."""

from datetime import date

import pytest

from app.alerts.around import Around, corridor_of
from app.directory import codes
from app.finding.flows import Search, search_of, window
from app.finding.told import notes_of, words_of
from app.wire.codes import TLP

LANGUAGES = ("en", "es", "pt")


@pytest.mark.parametrize(
    ("first", "last", "months", "expected"),
    [
        (date(2017, 1, 1), date(2018, 9, 30), 1, ("2016-12", "2018-10")),
        (date(2021, 11, 17), date(2021, 11, 17), 0, ("2021-11", "2021-11")),
        (date(2021, 12, 31), date(2021, 12, 31), 1, ("2021-11", "2022-01")),
        (date(2021, 1, 1), date(2021, 12, 31), 12, ("2020-01", "2022-12")),
        # No period is before 1900 or after 2100.
        (date(1900, 1, 1), date(1900, 3, 31), 12, ("1900-01", "1901-03")),
        (date(2099, 12, 1), date(2099, 12, 31), 12, ("2098-12", "2100-12")),
    ],
)
def test_a_window_is_whole_months_before_and_after(first: date, last: date, months: int, expected: tuple[str, str]):
    assert window(first, last, months) == expected
    question = Search(("NPL",), ("PAN",), *expected).question
    assert (question.first, f"{question.last:%Y-%m}") == (date.fromisoformat(f"{expected[0]}-01"), expected[1])


def leg(seq: int, start: str, end: str) -> dict[str, object]:
    return {"seq": seq, "from": start, "to": end}


def test_a_corridor_has_each_state_once_in_the_order_of_the_legs_with_the_first_that_touches_it():
    sent = [
        leg(3, "COL", "PAN"),
        leg(1, "BRA", "ECU"),
        leg(1, "BRA", "PER"),
        leg(2, "ECU", "ECU"),
        leg(2, "PER", "COL"),
        leg(4, "PAN", "COL"),
    ]
    assert list(corridor_of(sent).items()) == [("BRA", 1), ("ECU", 1), ("PER", 1), ("COL", 2), ("PAN", 3)]
    assert corridor_of([]) == {}


def test_a_search_asks_for_what_the_alert_names():
    alert = Around("id", 1, TLP.GREEN, (), ("NPL", "XXA"), {"COL": 1, "PAN": 2}, date(2012, 11, 10), date(2012, 12, 31))
    search = search_of(alert, 2)
    assert search == Search(("NPL", "XXA"), ("COL", "PAN"), "2012-09", "2013-02")
    assert search.question.chosen == {"nationality": frozenset({"NPL", "XXA"})}
    assert search.question.matching == {"reporting_state": ("COL", "PAN")}
    assert (search.question.first, search.question.last) == (date(2012, 9, 1), date(2013, 2, 28))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_sentence_names_twelve_and_counts_the_others(language: str):
    every = tuple(sorted(codes.states(), key=lambda code: -len(codes.nationalities()[code].labels[language])))
    search = Search(every[:200], every[:120], "2021-10", "2021-12")
    said = words_of(search, 0, language)
    assert len(said) < 2_000
    assert all(codes.nationalities()[code].labels[language] in said for code in every[:12])
    assert codes.nationalities()[every[12]].labels[language] not in said
    assert all(f" {more} " in said or f" {more};" in said for more in (188, 108))
    assert len(search.asked["href"]) < 2_000


def test_exactly_twelve_are_all_named():
    twelve = tuple(sorted(codes.states())[:12])
    assert " more" not in words_of(Search(twelve, twelve, "2021-10", "2021-12"), 1, "en")
    thirteen = tuple(sorted(codes.states())[:13])
    assert words_of(Search(thirteen, twelve, "2021-10", "2021-12"), 1, "en").count("and 1 more") == 1


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ([], []),
        ([("removal", "person")], []),
        ([("removal", "event"), ("removal", "person")], ["several-units"]),
        ([("removal", "person"), ("rescue", "person")], ["several-measures"]),
        ([("removal", "event"), ("rescue", "person")], ["several-measures", "several-units"]),
    ],
)
def test_a_note_stands_where_measures_or_units_differ(series: list[tuple[str, str]], expected: list[str]):
    assert [note["code"] for note in notes_of(series, "en")] == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_note_names_what_differs_in_the_readers_language(language: str):
    (note,) = notes_of([("removal", "person"), ("rescue", "person")], language)
    terms = codes.vocabulary("measure").terms
    assert f"{terms['removal'].labels[language]}, {terms['rescue'].labels[language]}." in note["words"]
