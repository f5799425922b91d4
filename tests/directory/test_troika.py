"""The Troika: who stands beside the presidency in time, and nobody else; spans of days that give way to others."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.directory.presidencies import Tenure, Troika, troika_on
from app.directory.spans import Span, after, before, next_to

DAYS = st.dates(date(2000, 1, 1), date(2003, 12, 31))


def year(state: str, number: int) -> Tenure:
    return Tenure(state, Span(date(number, 1, 1), date(number, 12, 31)), provisional=True)


def exact(state: str, first: str, last: str | None) -> Tenure:
    return Tenure(state, Span(date.fromisoformat(first), date.fromisoformat(last) if last else None), provisional=False)


def names(troika: Troika) -> tuple[str | None, ...]:
    return tuple(tenure.state if tenure else None for tenure in (troika.previous, troika.current, troika.next))


def on(day: str, *known: Tenure) -> tuple[str | None, ...]:
    return names(troika_on(known, date.fromisoformat(day)))


def test_three_years_in_a_row_are_a_troika():
    known = [year("BRA", 2011), year("CHL", 2012), year("COL", 2013)]
    assert on("2012-11-10", *known) == ("BRA", "CHL", "COL")
    assert on("2012-01-01", *known) == on("2012-12-31", *known) == ("BRA", "CHL", "COL")
    assert on("2011-12-31", *known) == (None, "BRA", "CHL")
    assert on("2013-06-01", *known) == ("CHL", "COL", None)


def test_a_year_of_which_nothing_is_known_makes_no_wrong_neighbour():
    known = [year("BOL", 2004), year("PRY", 2006), year("VEN", 2007)]
    assert on("2005-06-01", *known) == (None, None, None)
    assert on("2004-06-01", *known) == (None, "BOL", None)
    assert on("2006-06-01", *known) == (None, "PRY", "VEN")


def test_exact_days_are_neighbours_where_no_day_lies_between():
    known = [exact("DOM", "2010-11-20", "2011-11-16"), exact("PAN", "2011-11-17", "2012-11-20"), exact("CRI", "2012-11-22", None)]
    assert on("2012-11-10", *known) == ("DOM", "PAN", None)
    assert on("2012-11-21", *known) == (None, None, None)
    assert on("2030-01-01", *known) == (None, "CRI", None)


def test_a_year_that_stands_for_unknown_days_borders_on_the_exact_days_of_the_year_beside_it():
    known = [year("DOM", 2011), exact("PAN", "2012-02-10", "2012-11-20"), year("CRI", 2013), exact("NIC", "2015-01-01", None)]
    assert on("2012-05-01", *known) == ("DOM", "PAN", "CRI")
    assert on("2013-05-01", *known) == ("PAN", "CRI", None)


def test_beside_a_provisional_presidency_every_row_is_provisional():
    known = [exact("DOM", "2010-11-20", "2011-12-31"), year("PAN", 2012), exact("CRI", "2013-01-01", "2013-11-20")]
    troika = troika_on(known, date(2012, 6, 1))
    assert names(troika) == ("DOM", "PAN", "CRI")
    assert [tenure.provisional for tenure in (troika.previous, troika.current, troika.next) if tenure] == [True, True, True]
    after_it = troika_on(known, date(2013, 6, 1))
    assert [tenure.provisional for tenure in (after_it.previous, after_it.current) if tenure] == [True, False]


@pytest.mark.parametrize(
    ("standing", "new", "left_before", "left_after"),
    [
        (("2012-01-01", None), ("2013-01-01", None), ("2012-01-01", "2012-12-31"), None),
        ((None, None), ("2013-01-01", "2013-12-31"), (None, "2012-12-31"), None),
        (("2012-01-01", "2012-12-31"), ("2012-11-17", None), ("2012-01-01", "2012-11-16"), None),
        (("2012-01-01", "2012-12-31"), ("2011-11-17", "2012-01-31"), None, ("2012-02-01", "2012-12-31")),
        (("2012-01-01", "2012-12-31"), ("2012-03-01", "2012-04-01"), None, None),
        (("2012-01-01", "2012-12-31"), ("2011-01-01", "2013-01-01"), None, None),
        (("2012-01-01", "2012-12-31"), ("2012-01-01", "2012-12-31"), None, None),
    ],
)
def test_what_is_left_of_a_span_when_another_takes_its_days(standing, new, left_before, left_after):
    def span(days):
        return Span(*(date.fromisoformat(day) if day else None for day in days)) if days else None

    assert before(span(standing), span(new)) == span(left_before)
    assert after(span(standing), span(new)) == span(left_after)


@given(*[st.tuples(DAYS, DAYS).map(sorted) for _ in range(2)])
def test_a_rest_never_meets_what_took_its_days_and_is_part_of_what_it_was(standing, new):
    old, taken = Span(*standing), Span(*new)
    assume(old.meets(taken))
    for rest in (before(old, taken), after(old, taken)):
        if rest:
            assert rest.start <= rest.end
            assert old.start <= rest.start
            assert rest.end <= old.end
            assert not rest.meets(taken)
            assert next_to(rest, taken) or next_to(taken, rest)


@given(*[st.tuples(DAYS, DAYS).map(sorted) for _ in range(2)], DAYS)
def test_spans_meet_exactly_where_a_day_lies_in_both(one, other, day):
    first, second = Span(*one), Span(*other)
    assert first.meets(second) == second.meets(first) == (max(first.start, second.start) <= min(first.end, second.end))
    if first.holds(day) and second.holds(day):
        assert first.meets(second)
