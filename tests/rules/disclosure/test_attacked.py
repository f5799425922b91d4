"""What fresh eyes found by attacking the door and the check of certificates: each way in is shut, each honest certificate holds."""

import pytest
from made_tables import MONTH, MONTHS, QUARTER, RefusedError, Shelf, aside

from app.disclosure.check_certificate import faults
from app.disclosure.table import Leaf, Table

K = 5


def document(name, dimensions, cells, place=MONTH, method="withhold"):
    """A published table as its readers have it; `cells` are counts by key, or by code."""
    identity, _, version = name.partition("@v")
    listed = [
        dict(zip(dimensions, key if isinstance(key, tuple) else (key,), strict=True)) | {"value": value} for key, value in cells.items()
    ]
    days = {"period_start": place.first.isoformat(), "period_end": place.last.isoformat()}
    known = {"id": identity, "version": int(version), "dimensions": list(dimensions), "cells": listed}
    return known | days | {"disclosure": {"policy": "rule(k)", "k": K, "method": method}}


def certificate(*systems, areas=None):
    return {"policy": "rule(k)", "k": K, "method": "withhold", "table": "this", "areas": areas or {}, "systems": list(systems)}


def found(shelf):
    """What is wrong with the certificate of the newest table of a shelf."""
    documents = {}
    for release in shelf.releases:
        place = aside(MONTH, release.bulletin)
        cells = {row.key: row.value for row in release.rows}
        made = document(release.name, release.dimensions, cells, place, release.method)
        documents[release.name] = made | {"period_start": release.first.isoformat(), "period_end": release.last.isoformat()}
    *_, newest = shelf.releases
    return faults(documents | {"this": documents[newest.name]}, shelf.certificates[-1])


SOME = {("SOM",): 40, ("ERI",): 30, ("NPL",): 22}


@pytest.mark.parametrize("counts", [({}, {}, {}), ({}, SOME, {}), (SOME, {}, {}), (SOME, {}, SOME), ({}, {}, SOME)])
@pytest.mark.parametrize("method", ["pool", "withhold"])
def test_nil_reports_come_and_go_over_versions(counts, method):
    shelf = Shelf(1)
    for each in counts:
        shelf.publish(("nationality",), each, method=method)
        assert found(shelf) == []


@pytest.mark.parametrize("places", [(MONTH, aside(MONTH, "another")), (MONTHS[0], MONTHS[1], QUARTER)])
def test_nil_reports_stand_beside_each_other(places):
    shelf = Shelf(1)
    for place in places:
        shelf.publish(("nationality",), {}, place)
        assert found(shelf) == []


def test_a_small_rest_without_company_is_refused():
    leaves = {("SOM", "F"): Leaf(3, None), ("SOM", "M"): Leaf(None, "masked")}
    for method in ("pool", "none", "round"):
        with pytest.raises(RefusedError):
            Shelf(1).publish_table(Table(("nationality", "sex"), leaves, {}), method=method)


@pytest.mark.parametrize("seed", range(3))
def test_the_senders_total_of_its_own_rest_is_no_total_of_a_pool_that_others_joined(seed):
    counts = {("_O", "M"): 10, ("FRA", "F"): 3, ("FRA", "M"): 1, ("ERI", "F"): 40, ("ERI", "M"): 50, ("NPL", "F"): 33, ("NPL", "M"): 44}
    leaves = {key: Leaf(count, None) for key, count in counts.items()} | {("_O", "F"): Leaf(None, "not_collected")}
    shelf = Shelf(seed)
    table = shelf.publish_table(Table(("nationality", "sex"), leaves, {("_O", "_T"): 25}), method="pool")
    # FRA joined it: 25 and 4.
    assert {key: value for key, value, _ in table.rows}["_O", "_T"] in (None, 29)
    assert found(shelf) == []


@pytest.mark.parametrize("method", ["none", "withhold"])
def test_months_that_their_quarter_contradicts_have_certificates_that_hold(method):
    shelf = Shelf(1)
    men = 50 if method == "none" else 3
    months = [({("F",): 40, ("M",): men}, place) for place in MONTHS]
    for counts, place in [({("F",): 119, ("M",): 150}, QUARTER), *months]:
        shelf.publish(("sex",), counts, place, method=method)
        assert found(shelf) == []


def test_where_the_rest_alone_proves_a_leak_it_grows():
    # A month, and 4 more persons of BGD, one more of either other State, over the quarter that holds it.
    shelf = Shelf(21)
    shelf.publish(("nationality",), {("CMR",): 20, ("BGD",): 3, ("ERI",): 7}, MONTHS[0], method="pool")
    quarter = shelf.publish(("nationality",), {("CMR",): 21, ("BGD",): 7, ("ERI",): 8}, QUARTER, method="pool")
    assert {key[0]: value for key, value, _ in quarter.rows} == {"ERI": 8, "_O": 28, "_T": 36}
    assert found(shelf) == []


FIRST = document("a@v1", ("sex",), {"F": None, "M": None, "X": 20, "_T": 29})
SECOND = document("a@v2", ("sex",), {"F": 7, "M": None, "X": None, "_T": 29})
ALONE = {"kind": "alone", "tables": ["this"], "least": [0], "points": [[7, men, 22 - men] for men in range(5)], "steps": [], "bounds": []}
COLUMNS = {"leaf": [0, 1, 2], "atoms": [["F"], ["M"], ["X"]]}


def moved(before, after):
    pairs = list(zip(before, after, strict=True))
    return [min(pair) for pair in pairs] + [max(new - old, 0) for old, new in pairs] + [max(old - new, 0) for old, new in pairs]


def forged(**changes):
    """M was 2 and is 2, for nothing changed; a certificate that says it may be 0 to 4."""
    points = [moved((women, 9 - women, 20), (7, women, 22 - women)) for women in range(5)]
    change = {"least": 60, "proof": {"scale": -1, "rows": [[-1, 0, 3], [-1, 1, 3]], "ties": []}}
    system = {"kind": "version", "tables": ["a@v1", "this"], "least": [0, 0], "columns": [COLUMNS, COLUMNS], "points": points}
    return faults({"this": SECOND, "a@v1": FIRST}, certificate(ALONE, system | {"steps": [], "bounds": [], "change": change} | changes))


def test_a_proof_of_the_least_change_with_a_scale_below_1_proves_nothing():
    assert forged() == ["version: the change could be smaller"]


def test_a_cell_without_a_column_is_found():
    without = {"leaf": [0, 2], "atoms": [["F"], ["X"]]}
    vain = [{"table": table, "cell": 1, "scale": -1, "rows": [], "ties": []} for table in range(2)]
    told = [
        {"table": 0, "cell": 0, "scale": 1, "rows": [[1, 0, 3], [-1, 0, 2]]},
        {"table": 1, "cell": 2, "scale": 1, "rows": [[1, 1, 3], [-1, 1, 0]]},
    ]
    rows = [[-1, 0, 2], [1, 1, 3], [-1, 1, 0], [1, 0, 3], [-1, 0, 2], [-1, 1, 0]]
    change = {"least": 4, "proof": {"scale": 1, "rows": rows, "ties": []}}
    said = forged(columns=[without, without], points=[moved((9, 20), (7, 22))], bounds=[*vain, *told], change=change)
    assert "version: a cell has no column" in said


def test_what_nobody_knows_of_a_cell_is_no_least():
    assert forged(least=[5, 5]) == ["version: nobody knows that so many are in a cell"]


def test_a_pool_needs_a_column_for_those_whom_no_table_names():
    old = document("a@v1", ("nationality",), {"SOM": 12, "_O": 9, "_T": 21}, method="pool")
    new = document("a@v2", ("nationality",), {"SOM": 12, "ERI": 9, "_T": 21})
    columns = [{"leaf": [0, 1], "atoms": [["SOM"], ["ERI"]]}, {"leaf": [0, 1], "atoms": [["SOM"], ["ERI"]]}]
    system = {"kind": "version", "tables": ["a@v1", "this"], "least": [0, 0], "columns": columns, "points": [moved((12, 9), (12, 9))]}
    rest = {"steps": [], "bounds": [], "change": {"least": 0, "proof": {"scale": 1, "rows": [], "ties": []}}}
    said = faults({"this": new, "a@v1": old}, certificate(ALONE | {"points": [[12, 9]]}, system | rest))
    assert "version: a cell has no column" in said


def test_the_proof_of_another_table_proves_nothing_of_this_one():
    cells = {("F", "Y0"): None, ("F", "Y1"): None, ("F", "_T"): 9, ("M", "Y0"): None, ("M", "Y1"): 40, ("M", "_T"): 47}
    table = document("a@v1", ("sex", "age"), cells | {("_T", "Y0"): 9, ("_T", "Y1"): 47, ("_T", "_T"): 56})
    other = document("o@v1", ("sex",), {"F": None, "M": None, "_T": 40})
    system = {
        "kind": "alone",
        "tables": ["o@v1"],
        "least": [0],
        "points": [[women, 40 - women] for women in range(5)],
        "steps": [],
        "bounds": [],
    }
    assert faults({"this": table, "o@v1": other}, certificate(system)) == ["alone: it is not about this table"]


def test_an_area_is_one_whatever_the_certificate_says_of_areas():
    # SOM is 40 - 37 = 3.
    cells = {"SOM": None, "ERI": 37, "NPL": None, "BGD": None, "_AFR": 40, "_ASI": None, "_T": None}
    table = document("n@v1", ("nationality",), cells)
    points = [[some, 37, some, some] for some in range(5)]
    assert faults({"this": table}, certificate(ALONE | {"points": points})) != []
    wider = [[some, 37, some, some, 40, some] for some in range(5)]
    said = faults({"this": table}, certificate(ALONE | {"points": wider}))
    assert "alone: it is not of the form of a certificate of these tables" in said


def test_no_count_is_larger_than_any():
    table = document("a@v1", ("sex",), {"F": None, "M": None, "_T": None})
    points = [[2**31 + some, some] for some in range(5)]
    assert "alone: a count is larger than any" in faults({"this": table}, certificate(ALONE | {"points": points}))
