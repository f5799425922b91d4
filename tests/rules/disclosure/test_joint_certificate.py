"""Certificates of tables read together: what the node writes satisfies the stand-alone check, and what is changed is found."""

import copy
import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from joint_tables import AREAS, New, month, quarter, release

from app.disclosure.certificate import certificate_of
from app.disclosure.check_certificate import faults
from app.disclosure.draw import Draw
from app.disclosure.grid import columns_of
from app.disclosure.joint_certificate import Joint
from app.disclosure.judge import judge
from app.disclosure.program import Budget, Program
from app.disclosure.reading import Reading
from app.disclosure.space import Space
from app.disclosure.table import row_order
from app.disclosure.told import told
from app.disclosure.withhold import Pattern, withhold

K = 5


def document(each):
    name, _, version = each.name.partition("@v")
    cells = []
    for row in each.rows:
        codes = dict(zip(each.dimensions, row.key, strict=True))
        cells.append(codes | {"value": row.value} | ({"value_status": row.status} if row.status else {}))
    return {
        "id": name,
        "version": int(version),
        "dimensions": list(each.dimensions),
        "cells": cells,
        "period_start": each.first.isoformat(),
        "period_end": each.last.isoformat(),
        "disclosure": {"policy": "rule(k)", "k": each.k, "method": each.method},
    }


def ordered(each):
    """A release with its rows in the order in which documents hold them."""
    assert each.method == "pool" or {row.key for row in each.rows} == set(told(each, AREAS).space.cells), "every cell stands in the rows"
    return replace(each, rows=tuple(sorted(each.rows, key=lambda row: row_order(row.key))))


def certified(kind, new, releases):
    """Documents and the joint part of the certificate of one reading, which must have no leak."""
    question = New(new, releases)
    beside = question.only(kind) if kind != "version" else question.of(kind)[-1]
    system = beside.system_of(question.told.shown)
    by_name = {each.name: each for each in releases}
    named = [by_name[name] for name in beside.names]
    tables = [*(told(each, AREAS) for each in named), question.told]
    columns = columns_of(tables, AREAS)
    readings = [Reading(one, cut, AREAS, is_new=one is question.told) for one, cut in zip(tables, columns, strict=True)]
    program = Program(system, Budget(30))
    leaks, witnesses = judge(system, K, program)
    assert not leaks
    listed = [[row.key for row in each.rows] for each in (*named, new)]
    made = Joint(kind, beside.names, readings, listed, system).certificate(K, program, witnesses)
    documents = {"this": document(new), **{each.name: document(each) for each in named}}
    return documents, made, [each.space for each in tables]


def found(documents, made, spaces):
    """Faults of the joint part; that nothing is said of the new table by itself is no matter here."""
    method = documents["this"]["disclosure"]["method"]
    certificate = json.loads(certificate_of(method, K, spaces, [made]))
    return [fault for fault in faults(documents, certificate) if not fault.startswith("nothing is proved")]


def version(cells, dimensions="sex", number=1, **how):
    return ordered(release(f"october{number}", dimensions, month(10), cells, bulletin="october", **how))


DERIVED = {"_AFR": None, "_ASI": None, "_T": None}
HIDDEN_TOTAL = {"nationality": "_T", "value": None, "value_status": "withheld"}
VERSIONS = {
    "a correction": (
        {"F": 12, "M": None, "X": None, "_T": 40},
        {"F": 20, "M": None, "X": None, "_T": 45},
    ),
    "nothing changed": (
        {"F": 12, "M": None, "X": None, "_T": 40},
        {"F": 12, "M": None, "X": None, "_T": 40},
    ),
    "a code is new": (
        {"F": 20, "M": 30, "X": None, "_T": None},
        {"F": 20, "M": 30, "_T": 50},
    ),
    "a count is withheld later": (
        {"F": None, "M": None, "X": 20, "_T": 60},
        {"F": 17, "M": None, "X": 20, "_T": None},
    ),
}


@pytest.mark.parametrize("name", VERSIONS)
def test_two_versions_have_a_certificate_that_holds(name):
    new, old = VERSIONS[name]
    documents, made, spaces = certified("version", version(new, number=2), [version(old)])
    assert found(documents, made, spaces) == []


def test_a_least_change_that_could_be_smaller_is_found():
    new, old = VERSIONS["a correction"]
    documents, made, spaces = certified("version", version(new, number=2), [version(old)])
    # F loses 8, the hidden rest rises from 25 to 28.
    assert made["change"]["least"] == 11
    wrong = copy.deepcopy(made)
    wrong["change"]["least"] = 12
    assert "version: the change could be smaller" in found(documents, wrong, spaces)
    wrong["change"] = {"least": 11, "proof": {"scale": 1, "rows": [], "ties": []}}
    assert "version: the change could be smaller" in found(documents, wrong, spaces)
    wrong["change"] = {"least": 11, "proof": {"scale": 1, "rows": [], "ties": [[1, 7, ["F"]]]}}
    assert "version: the change could be smaller" in found(documents, wrong, spaces)
    wrong["change"] = {"least": 10, "proof": made["change"]["proof"]}
    assert "version: the tables do not fit together" in found(documents, wrong, spaces)


LINKED = (
    {("SOM", "F"): 12, ("SOM", "M"): None, ("NPL", "F"): None, ("NPL", "M"): 40}
    | {("SOM", "_T"): None, ("NPL", "_T"): None, ("_AFR", "F"): 12, ("_AFR", "M"): None, ("_ASI", "F"): None, ("_ASI", "M"): 40}
    | {("_AFR", "_T"): None, ("_ASI", "_T"): None, ("_T", "F"): None, ("_T", "M"): None, ("_T", "_T"): 80},
    {("SOM",): None, ("NPL",): None, ("_AFR",): None, ("_ASI",): None, ("_T",): 80},
)


def test_two_tables_of_one_period_have_a_certificate_that_holds():
    new = ordered(release("b", ("nationality", "sex"), month(10), LINKED[0]))
    old = ordered(release("a", "nationality", month(10), LINKED[1]))
    documents, made, spaces = certified("linked", new, [old])
    assert found(documents, made, spaces) == []
    wrong = copy.deepcopy(documents)
    for cell in wrong["a@v1"]["cells"]:
        if cell["nationality"] == "_T":
            cell["value"] = 81
    assert found(wrong, made, spaces) != []


def test_a_pooled_table_beside_one_that_names_more_has_a_certificate_that_holds():
    old = ordered(release("a", "nationality", month(10), {"SOM": 12, "_OAFR": 9, "_AFR": 21, "_T": 21}, method="pool"))
    new = ordered(release("b", ("nationality",), month(10), {"SOM": 12, "ERI": None, "CMR": None, "_AFR": 21, "_T": 21}))
    documents, made, spaces = certified("linked", new, [old])
    assert found(documents, made, spaces) == []
    # ERI and CMR of the new table, and in the pool of the old one.
    wrong = {**made, "steps": [], "points": made["points"][:1], "bounds": []}
    assert found(documents, wrong, spaces) == ["linked: 4 counts are not proved"]


def test_pools_of_two_versions_have_a_certificate_that_holds_though_areas_are_left_out():
    old = version({"SOM": 40, "NPL": 9, "_O": 14, "_T": 63}, "nationality", method="pool")
    new = version({"SOM": 41, "NPL": 9, "BGD": 7, "_O": 15, "_T": 72}, "nationality", number=2, method="pool")
    documents, made, spaces = certified("version", new, [old])
    assert found(documents, made, spaces) == []
    # Seven areas in either table, for `_O` may hold some of each; and BGD in the `_O` of the old one.
    wrong = {**made, "steps": [], "points": made["points"][:1], "bounds": []}
    assert found(documents, wrong, spaces) == ["version: 15 counts are not proved"]


def test_bounds_name_cells_as_documents_list_them_though_areas_are_left_out():
    old = ordered(release("a", "nationality", month(10), {"SOM": 40, "NPL": 9, "_O": 14, "_T": 63}, method="pool"))
    new = ordered(release("b", "nationality", month(10), {"SOM": 40, "NPL": 9, "ERI": None, "BGD": None} | DERIVED))
    documents, made, spaces = certified("linked", new, [old])
    assert {bound["cell"] for bound in made["bounds"] if bound["table"] == 1} >= {documents["this"]["cells"].index(HIDDEN_TOTAL)}
    assert found(documents, made, spaces) == []


@pytest.mark.parametrize(("table", "code", "atom"), [(1, "SOM", "NPL"), (0, "*AFR", "*ASI")])
def test_a_column_of_another_cell_is_found(table, code, atom):
    old = ordered(release("a", "nationality", month(10), {"SOM": 12, "_OAFR": 9, "_AFR": 21, "_T": 21}, method="pool"))
    new = ordered(release("b", ("nationality",), month(10), {"SOM": 12, "ERI": None, "CMR": None, "_AFR": 21, "_T": 21}))
    documents, made, spaces = certified("linked", new, [old])
    wrong = copy.deepcopy(made)
    at = wrong["columns"][table]["atoms"].index([code])
    wrong["columns"][table]["atoms"][at] = [atom]
    assert "linked: a column is of another cell" in found(documents, wrong, spaces)


def test_a_month_in_its_quarter_has_a_certificate_that_holds_and_its_rest_is_judged():
    old = ordered(release("q", "sex", quarter(4), {"F": 40, "M": None, "X": None, "_T": 70}))
    new = ordered(release("m", "sex", month(10), {"F": 20, "M": None, "X": None, "_T": 35}))
    documents, made, spaces = certified("part", new, [old])
    assert found(documents, made, spaces) == []
    wrong = {**made, "steps": [], "points": made["points"][:1], "bounds": []}
    # M and X in both tables; F, M, X and their total in the rest.
    assert found(documents, wrong, spaces) == ["part: 8 counts are not proved"]


def test_months_that_fill_their_quarter_have_a_certificate_that_holds():
    cells = {"F": 20, "M": None, "X": None, "_T": 40}
    months = [ordered(release(f"m{number}", "sex", month(number), cells)) for number in (10, 11)]
    whole = ordered(release("q", "sex", quarter(4), {"F": 60, "M": None, "X": None, "_T": 120}))
    new = ordered(release("m12", "sex", month(12), cells))
    documents, made, spaces = certified("cover", new, [whole, *months])
    assert found(documents, made, spaces) == []
    wrong = copy.deepcopy(documents)
    # With a day more the quarter has a rest, whose counts must be open: two of M and X are not enough.
    wrong["q@v1"]["period_start"] = (month(10)[0] - timedelta(days=1)).isoformat()
    assert any(fault.endswith("counts are not proved") for fault in found(wrong, made, spaces))
    wrong["q@v1"]["period_end"] = wrong["q@v1"]["period_start"]
    assert "cover: the periods are others" in found(wrong, made, spaces)


def test_two_rounded_versions_have_a_certificate_that_holds():
    old = version({"F": 0, "M": 6, "X": 31, "_T": 37}, method="round")
    new = version({"F": 6, "M": 6, "X": 30, "_T": 42}, number=2, method="round")
    documents, made, spaces = certified("version", new, [old])
    # F is 1..5 in both, M too, X fell by 1.
    assert made["change"]["least"] == 1
    assert found(documents, made, spaces) == []


def space_of(dimensions):
    codes = {"nationality": list(AREAS), "sex": ["F", "M"], "route_point": ["PAN-A", "PAN-B", "PAN-C"]}
    leaves = [()]
    for name in dimensions:
        leaves = [(*leaf, code) for leaf in leaves for code in codes[name]]
    return Space(dimensions, leaves, AREAS)


def protected(name, dimensions, period, leaves, releases=(), *, bulletin=None, seed=0):
    """A table withheld by the real method beside what was released before."""
    space = space_of(dimensions)
    values = space.sums @ leaves
    everything = np.ones(len(values), dtype=bool)
    sticky = {row.key for each in releases if each.bulletin == bulletin for row in each.rows if row.value is None}
    pattern = Pattern(space, values, everything, K, Draw(b"key", name, str(seed)), np.array([cell in sticky for cell in space.cells]))

    def made():
        cells = {cell: int(count) if shown else None for cell, shown, count in zip(space.cells, pattern.shown, values, strict=True)}
        return release(name, dimensions, period, cells, bulletin=bulletin)

    against = [each.system_of for each in New(made(), list(releases)).all]
    withhold(pattern, Budget(60), against)
    return made()


def counts(space, seed, scale=0.02):
    return np.random.default_rng(seed).negative_binomial(0.5, scale, size=len(space.leaves))


@pytest.mark.parametrize("seed", range(6))
def test_random_versions_have_certificates_that_hold(seed):
    space = space_of(("nationality", "sex"))
    chance, leaves = np.random.default_rng(seed), counts(space, seed)
    old = protected("a", space.dimensions, month(10), leaves, bulletin="october", seed=seed)
    moved = np.maximum(0, leaves + chance.integers(-3, 4, size=len(leaves)) * (chance.random(len(leaves)) < 0.3))
    new = protected("b", space.dimensions, month(10), moved, [old], bulletin="october", seed=seed)
    assert found(*certified("version", new, [old])) == []


@pytest.mark.parametrize("seed", range(4))
def test_random_versions_all_at_once_have_certificates_that_hold(seed):
    space, chance, released = space_of(("nationality", "sex")), np.random.default_rng([seed, 3]), []
    leaves = counts(space, seed)
    for number in range(3 + seed % 2):
        released.append(protected("abcd"[number], space.dimensions, month(10), leaves, released, bulletin="october", seed=seed))
        leaves = np.maximum(0, leaves + chance.integers(-3, 4, size=len(leaves)) * (chance.random(len(leaves)) < 0.3))
    *old, new = released
    documents, made, spaces = certified("version", new, old)
    assert made["tables"] == [*(each.name for each in old), "this"]
    assert found(documents, made, spaces) == []
    # Point 0 with one person more in the second version by the step that led to it, and not by the next.
    wrong = copy.deepcopy(made)
    wrong["points"][0][0] += 1
    assert "version: the tables do not fit together" in found(documents, wrong, spaces)


@pytest.mark.parametrize("seed", range(6))
def test_random_tables_of_one_period_have_certificates_that_hold(seed):
    space, other = space_of(("nationality", "route_point")), space_of(("nationality", "sex"))
    leaves = counts(space, seed)
    chance = np.random.default_rng(seed)
    by_code = leaves.reshape(len(AREAS), -1).sum(axis=1)
    women = chance.binomial(by_code, 0.4)
    first = protected("a", space.dimensions, month(10), leaves, seed=seed)
    second = protected("b", other.dimensions, month(10), np.stack([women, by_code - women], axis=1).ravel(), [first], seed=seed)
    assert found(*certified("linked", second, [first])) == []


@pytest.mark.parametrize("seed", range(4))
def test_random_months_of_a_quarter_have_certificates_that_hold(seed):
    space = space_of(("nationality", "sex"))
    chance = np.random.default_rng(seed)
    whole = counts(space, seed, 0.01)
    parts = chance.multinomial(whole, [1 / 3] * 3).T
    released = [protected("q", space.dimensions, quarter(4), whole, seed=seed)]
    for number, part in zip((10, 11), parts, strict=False):
        new = protected(f"m{number}", space.dimensions, month(number), part, released, seed=seed)
        kind = "part" if number == 10 else "cover"
        assert found(*certified(kind, new, released)) == []
        released.append(new)
