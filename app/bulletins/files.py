"""From the rows of a file to bulletins, and from findings about bulletins back to rows and columns of the file."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.bulletins.queries import FileQuery
from app.core.parsing import parse
from app.core.problems import Problem
from app.directory.dimensions import DIMENSIONS
from app.directory.names import Names
from app.intake import names as intake
from app.intake.book import Book, Limits, read_book
from app.intake.figures import Options, TidyFile, TidyRow
from app.intake.layout import read_figures
from app.intake.shipped import shipped
from app.wire.bulletin import BulletinDraft
from app.wire.codes import ValueStatus
from app.wire.problem import Finding
from app.wire.profile import Profile

_CELL = re.compile(r"^/bulletins/(\d+)/cells/(\d+)(?:/(\w+))?$")
_FIELD = re.compile(r"^/bulletins/(\d+)(?:/(\w+))?")
_TABLE = re.compile(r"^/tables/(\d+)/(?:columns/(.*)|notes/(\d+))$", re.DOTALL)
_LONGEST_NAME = 300
_OPTION_OF = {"reporting_state": "state"}


@dataclass(frozen=True)
class FileBulletin:
    """One bulletin of a file: its body, its table, and for each cell the row and the heading of its figure."""

    body: dict[str, Any] = field(repr=False)
    rows: tuple[int, ...]
    overridden: frozenset[str]
    columns: tuple[str, ...] = ()
    sheet: str | None = None
    column_of: Mapping[str, str] = field(default_factory=dict)

    def draft(self, number: int) -> BulletinDraft:
        """The bulletin as a draft; raises `Problem` `invalid-document` with pointers under `/bulletins/{number}`."""
        return parse(BulletinDraft, self.body, at=("bulletins", number))


@dataclass(frozen=True)
class FileBulletins:
    """All bulletins of a file in the order of its tables and their first rows."""

    bulletins: tuple[FileBulletin, ...]
    tables: tuple[TidyFile, ...]
    remarks: tuple[Finding, ...]


@dataclass(frozen=True)
class Reading:
    """What a file is read with beside its own query: the codes and their names, the profiles that may be named, and whose rows are taken."""

    names: intake.Names
    profiles: Mapping[str, Profile] = field(default_factory=shipped)
    members: frozenset[str] | None = None


PLAIN = Reading(Names())
"""The names that everyone shares, and the profiles that are shipped."""


def read_file(raw: bytes, query: FileQuery, row_limit: int, name: str = "", reading: Reading = PLAIN) -> FileBulletins:
    """The bulletins of a file, one a period and table (contract: Tidy CSV; profiles).

    Raises `Problem` `invalid-file` with sheet, row and column of every fault: a file is taken as a whole or not at all.
    """
    _refuse_undeclared(query)
    options = _options(query, row_limit, reading.members)
    profile = _profile_named(query.profile, reading.profiles)
    book = read_book(raw, name, query.charset, Limits(rows=row_limit))
    if not isinstance(book, Book):
        raise Problem("invalid-file", *book)
    figures = read_figures(book, profile, options, reading.names, DIMENSIONS)
    if isinstance(figures, tuple):
        raise Problem("invalid-file", *figures)
    tables = tuple(map(_undeclared_dropped, figures.tables))
    read = [(table, tuple(_bulletins(table, query))) for table in tables]
    remarks = (remark for table, bulletins in read for remark in (*table.remarks, *_added_up(table, bulletins, query)))
    return FileBulletins(tuple(each for _, bulletins in read for each in bulletins), tables, (*figures.remarks, *remarks))


def _refuse_undeclared(query: FileQuery) -> None:
    """What a profile would say of all figures, the sender of a plain file says."""
    missing = [each for each in ("state", "measure", "unit") if query.profile is None and getattr(query, each) is None]
    if missing:
        raise Problem("invalid-query", *(Finding("field-missing", pointer=each) for each in missing))


def _profile_named(name: str | None, profiles: Mapping[str, Profile]) -> Profile | None:
    if name is not None and name not in profiles:
        raise Problem("invalid-query", Finding("profile-unknown", pointer="profile", params={"known": sorted(profiles)}))
    return profiles[name] if name else None


def _options(query: FileQuery, row_limit: int, members: frozenset[str] | None) -> Options:
    return Options(
        _mapping(query.column, "column"),
        _mapping(query.code, "code"),
        row_limit,
        query.period,
        query.frequency,
        query.date_order,
        query.number_style,
        query.not_collected,
        members if query.members_only else None,
    )


def _bulletins(table: TidyFile, query: FileQuery) -> Iterator[FileBulletin]:
    groups: dict[tuple[object, ...], list[TidyRow]] = {}
    for row in table.rows:
        groups.setdefault((row.period, row.overrides), []).append(row)
    return (_bulletin(rows, table, query) for rows in groups.values())


def _added_up(table: TidyFile, bulletins: Iterable[FileBulletin], query: FileQuery) -> Iterator[Finding]:
    """How many rows of a table have a figure that was added to one above."""
    if not _sums_duplicates(table, query):
        return
    kept = {place for each in bulletins for place in zip(each.rows, each.columns, strict=True)}
    added = {row.row for row in table.rows if (row.row, row.column) not in kept}
    if added:
        yield Finding("rows-added-up", sheet=table.sheet, params={"count": len(added)})


def _sums_duplicates(table: TidyFile, query: FileQuery) -> bool:
    return query.sum_duplicates or table.sum_duplicates


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


def _bulletin(rows: Sequence[TidyRow], table: TidyFile, query: FileQuery) -> FileBulletin:
    dimensions = table.dimensions
    nil = [row for row in rows if dimensions and not any(row.codes)]
    if nil and len(rows) > 1:
        raise Problem("invalid-file", Finding("nil-report-with-cells", sheet=table.sheet, row=nil[0].row, column="value"))
    kept = _kept(rows, table, query, nil=bool(nil))
    overrides = dict(rows[0].overrides)
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
        "cells": [_cell(row, dimensions) for row in kept],
    }
    body = {**table.constants, **_given(body), **overrides}
    placed = kept or [rows[0]]
    columns = tuple(row.column for row in placed)
    return FileBulletin(body, tuple(row.row for row in placed), frozenset(overrides), columns, table.sheet, table.column_of)


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _kept(rows: Sequence[TidyRow], table: TidyFile, query: FileQuery, *, nil: bool) -> list[TidyRow]:
    if nil:
        return []
    return _summed(rows) if _sums_duplicates(table, query) else list(rows)


def _cell(row: TidyRow, dimensions: tuple[str, ...]) -> dict[str, Any]:
    cell: dict[str, Any] = dict(zip(dimensions, row.codes, strict=True))
    cell["value"], cell["value_status"] = row.value, row.value_status
    return cell


def _summed(rows: Iterable[TidyRow]) -> list[TidyRow]:
    """Rows of one cell added up, where the sender asked for it; a sum with a masked part is masked.

    Rows that were not collected stay apart and are refused as repeated.
    """
    kept: dict[tuple[object, ...], TidyRow] = {}
    for row in rows:
        key: tuple[object, ...] = row.codes
        first = kept.get(key)
        if first is None:
            kept[key] = row
        elif ValueStatus.NOT_COLLECTED.value in {first.value_status, row.value_status}:
            kept[*key, row.row] = row
        elif first.value is None or row.value is None:
            kept[key] = replace(first, value=None, value_status=ValueStatus.MASKED.value)
        else:
            kept[key] = replace(first, value=first.value + row.value)
    return list(kept.values())


def words_of(name: str, file: FileBulletins) -> dict[str, str]:
    """What a file says beside its cells, by pointer: its own name, the notes below its tables, and its columns' names where they are not ours."""
    # Underscores stand between words where a disk takes no spaces.
    shown = "".join(each if each.isprintable() and each != "_" else " " for each in name[:_LONGEST_NAME])
    words = {"/file": shown}
    for number, table in enumerate(file.tables):
        words |= {f"/tables/{number}/columns/{ours}": theirs for ours, theirs in table.column_of.items() if theirs != ours}
        words |= {f"/tables/{number}/notes/{note.row}": note.text for note in table.notes}
    return words


def at_rows(problem: Problem, file: FileBulletins) -> Problem:
    """A refusal of bulletins told as rows and columns of the file that they came from."""
    findings = [at_row(finding, file) for finding in problem.findings]
    code = "invalid-file" if problem.code == "invalid-document" else problem.code
    return Problem(code, *findings, headers=problem.headers, **problem.params)


def _at_cell(finding: Finding, file: FileBulletins, cell: re.Match[str]) -> Finding:
    bulletin, name, at = file.bulletins[int(cell[1])], cell[3] or "value", int(cell[2])
    first = _CELL.match(str(finding.params.get("first", "")))
    params = {**finding.params, "first": bulletin.rows[int(first[2])]} if first else finding.params
    column = bulletin.columns[at] if name == "value" else bulletin.column_of.get(name, name)
    return replace(finding, pointer=None, sheet=bulletin.sheet, row=bulletin.rows[at], column=column, params=params)


def at_row(finding: Finding, file: FileBulletins) -> Finding:
    """A finding about a bulletin told as row and column of the file that it came from."""
    pointer = finding.pointer or ""
    if place := _TABLE.match(pointer):
        table = file.tables[int(place[1])]
        return replace(finding, pointer=None, sheet=table.sheet, row=int(place[3] or table.header), column=place[2])
    cell, field = _CELL.match(pointer), _FIELD.match(pointer)
    if cell:
        return _at_cell(finding, file, cell)
    return _at_field(finding, file, field) if field else finding


def _at_field(finding: Finding, file: FileBulletins, field: re.Match[str]) -> Finding:
    """A finding about a field of a bulletin: told at its first row where the file says it, else of the option that does."""
    bulletin, name = file.bulletins[int(field[1])], field[2] or "period"
    if name == "period" and not {"period", "year"}.intersection(bulletin.column_of):
        return replace(finding, pointer="period")
    if name in {"period", "cells"} or name in bulletin.overridden:
        name = "period" if name == "cells" else name
        column = bulletin.column_of.get(name, name)
        return replace(finding, pointer=None, sheet=bulletin.sheet, row=bulletin.rows[0], column=column)
    return replace(finding, pointer=_OPTION_OF.get(name, name))
