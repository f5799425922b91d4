"""A tidy CSV (one figure a row) as rows and findings; a file is taken as a whole or not at all (contract: Tidy CSV).

No value is changed by a guess: what is not plainly one whole number at one place is a finding with its row and column.
Codes stay text: which of them exist is judged where the vocabularies are known.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.intake.encoding import Decoded, decode
from app.intake.header import EXPORT_ONLY, OVERRIDES, Header, read_header, trimmed
from app.wire.codes import ValueStatus
from app.wire.problem import Finding
from app.wire.text import refused_character

MOST_FINDINGS = 100
GREATEST_VALUE = 2**31 - 1
_MOST_DIGITS = 10
_STATUSES = [status.value for status in ValueStatus]


@dataclass(frozen=True)
class Options:
    """What the sender declared about a file: names and codes of theirs mapped to ours, and how many rows a file may hold."""

    columns: Mapping[str, str]
    codes: Mapping[str, str]
    sum_duplicates: bool
    row_limit: int


@dataclass(frozen=True, slots=True)
class TidyRow:
    """One figure: its row as the file shows it (the header is 1), and the text of its codes, aligned with the file's dimensions.

    All codes "" with the value 0 is a nil report.  `overrides` are (name, text) pairs that stand above the options of the push; a
    fiscal year brings its `period_start` the same way.
    """

    row: int
    period: str
    value: int | None = field(repr=False)
    value_status: str | None
    codes: tuple[str, ...]
    overrides: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TidyFile:
    """A file without faults: the declared dimensions in the contract's order, its rows, and the file's own name of each column.

    `remarks` are no refusals: `read-as-windows-1252`, `column-ignored`.
    """

    dimensions: tuple[str, ...]
    rows: tuple[TidyRow, ...]
    column_of: Mapping[str, str]
    remarks: tuple[Finding, ...] = ()


def read_tidy(raw: bytes, options: Options, dimension_names: Sequence[str]) -> TidyFile | tuple[Finding, ...]:
    """Read a whole file, or say where it is at fault, up to 100 findings.

    `dimension_names` are all dimensions in the contract's order.  Findings: those of `decode` and `read_header`, `file-empty`,
    `file-without-rows`, `file-too-long`, `csv-malformed`, `row-ragged`, `text-character`, `column-unnamed`, `period-missing`,
    `value-missing`, `not-a-whole-number`, `out-of-range`, `value-beside-status`, `code-unknown` (of `value_status`),
    `code-missing`, `export-only-value`.
    """
    decoded = decode(raw)
    if isinstance(decoded, Finding):
        return (decoded,)
    if not decoded.text.strip():
        return (Finding("file-empty"),)
    header = read_header(decoded.text, options.columns, dimension_names)
    if isinstance(header, tuple):
        return header
    layout = _Layout(header, options.codes, dimension_names)
    rows, findings = _all_rows(_each_row(decoded.text, layout, options.row_limit))
    if findings or not rows:
        return tuple(findings) or (Finding("file-without-rows"),)
    column_of = {name: cell for name, cell in zip(header.names, header.cells, strict=True) if name}
    return TidyFile(layout.dimensions, tuple(rows), column_of, tuple(_remarks(decoded, header)))


def _all_rows(found: Iterable[TidyRow | list[Finding]]) -> tuple[list[TidyRow], list[Finding]]:
    rows: list[TidyRow] = []
    findings: list[Finding] = []
    for item in found:
        if isinstance(item, TidyRow):
            rows.append(item)
            continue
        findings.extend(item)
        if len(findings) >= MOST_FINDINGS:
            break
    return rows, findings[:MOST_FINDINGS]


def _each_row(text: str, layout: "_Layout", limit: int) -> Iterator[TidyRow | list[Finding]]:
    records = csv.reader(io.StringIO(text, newline=""), delimiter=layout.header.separator, strict=True)
    row, kept = 1, 0
    next(records)
    try:
        for row, record in enumerate(records, 2):
            whole = "".join(record)
            if whole.isprintable() and not whole.strip():
                continue
            kept += 1
            if kept > limit:
                yield [Finding("file-too-long", row=row, params={"limit": limit})]
                return
            yield layout.read(row, record, whole.isprintable())
    except csv.Error:
        yield [Finding("csv-malformed", row=row + 1)]


def _remarks(decoded: Decoded, header: Header) -> Iterator[Finding]:
    if decoded.encoding == "cp1252":
        yield Finding("read-as-windows-1252")
    for index, name in enumerate(header.names):
        if not name:
            yield Finding("column-ignored", row=1, column=header.shown(index))


def _standing(names: Iterable[str], header: Header) -> Iterator[tuple[str, int]]:
    for name in names:
        if name in header.names:
            yield name, header.names.index(name)


class _Layout:
    """Where each of our columns stands in this file; reads one record at a time."""

    def __init__(self, header: Header, codes: Mapping[str, str], dimension_names: Sequence[str]) -> None:
        self.header = header
        self.codes = {trimmed(theirs): ours.strip() for theirs, ours in codes.items()}
        declared = dict(_standing(dimension_names, header))
        self.dimensions = tuple(declared)
        self._code_at = list(declared.values())
        self._period_at = header.names.index("period")
        self._value_at = header.names.index("value")
        self._status_at = header.index("value_status")
        self._start_at = header.index("period_start")
        self._override_at = list(_standing(OVERRIDES, header))
        self._unnamed_at = [index for index, name in enumerate(header.names) if not name]
        self._only_at = [(index, EXPORT_ONLY[name]) for name, index in _standing(EXPORT_ONLY, header) if EXPORT_ONLY[name]]

    def read(self, row: int, record: list[str], printable: bool) -> TidyRow | list[Finding]:
        """One record as a row, or its faults."""
        faults = self._form(row, record, printable)
        if faults:
            return faults
        cells = [trimmed(cell) for cell in record]
        value, status, faults = self._figure(row, record[self._value_at].strip(" "), cells)
        codes = tuple([self.codes.get(cells[index], cells[index]) for index in self._code_at])
        if not all(codes) and (value != 0 or any(codes)):
            faults += self._missing(row, codes)
        period = cells[self._period_at]
        if not period:
            faults.append(self._fault("period-missing", row, self._period_at))
        faults += self._outside(row, cells)
        return faults or TidyRow(row, period, value, status, codes, self._overrides(cells, period))

    def _fault(self, code: str, row: int, index: int, **params: object) -> Finding:
        return Finding(code, row=row, column=self.header.shown(index), params=params)

    def _form(self, row: int, record: list[str], printable: bool) -> list[Finding]:
        if len(record) != len(self.header.cells):
            return [Finding("row-ragged", row=row, params={"cells": len(record), "expected": len(self.header.cells)})]
        if printable:
            return []
        offsets = ((index, refused_character(cell.replace("\r\n", "\n"))) for index, cell in enumerate(record))
        return [self._fault("text-character", row, index, offset=offset) for index, offset in offsets if offset is not None]

    def _figure(self, row: int, text: str, cells: list[str]) -> tuple[int | None, str | None, list[Finding]]:
        status = cells[self._status_at] if self._status_at is not None else ""
        if self._status_at is not None and status and status not in _STATUSES:
            return None, None, [self._fault("code-unknown", row, self._status_at, known=_STATUSES, suggestions=[])]
        code = _value_fault(text, status)
        if code:
            return None, None, [self._fault(code, row, self._value_at, minimum=0, maximum=GREATEST_VALUE)]
        return (None if status else int(text)), status or None, []

    def _missing(self, row: int, codes: tuple[str, ...]) -> list[Finding]:
        return [self._fault("code-missing", row, index) for index, code in zip(self._code_at, codes, strict=True) if not code]

    def _outside(self, row: int, cells: list[str]) -> list[Finding]:
        unnamed = [self._fault("column-unnamed", row, index) for index in self._unnamed_at if cells[index]]
        foreign = [
            self._fault("export-only-value", row, index, expected=only) for index, only in self._only_at if cells[index] not in ("", only)
        ]
        return unnamed + foreign

    def _overrides(self, cells: list[str], period: str) -> tuple[tuple[str, str], ...]:
        given = tuple([(name, cells[index]) for name, index in self._override_at if cells[index]])
        # The number of a fiscal year does not say where it starts; without this a round trip would lose it.
        if self._start_at is not None and period.endswith("-FY") and cells[self._start_at]:
            return (*given, ("period_start", cells[self._start_at]))
        return given


def _value_fault(text: str, status: str) -> str | None:
    if status:
        return "value-beside-status" if text else None
    if not text:
        return "value-missing"
    if not (text.isascii() and text.isdigit()):
        return "not-a-whole-number"
    digits = text.lstrip("0") or "0"
    return "out-of-range" if len(digits) > _MOST_DIGITS or int(digits) > GREATEST_VALUE else None
