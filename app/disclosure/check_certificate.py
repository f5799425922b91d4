"""Checks whether every count of a published bulletin keeps the rule that its node promises, by the certificate beside it.

The rule, for a number k: every count of the table, shown or not, is 0, at least k, or may be each of k whole numbers in a row, for all
that the published rows say.  This program shares no code with the node; it needs Python, numpy, and files that anyone may read:

    python check_certificate.py bulletin.json certificate.json [other bulletins that the certificate names ...]

It is three files in one folder: this one weighs what a certificate proves, `check_table.py` reads a table and checks it by itself,
`check_together.py` knows how several tables hang together.

It solves nothing.  The certificate holds whole tables (`points`) that agree with every published row.  A count that is not shown must
have k values in a row among them, or a step of 1 from one of them to the (k-1)th table behind it (`steps`), or an inequality from
published rows (`bounds`) that proves it to be at least k, or 0.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING or __package__:
    from app.disclosure.check_table import MOST, Array, Json, Table
    from app.disclosure.check_together import Together
else:  # run as a file, beside the other two
    from check_table import MOST, Array, Json, Table
    from check_together import Together

MOST_TIMES = 10**6  # no multiplier is larger: products of whole numbers stay exact


class System:
    """Tables read together, or one by itself, and the whole tables that the certificate gives for them: one point a row of unknowns."""

    def __init__(self, tables: list[Table], system: Json, k: int) -> None:
        """Lay out the points, the steps, and the tables at the far end of the steps."""
        self.tables, self.k, self.kind, self.system = tables, k, system["kind"], system
        self.limits = [table.limits(least) for table, least in zip(tables, system.get("least", [0] * len(tables)), strict=True)]
        self.together = Together(tables, system)
        self.points = np.array(system["points"], dtype=np.int64).reshape(len(system["points"]), self.together.width)
        self.steps = np.zeros((len(system["steps"]), self.together.width), dtype=np.int64)
        for step, (_, up, down) in zip(self.steps, system["steps"], strict=True):
            np.add.at(step, up, 1)
            np.add.at(step, down, -1)
        self.far = self.points[[start for start, _, _ in system["steps"]]] + (k - 1) * self.steps

    def faults(self) -> list[str]:
        """What the points break, and which counts nothing opens."""
        found = [] if len(self.points) else [f"{self.kind}: no table agrees with the rows"]
        found += self.together.misplaced() + self._untied()
        proven, disproved = self._proven()
        read = [self._read(number, proven) for number in range(len(self.tables))]
        found += disproved + [f"{self.kind}: a table disagrees with a published row" for disagrees, _ in read if disagrees]
        closed = sum(each for _, each in read) + self._closed_inside(proven)
        return found + ([f"{self.kind}: {closed} counts are not proved"] if closed else [])

    def _untied(self) -> list[str]:
        """Counts below 0, sums that should agree and do not, and a change that could be smaller."""
        both = np.concatenate([self.points, self.far])
        found = [f"{self.kind}: a count is below 0"] if (both < 0).any() else []
        if (both > MOST).any():
            found.append(f"{self.kind}: a count is larger than any")
        if any(self.together.lacks_a_column(number, high) for number, (_, high) in enumerate(self.limits)):
            found.append(f"{self.kind}: a cell has no column")
        if self.together.is_of_other_periods():
            found.append(f"{self.kind}: the periods are others")
        if self.together.is_broken_by(both):
            found.append(f"{self.kind}: the tables do not fit together")
        elif self._could_change_less():
            found.append("version: the change could be smaller")
        return found

    def _could_change_less(self) -> bool:
        change = self.system.get("change", {"least": 0})
        if not change["least"]:
            return False
        form, _, _ = self.together.ties[-1, ()]
        scale = change["proof"]["scale"]
        return scale < 1 or not self._holds(change["proof"], scale * form, change["least"])

    def _proven(self) -> tuple[set[bytes], list[str]]:
        """The forms of the counts that a bound proves, and what is wrong with the bounds."""
        forms = [(bound, self.together.form(bound)) for bound in self.system["bounds"]]
        proven = {form.tobytes() for bound, form in forms if self._holds(bound, form)}
        is_vain = any(form.tobytes() not in proven for _, form in forms)
        return proven, [f"{self.kind}: a bound proves nothing"] if is_vain else []

    def _read(self, number: int, proven: set[bytes]) -> tuple[bool, int]:
        """Whether a table disagrees with its published rows, and how many of its counts nothing opens."""
        table, (low, high) = self.tables[number], self.limits[number]
        near, far, step = (table.cells(self.together.leaves(number, each)) for each in (self.points, self.far, self.steps))
        disagrees = any((cells < low).any() or (cells > high).any() for cells in (near, far))
        told = (low == high) & ((low == 0) | (low >= self.k))
        closed = np.flatnonzero(~(told | self._is_open(near, step)))
        return disagrees, sum(self.together.row(number, cell).tobytes() not in proven for cell in closed.tolist())

    def _closed_inside(self, proven: set[bytes]) -> int:
        """How many of the counts that stand in no table nothing opens."""
        forms = self.together.inner()
        inner = np.array(forms, dtype=np.int64).reshape(len(forms), self.together.width)
        is_open = self._is_open(self.points @ inner.T, self.steps @ inner.T)
        return sum(form.tobytes() not in proven for form in inner[~is_open])

    def _is_open(self, values: Array, steps: Array) -> Array:
        """For each column whether k whole numbers in a row are among its values, or a step of 1 makes them."""
        return np.asarray(_runs(values, self.k) | (np.abs(steps) == 1).any(axis=0))

    def _holds(self, bound: Json, form: Array, least: int = 0) -> bool:
        """Whether scale * count >= the sum of multiplier * row for all counts from 0 on, and that is enough: for k, or for 0.

        With `least` the form is scaled already, and must be at least that.
        """
        scale = bound["scale"]
        if not self._is_usable(bound):
            return False
        rest, value = (form if least else scale * form), 0
        for multiplier, row, low, high in self._terms(bound):
            rest = rest - multiplier * row
            value += multiplier * (low if multiplier > 0 else high)
        enough = scale * (least - 1) if least else scale * (self.k - 1) if scale > 0 else scale
        return bool((rest >= 0).all()) and value > enough

    def _is_usable(self, bound: Json) -> bool:
        """Whether its numbers are small enough to be exact, and its ties exist."""
        ties = bound.get("ties", [])
        times = (bound["scale"], *(row[0] for row in bound["rows"]), *(tie[0] for tie in ties))
        return max(abs(each) for each in times) <= MOST_TIMES and all((tie[1], tuple(tie[2])) in self.together.ties for tie in ties)

    def _terms(self, bound: Json) -> Iterator[tuple[Any, Array, int, int]]:
        """The published rows and the ties that a bound adds up: multiplier, form, and the least and the most that it comes to."""
        for multiplier, table, cell in bound["rows"]:
            low, high = self.limits[table]
            yield multiplier, self.together.row(table, cell), int(low[cell]), int(high[cell])
        for multiplier, table, atom in bound.get("ties", []):
            yield multiplier, *self.together.ties[table, tuple(atom)]


def _runs(values: Array, k: int) -> Array:
    """For each column whether k whole numbers in a row are among its values."""
    ordered = np.sort(values, axis=0)
    run = np.ones(values.shape[1], dtype=np.int64)
    best = np.minimum(run, len(values))
    for step in np.diff(ordered, axis=0):
        run = np.where(step == 0, run, np.where(step == 1, run + 1, 1))
        best = np.maximum(best, run)
    return best >= k


def faults(documents: dict[str, Json], certificate: Json) -> list[str]:
    """All that is wrong with a certificate; nothing, where it proves the rule.

    `documents` are the bulletin itself under the name `this`, and every other version that the certificate names, `<id>@v<n>`.
    """
    k = certificate["k"]
    own = documents["this"]["disclosure"]
    if (own["policy"], own["k"], own["method"]) != (certificate["policy"], k, certificate["method"]):
        return ["the certificate is of another table"]
    tables = {name: Table(document, certificate["areas"]) for name, document in documents.items()}
    found = tables["this"].faults(k)
    by_itself = any(each["kind"] == "alone" and each.get("least", [0]) == [0] for each in certificate["systems"])
    if not tables["this"].told.all() and not by_itself:
        found.append("nothing is proved of the counts that are not shown")
    for system in certificate["systems"]:
        found += _system_faults(tables, system)
    return found


def _system_faults(tables: dict[str, Table], system: Json) -> list[str]:
    found = [f"{name} is missing" for name in system["tables"] if name not in tables] or _misnamed(system)
    if found:
        return found
    named = [tables[name] for name in system["tables"]]
    try:
        return System(named, system, max(table.k for table in named)).faults()
    except (ValueError, KeyError, IndexError, TypeError):
        return [f"{system['kind']}: it is not of the form of a certificate of these tables"]


def _misnamed(system: Json) -> list[str]:
    """Every system is about this table, the last of those that it names; of a cell that is not shown nobody knows more than 1."""
    names, is_alone = system["tables"], system["kind"] == "alone"
    if names[-1:] != ["this"] or len(set(names)) < len(names) or is_alone != (len(names) == 1):
        return [f"{system['kind']}: it is not about this table"]
    known = ([0], [1]) if is_alone else ([0] * len(names),)
    return [] if system.get("least", known[0]) in known else [f"{system['kind']}: nobody knows that so many are in a cell"]


def main(arguments: list[str]) -> int:
    """Check the files that are named; 0 where nothing is wrong."""
    bulletin, certificate, *others = (json.loads(Path(name).read_text("utf-8")) for name in arguments)
    documents = {"this": bulletin, **{f"{each['id']}@v{each['version']}": each for each in others}}
    found = faults(documents, certificate)
    sys.stdout.write("".join(f"{fault}\n" for fault in found) or f"every count is 0, at least {certificate['k']} or open\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
