import itertools
import time

import pytest

from app.disclosure import Leaf, Mismatch, Row, Table, margins
from app.wire.problem import Finding


def table(dimensions, leaves, submitted=()):
    known = {key: value if isinstance(value, Leaf) else Leaf(value, None) for key, value in leaves.items()}
    return Table(tuple(dimensions), known, dict(submitted))


def counts(rows):
    return {row.key: row.value for row in rows}


def test_the_margins_of_two_dimensions(small):
    leaves = {("SOM", "F"): 31, ("SOM", "M"): 20, ("NPL", "M"): 213}
    rows, mismatches = margins(table(["nationality", "sex"], leaves), small.areas)
    assert mismatches == ()
    assert counts(rows) == {
        ("SOM", "_T"): 51,
        ("NPL", "_T"): 213,
        ("_AFR", "F"): 31,
        ("_AFR", "M"): 20,
        ("_AFR", "_T"): 51,
        ("_ASI", "M"): 213,
        ("_ASI", "_T"): 213,
        ("_T", "F"): 31,
        ("_T", "M"): 233,
        ("_T", "_T"): 264,
    }
    assert all(row.is_total for row in rows)


def test_margins_come_in_a_fixed_order_whatever_the_order_of_the_file(small):
    leaves = {("SOM", "M"): 1, ("NPL", "F"): 2, ("_U", "M"): 3}
    rows, _ = margins(table(["nationality", "sex"], leaves), small.areas)
    again, _ = margins(table(["nationality", "sex"], dict(reversed(leaves.items()))), small.areas)
    assert rows == again
    assert [row.key for row in rows][:3] == [("NPL", "_T"), ("SOM", "_T"), ("_U", "_T")]
    assert rows[-1].key == ("_T", "_T")


def test_absent_is_not_zero(small):
    rows, _ = margins(table(["nationality"], {("SOM",): 5}), small.areas)
    assert counts(rows) == {("_AFR",): 5, ("_T",): 5}


def test_codes_without_area_count_in_the_grand_total_alone(small):
    rows, _ = margins(table(["nationality"], {("SOM",): 5, ("XXA",): 6, ("_U",): 7, ("_O",): 8}), small.areas)
    assert counts(rows) == {("_AFR",): 5, ("_T",): 26}


def test_the_senders_own_rest_counts_in_its_area(small):
    rows, _ = margins(table(["nationality"], {("_OAFR",): 9, ("SOM",): 5}), small.areas)
    assert counts(rows) == {("_AFR",): 14, ("_T",): 14}


def test_only_dimensions_of_states_have_areas(small):
    rows, _ = margins(table(["origin_state", "route_point"], {("SOM", "SOM"): 5}), small.areas)
    assert counts(rows) == {("SOM", "_T"): 5, ("_AFR", "SOM"): 5, ("_AFR", "_T"): 5, ("_T", "SOM"): 5, ("_T", "_T"): 5}


def test_a_table_without_dimensions_has_no_margins(small):
    assert margins(table([], {(): 7}), small.areas) == ((), ())


@pytest.mark.parametrize(
    ("gaps", "status"),
    [(["not_collected"], "not_collected"), (["masked"], "masked"), (["not_collected", "masked"], "masked")],
)
def test_a_margin_over_a_gap_is_null_with_the_stronger_word(small, gaps, status):
    leaves = {("SOM",): 5, **{(code,): Leaf(None, gap) for code, gap in zip(("ERI", "CMR"), gaps, strict=False)}}
    rows, _ = margins(table(["nationality"], leaves), small.areas)
    assert rows == (Row(("_AFR",), None, status, is_total=True), Row(("_T",), None, status, is_total=True))


def test_a_submitted_total_fills_a_margin_over_a_gap(small):
    leaves = {("SOM",): 5, ("ERI",): Leaf(None, "masked")}
    rows, mismatches = margins(table(["nationality"], leaves, {("_T",): 8}), small.areas)
    assert mismatches == ()
    assert rows == (Row(("_AFR",), None, "masked", is_total=True), Row(("_T",), 8, None, is_total=True))


@pytest.mark.parametrize(
    ("leaves", "key", "submitted", "summed"),
    [
        ({("SOM",): 5, ("NPL",): 2}, ("_T",), 8, 7),
        ({("SOM",): 5, ("NPL",): 2}, ("_AFR",), 4, 5),
        ({("SOM",): 5}, ("_ASI",), 3, 0),
        ({("SOM",): 5, ("ERI",): Leaf(None, "masked")}, ("_T",), 4, 5),
    ],
    ids=["grand total", "area", "nothing beneath", "smaller than the known parts"],
)
def test_a_total_that_its_parts_contradict_is_a_mismatch(small, leaves, key, submitted, summed):
    _, mismatches = margins(table(["nationality"], leaves, {key: submitted}), small.areas)
    assert mismatches == (Mismatch(key, submitted, summed),)


def test_a_total_that_agrees_is_none(small):
    submitted = {("_T",): 7, ("_AFR",): 5, ("_OCE",): 0}
    assert margins(table(["nationality"], {("SOM",): 5, ("NPL",): 2}, submitted), small.areas)[1] == ()


def test_a_mismatch_names_its_cell_and_both_numbers():
    finding = Mismatch(("_T", "F"), 9, 7).finding(("nationality", "sex"), "/cells/4")
    assert finding == Finding("total-mismatch", "/cells/4", params={"submitted": 9, "summed": 7, "cell": "nationality=_T sex=F"})


def test_no_count_is_seen_in_a_representation(small):
    declared = table(["nationality"], {("SOM",): 4711}, {("_T",): 4712})
    rows, mismatches = margins(declared, small.areas)
    assert "471" not in repr((declared, rows, mismatches, Leaf(4711, None)))


def test_ten_times_the_leaves_take_about_ten_times_the_work(world):
    def work(nationalities):
        codes = sorted(world.areas)[:nationalities]
        leaves = dict.fromkeys(itertools.product(codes, ["F", "M", "X"], ["Y0T17", "Y_GE18"], ["land", "sea"]), 7)
        big = table(["nationality", "sex", "age", "mode"], leaves)
        start = time.process_time()
        rows, _ = margins(big, world.areas)
        took = time.process_time() - start
        areas = len({world.areas[code] for code in codes})
        assert len(rows) + len(leaves) == (nationalities + areas + 1) * 4 * 3 * 3
        return took

    # Work that grows with the leaves times all their margins, or with their square, would take a hundred times as much.
    few = min(work(20) for _ in range(5))
    assert min(work(200) for _ in range(3)) < 40 * few
