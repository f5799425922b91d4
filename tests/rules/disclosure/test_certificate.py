"""Certificates: what the node writes satisfies the stand-alone check, and whatever is changed in either is found."""

import ast
import copy
import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.disclosure import check_certificate
from app.disclosure.certificate import alone_of, certificate_of
from app.disclosure.check_certificate import faults
from app.disclosure.draw import Draw
from app.disclosure.judge import judge
from app.disclosure.program import Budget, Program, UnsolvedError
from app.disclosure.rounding import round_counts
from app.disclosure.space import Space
from app.disclosure.system import alone
from app.disclosure.told import Told
from app.disclosure.withhold import Pattern, withhold

AREAS = {"CMR": "AFR", "SOM": "AFR", "BGD": "ASI", "NPL": "ASI", "FRA": "EUR"}
SEXES = ("F", "M")
CHECK = [Path(check_certificate.__file__).with_name(f"check_{name}.py") for name in ("certificate", "table", "together")]
PERIOD = {"id": "a", "version": 1, "period_start": "2022-10-01", "period_end": "2022-10-31"}


def space_of(nationalities=AREAS, sexes=SEXES):
    return Space(("nationality", "sex"), list(itertools.product(nationalities, sexes)), AREAS)


def large(nationalities, points):
    areas = {f"N{number:02d}": ("AFR", "AMS", "ASI", "CAR", "EUR", "OCE")[number % 6] for number in range(nationalities)}
    leaves = itertools.product(areas, [f"PAN-P{number}" for number in range(points)])
    space = Space(("nationality", "route_point"), list(leaves), areas)
    weight = np.array([(1 + int(code[1:])) ** -1.3 * (1 + int(point[-1])) ** -1.2 for code, point in space.leaves])
    chance = np.random.default_rng(7)
    weight *= chance.gamma(0.6, 1 / 0.6, size=len(weight))
    return space, chance.multinomial(5000, weight / weight.sum()).astype(np.int64)


def document(space, shown, values, method="withhold", k=5):
    """A published bulletin, as far as the check reads it."""
    cells = []
    for key, told, value in zip(space.cells, shown, values, strict=True):
        codes = dict(zip(space.dimensions, key, strict=True))
        cells.append(codes | ({"value": int(value)} if told else {"value": None, "value_status": "withheld"}))
    return {
        **PERIOD,
        "dimensions": list(space.dimensions),
        "cells": cells,
        "disclosure": {"policy": "rule(k)", "k": k, "method": method},
    }


def withheld(space, leaves, k=5, seed="2022"):
    """The document of a table protected by the real method, and its certificate."""
    values = space.sums @ leaves
    everything = np.ones(len(values), dtype=bool)
    pattern = Pattern(space, values, everything, k, Draw(b"key", "flow", seed), ~everything)
    withhold(pattern, Budget(20))
    return document(space, pattern.shown, values, k=k), certified(space, pattern.shown, values, k)


def certified(space, shown, values, k=5, witnesses=None, least=0):
    system = alone(space, shown, values, least=least)
    program = Program(system, Budget(20))
    leaks, witnesses = judge(system, k, program, witnesses)
    assert not leaks
    made = alone_of(Told(space, shown, values, 0, least), system, k, program, witnesses, space.cells)
    return json.loads(certificate_of("withhold", k, [space], [made]))


@pytest.fixture(scope="module")
def example():
    """Ten leaves of which five are small; both hidden and shown totals."""
    space = space_of()
    leaves = dict.fromkeys(space.leaves, 0) | {
        ("CMR", "F"): 3,
        ("CMR", "M"): 40,
        ("SOM", "F"): 12,
        ("SOM", "M"): 2,
        ("NPL", "F"): 60,
        ("NPL", "M"): 70,
        ("BGD", "F"): 4,
        ("BGD", "M"): 31,
        ("FRA", "M"): 1,
    }
    return withheld(space, np.array([leaves[leaf] for leaf in space.leaves]))


def test_the_certificate_of_a_withheld_table_holds(example):
    published, certificate = example
    assert sum(cell["value"] is None for cell in published["cells"]) >= 5
    assert faults({"this": published}, certificate) == []


@pytest.mark.parametrize("seed", range(12))
def test_certificates_of_random_tables_hold(seed):
    chance = np.random.default_rng(seed)
    space = space_of(sexes=("F", "M", "X"))
    leaves = chance.negative_binomial(0.4, 0.02, size=len(space.leaves))
    published, certificate = withheld(space, leaves, k=3 + seed % 4, seed=str(seed))
    assert faults({"this": published}, certificate) == []


def test_a_table_of_three_dimensions_has_a_certificate_that_holds():
    space = Space(("nationality", "sex", "age"), list(itertools.product(AREAS, SEXES, ("Y0T17", "Y_GE18"))), AREAS)
    leaves = np.random.default_rng(3).negative_binomial(0.4, 0.01, size=len(space.leaves))
    published, certificate = withheld(space, leaves)
    assert faults({"this": published}, certificate) == []


def test_603_cells_are_certified_in_few_bytes():
    space, leaves = large(60, 8)
    values = space.sums @ leaves
    everything = np.ones(603, dtype=bool)
    pattern = Pattern(space, values, everything, 5, Draw(b"key", "flow", "2022"), ~everything)
    withhold(pattern, Budget(20))
    certificate = certified(space, pattern.shown, values, 5)
    assert len(json.dumps(certificate)) < 60_000
    assert faults({"this": document(space, pattern.shown, values)}, certificate) == []


def test_7236_rounded_cells_are_checked():
    codes = ([f"N{number:02d}" for number in range(60)], SEXES, ("Y0T11", "Y12T17", "Y_GE18"), [f"P{number}" for number in range(8)])
    areas = {code: ("AFR", "AMS", "ASI", "CAR", "EUR", "OCE")[number % 6] for number, code in enumerate(codes[0])}
    space = Space(("nationality", "sex", "age", "route_point"), list(itertools.product(*codes)), areas)
    leaves = np.random.default_rng(1).negative_binomial(0.4, 0.2, size=len(space.leaves))
    values = space.sums @ round_counts(space, leaves, 6, Draw(b"key", "flow", "2022"), 1)
    published = {"this": document(space, np.ones(7236, dtype=bool), values, "round")}
    certificate = json.loads(certificate_of("round", 5, [space]))
    assert faults(published, certificate) == []
    published["this"]["cells"][-1]["value"] += 1
    assert "the cells do not add up" in faults(published, certificate)


def test_what_changes_in_a_certificate_is_found(example):
    published, certificate = example
    (system,) = certificate["systems"]
    assert system["steps"], "the example has steps"
    for place in range(len(system["points"][0])):
        broken = copy.deepcopy(certificate)
        broken["systems"][0]["points"][0][place] += 1
        assert faults({"this": published}, broken) != []
    for number in range(len(system["steps"])):
        broken = copy.deepcopy(certificate)
        broken["systems"][0]["steps"][number][1].append(0)
        assert faults({"this": published}, broken) != []
    broken = copy.deepcopy(certificate)
    broken["systems"][0]["steps"] = []
    assert faults({"this": published}, broken)[0].endswith("counts are not proved")
    broken["systems"][0]["points"] = []
    assert faults({"this": published}, broken)[0] == "alone: no table agrees with the rows"


def test_a_changed_published_count_is_found(example):
    published, certificate = example
    for number, cell in enumerate(published["cells"]):
        if cell["value"] is not None:
            broken = copy.deepcopy(published)
            broken["cells"][number]["value"] += 1
            assert faults({"this": broken}, certificate) != []


def test_a_count_that_is_shown_although_it_is_small_is_found(example):
    published, certificate = copy.deepcopy(example)
    at = next(number for number, cell in enumerate(published["cells"]) if cell["value"] is None)
    published["cells"][at]["value"] = 3
    assert "a count below k is shown" in faults({"this": published}, certificate)


def test_nothing_proved_is_a_fault(example):
    published, certificate = copy.deepcopy(example)
    certificate["systems"] = []
    assert faults({"this": published}, certificate) == ["nothing is proved of the counts that are not shown"]


def test_a_certificate_of_another_rule_or_of_an_unnamed_table_is_a_fault(example):
    published, certificate = copy.deepcopy(example)
    assert faults({"this": published}, certificate | {"k": 4}) == ["the certificate is of another table"]
    certificate["systems"][0]["tables"] = ["b@v1"]
    assert faults({"this": published}, certificate) == ["b@v1 is missing"]


def line(values, shown, *, method="withhold"):
    """A table by sex: F, M, X and their total."""
    space = Space(("sex",), [("F",), ("M",), ("X",)], {})
    return space, np.array(shown, dtype=bool), np.array(values), document(space, shown, values, method)


def test_a_remainder_below_k_is_found_though_each_count_by_itself_is_hidden():
    # 34 - 30 = 4 persons are in F and X together.
    space, _, _, published = line([0, 30, 4, 34], [False, True, False, True])
    certificate = json.loads(certificate_of("withhold", 5, [space]))
    assert "a total less its shown parts is below k" in faults({"this": published}, certificate)


def test_a_step_must_reach_a_table_of_the_rows():
    # F + X = 7 with 0 and 7; from F 0 up by 1 four times X falls to 3: all five tables obey.  With X at 3 it would fall below 0.
    space, _, _, published = line([3, 30, 4, 37], [False, True, False, True])
    system = {"kind": "alone", "tables": ["this"], "least": [0], "points": [[0, 30, 7]], "steps": [[0, [0], [2]]], "bounds": []}
    certificate = json.loads(certificate_of("withhold", 5, [space], [system]))
    assert faults({"this": published}, certificate) == []
    system["points"] = [[4, 30, 3]]
    certificate = json.loads(certificate_of("withhold", 5, [space], [system]))
    assert faults({"this": published}, certificate) == ["alone: a count is below 0", "alone: a table disagrees with a published row"]


def test_a_step_in_twos_opens_nothing():
    # F and M rise by 1 each and X falls by 2: X may be 30, 28, 26, 24 or 22, of which no two are in a row.
    space, _, _, published = line([9, 11, 10, 30], [False, False, False, True])
    system = {"kind": "alone", "tables": ["this"], "least": [0], "points": [[0, 0, 30]], "steps": [[0, [0, 1], [2, 2]]], "bounds": []}
    certificate = json.loads(certificate_of("withhold", 5, [space], [system]))
    assert faults({"this": published}, certificate) == ["alone: 1 counts are not proved"]


def test_five_points_prove_what_four_do_not():
    space, _, _, published = line([3, 30, 4, 37], [False, True, False, True])
    system = {"kind": "alone", "tables": ["this"], "least": [0], "steps": [], "bounds": []}
    for number, expected in ((5, []), (4, ["alone: 2 counts are not proved"])):
        system["points"] = [[count, 30, 7 - count] for count in range(number)]
        certificate = json.loads(certificate_of("withhold", 5, [space], [system]))
        assert faults({"this": published}, certificate) == expected


def decoy():
    """M is withheld though it is 34 and told: it is the total less F and X."""
    return line([9, 34, 8, 51], [True, False, True, True])


def test_a_bound_proves_a_withheld_count_of_at_least_k():
    space, shown, values, published = decoy()
    certificate = certified(space, shown, values)
    (bound,) = certificate["systems"][0]["bounds"]
    # cells: F, M, X, total.  M >= total - F - X = 51 - 9 - 8 = 34.
    assert (bound["cell"], bound["scale"]) == (1, 1)
    assert sorted(bound["rows"], key=str) == sorted([[1, 0, 3], [-1, 0, 0], [-1, 0, 2]], key=str)
    assert faults({"this": published}, certificate) == []


@pytest.mark.parametrize("rows", [[[1, 0, 3]], [[1, 0, 3], [-1, 0, 0]], [[-1, 0, 0], [-1, 0, 2]], [[2, 0, 3], [-1, 0, 0], [-1, 0, 2]]])
def test_a_bound_that_does_not_follow_is_found(rows):
    space, shown, values, published = decoy()
    certificate = certified(space, shown, values)
    certificate["systems"][0]["bounds"][0]["rows"] = rows
    assert faults({"this": published}, certificate) == ["alone: a bound proves nothing", "alone: 1 counts are not proved"]


def test_what_is_not_shown_cannot_be_taken_off_in_a_bound():
    # M = 51 - 8 - F, but F is hidden and may be all of it.
    space, _, _, published = line([9, 34, 8, 51], [False, False, True, True])
    bound = {"table": 0, "cell": 1, "scale": 1, "rows": [[1, 0, 3], [-1, 0, 2], [-1, 0, 0]]}
    system = {"kind": "alone", "tables": ["this"], "points": [[0, 43, 8]], "steps": [[0, [0], [1]]], "bounds": [bound]}
    certificate = json.loads(certificate_of("withhold", 5, [space], [system]))
    assert faults({"this": published}, certificate) == ["alone: a bound proves nothing"]


def test_a_bound_proves_a_withheld_count_of_zero():
    space, shown, values, published = line([20, 14, 0, 34], [True, True, False, True])
    certificate = certified(space, shown, values)
    assert [bound["scale"] for bound in certificate["systems"][0]["bounds"]] == [-1]
    assert faults({"this": published}, certificate) == []


def test_a_bound_of_k_minus_1_is_not_enough():
    # The total of 38 less 34 leaves 4: no rule allows it, and no bound may say that it does.
    space, _, _, published = line([34, 0, 4, 38], [True, True, False, True])
    bound = {"table": 0, "cell": 2, "scale": 1, "rows": [[1, 0, 3], [-1, 0, 0], [-1, 0, 1]]}
    system = {"kind": "alone", "tables": ["this"], "least": [0], "points": [[34, 0, 4]], "steps": [], "bounds": [bound]}
    certificate = json.loads(certificate_of("withhold", 5, [space], [system]))
    assert "alone: a bound proves nothing" in faults({"this": published}, certificate)


def test_a_count_that_is_too_certain_gets_no_certificate():
    space, shown, values, _ = line([34, 0, 4, 38], [True, True, False, True])
    system = alone(space, shown, values)
    program = Program(system, Budget(20))
    leaks, witnesses = judge(system, 5, program)
    assert [leak.cell for leak in leaks] == [2]
    with pytest.raises(UnsolvedError):
        alone_of(Told(space, shown, values), system, 5, program, witnesses, space.cells)


def test_with_at_least_one_in_every_withheld_cell_the_points_obey_it():
    # F + X = 9: 0..9 each, or 1..8 where no zero was written; both leave five in a row.
    space, shown, values, published = line([4, 30, 5, 39], [False, True, False, True])
    certificate = certified(space, shown, values, least=1)
    assert certificate["systems"][0]["least"] == [1]
    assert all(count >= 1 for point in certificate["systems"][0]["points"] for count in point)
    plain = certified(space, shown, values)
    plain["systems"] += certificate["systems"]
    assert faults({"this": published}, plain) == []
    assert "nothing is proved of the counts that are not shown" in faults({"this": published}, certificate)
    plain["systems"][1] |= {"points": [[0, 30, 9]], "steps": []}
    assert "alone: a table disagrees with a published row" in faults({"this": published}, plain)


def pools(**counts):
    """A pooled document by nationality."""
    cells = [{"nationality": code, "value": value} for code, value in counts.items()]
    disclosure = {"policy": "rule(k)", "k": 5, "method": "pool"}
    codes = [(code,) for code in counts if code not in {"_T", "_AFR", "_ASI"}]
    certificate = json.loads(certificate_of("pool", 5, [Space(("nationality",), codes, AREAS)]))
    return {"this": {**PERIOD, "dimensions": ["nationality"], "cells": cells, "disclosure": disclosure}}, certificate


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"SOM": 12, "_OAFR": 7, "_AFR": 19, "_T": 19}, []),
        ({"SOM": 12, "NPL": 9, "_OAFR": 7, "_O": 6, "_AFR": 19, "_T": 34}, []),
        ({"SOM": 12, "_OAFR": 4, "_AFR": 16, "_T": 16}, ["a count below k is shown"]),
        ({"SOM": 12, "_OAFR": 7, "_AFR": 18, "_T": 19}, ["a total less its shown parts is below k", "the cells do not add up"]),
        ({"SOM": 12, "_O": 7, "_T": 25}, ["the cells do not add up"]),
    ],
)
def test_pools_are_checked_by_their_sums(counts, expected):
    documents, certificate = pools(**counts)
    found = faults(documents, certificate)
    assert found[:1] == expected[:1]
    assert set(expected) <= set(found)


def rounded(values):
    space = Space(("sex",), [("F",), ("M",), ("X",)], {})
    certificate = json.loads(certificate_of("round", 5, [space]))
    return {"this": document(space, [True] * 4, values, "round")}, certificate


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([6, 0, 31, 37], []),
        ([6, 0, 31, 36], ["the cells do not add up"]),
        ([3, 0, 31, 34], ["a count below k is shown"]),
    ],
)
def test_rounded_tables_are_checked_by_their_leaves(values, expected):
    documents, certificate = rounded(values)
    assert set(expected) <= set(faults(documents, certificate))
    assert bool(expected) == bool(faults(documents, certificate))


def test_a_missing_and_a_repeated_cell_are_found(example):
    published, certificate = copy.deepcopy(example)
    without = copy.deepcopy(published)
    at = next(number for number, cell in enumerate(published["cells"]) if cell["nationality"] == "_AFR" and cell["sex"] == "_T")
    del without["cells"][at]
    assert "a sum over the finest cells is not there" in faults({"this": without}, certificate)
    published["cells"].append(published["cells"][at])
    assert "a cell stands twice" in faults({"this": published}, certificate)


@pytest.mark.parametrize(("dimensions", "codes"), [(["sex"], {"sex": "_T"}), ([], {})])
def test_a_nil_report_and_a_table_of_one_count_are_checked(dimensions, codes):
    space = Space(tuple(dimensions), [] if dimensions else [()], {})
    disclosure = {"policy": "rule(k)", "k": 5, "method": "none"}
    published = {**PERIOD, "dimensions": dimensions, "cells": [codes | {"value": 0}], "disclosure": disclosure}
    certificate = json.loads(certificate_of("none", 5, [space]))
    assert faults({"this": published}, certificate) == []
    published["cells"][0]["value"] = 2
    assert faults({"this": published}, certificate)[0] == "a count below k is shown"


def test_the_check_runs_by_itself_from_files(example, tmp_path):
    published, certificate = example
    (tmp_path / "bulletin.json").write_text(json.dumps(published))
    (tmp_path / "good.json").write_text(json.dumps(certificate))
    (tmp_path / "bad.json").write_text(json.dumps(certificate | {"systems": []}))
    for file in CHECK:
        shutil.copy(file, tmp_path)
    (tmp_path / "app.py").write_text("raise SystemExit('the check needs the node')")

    def run(name):
        command = [sys.executable, "-E", "-s", "check_certificate.py", "bulletin.json", name]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    good, bad = run("good.json"), run("bad.json")
    assert (good.returncode, good.stdout, good.stderr) == (0, "every count is 0, at least 5 or open\n", "")
    assert (bad.returncode, bad.stdout) == (1, "nothing is proved of the counts that are not shown\n")


def imported(file):
    """The modules that a file imports, wherever the statement stands, without the folders of the node's own."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.removeprefix("app.disclosure.")


@pytest.mark.parametrize("file", CHECK, ids=lambda file: file.name)
def test_the_check_imports_nothing_of_the_node(file):
    allowed = {"collections", "collections.abc", "itertools", "datetime", "json", "math", "sys", "pathlib", "typing", "numpy"}
    assert set(imported(file)) <= allowed | {each.stem for each in CHECK}
