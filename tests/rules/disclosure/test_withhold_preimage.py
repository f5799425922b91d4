"""The reader who has the source code: for every output of the real withholding, all inputs and all draws that can give it."""

from collections import defaultdict

import numpy as np
import pytest
from checker import obeys
from made_tables import AREAS, small
from scripted import FLAT, LINE, NESTED, SQUARE, Enumeration

from app.disclosure.draw import Draw
from app.disclosure.program import Budget
from app.disclosure.space import Space
from app.disclosure.withhold import Pattern, withhold


def betrayals(enumeration, total):
    """How many outputs there are, and how many betray a count: to anyone, or to who knows that the sender writes no zeros."""
    inputs = enumeration.preimages(total)
    broken = [output for output, tables in inputs.items() if any(enumeration.betrayed(known) for known in readings(tables))]
    return len(inputs), len(broken)


def readings(tables):
    """All tables, and those without a zero where there are any."""
    return [tables, *([whole] if (whole := [table for table in tables if min(table)]) else [])]


def later_betrayals(first, later, totals):
    """The same for second versions: pairs of patterns of both, and those that betray a count of the second."""
    patterns = {shown for table in first.tables(totals[0]) for shown in first.outputs(table)}
    number = broken = 0
    for before in patterns:
        inputs = defaultdict(list)
        for table in later.tables(totals[1]):
            for shown in later.outputs(table, before=before):
                inputs[later.seen(shown, later.sums @ np.array(table))].append(table)
        number += len(inputs)
        broken += sum(any(later.betrayed(known) for known in readings(tables)) for tables in inputs.values())
    return number, broken


@pytest.mark.parametrize(("shape", "k", "total"), [(FLAT, 3, 5), (LINE, 3, 9)], ids=["2x3, total 5", "4 leaves, total 9"])
def test_no_pattern_betrays_a_count_even_to_who_has_the_source_code(shape, k, total):
    number, broken = betrayals(Enumeration(shape, k), total)
    assert number > 40
    assert broken == 0


def test_without_decoys_patterns_do_betray_counts_and_this_enumeration_sees_it():
    number, broken = betrayals(Enumeration(FLAT, 3, decoys=False), 5)
    assert number > broken > 0


def test_where_the_audit_forgets_senders_without_zeros_patterns_betray_counts(monkeypatch):
    monkeypatch.setattr("app.disclosure.withhold._without_zeros", lambda *_: None)
    number, broken = betrayals(Enumeration(LINE, 3), 9)
    assert number > broken > 0


def test_no_second_version_betrays_a_count():
    number, broken = later_betrayals(Enumeration(SQUARE, 2), Enumeration(SQUARE, 2), (3, 4))
    assert number > 100
    assert broken == 0


def test_second_versions_without_decoys_of_their_own_do_betray_counts():
    number, broken = later_betrayals(Enumeration(SQUARE, 2), Enumeration(SQUARE, 2, decoys=False), (3, 4))
    assert number > broken > 0


def test_decoys_of_a_second_version_are_drawn_anew():
    (dimensions, counts), asked = small(0), []

    class Listening(Draw):
        def fraction(self, purpose, item):
            asked.append(purpose)
            return super().fraction(purpose, item)

    space = Space(dimensions, list(counts), AREAS)
    values = space.sums @ np.array([counts[leaf] for leaf in space.leaves])
    nothing = np.zeros(len(values), dtype=bool)
    for version in (1, 2, 3):
        Pattern(space, values, ~nothing, 5, Listening(b"secret", "flow", "period"), nothing, version)
    assert len(set(asked)) == 3


@pytest.mark.parametrize("seed", range(12))
def test_the_choice_of_company_reads_no_count_that_is_withheld(seed):
    dimensions, counts = small(seed)
    space = Space(dimensions, list(counts), AREAS)
    values = space.sums @ np.array([counts[leaf] for leaf in space.leaves])
    nothing = np.zeros(len(values), dtype=bool)
    ends = []
    for other in (None, -7, 2**30):
        pattern = Pattern(space, values, ~nothing, 5, Draw(b"secret", "flow", "period"), nothing)
        if other is not None:
            pattern.values = np.where(pattern.shown, values, other)
        withhold(pattern, Budget(60))
        ends.append(pattern.shown.tolist())
    assert ends[0] == ends[1] == ends[2]
    assert sum(ends[0]) < len(values)


def test_anyone_who_hides_a_count_may_be_its_company(monkeypatch):
    assert companies(monkeypatch) == {"Y12T17", "Y18T59", "Y_GE60"}


def test_company_that_is_always_the_smallest_is_seen(monkeypatch):
    monkeypatch.setattr(Draw, "fraction", lambda *_: 0.5)
    assert companies(monkeypatch) == {"Y12T17"}


def companies(monkeypatch):
    """Who hides beside the one small count of (2, 5, 5, 6) over 50 secrets, decoys put aside."""
    monkeypatch.setattr("app.disclosure.withhold.DECOY_CHANCE", 0.0)
    space = Space(("age",), [("Y0T11",), ("Y12T17",), ("Y18T59",), ("Y_GE60",)], {})
    values, nothing, found = np.array([2, 5, 5, 6, 18]), np.zeros(5, dtype=bool), set()
    for number in range(50):
        pattern = Pattern(space, values, ~nothing, 5, Draw(b"secret %d" % number, "flow", "period"), nothing)
        withhold(pattern, Budget(30))
        hidden = [space.cells[cell][0] for cell in np.flatnonzero(~pattern.shown)]
        assert hidden[0] == "Y0T11"
        found.update(hidden[1:])
    return found


def test_the_rule_over_a_set_of_values_is_read_as_written():
    assert obeys({0}, 3)
    assert obeys({3, 9}, 3)
    assert obeys({0, 1, 2}, 3)
    assert obeys({0, 2, 3, 4}, 3)
    assert not obeys({0, 2, 4}, 3)
    assert not obeys({2}, 3)
    assert not obeys({0, 3}, 3)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("shape", "k", "total"), [(FLAT, 3, 6), (NESTED, 3, 5), (SQUARE, 3, 7), (SQUARE, 2, 5)], ids=["2x3", "areas", "2x2, k 3", "2x2, k 2"]
)
def test_disclosure_long_preimages_of_withhold(shape, k, total):
    number, broken = betrayals(Enumeration(shape, k), total)
    print(f"withhold, k {k}, total {total}: {number} outputs, {broken} betray a count")
    assert number > 100
    assert broken == 0


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("k", "totals"), [(2, (4, 5)), (3, (6, 6)), (3, (6, 5))])
def test_disclosure_long_preimages_of_second_versions(k, totals):
    number, broken = later_betrayals(Enumeration(SQUARE, k), Enumeration(SQUARE, k), totals)
    print(f"second versions, k {k}, totals {totals}: {number} outputs, {broken} betray a count")
    assert number > 500
    assert broken == 0
