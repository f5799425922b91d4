from joint_tables import AREAS, month, release

from app.disclosure.grid import columns_of, shared_keys
from app.disclosure.told import told


def cut(*tables):
    """For each table the columns under each of its leaves."""
    found = []
    for table, columns in zip(tables, columns_of([told(table, AREAS) for table in tables], AREAS), strict=True):
        spread = columns.spread.toarray()
        leaves = told(table, AREAS).space.leaves
        found.append({leaf: {columns.keys[at] for at in spread[number].nonzero()[0]} for number, leaf in enumerate(leaves)})
    return found


def by(dimension, *codes, **cells):
    return release("a", dimension, month(1), {**dict.fromkeys(codes), **cells})


def atoms(*codes):
    return {(code,) for code in codes}


def test_ages_are_cut_where_any_table_cuts_them():
    wide, fine = cut(by("age", "Y0T17", "Y_GE18", "_U"), by("age", "Y0T11", "Y12T17", "Y18T29", "Y_GE30", "_U"))
    assert wide == {("Y0T17",): atoms("Y0T11", "Y12T17"), ("Y_GE18",): atoms("Y18T29", "Y30T130"), ("_U",): atoms("_U")}
    assert fine[("Y12T17",)] == atoms("Y12T17")
    assert fine[("Y_GE30",)] == atoms("Y30T130")


def test_a_rest_holds_who_its_table_does_not_name_and_the_unnamed_of_its_area():
    pooled, named = cut(by("nationality", "SOM", "_OAFR", "_O"), by("nationality", "SOM", "ERI", "CMR", "NPL"))
    assert pooled[("_OAFR",)] == atoms("ERI", "CMR", "*AFR")
    assert pooled[("_O",)] == atoms("NPL", "*AMN", "*AMS", "*ASI", "*CAR", "*EUR", "*OCE", "*")
    assert pooled[("SOM",)] == named[("SOM",)] == atoms("SOM")


def test_without_a_rest_of_the_area_its_unnamed_are_in_other():
    pooled, _ = cut(by("nationality", "SOM", "_O"), by("nationality", "ERI", "XXA", "_U"))
    assert {("ERI",), ("*AFR",), ("XXA",), ("_U",), ("*",)} <= pooled[("_O",)]
    assert ("SOM",) not in pooled[("_O",)]


def test_a_rest_of_nobody_holds_nobody():
    empty, _ = cut(by("nationality", "SOM", "_O", _OAFR=0), by("nationality", "ERI"))
    assert empty[("_OAFR",)] == set()
    assert {("ERI",), ("*AFR",)} <= empty[("_O",)]


def test_a_rest_rounded_to_nobody_may_hold_some():
    rounded = release("a", "nationality", month(1), {"SOM": 20, "_OAFR": 0, "_T": 20, "_AFR": 20}, method="round")
    (found, _) = cut(rounded, by("nationality", "ERI"))
    assert found[("_OAFR",)] == atoms("ERI", "*AFR")


def test_who_has_no_place_in_a_table_is_none_of_it():
    one, other = cut(by("nationality", "SOM"), by("nationality", "SOM", "NPL"))
    assert one == {("SOM",): atoms("SOM")}
    assert other[("NPL",)] == atoms("NPL")


def test_other_dimensions_keep_their_codes():
    one, other = cut(by("sex", "F", "M"), by(("sex", "mode"), ("F", "land"), ("M", "sea")))
    assert one == {("F",): atoms("F"), ("M",): atoms("M")}
    assert other == {("F", "land"): {("F", "land")}, ("M", "sea"): {("M", "sea")}}


def test_combinations_fold_to_the_dimensions_that_two_tables_share():
    tables = [told(by(("sex", "mode"), ("F", "land"), ("F", "sea"), ("M", "sea")), AREAS), told(by("sex", "F", "_U"), AREAS)]
    wide, narrow = columns_of(tables, AREAS)
    keys = shared_keys([wide, narrow], ["sex"])
    assert keys == {("F",): 0, ("M",): 1, ("_U",): 2}
    assert wide.folded(["sex"], keys).toarray().tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert narrow.folded(["sex"], keys).toarray().tolist() == [[1, 0], [0, 0], [0, 1]]


def test_named_codes_inside_a_pool_are_hidden_and_unnamed_ones_are_not():
    tables = [told(by("nationality", "SOM", "_OAFR"), AREAS), told(by("nationality", "SOM", "ERI"), AREAS)]
    columns = columns_of(tables, AREAS)[0]
    assert [key for key, hidden in zip(columns.keys, columns.hidden(), strict=True) if hidden] == [("ERI",)]
