import pytest
from flow_places import budget, stands

from app.disclosure.audit import Context, UnsafeTableError, audit
from app.disclosure.table import row

POOLED = {"SOM": 40, "_OAFR": 7, "_AFR": 47, "NPL": 12, "_O": 9, "_T": 68}


def rows(cells):
    return tuple(row((code,), value, None if value is not None else "masked") for code, value in cells.items())


def around(scheme):
    return Context(5, scheme, stands(("nationality",)), (), budget())


def judge(cells, small, method="pool"):
    return audit(rows(cells), dimensions=("nationality",), method=method, context=around(small))


def test_a_safe_pooled_table_passes(small):
    assert len(judge(POOLED, small).rows) == 6


def test_the_figures_after_pooling_count_cells_and_not_pools(small):
    proven = judge(POOLED, small)
    # Shown: SOM, NPL, _AFR, _T.  Withheld: CMR ERI BGD IND FRA XXA _U, and the areas ASI CAR EUR OCE AMN AMS.
    assert (proven.shown, proven.withheld, proven.declared) == (4, 13, 17)


def test_where_nothing_is_pooled_nothing_is_withheld(small):
    proven = judge({"SOM": 40, "_AFR": 40, "_T": 40}, small)
    assert (proven.shown, proven.withheld, proven.declared) == (3, 0, 3)


def test_without_an_other_only_the_members_of_a_rest_are_withheld(small):
    proven = judge({"_OAFR": 7, "_AFR": 7, "_T": 7}, small)
    assert (proven.shown, proven.withheld) == (2, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"SOM": 4, "_AFR": 11, "_T": 32},
        {"_T": 70},
        {"_T": 60},
        {"_T": None},
        {"_O": None},
        {"_O": 0, "_T": 59},
        {"_AFR": 52},
        {"_ASI": 12},
        {"SOM": -5, "_AFR": 2, "_T": 23},
        {"IND": 0},
    ],
    ids=[
        "a small count",
        "a total above its parts",
        "a total below its parts",
        "no total",
        "a null pool",
        "an empty pool",
        "an area above its parts",
        "an area that tells what it put into _O",
        "a negative count",
        "a zero beside a pool",
    ],
)
def test_an_unsafe_pooled_table_is_a_fault_of_ours(small, change):
    with pytest.raises(UnsafeTableError):
        judge({**POOLED, **change}, small)


@pytest.mark.parametrize("absent", ["_AFR", "_T"])
def test_a_provable_total_may_not_be_left_out(small, absent):
    with pytest.raises(UnsafeTableError):
        judge({code: value for code, value in POOLED.items() if code != absent}, small)


def test_what_a_total_keeps_beside_its_published_parts_must_not_be_small(small):
    with pytest.raises(UnsafeTableError, match="remainder"):
        judge({"SOM": 30, "ERI": None, "CMR": None, "_AFR": 34}, small, "none")
    # Two share what is left, and a sender who writes no zeros has 1 in each: of 6 each may be 1..5, of 5 only 1..4.
    assert judge({"SOM": 30, "ERI": None, "CMR": None, "_AFR": 36}, small, "none").withheld == 2
    assert len(judge({"SOM": 30, "ERI": None, "CMR": None, "_AFR": 35}, small, "none").found) == 2


def test_remainders_are_taken_over_areas_too(small):
    with pytest.raises(UnsafeTableError, match="remainder"):
        judge({"_AFR": 30, "XXA": 10, "_T": 44}, small, "none")


@pytest.mark.parametrize("broken", [rows({"SOM": 9}) * 2, (row(("SOM", "F"), 9),)], ids=["a cell twice", "a code too many"])
def test_rows_that_are_no_lattice_are_refused(small, broken):
    with pytest.raises(UnsafeTableError, match="once"):
        audit(broken, dimensions=("nationality",), method="none", context=around(small))


def test_the_error_tells_no_count(small):
    with pytest.raises(UnsafeTableError) as error:
        judge({**POOLED, "SOM": 4}, small)
    assert not any(sign.isdigit() and sign != "0" for sign in str(error.value))
