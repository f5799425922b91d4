"""An ODS as a book: values by their types, what is repeated by a number, and what a cell only carries with it."""

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest

from app.intake.book import Book, CellError, Span, read_book

KIND = "application/vnd.oasis.opendocument.spreadsheet"
NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {"office": "office", "table": "table", "text": "text", "style": "style", "draw": "drawing"}.items()
)
CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">{}</manifest:manifest>'


def ods(tables, *, before="", manifest="", parts=(), styles=""):
    content = (
        f"<office:document-content {NAMES} {CALC}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{before}{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("mimetype", KIND, zipfile.ZIP_STORED)
        made.writestr("content.xml", content)
        made.writestr("META-INF/manifest.xml", MANIFEST.format(manifest))
        for name in parts:
            made.writestr(name, "x")
    return raw.getvalue()


def table(rows, name="Hoja", style=""):
    return f'<table:table table:name="{name}" table:style-name="{style}"><table:table-column/>{rows}</table:table>'


def row(*cells, times=1):
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


def cell(kind="", value="", text="", more=""):
    typed = {"date": "date-value", "boolean": "boolean-value", "time": "time-value", "string": "string-value"}.get(kind, "value")
    given = f'office:value-type="{kind}" office:{typed}="{value}"' if kind and value else f'office:value-type="{kind}"' if kind else ""
    return f"<table:table-cell {given} {more}>{text}</table:table-cell>"


def fault(raw, name="libro.ods", **given):
    (found,) = read_book(raw, name, **given)
    return found.code, *found.params.values()


def test_values_are_read_by_their_types():
    cells = [
        cell("float", "12", "<text:p>12</text:p>"),
        cell("percentage", "0.105"),
        cell("date", "2024-03-04"),
        cell("date", "2024-03-04T18:00:00"),
        cell("boolean", "true"),
        cell("time", "PT12H00M00S"),
        cell("string", "", '<text:p>Côte<text:s text:c="2"/>d’<text:span>Ivoire</text:span></text:p><text:p>2</text:p>'),
        cell("string", "", "<office:annotation><text:p>nota</text:p></office:annotation><text:p>Haití</text:p>"),
        cell("float", "0", more='table:formula="of:=1-1"'),
        cell("", "", more='table:formula="of:=1-1"'),
        cell("string", "", "<text:p>#DIV/0!</text:p>", 'calcext:value-type="error"'),
    ]
    found = read_book(ods(table(row(*cells))), "libro.ods")
    assert isinstance(found, Book)
    assert found.form == "ods"
    assert list(found.sheets[0].rows[0]) == [
        12,
        Decimal("0.105"),
        date(2024, 3, 4),
        datetime.fromisoformat("2024-03-04T18:00"),
        True,
        Decimal("0.5"),
        "Côte  d’Ivoire\n2",
        "Haití",
        0,
        CellError("formula-without-value"),
        CellError("cell-error"),
    ]
    assert [(remark.code, remark.row, remark.column, remark.params) for remark in found.sheets[0].remarks] == [
        ("formula-read", 1, "I", {"count": 2})
    ]


def test_a_count_shown_as_a_date_goes_back_by_the_zero_day_of_the_file():
    found = read_book(ods(table(row(cell("date", "1900-01-11")))))
    assert found.days.serial(found.sheets[0].rows[0][0]) == 12
    zero = '<table:calculation-settings><table:null-date table:date-value="1904-01-01"/></table:calculation-settings>'
    found = read_book(ods(table(row(cell("date", "1904-01-13"))), before=zero))
    assert (found.days.name, found.days.serial(found.sheets[0].rows[0][0])) == ("1904", 12)


def test_what_is_repeated_stands_as_often_and_empty_rows_to_the_end_are_none():
    one = cell("float", "1")
    twice = cell("float", "2", more='table:number-columns-repeated="2"')
    rest = '<table:table-cell table:number-columns-repeated="16380"/>'
    sheet = row(cell(), one, twice, rest) + row(rest, times=2) + row(one, times=3) + row(rest, times=1_048_570)
    assert read_book(ods(table(sheet))).sheets[0].rows == [(None, 1, 2, 2), (None,) * 4, (None,) * 4, *[(1, None, None, None)] * 3]


def test_merged_cells_are_told_and_hidden_sheets_named_but_not_read():
    hiding = '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>'
    merged = cell("string", "", "<text:p>Total</text:p>", 'table:number-columns-spanned="2" table:number-rows-spanned="3"')
    tables = table(row(cell()) + row(cell(), merged)) + table(row(cell("float", "7")), "vieja", "ta2")
    found = read_book(ods(tables, styles=hiding))
    assert found.sheets[0].merged == (Span(2, 2, 4, 3),)
    assert [(sheet.name, sheet.is_hidden, sheet.rows) for sheet in found.sheets[1:]] == [("vieja", True, ())]
    assert [(remark.code, remark.sheet) for remark in found.remarks] == [("sheet-hidden", "vieja")]


@pytest.mark.parametrize(
    ("sheet", "code"),
    [
        (row(cell("float", "1"), times=1_048_576), "file-too-long"),
        (row(cell("float", "1", more='table:number-columns-repeated="1048576"')), "file-too-wide"),
        (row(cell("float", "1", more='table:number-columns-repeated="900"'), times=200_000), "workbook-too-large"),
        (row(cell(), times=10**12) + row(cell("float", "1")), "file-too-long"),
        (row(cell("float", "1", more='table:number-columns-repeated="x"')), "workbook-damaged"),
        (row(cell("date", "mañana")), "workbook-damaged"),
    ],
)
def test_repetitions_are_counted_before_they_are_built(sheet, code):
    assert fault(ods(table(sheet)))[0] == code


def test_links_macros_and_passwords_are_refused():
    value = row(cell("float", "1"))
    source = '<table:table-source xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="file:///C:/otro.ods"/>'
    assert fault(ods(table(source + value))) == ("workbook-active", "linked")
    ranged = cell("float", "1", "<table:cell-range-source/>")
    assert fault(ods(table(row(ranged)))) == ("workbook-active", "linked")
    assert fault(ods(table(value), parts=["Basic/script-lc.xml"])) == ("workbook-active", "macros")
    assert fault(ods(table(value), manifest="<manifest:encryption-data/>")) == ("workbook-encrypted",)
    assert fault(ods(table(value)), "libro.xlsx") == ("not-what-its-name-says", "ODS", "XLSX")
    assert fault(ods(table(value), before=table("") + table("") + "</table:table>")) == ("workbook-damaged",)
