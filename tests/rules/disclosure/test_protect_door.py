import pytest

from app.disclosure import Leaf, ProtectedTable, Row, Table, protect
from app.wire.problem import Finding

MASKED = Leaf(None, "masked")


@pytest.fixture
def door(small, draw):
    def ask(dimensions, leaves, *, method=None, submitted=(), before=(), k=5):
        known = {key: value if isinstance(value, Leaf) else Leaf(value, None) for key, value in leaves.items()}
        table = Table(tuple(dimensions), known, dict(submitted))
        return protect(table, scheme=small, method=method, k=k, draw=draw, before=before)

    return ask


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
    assert door(["nationality"], {("SOM",): total}) == (Finding("total-too-small", params={"k": 5}),)


def test_other_tables_are_published_as_declared_by_default(door):
    answer = door(["nationality", "sex"], {("SOM", "F"): 5, ("SOM", "M"): 0})
    assert answer.method == "none"
    assert (answer.declared, answer.shown, answer.withheld) == (9, 9, 0)
    assert shown(answer)["SOM F"] == shown(answer)["_AFR _T"] == shown(answer)["_T _T"] == 5


def test_a_table_without_dimensions_is_one_cell(door):
    assert door([], {(): 5}).rows == (Row((), 5, None, is_total=False),)
    assert door([], {(): 4}) == (Finding("cannot-be-protected", params={"cells": 1, "k": 5}),)


def test_a_small_cell_and_its_small_margins_stand_in_the_way(door):
    # SOM F, SOM _T, _AFR F, _AFR _T; the grand total and the sum of women are large enough.
    answer = door(["nationality", "sex"], {("SOM", "F"): 3, ("NPL", "F"): 30, ("NPL", "M"): 30})
    assert answer == (Finding("cannot-be-protected", params={"cells": 4, "k": 5}),)


def test_none_by_nationality_alone_is_refused_where_a_count_is_small(door):
    assert door(["nationality"], {("SOM",): 50, ("NPL",): 4}, method="none")[0].code == "cannot-be-protected"
    assert shown(door(["nationality"], {("SOM",): 50}, method="none")) == {"SOM": 50, "_AFR": 50, "_T": 50}


def test_gaps_and_the_margins_over_them_stay_null_with_their_reason(door):
    answer = door(["nationality"], {("SOM",): 50, ("ERI",): MASKED, ("NPL",): 9})
    assert answer.method == "none"
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
    assert door(["nationality"], leaves, submitted={("_T",): 90})[0] == Finding("cannot-be-protected", params={"cells": 1, "k": 5})


def test_a_submitted_total_beside_a_gap_is_welcome(door):
    answer = door(["nationality"], {("SOM",): 50, ("BGD",): MASKED}, submitted={("_AFR",): 50})
    assert shown(answer) == {"BGD": None, "SOM": 50, "_AFR": 50, "_ASI": None, "_T": None}


@pytest.mark.parametrize("method", [None, "pool", "none"])
def test_a_total_that_its_parts_contradict_is_refused_with_both_numbers(door, method):
    answer = door(["nationality"], {("SOM",): 50, ("NPL",): 20}, submitted={("_T",): 71}, method=method)
    assert answer == (Finding("total-mismatch", params={"submitted": 71, "summed": 70, "cell": "nationality=_T"}),)


@pytest.mark.parametrize(
    ("dimensions", "leaves", "method"),
    [
        (["nationality", "sex"], {("SOM", "F"): 50}, "pool"),
        (["origin_state"], {("SOM",): 50}, "pool"),
        (["nationality"], {("SOM",): 50, ("ERI",): MASKED}, "pool"),
        (["nationality"], {("SOM",): 50}, "withhold"),
        (["nationality"], {("SOM",): 50}, "round"),
    ],
)
def test_what_we_cannot_do_yet_is_said(door, dimensions, leaves, method):
    assert door(dimensions, leaves, method=method) == (Finding("method-not-available", params={"method": method}),)


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
    before = [earlier.rows]
    later = {("SOM",): 9, ("NPL",): 3000}
    assert door(["nationality"], later, method="none", before=before) == (Finding("cannot-be-protected", params={"cells": 1, "k": 5}),)
    # SOM F and SOM _T; areas and totals add nothing to the cells beneath them.
    crossed = {("SOM", "F"): 9, ("NPL", "F"): 3000}
    assert door(["nationality", "sex"], crossed, before=before)[0] == Finding("cannot-be-protected", params={"cells": 2, "k": 5})
    assert shown(door(["nationality"], {("NPL",): 3000}, method="none", before=before))["NPL"] == 3000
    assert shown(door(["sex"], {("F",): 9}, before=before)) == {"F": 9, "_T": 9}


def test_pool_may_follow_none(door):
    earlier = door(["nationality"], {("SOM",): 3000, ("NPL",): 2000}, method="none")
    later = door(["nationality"], {("SOM",): 3000, ("NPL",): 2000}, before=[earlier.rows])
    assert later.method == "pool"
    assert later.rows == earlier.rows


def test_rows_by_several_dimensions_bind_nobody(door):
    crossed = door(["nationality", "sex"], {("_O", "F"): 3000, ("SOM", "F"): 3000})
    later = door(["nationality"], {("SOM",): 3000, ("NPL",): 2000}, before=[crossed.rows])
    assert {"SOM": 3000, "NPL": 2000}.items() <= shown(later).items()
