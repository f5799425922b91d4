"""One period by other dimensions, from another publisher, or pooled: sums over what two tables share are equal."""

from joint_tables import New, month, release

OCTOBER = month(10)
SEX = ("nationality", "sex")
POINT = ("nationality", "route_point")


def test_nationality_by_sex_tells_what_nationality_by_point_withheld():
    # By point SOM has 9 at DAR and a hidden rest; by sex SOM is 6 + 5, so the rest is 2.
    by_point = release("p", POINT, OCTOBER, {("SOM", "DAR"): 9, ("SOM", "JAQ"): None, ("NPL", "DAR"): 20, ("NPL", "JAQ"): None})
    by_sex = release("s", SEX, OCTOBER, {("SOM", "F"): 6, ("SOM", "M"): 5, ("NPL", "F"): 40, ("NPL", "M"): 20})
    assert New(by_sex, [by_point]).leaks("linked") == {(2, 2, frozenset({("SOM", "F"), ("SOM", "M")}))}


def test_a_total_of_another_table_tells_a_withheld_cell_of_the_new_one():
    by_point = release("p", "route_point", OCTOBER, {"DAR": 20, "JAQ": 12, "_T": 32})
    by_sex = release("s", "sex", OCTOBER, {"F": 30, "M": None, "_T": None})
    # M and nothing else is left of 32: both tables share the grand total alone.
    assert New(by_sex, [by_point]).leaks("linked") == {(2, 2, frozenset({("F",)}))}


def test_tables_that_share_no_total_are_apart():
    by_point = release("p", "route_point", OCTOBER, {"DAR": 20, "JAQ": None, "_T": None})
    by_sex = release("s", "sex", OCTOBER, {"F": 30, "M": None, "_T": None})
    assert New(by_sex, [by_point]).leaks("linked") == set()


def test_tables_that_contradict_each_other_are_judged_apart():
    by_point = release("p", "route_point", OCTOBER, {"DAR": 20, "JAQ": 12, "_T": 32})
    new = New(release("s", "sex", OCTOBER, {"F": 30, "M": 10, "_T": 40}), [by_point])
    assert new.system("linked") is None
    assert new.of("linked")[0].is_contradicted(new.told.shown)


def test_a_nationality_shown_elsewhere_tells_the_others_in_its_pool():
    # The rest of Africa is 9 and ERI, which is in it, 6: of CMR and all unnamed 3 are left.
    pooled = release("n", "nationality", OCTOBER, {"SOM": 40, "_OAFR": 9, "_AFR": 49, "_T": 49}, method="pool")
    named = release("s", SEX, OCTOBER, {("SOM", "F"): 40, ("ERI", "F"): 6, ("CMR", "F"): None, ("CMR", "M"): None})
    # Of the 3 that are left some are CMR: 0..3 by sex and in all; nobody else of Africa is in the new table, so CMR is 3 in the pool.
    leaks = New(named, [pooled]).leaks("linked")
    assert leaks == {(0, 3, frozenset({("ERI", "F")})), (3, 3, frozenset({("ERI", "F")}))}


def test_ages_cut_otherwise_tell_the_ages_between():
    # Minors are 20; the new table has 17 of them below 12, so 3 are between 12 and 17.
    wide = release("w", "age", OCTOBER, {"Y0T17": 20, "Y_GE18": 50, "_T": 70})
    fine = release("f", ("age", "sex"), OCTOBER, {("Y0T11", "F"): 17, ("Y12T17", "F"): None, ("Y_GE18", "F"): 50})
    assert New(fine, [wide]).leaks("linked") == {(3, 3, frozenset({("Y0T11", "F")}))}


def test_a_rounded_table_is_as_wide_beside_others_as_its_ranges():
    # Base 6: F was rounded to 6 (1..6) and M to 0 (0..5).
    rounded = release("r", ("sex", "mode"), OCTOBER, {("F", "land"): 6, ("M", "land"): 0, ("X", "land"): 30}, method="round")
    silent = release("s", "sex", OCTOBER, {"F": None, "M": None, "X": None, "_T": None})
    assert New(silent, [rounded]).leaks("linked") == set()
    telling = release("s", "sex", OCTOBER, {"F": None, "M": None, "X": 30, "_T": 38})
    # F and M are 8 together and M is at most 5, so F is 3..6 and M 2..5: four candidates each.
    assert New(telling, [rounded]).spans("linked") == {(3, 6), (2, 5)}


def test_a_nil_report_beside_a_table_with_people_contradicts_it():
    new = New(release("nil", "sex", OCTOBER, {"_T": 0}), [release("p", "route_point", OCTOBER, {"DAR": 20, "_T": 20})])
    assert new.system("linked") is None
