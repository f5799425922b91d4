"""From the rows of a file to bulletins, and from findings about bulletins back to rows and columns of the file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.bulletins.queries import FileQuery
from app.core.parsing import parse
from app.core.problems import Problem
from app.directory.dimensions import DIMENSIONS, resolve
from app.intake.tidy import Options, TidyFile, TidyRow, read_tidy
from app.wire.bulletin import BulletinDraft
from app.wire.problem import Finding

_CELL = re.compile(r"^/bulletins/(\d+)/cells/(\d+)(?:/(\w+))?$")
_FIELD = re.compile(r"^/bulletins/(\d+)(?:/(\w+))?")
_COLUMN = "/columns/"
_LONGEST_NAME = 300
_OPTION_OF = {"reporting_state": "state"}


@dataclass(frozen=True)
class FileBulletin:
    """One bulletin of a file: its body, and for each cell the row that it stands in."""

    body: dict[str, Any] = field(repr=False)
    rows: tuple[int, ...]
    overridden: frozenset[str]

    def draft(self, number: int) -> BulletinDraft:
        """The bulletin as a draft; raises `Problem` `invalid-document` with pointers under `/bulletins/{number}`."""
        return parse(BulletinDraft, self.body, at=("bulletins", number))


@dataclass(frozen=True)
class FileBulletins:
    """All bulletins of a file in the order of their first rows."""

    bulletins: tuple[FileBulletin, ...]
    column_of: Mapping[str, str]
    remarks: tuple[Finding, ...]


def read_file(raw: bytes, query: FileQuery, row_limit: int) -> FileBulletins:
    """The bulletins of a tidy CSV, one a period (contract: Tidy CSV).

    Raises `Problem` `invalid-file` with row and column of every fault: a file is taken as a whole or not at all.
    """
    options = Options(_mapping(query.column, "column"), _mapping(query.code, "code"), query.sum_duplicates, row_limit)
    tidy = read_tidy(raw, options, DIMENSIONS)
    if not isinstance(tidy, TidyFile):
        raise Problem("invalid-file", *tidy)
    tidy = _undeclared_dropped(tidy)
    groups: dict[tuple[object, ...], list[TidyRow]] = {}
    for row in tidy.rows:
        groups.setdefault((row.period, row.overrides), []).append(row)
    bulletins = tuple(_bulletin(rows, tidy.dimensions, query) for rows in groups.values())
    return FileBulletins(bulletins, tidy.column_of, tidy.remarks)


def _undeclared_dropped(tidy: TidyFile) -> TidyFile:
    """Our own export has a column for every dimension, `_T` in those that were not declared: they are not declared by it either."""
    if "is_total" not in tidy.column_of:
        return tidy
    places = [at for at in range(len(tidy.dimensions)) if any(row.codes[at] != "_T" for row in tidy.rows)]
    rows = tuple(replace(row, codes=tuple(row.codes[at] for at in places)) for row in tidy.rows)
    return replace(tidy, dimensions=tuple(tidy.dimensions[at] for at in places), rows=rows)


def _mapping(pairs: Sequence[str], parameter: str) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        # Our names never hold an equals sign, a header of theirs may; an empty code of theirs is a cell left empty.
        theirs, equals, ours = pair.rpartition("=")
        if not (equals and ours and (theirs or parameter == "code")):
            raise Problem("invalid-query", Finding("mapping-malformed", pointer=parameter))
        mapping[theirs] = ours
    return mapping


def _bulletin(rows: Sequence[TidyRow], dimensions: tuple[str, ...], query: FileQuery) -> FileBulletin:
    nil = [row for row in rows if dimensions and not any(row.codes)]
    if nil and len(rows) > 1:
        raise Problem("invalid-file", Finding("nil-report-with-cells", row=nil[0].row, column="value"))
    kept = _kept(rows, dimensions, query, nil=bool(nil))
    body: dict[str, Any] = {
        "conference": query.conference,
        "reporting_state": query.state,
        "publisher": query.publisher,
        "measure": query.measure,
        "unit": query.unit,
        "figure_status": query.figure_status.value,
        "tlp": query.tlp.value,
        "period": rows[0].period,
        "dimensions": list(dimensions),
        "nil_report": bool(nil),
        **dict(rows[0].overrides),
        "cells": [_cell(row, dimensions) for row in kept],
    }
    numbers = tuple(row.row for row in kept) or (rows[0].row,)
    return FileBulletin(_given(body), numbers, frozenset(dict(rows[0].overrides)))


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _kept(rows: Sequence[TidyRow], dimensions: tuple[str, ...], query: FileQuery, *, nil: bool) -> list[TidyRow]:
    if nil:
        return []
    return _summed(rows, dimensions) if query.sum_duplicates else list(rows)


def _cell(row: TidyRow, dimensions: tuple[str, ...]) -> dict[str, Any]:
    return {**dict(zip(dimensions, row.codes, strict=True)), "value": row.value, "value_status": row.value_status}


def _summed(rows: Iterable[TidyRow], dimensions: tuple[str, ...]) -> list[TidyRow]:
    """Rows of one cell added up, where the sender asked for it; rows without a value stay apart and are refused as repeated."""
    kept: dict[tuple[object, ...], TidyRow] = {}
    for row in rows:
        key: tuple[object, ...] = tuple(resolve(name, code) or code for name, code in zip(dimensions, row.codes, strict=True))
        first = kept.get(key)
        if first is not None and first.value is not None and row.value is not None:
            kept[key] = replace(first, value=first.value + row.value)
        else:
            kept[key if first is None else (*key, row.row)] = row
    return list(kept.values())


def words_of(name: str, file: FileBulletins) -> dict[str, str]:
    """What a file says beside its cells, by pointer: its own name, and its columns' where they are not ours."""
    # Underscores stand between words where a disk takes no spaces.
    shown = "".join(each if each.isprintable() and each != "_" else " " for each in name[:_LONGEST_NAME])
    return {"/file": shown} | {f"/columns/{ours}": theirs for ours, theirs in file.column_of.items() if theirs != ours}


def at_rows(problem: Problem, file: FileBulletins) -> Problem:
    """A refusal of bulletins told as rows and columns of the file that they came from."""
    findings = [at_row(finding, file) for finding in problem.findings]
    code = "invalid-file" if problem.code == "invalid-document" else problem.code
    return Problem(code, *findings, headers=problem.headers, **problem.params)


def _at_cell(finding: Finding, file: FileBulletins, cell: re.Match[str]) -> Finding:
    bulletin, name = file.bulletins[int(cell[1])], cell[3] or "value"
    first = _CELL.match(str(finding.params.get("first", "")))
    params = {**finding.params, "first": bulletin.rows[int(first[2])]} if first else finding.params
    return replace(finding, pointer=None, row=bulletin.rows[int(cell[2])], column=file.column_of.get(name, name), params=params)


def at_row(finding: Finding, file: FileBulletins) -> Finding:
    """A finding about a bulletin told as row and column of the file that it came from."""
    place = finding.pointer or ""
    if place.startswith(_COLUMN):
        return replace(finding, pointer=None, row=1, column=place.removeprefix(_COLUMN))
    cell, field = _CELL.match(place), _FIELD.match(place)
    if cell:
        return _at_cell(finding, file, cell)
    if not field:
        return finding
    bulletin, name = file.bulletins[int(field[1])], field[2] or "period"
    if name in {"period", "cells"} or name in bulletin.overridden:
        name = "period" if name == "cells" else name
        return replace(finding, pointer=None, row=bulletin.rows[0], column=file.column_of.get(name, name))
    return replace(finding, pointer=_OPTION_OF.get(name, name))
