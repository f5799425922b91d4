"""Periods within periods: what a year tells beside its months, and what it keeps beside them."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from joint_tables import AREAS, YEAR, K, New, month, quarter, release

from app.disclosure.judge import judge
from app.disclosure.program import Budget, Program


def monthly(number, cells, dimensions="sex"):
    return release(f"m{number}", dimensions, month(number), cells)


def full(number):
    return monthly(number, {"F": 10, "M": 10, "_T": 20})


def test_a_month_cannot_be_more_than_its_year():
    # The year has 7 women, October all of them but 2.
    year = release("y", "sex", YEAR, {"F": 7, "M": 90, "_T": 97})
    new = New(monthly(10, {"F": 5, "M": None, "_T": None}), [year])
    assert new.leaks("part") == {(2, 2, frozenset({("F",)}))}


def test_a_year_beside_one_of_its_months():
    new = New(release("y", "sex", YEAR, {"F": 12, "M": 90, "_T": 102}), [monthly(10, {"F": 10, "M": 10, "_T": 20})])
    assert new.leaks("whole") == {(2, 2, frozenset({("F",)}))}


def test_a_nationality_in_the_pool_of_a_month_is_judged_where_its_year_names_it():
    # Of the year 12 are ERI and 5 CMR; the 14 in the month's rest are both, so CMR is 2..5 there and 0..3 are left of it.
    year = release("y", "nationality", YEAR, {"SOM": 90, "ERI": 12, "CMR": 5, "_AFR": 107, "_T": 107})
    pooled = {"SOM": 40, "_OAFR": 14, "_AFR": 54, "_T": 54}
    new = New(release("m", "nationality", month(10), pooled, method="pool"), [year])
    assert new.spans("part") == {(2, 5), (0, 3)}


def test_what_eleven_months_leave_of_a_year_is_judged_before_the_twelfth():
    # The year less eleven months is F 3, M 17.
    year = release("y", "sex", YEAR, {"F": 113, "M": 127, "_T": 240})
    new = New(full(11), [*(full(number) for number in range(1, 11)), year])
    assert new.leaks("cover") == {(3, 3, frozenset({("F",)}))}


def test_a_total_less_eleven_months_is_the_twelfth():
    year = release("y", "sex", YEAR, {"F": None, "M": 127, "_T": 240})
    months = [full(number) for number in range(1, 12)]
    new = New(monthly(12, {"F": None, "M": 17, "_T": 20}), [*months, year])
    # F of the year is 240 - 127 = 113 and of December 20 - 17 = 3; December's M is known from the year already.
    assert new.spans("cover") == {(3, 3)}
    assert New(monthly(12, {"F": None, "M": None, "_T": 20}), [*months, year]).spans("cover") == {(3, 3)}


def test_periods_that_do_not_add_up_are_judged_pair_by_pair():
    first = release("h1", "sex", (month(1)[0], month(6)[1]), {"F": 30, "M": None, "_T": None})
    second = release("h2", "sex", (month(7)[0], month(12)[1]), {"F": 28, "M": None, "_T": None})
    year = release("y", "sex", YEAR, {"F": 60, "M": None, "_T": None})
    # 60 is not 30 + 28: the system of all contradicts itself, and each pair is judged.
    new = New(second, [first, year])
    assert new.system("cover") is None
    assert new.of("cover")[0].is_contradicted(new.told.shown)
    assert new.leaks("part") == set()


def test_a_cover_is_judged_instead_of_its_pairs():
    year = release("y", "sex", YEAR, {"F": 100, "M": 100, "_T": 200})
    new = New(full(2), [full(1), year])
    assert new.system("cover") is not None
    assert new.system("part") is None
    assert not new.of("part")[0].is_contradicted(new.told.shown)


def test_pairs_alone_would_not_tell_what_the_parts_tell_together():
    # The halves hide M; F and the totals say that it is 14 in the first, 3 in the second, of 17 in the year.
    first = release("h1", "sex", (month(1)[0], month(6)[1]), {"F": 30, "M": None, "X": 9, "_T": 53})
    second = release("h2", "sex", (month(7)[0], month(12)[1]), {"F": 28, "M": None, "X": None, "_T": 40})
    year = release("y", "sex", YEAR, {"F": 58, "M": None, "X": 18, "_T": 93})
    # X of the second half is 18 - 9 = 9, so M is 40 - 28 - 9 = 3; neither the year nor the first half alone says so.
    assert New(second, [first, year]).spans("cover") == {(3, 3)}
    assert New(second, [year]).leaks("part") == set()


def test_quarters_and_months_of_one_year_are_one_system():
    # Three quarters, October and November are told: the year gives December away, though no one length of periods fills it.
    quarters = [release(f"q{number}", "sex", quarter(number), {"F": 30, "M": 30, "_T": 60}) for number in (1, 2, 3)]
    year = release("y", "sex", YEAR, {"F": 114, "M": 200, "_T": 314})
    new = New(full(11), [*quarters, full(10), year])
    every = next(each for each in new.of("cover") if len(each.names) == 5)
    assert every.names == ("q1@v1", "q2@v1", "q3@v1", "m10@v1", "y@v1")
    # F keeps 114 - 90 - 20 = 4.
    assert new.judged(every) == {(4, 4, frozenset({("F",)}))}


def test_a_period_stands_in_a_cover_once_by_each_of_its_tables():
    year = release("y", "sex", YEAR, {"F": 300, "M": 300, "_T": 600})
    other = release("m1 by point", "route_point", month(1), {"DAR": 20, "_T": 20})
    newer = replace(full(1), name="m1@v2")
    new = New(full(2), [full(1), newer, other, year])
    assert {frozenset(each.names) for each in new.of("cover")} == {
        frozenset({name, "y@v1"}) for name in ("m1@v2", "m1@v1", "m1 by point@v1")
    }
    assert {each.names for each in new.of("part")} == {("y@v1",)}


def test_periods_that_do_not_meet_are_not_read_together():
    assert New(full(2), [full(1), full(3)]).all == ()


def test_weeks_of_a_month_that_is_their_own_interval():
    whole = release("w", "sex", (date(2022, 10, 3), date(2022, 10, 16)), {"F": 20, "M": 33, "_T": 53})
    one = release("a", "sex", (date(2022, 10, 3), date(2022, 10, 9)), {"F": 10, "M": None, "_T": None})
    two = release("b", "sex", (date(2022, 10, 10), date(2022, 10, 16)), {"F": None, "M": 30, "_T": 40})
    # Both weeks fill the whole: M of the first is 33 - 30 = 3.
    assert New(two, [one, whole]).leaks("cover") == {(3, 3, frozenset({("M",)}))}


def made_up_months(seed):
    """Three pooled months and their quarter, small enough for many counts to be told."""
    chance = np.random.default_rng([seed, 4])
    named = ["SOM", "ERI", "CMR", "NPL", "BGD"]
    months = chance.integers(0, 12, (3, len(named)))
    tables = []
    for number, counts in enumerate((*months, months.sum(axis=0)), 1):
        pooled = chance.random(len(named)) < 0.5
        cells = {code: int(count) for code, count, hidden in zip(named, counts, pooled, strict=True) if not hidden}
        rests = {
            f"_O{area}": sum(int(n) for c, n, h in zip(named, counts, pooled, strict=True) if h and AREAS[c] == area)
            for area in ("AFR", "ASI")
        }
        cells |= rests | {"_T": int(counts.sum())}
        period = quarter(4) if number > len(months) else month(9 + number)
        tables.append(release(f"t{number}", "nationality", period, cells, method="pool"))
    return tables


@pytest.mark.parametrize("complete", [True, False])
def test_in_one_dimension_periods_within_periods_need_no_whole_number_programme(complete):
    told = 0
    for seed in range(8):
        *parts, whole = made_up_months(seed)
        new = New(whole, parts if complete else parts[:2])
        system = new.system("cover")
        assert system.exact_vertices
        by_spans, _ = judge(system, K, Program(system, Budget(30)))
        slowly = replace(system, exact_vertices=False)
        by_runs, _ = judge(slowly, K, Program(slowly, Budget(30)))
        assert {(leak.cell, leak.low, leak.high) for leak in by_spans} == {(leak.cell, leak.low, leak.high) for leak in by_runs}
        told += len(by_spans)
    assert told > 10


def test_a_quarter_between_a_month_and_its_year_or_an_area_in_a_pool_need_one():
    year, second = release("y", "sex", YEAR, {"F": 90, "M": 90, "_T": 180}), release("q", "sex", quarter(4), {"F": 40, "M": 40, "_T": 80})
    assert not New(monthly(10, {"F": 10, "M": 10, "_T": 20}), [year, second]).system("cover").exact_vertices
    pooled = {"SOM": None, "ERI": None, "_O": None, "_T": 60}
    months = [release(f"m{number}", "nationality", month(number), pooled) for number in (10, 11)]
    new = New(release("q", "nationality", quarter(4), {"SOM": None, "ERI": 40, "_O": None, "_T": 190}), months)
    assert not new.system("cover").exact_vertices
