"""Ways in which a new table betrayed a count of another one, found by attacking the door: each must be refused, or withheld in."""

from datetime import date

import pytest
from flow_places import budget

from app.disclosure import Draw, Leaf, ProtectedTable, Scheme, Table, protect
from app.disclosure.release import Place, Release
from app.disclosure.table import row

SCHEME = Scheme({"SOM": "AFR", "ERI": "AFR", "NPL": "ASI"})
DAYS = {
    "Jan": ((1, 1), (1, 31)),
    "Feb": ((2, 1), (2, 28)),
    "Mar": ((3, 1), (3, 31)),
    "Oct": ((10, 1), (10, 31)),
    "Nov": ((11, 1), (11, 30)),
    "Q1": ((1, 1), (3, 31)),
    "Q2": ((4, 1), (6, 30)),
    "Q3": ((7, 1), (9, 30)),
    "year": ((1, 1), (12, 31)),
}
MASKED = Leaf(None, "masked")


def days(period):
    first, last = DAYS[period]
    return date(2022, *first), date(2022, *last)


def released(name, period, dimensions, cells, *, method="withhold", k=5, bulletin=None):
    """A released table; `cells` are counts by key, None withheld."""
    rows = tuple(row(key, value, None if value is not None else "withheld") for key, value in cells.items())
    return Release(f"{name}@v1", bulletin or name, dimensions, *days(period), method, k, rows)


def by_sex(name, period, female, male, total=None, **others):
    return released(name, period, ("sex",), {("F",): female, ("M",): male, ("_T",): female + male if total is None else total}, **others)


def single(name, period, count, **others):
    return released(name, period, (), {(): count}, **others)


def ask(period, dimensions, leaves, releases=(), *, method="none", k=5, submitted=()):
    table = Table(
        dimensions, {key: value if isinstance(value, Leaf) else Leaf(value, None) for key, value in leaves.items()}, dict(submitted)
    )
    place = Place("the new one", *days(period))
    draw = Draw(b"a key of these tests", "flow", period)
    return protect(table, scheme=SCHEME, method=method, k=k, draw=draw, place=place, releases=releases, budget=budget())


def refusal(answer):
    assert not isinstance(answer, ProtectedTable), answer.rows
    return answer[0].code


def shown(answer):
    assert isinstance(answer, ProtectedTable), answer
    return {" ".join(each.key): each.value for each in answer.rows}


@pytest.mark.parametrize("method", [None, "withhold"])
@pytest.mark.parametrize(("dimensions", "leaf"), [(("sex",), ("F",)), (("nationality",), ("SOM",))])
def test_a_lone_gap_under_a_submitted_total_is_not_shown_as_zero(dimensions, leaf, method):
    answer = ask("Jan", dimensions, {leaf: MASKED}, method=method, submitted={("_T",): 50})
    assert set(shown(answer).values()) == {None}


FOUR_PARTS = [("q1", "Q1", 160), ("jan", "Jan", 30), ("q2", "Q2", 30), ("q3", "Q3", 30), ("oct", "Oct", 10), ("nov", "Nov", 10)]


@pytest.mark.parametrize("times", [100, 10_000])
def test_the_last_month_of_a_year_is_told_however_large_the_others_are(times):
    # December is the year less three quarters, October and November: 3.
    parts = [single(name, period, count * times) for name, period, count in FOUR_PARTS]
    assert refusal(ask("year", (), {(): 240 * times + 3}, parts)) == "cannot-be-protected"


def test_months_of_one_size_and_their_quarter_do_not_contradict_each_other():
    answer = ask("year", (), {(): 2_400_000}, [single("jan", "Jan", 200_000)])
    assert answer.warnings == ()


MONTHS_BY_SEX = [by_sex("sj", "Jan", 50, 50), by_sex("sf", "Feb", 48, 60), by_sex("sm", "Mar", None, None, 40)]
QUARTER = {("F", "land"): 60, ("F", "air"): 40, ("M", "land"): 60, ("M", "air"): 88}


def by_mode(name, period, land, air):
    return released(name, period, ("mode",), {("land",): land, ("air",): air, ("_T",): land + air})


def test_a_quarter_tells_a_month_by_sex_also_where_newer_tables_are_by_mode():
    # F of March is 100 - 50 - 48 = 2.
    newer = [by_mode("mj", "Jan", 40, 60), by_mode("mf", "Feb", 60, 48), by_mode("mm", "Mar", 20, 20)]
    assert refusal(ask("Q1", ("sex", "mode"), QUARTER, MONTHS_BY_SEX)) == "cannot-be-protected"
    assert refusal(ask("Q1", ("sex", "mode"), QUARTER, [*MONTHS_BY_SEX, *newer])) == "cannot-be-protected"


def test_a_quarter_that_fits_an_older_version_of_a_month_is_held_against_that_version():
    # 52 - 20 - 30 = 2 persons in March; with the second version of January there is no March at all.
    months = [single("jan1", "Jan", 20, bulletin="jan"), single("jan2", "Jan", 25, bulletin="jan"), single("feb", "Feb", 30)]
    assert refusal(ask("Q1", (), {(): 52}, months)) == "cannot-be-protected"


def test_one_month_that_contradicts_its_quarter_does_not_keep_the_others_from_being_judged():
    # January has more persons than the quarter; F of January by the others is 100 - 50 - 48 = 2.
    months = [by_sex("j", "Jan", None, None, 200), by_sex("f", "Feb", 50, 60), by_sex("m", "Mar", 48, 50)]
    assert refusal(ask("Q1", ("sex",), {("F",): 100, ("M",): 148}, months)) == "cannot-be-protected"


def test_a_table_under_a_larger_k_keeps_it_beside_one_under_a_smaller():
    hidden = {(a, s): None for a in ("acc", "una", "_T") for s in ("F", "M", "_T")} | {("_T", "_T"): 100}
    january = released("j", "Jan", ("accompaniment", "sex"), hidden, k=10)
    # F of January would be 0..6: seven candidates, not ten.
    answer = ask("Q1", ("sex",), {("F",): 16, ("M",): 200}, [january, by_sex("f", "Feb", 10, 50)])
    assert refusal(answer) == "cannot-be-protected"


def test_what_is_shown_under_a_smaller_k_is_no_reason_to_refuse_a_table_under_a_larger():
    answer = ask("Mar", ("accompaniment",), {("acc",): 40, ("una",): 37}, [by_sex("s", "Mar", 7, 70)], k=10)
    assert shown(answer) == {"acc": 40, "una": 37, "_T": 77}


def test_a_nil_report_is_held_against_the_others_too():
    # Nobody in March: of F in the rounded quarter, 61 is exact, 57 is February, so that January's rounded 0 would be exactly 4.
    rounded = {"method": "round"}
    others = [by_sex("q", "Q1", 61, 120, **rounded), by_sex("j", "Jan", 0, 60, **rounded), by_sex("f", "Feb", 57, 60, **rounded)]
    assert refusal(ask("Mar", ("sex",), {}, others, method=None)) == "cannot-be-protected"


def test_a_period_that_overlaps_another_in_part_is_not_proved():
    releases = [single("cy", "year", 103), single("oct", "Oct", 10), single("nov", "Nov", 10)]
    fiscal = Place("fiscal year", date(2021, 10, 1), date(2022, 9, 30))
    table = Table((), {(): Leaf(110, None)}, {})
    draw = Draw(b"a key of these tests", "flow", "fiscal")
    answer = protect(table, scheme=SCHEME, method="none", k=5, draw=draw, place=fiscal, releases=releases, budget=budget())
    assert refusal(answer) == "cannot-be-proved"
