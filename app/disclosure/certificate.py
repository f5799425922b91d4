"""The certificate of a published table: what lets anyone who may see its rows check the rule with matrix arithmetic alone.

    {"policy": "rule(k)", "k": 5, "method": "withhold", "table": "this",
     "areas": {"nationality": {"SOM": "AFR", "_OASI": "ASI", ...}},  of the codes of all tables below, for each dimension of States
     "systems": [
       {"kind": "alone", "tables": ["this"], "least": [0],
        "points": [[4, 0, ...], ...],       whole tables that agree with every published row: a count for each column
        "steps":  [[0, [3, 9], [5]], ...],  from point 0, k - 1 times: columns 3 and 9 up by 1, column 5 down by 1
        "bounds": [{"table": 0, "cell": 7, "scale": 1, "rows": [[1, 0, 602], [-1, 0, 3], ...]}, ...]}]}

A column is a finest cell (leaf) of the table; columns and cells are numbered from 0 in the order in which the document lists them.
`least` is what each withheld leaf is at least: 0, and 1 in a second system for the reader who takes it that no zero was written.
A count is open by k values in a row among the points, or by a step in which it changes by 1: linear rows that hold at both ends hold on
the way.  A bound says scale * cell >= the sum of multiplier * cell (of a table) for all counts from 0 on, and thereby that the cell
is at least k, or with a scale below 0 that it is 0.  Tables that were rounded or pooled by nationality are checked without systems.

A certificate is a function of published rows: what it shows, everyone who may see these could work out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from app.disclosure.evidence import Bound, Evidence, evidence
from app.disclosure.grid import UNNAMED
from app.disclosure.judge import Witnesses
from app.disclosure.lattice import AREA_DIMENSIONS
from app.disclosure.program import Program
from app.disclosure.scheme import area_of
from app.disclosure.space import Space, Whole
from app.disclosure.system import NOTHING, System
from app.disclosure.table import Key
from app.disclosure.told import Told
from app.wire.canonical import canonical

POLICY: Final = "rule(k)"
Json = dict[str, Any]


def certificate_of(method: str, k: int, spaces: Sequence[Space], systems: Iterable[Json] = ()) -> str:
    """Canonical JSON text of a certificate; `spaces` are those of the new table and of all tables that its systems name."""
    whole: Json = {"policy": POLICY, "k": k, "method": method, "table": "this", "areas": _areas(spaces), "systems": list(systems)}
    return canonical(whole).decode()


def alone_of(told: Told, system: System, k: int, program: Program, witnesses: Witnesses, listed: Sequence[Key]) -> Json:
    """The system of one table by itself, `app.disclosure.system.alone`, of which a judgement found no leak.

    `listed` are the keys of its rows in the order of its document: a pool leaves out areas that it cannot tell.  Raises `UnsolvedError` where a count has no proof, `OutOfTimeError` beyond the budget of the program.
    """
    found = evidence(system, k, program, witnesses)
    number = {key: at for at, key in enumerate(listed)}
    places = np.array([number.get(cell, NOTHING) for cell in told.space.cells], dtype=np.int64)
    bounds = [_bound_alone(each, told, system, places) for each in found.bounds if places[each.cell] != NOTHING]
    return {"kind": "alone", "tables": ["this"], "least": [told.least], **tables_of(found, len(told.space.leaves)), "bounds": bounds}


def _areas(spaces: Sequence[Space]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {name: dict(UNNAMED) for name in AREA_DIMENSIONS if len(spaces) > 1}
    for space in spaces:
        for place, name in enumerate(space.dimensions):
            if name in AREA_DIMENSIONS:
                codes = {leaf[place] for leaf in space.leaves}
                found.setdefault(name, {}).update({code: area for code in codes if (area := area_of(code, space.areas))})
    return found


def tables_of(found: Evidence, width: int) -> Mapping[str, object]:
    """Points and steps over the first columns of a system; what a system has beyond follows from these."""
    return {
        "points": [point[:width].tolist() for point in found.points],
        "steps": [[step.start, *_strides(step.stride[:width])] for step in found.steps],
    }


def _strides(stride: Whole) -> tuple[list[int], list[int]]:
    """Columns that go up and columns that go down, each as often as by how much."""
    numbers = np.arange(len(stride))
    return np.repeat(numbers, np.maximum(stride, 0)).tolist(), np.repeat(numbers, np.maximum(-stride, 0)).tolist()


def _bound_alone(bound: Bound, told: Told, system: System, places: Whole) -> Json:
    leaves = np.flatnonzero((bound.columns != 0) & (told.shown[told.space.leaf_cells] | (told.least > 0)))
    rows = [[int(bound.rows[row]), 0, int(places[system.row_of[row]])] for row in np.flatnonzero(bound.rows)]
    rows += [[int(bound.columns[leaf]), 0, int(places[told.space.leaf_cells[leaf]])] for leaf in leaves]
    return {"table": 0, "cell": int(places[bound.cell]), "scale": bound.scale, "rows": rows}
