"""Two versions of one bulletin under the least-change reading; every range worked out by hand."""

from dataclasses import replace

from joint_tables import New, month, release

OCTOBER = month(10)


def version(cells, dimensions="sex", **how):
    return release("october", dimensions, OCTOBER, cells, bulletin="october", **how)


def test_a_correction_leaves_the_pair_possible():
    # F fell from 20 to 12: one table for both would be none.
    new = New(version({"F": 12, "M": None, "X": None, "_T": 40}), [version({"F": 20, "M": None, "X": None, "_T": 45})])
    system = new.system("version")
    # F loses 8; the hidden rest rises from 25 to 28, which costs 3.
    assert system.least_cost == 11
    assert new.leaks("version") == set()


def test_a_second_version_tells_what_the_first_withheld():
    # Version 1: F and M share 9 beside X = 20.  Version 2 shows F: 7, so M is 2, and the least change puts 7 and 2 in version 1 too.
    new = New(version({"F": 7, "M": None, "X": 20, "_T": None}), [version({"F": None, "M": None, "X": 20, "_T": 29})])
    assert new.system("version").least_cost == 0
    assert new.leaks("version") == {(2, 2, frozenset({("F",)}))}


def test_a_small_count_that_was_large_is_told_by_the_totals():
    # F was 6 and is hidden now; the total fell by 2 and M stayed, so F is 4.
    new = New(version({"F": None, "M": 30, "_T": 34}), [version({"F": 6, "M": 30, "_T": 36})])
    assert new.system("version").least_cost == 2
    # M did not change and the grand total is never a choice while anything else is.
    assert new.spans("version") == {(4, 4)}


def test_the_proof_names_what_changed_before_what_did_not_and_never_the_grand_total():
    # M and the total are told and X is what it was, so F is 4; M and the total changed.
    old = version({"F": 8, "M": 30, "X": 12, "_T": 50})
    new = New(version({"F": None, "M": 35, "X": 12, "_T": 51}), [old])
    assert new.leaks("version") == {(4, 4, frozenset({("M",)}))}


def test_a_second_version_that_hides_nothing_may_tell_of_the_first():
    # F and M were 9 together and are 7 and 5: whoever came, F was 4..7 and M 2..5, four candidates each.
    new = New(version({"F": 7, "M": 5, "X": 20, "_T": 32}), [version({"F": None, "M": None, "X": 20, "_T": 29})])
    assert new.system("version").least_cost == 3
    assert new.spans("version") == {(4, 7), (2, 5)}


def test_a_code_that_a_version_does_not_have_is_nobody_there():
    new = New(version({"F": 20, "M": 30, "X": None, "_T": None}), [version({"F": 20, "M": 30, "_T": 50})])
    # The least change leaves X at 0.
    assert new.system("version").least_cost == 0
    assert new.leaks("version") == set()


def test_pooled_versions_open_what_moved_between_pools():
    # ERI was in the rest of 9 beside 5 others; version 2 shows ERI 6: the rest of the others is 3.
    old = version({"SOM": 40, "_OAFR": 9, "_AFR": 49, "_T": 49}, "nationality", method="pool")
    new = New(version({"SOM": 40, "ERI": 6, "_O": 8, "_T": 54}, "nationality", method="pool"), [old])
    # Of the 8 in `_O` the least change leaves 3 where they were, unnamed in Africa; those are no published cell.
    assert new.system("version").least_cost == 5
    assert new.leaks("version") == set()


def test_two_rounded_versions_are_each_read_by_their_own_ranges():
    # Base 6: F was rounded to 0 (0..5), then to 6 (1..6): without a change it is 1..5, k candidates.
    old = version({"F": 0, "M": 30, "_T": 30}, method="round")
    new = New(version({"F": 6, "M": 30, "_T": 36}, method="round"), [old])
    assert new.system("version").least_cost == 0
    assert new.leaks("version") == set()
    # To base 5 it keeps 1..4 alone.
    nearer = replace(old, k=4)
    again = New(version({"F": 5, "M": 30, "_T": 35}, method="round", k=4), [nearer])
    assert (1, 4) in again.spans("version")


def test_every_earlier_version_is_read_beside_the_new_one():
    first = version({"F": 20, "M": 30, "_T": 50})
    second = replace(version({"F": 21, "M": 30, "_T": 51}), name="october@v2")
    new = New(version({"F": 22, "M": 30, "_T": 52}), [first, second])
    assert [each.names for each in new.of("version")] == [("october@v1",), ("october@v2",), ("october@v1", "october@v2")]


def test_people_after_a_nil_report_are_all_new():
    new = New(version({"F": 20, "M": None, "_T": 30}), [version({"_T": 0})])
    assert new.system("version").least_cost == 30
    assert new.leaks("version") == set()


def test_a_nil_report_after_people_takes_them_all_back():
    # Nobody told M: the least change has it at 0 before, too.
    new = New(version({"_T": 0}), [version({"F": 20, "M": None, "_T": None})])
    assert new.system("version").least_cost == 20
    assert new.leaks("version") == set()


def test_tables_of_one_number_are_read_beside_each_other():
    new = New(release("a", (), OCTOBER, {(): 30}, bulletin="one"), [release("b", (), OCTOBER, {(): 20}, bulletin="one")])
    assert new.system("version").least_cost == 10
    assert new.leaks("version") == set()


def test_three_versions_tell_what_no_two_of_them_do():
    # By the least change X was 0 at first, stayed so when M lost one, and is 0 or 1 now that the total rose by one.
    first = version({"F": 42, "M": 12, "X": None, "_T": 54})
    second = replace(version({"F": 42, "M": None, "X": None, "_T": 53}), name="october@v2")
    new = New(version({"F": 42, "M": None, "X": None, "_T": 54}), [first, second])
    *pairs, every = new.of("version")
    assert [new.judged(pair) for pair in pairs] == [set(), set()]
    assert every.system_of(new.told.shown).least_cost == 2
    assert {(low, high) for low, high, _ in new.judged(every)} == {(0, 1)}


def test_of_many_versions_the_last_four_are_read_all_at_once():
    old = [replace(version({"F": 20 + number, "M": 30, "_T": 50 + number}), name=f"october@v{number}") for number in range(1, 6)]
    new = New(version({"F": 26, "M": 30, "_T": 56}), old)
    assert [each.names for each in new.of("version")][5:] == [("october@v3", "october@v4", "october@v5")]
