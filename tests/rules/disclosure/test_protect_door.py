import pytest
from flow_places import budget, released, stands

from app.disclosure import Leaf, ProtectedTable, Row, Table, protect
from app.wire.problem import Finding

MASKED = Leaf(None, "masked")


@pytest.fixture
def door(small, draw):
    def ask(dimensions, leaves, *, method=None, submitted=(), releases=(), k=5):
        known = {key: value if isinstance(value, Leaf) else Leaf(value, None) for key, value in leaves.items()}
        table = Table(tuple(dimensions), known, dict(submitted))
        place = stands(dimensions)
        return protect(table, scheme=small, method=method, k=k, draw=draw, place=place, releases=releases, budget=budget())

    return ask


def refused(answer):
    """The code of the one finding and what it says, but for the alternatives."""
    assert not isinstance(answer, ProtectedTable), answer
    [finding] = answer
    return finding.code, {name: value for name, value in finding.params.items() if name != "alternatives"}


def shown(answer):
    assert isinstance(answer, ProtectedTable), answer
    return {" ".join(row.key): row.value for row in answer.rows}


def test_nationality_alone_is_pooled_by_default(door):
    answer = door(["nationality"], {("SOM",): 4, ("ERI",): 3, ("NPL",): 0})
    assert answer.method == "pool"
    assert shown(answer)["_T"] == 7
    assert "SOM" not in shown(answer)


@pytest.mark.parametrize("leaves", [{}, {("SOM",): 0}])
def test_a_nil_report_is_a_total_of_zero_and_withholds_nothing(door, leaves):
    answer = door(["nationality"], leaves)
    assert shown(answer) == {"_T": 0}
    assert (answer.declared, answer.shown, answer.withheld) == (1, 1, 0)


@pytest.mark.parametrize(("dimensions", "cell"), [([], ""), (["sex"], "_T"), (["nationality", "sex"], "_T _T")])
def test_a_nil_report_of_any_dimensions_is_its_grand_total(door, dimensions, cell):
    assert shown(door(dimensions, {})) == {cell: 0}


@pytest.mark.parametrize("total", [1, 4])
def test_a_total_below_k_is_refused(door, total):
    assert refused(door(["nationality"], {("SOM",): total})) == ("total-too-small", {"k": 5})


def test_a_table_that_is_safe_as_it_is_may_be_published_as_declared(door):
    answer = door(["nationality", "sex"], {("SOM", "F"): 5, ("SOM", "M"): 0}, method="none")
    assert (answer.declared, answer.shown, answer.withheld) == (9, 9, 0)
    assert shown(answer)["SOM F"] == shown(answer)["_AFR _T"] == shown(answer)["_T _T"] == 5


def test_a_table_without_dimensions_is_one_cell(door):
    assert door([], {(): 5}).rows == (Row((), 5, None, is_total=False),)
    assert refused(door([], {(): 4})) == ("total-too-small", {"k": 5})


def test_a_small_cell_and_its_small_margins_stand_in_the_way(door):
    # SOM F, SOM _T, _AFR F, _AFR _T; the grand total and the sum of women are large enough.
    answer = door(["nationality", "sex"], {("SOM", "F"): 3, ("NPL", "F"): 30, ("NPL", "M"): 30}, method="none")
    assert refused(answer) == ("cannot-be-protected", {"cells": 4, "k": 5, "equation": "SOM F = 3"})


def test_none_by_nationality_alone_is_refused_where_a_count_is_small(door):
    assert door(["nationality"], {("SOM",): 50, ("NPL",): 4}, method="none")[0].code == "cannot-be-protected"
    assert shown(door(["nationality"], {("SOM",): 50}, method="none")) == {"SOM": 50, "_AFR": 50, "_T": 50}


def test_gaps_and_the_margins_over_them_stay_null_with_their_reason(door):
    answer = door(["nationality"], {("SOM",): 50, ("ERI",): MASKED, ("NPL",): 9}, method="none")
    assert [(row.key[0], row.value, row.status) for row in answer.rows] == [
        ("ERI", None, "masked"),
        ("NPL", 9, None),
        ("SOM", 50, None),
        ("_AFR", None, "masked"),
        ("_ASI", 9, None),
        ("_T", None, "masked"),
    ]
    assert (answer.declared, answer.shown, answer.withheld) == (6, 3, 3)


@pytest.mark.parametrize("status", ["masked", "not_collected"])
def test_a_submitted_total_over_a_gap_would_tell_it_and_is_refused(door, status):
    leaves = {("SOM",): 50, ("ERI",): Leaf(None, status)}
    answer = door(["nationality"], leaves, submitted={("_T",): 52}, method="none")
    assert refused(answer) == ("cannot-be-protected", {"cells": 1, "k": 5, "equation": "total 52 - SOM 50"})


def test_a_count_that_is_told_between_two_others_is_shown_by_its_equation(door):
    # Two gaps share 6, and a sender who never writes a zero has at least 1 in each: 1..5 is open, 1..4 is not.
    leaves = {("SOM",): 50, ("ERI",): MASKED, ("CMR",): MASKED}
    assert shown(door(["nationality"], leaves, submitted={("_T",): 56}, method="none"))["_T"] == 56
    answer = door(["nationality"], leaves, submitted={("_T",): 55}, method="none")
    assert refused(answer) == ("cannot-be-protected", {"cells": 2, "k": 5, "equation": "CMR <= total 55 - SOM 50"})


def test_a_submitted_total_over_gaps_that_stay_open_is_welcome(door):
    leaves = {("SOM",): 50, ("ERI",): MASKED, ("CMR",): MASKED}
    assert shown(door(["nationality"], leaves, submitted={("_T",): 70}, method="none"))["_T"] == 70


def test_a_submitted_total_beside_a_gap_is_welcome(door):
    answer = door(["nationality"], {("SOM",): 50, ("BGD",): MASKED}, submitted={("_AFR",): 50}, method="none")
    assert shown(answer) == {"BGD": None, "SOM": 50, "_AFR": 50, "_ASI": None, "_T": None}


@pytest.mark.parametrize("method", [None, "pool", "none"])
def test_a_total_that_its_parts_contradict_is_refused_with_both_numbers(door, method):
    answer = door(["nationality"], {("SOM",): 50, ("NPL",): 20}, submitted={("_T",): 71}, method=method)
    assert answer == (Finding("total-mismatch", params={"submitted": 71, "summed": 70, "cell": "nationality=_T"}),)


@pytest.mark.parametrize(
    ("dimensions", "leaves", "method"),
    [
        (["nationality"], {("SOM",): 50, ("ERI",): MASKED}, "round"),
        (["sex"], {("F",): 50, ("M",): Leaf(None, "not_collected")}, "round"),
    ],
)
def test_a_table_with_gaps_cannot_be_rounded(door, dimensions, leaves, method):
    assert refused(door(dimensions, leaves, method=method)) == ("method-not-available", {"method": method})


def test_equal_published_rows_come_with_equal_figures(door):
    # 4 + 3, 3 + 4, and one sender who also lists a zero: nothing in the answer tells them apart.
    inputs = [{("SOM",): 4, ("ERI",): 3}, {("SOM",): 3, ("ERI",): 4}, {("SOM",): 3, ("ERI",): 4, ("CMR",): 0, ("FRA",): 0}, {("_OAFR",): 7}]
    first, *others = [door(["nationality"], leaves) for leaves in inputs]
    for other in others:
        assert other == first
        assert repr(other) == repr(first)


def test_none_may_not_show_what_was_pooled_before(door):
    earlier = door(["nationality"], {("SOM",): 4, ("ERI",): 3, ("NPL",): 3000})
    assert {"_OAFR": 7, "NPL": 3000}.items() <= shown(earlier).items()
    releases = [released(earlier)]
    later = {("SOM",): 9, ("NPL",): 3000}
    assert refused(door(["nationality"], later, method="none", releases=releases)) == (
        "cannot-be-protected",
        {"cells": 1, "k": 5, "equation": "SOM = 9"},
    )
    # SOM F and SOM _T; areas and totals add nothing to the cells beneath them.
    crossed = {("SOM", "F"): 9, ("NPL", "F"): 3000}
    answer = door(["nationality", "sex"], crossed, method="none", releases=releases)
    assert refused(answer) == ("cannot-be-protected", {"cells": 2, "k": 5, "equation": "SOM F = 9"})
    assert shown(door(["nationality"], {("NPL",): 3000}, method="none", releases=releases))["NPL"] == 3000


def test_pool_may_follow_none(door):
    earlier = door(["nationality"], {("SOM",): 3000, ("NPL",): 2000}, method="none")
    later = door(["nationality"], {("SOM",): 3000, ("NPL",): 2000}, releases=[released(earlier)])
    assert later.method == "pool"
    assert later.rows == earlier.rows


def test_shown_rows_by_several_dimensions_bind_nobody(door):
    crossed = door(["nationality", "sex"], {("_O", "F"): 3000, ("SOM", "F"): 3000}, method="none")
    later = door(["nationality"], {("SOM",): 3000, ("NPL",): 2000}, releases=[released(crossed)])
    assert {"SOM": 3000, "NPL": 2000}.items() <= shown(later).items()


def test_what_a_table_by_sex_withholds_stays_closed_in_a_table_by_nationality(door):
    crossed = door(["nationality", "sex"], {("SOM", "F"): 2, ("SOM", "M"): 1, ("NPL", "F"): 300, ("NPL", "M"): 500})
    assert crossed.method == "withhold"
    assert shown(crossed)["SOM _T"] is None
    # The grand total is told, so that the one other nationality and its area are closed too.
    later = door(["nationality"], {("SOM",): 9, ("NPL",): 800}, method="none", releases=[released(crossed)])
    assert refused(later) == ("cannot-be-protected", {"cells": 4, "k": 5, "equation": "NPL = 800"})


def test_a_refusal_names_the_methods_that_would_do_and_how_much_each_shows(door):
    # 3 of 63 persons are small; the two others are 30 each: a pool of Africa alone would be 3, so that one of Asia goes with it.
    leaves = {("SOM",): 3, ("NPL",): 30, ("BGD",): 30}
    [finding] = door(["nationality"], leaves, method="none")
    assert finding.params["alternatives"] == {"pool": 47, "withhold": 47, "round": 100}


def test_a_table_too_large_to_withhold_in_may_be_rounded(door):
    leaves = {(nationality, str(age)): 9 for nationality in ("SOM", "ERI") for age in range(250)}
    [finding] = door(["nationality", "age"], leaves)
    assert (finding.code, finding.params["limit"]) == ("table-too-large", 1000)
    assert finding.params["cells"] == 4 * 251
    assert finding.params["alternatives"]["round"] == 100


def test_a_grown_table_of_two_dimensions_keeps_its_totals_and_withholds_the_small(door):
    leaves = {("SOM", "F"): 3, ("SOM", "M"): 40, ("NPL", "F"): 25, ("NPL", "M"): 60, ("ERI", "F"): 12, ("ERI", "M"): 30}
    answer = door(["nationality", "sex"], leaves)
    cells = shown(answer)
    assert answer.method == "withhold"
    assert cells["_T _T"] == 170
    assert cells["SOM F"] is None
    # SOM F is not to be worked out: something in its row and in its column is withheld with it.
    assert None in (cells["SOM M"], cells["SOM _T"])
    assert None in (cells["ERI F"], cells["_AFR F"], cells["NPL F"])
    assert {row.status for row in answer.rows if row.value is None} == {"withheld"}


def test_pooling_by_two_dimensions_pools_nationalities_and_withholds_the_rest(door):
    leaves = {("SOM", "F"): 2, ("SOM", "M"): 1, ("ERI", "F"): 4, ("ERI", "M"): 30, ("NPL", "F"): 2, ("NPL", "M"): 98, ("CMR", "F"): 3}
    answer = door(["nationality", "sex"], leaves, method="pool")
    cells = shown(answer)
    assert answer.method == "pool"
    assert cells["_T _T"] == 140
    assert {"SOM F", "CMR F"}.isdisjoint(cells)
    assert all(value is None or value >= 5 for value in cells.values())


def test_rounding_shows_every_cell_and_adds_up(door):
    leaves = {("SOM", "F"): 3, ("SOM", "M"): 40, ("NPL", "F"): 2, ("NPL", "M"): 60}
    answer = door(["nationality", "sex"], leaves, method="round")
    cells = shown(answer)
    assert (cells["SOM M"], cells["NPL M"]) == (40, 60)
    assert {cells["SOM F"], cells["NPL F"]} <= {0, 6}
    assert cells["SOM F"] + 40 == cells["SOM _T"]
    assert cells["_T _T"] == cells["SOM _T"] + cells["NPL _T"]
