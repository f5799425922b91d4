"""The one door for files: their bytes as located cells, whichever form they came in (issue: a file is taken as a whole or not at all)."""

from app.intake.cells import Book, Cell, CellError, Limits, SerialDays, Sheet, Span, column_name
from app.intake.container import inspect
from app.intake.csv_book import read_csv
from app.intake.forms import form_of, form_of_container, judge_form
from app.intake.ods import read_ods
from app.intake.ole import Compound
from app.intake.refusal import RefusedError, refused
from app.intake.xls import form_of_compound, read_xls
from app.intake.xlsx import read_xlsx
from app.wire.problem import Finding

__all__ = ["Book", "Cell", "CellError", "Limits", "SerialDays", "Sheet", "Span", "column_name", "read_book"]

_LIMITS = Limits()


def read_book(raw: bytes, name: str = "", charset: str | None = None, limits: Limits = _LIMITS) -> Book | tuple[Finding, ...]:
    """Read a whole CSV, XLS, XLSX or ODS; `name` is the file's own and `charset` what the sender declared, "" and None where unknown.

    Findings: `file-empty`, `form-unknown`, `not-what-its-name-says`, those of `read_csv`, of `inspect`, and of the sheets:
    `file-too-long`, `file-too-wide`, `workbook-too-large`, `workbook-damaged`, `workbook-doctype`, `workbook-encrypted`,
    `workbook-active`, `sheets-hidden`.
    """
    try:
        return _read(raw, name, charset, limits)
    except RefusedError as found:
        return (found.finding,)


def _read(raw: bytes, name: str, charset: str | None, limits: Limits) -> Book | tuple[Finding, ...]:
    if not raw:
        return (Finding("file-empty"),)
    form = form_of(raw)
    if form == "zip":
        return _zipped(raw, name, limits)
    if form == "ole":
        return _compound(raw, name, limits)
    _judge(form, name)
    return read_csv(raw, charset, limits)


def _judge(form: str, name: str) -> None:
    finding = judge_form(form, name)
    if finding:
        raise RefusedError(finding)


def _zipped(raw: bytes, name: str, limits: Limits) -> Book:
    container = inspect(raw, limits)
    if isinstance(container, Finding):
        raise RefusedError(container)
    form = form_of_container(container)
    _judge(form, name)
    return _with_sheets(read_xlsx(container, limits) if form == "xlsx" else read_ods(container, limits))


def _compound(raw: bytes, name: str, limits: Limits) -> Book:
    compound = Compound(raw)
    _judge(form_of_compound(compound), name)
    return _with_sheets(read_xls(compound, limits))


def _with_sheets(book: Book) -> Book:
    """A book that something can be read in: no sheet is looked at that its makers hid."""
    visible = [sheet for sheet in book.sheets if not sheet.is_hidden]
    if not visible and book.sheets:
        raise refused("sheets-hidden")
    if not any(sheet.rows for sheet in visible):
        raise refused("file-empty")
    return book
