"""An XLSX as a book: what its cells hold, where they stand, and what is named without being read."""

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
import xlsxwriter

from app.intake.book import Book, CellError, Limits, Span, column_name, read_book


def workbook(fill, **options):
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw, {"in_memory": True, **options}) as made:
        fill(made)
    return raw.getvalue()


def changed(raw, name, old, new):
    """The same container with one of its parts changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for each in before.namelist():
            part = before.read(each)
            assert each != name or old in part
            after.writestr(each, part.replace(old, new) if each == name else part)
    return made.getvalue()


def book(raw, **given):
    found = read_book(raw, "libro.xlsx", **given)
    assert isinstance(found, Book), found
    return found


def fault(raw, name="libro.xlsx", **given):
    (found,) = read_book(raw, name, **given)
    return found.code, found.sheet, found.row


def filled(made):
    sheet = made.add_worksheet("2024")
    sheet.write("B2", "Haití")
    sheet.write("C2", 12)
    sheet.write("D2", 0.1)
    sheet.write("E2", True)  # noqa: FBT003 - a cell that holds a flag
    sheet.merge_range("B4:C5", "Mujeres")
    sheet.write_rich_string("D5", "a", made.add_format({"bold": True}), "b")


def test_cells_stand_where_the_file_has_them():
    (sheet,) = book(workbook(filled)).sheets
    assert sheet.name == "2024"
    assert sheet.rows[0] == (None,) * 5
    assert sheet.rows[1] == (None, "Haití", 12, Decimal("0.1"), True)
    assert (sheet.rows[3][1], sheet.rows[4][3]) == ("Mujeres", "ab")
    assert sheet.merged == (Span(4, 2, 5, 3),)
    assert [column_name(column) for column in (1, 3, 26, 27, 703)] == ["A", "C", "Z", "AA", "AAA"]


@pytest.mark.parametrize(
    ("is_1904", "shown"),
    [
        (
            False,
            [
                0,
                date(1900, 1, 12),
                date(1900, 2, 28),
                60,
                date(1900, 3, 1),
                date(2024, 3, 4),
                datetime.fromisoformat("2024-03-04T18:00"),
                -3,
            ],
        ),
        (
            True,
            [
                0,
                date(1904, 1, 13),
                date(1904, 2, 29),
                date(1904, 3, 1),
                date(1904, 3, 2),
                date(2028, 3, 5),
                datetime.fromisoformat("2028-03-05T18:00"),
                -3,
            ],
        ),
    ],
)
def test_a_number_shown_as_a_date_is_the_day_of_its_system_and_goes_back_to_the_number(is_1904, shown):
    serials = [0, 12, 59, 60, 61, 45355, 45355.75, -3]

    def fill(made):
        made.add_worksheet().write_row(0, 0, serials, made.add_format({"num_format": 'dd "de" mmmm'}))

    found = book(workbook(fill, date_1904=is_1904))
    assert found.days.name == ("1904" if is_1904 else "1900")
    assert list(found.sheets[0].rows[0]) == shown
    back = [found.days.serial(cell) if isinstance(cell, date) else cell for cell in shown]
    assert back == [Decimal(str(serial)) for serial in serials]


@pytest.mark.parametrize("code", ['0 "días"', "#,##0_s", "[Red]0", "0.00E+00", "General", "[h]:mm", "0\\d"])
def test_a_number_in_any_other_format_stays_a_number(code):
    assert book(workbook(lambda made: made.add_worksheet().write(0, 0, 45355, made.add_format({"num_format": code})))).sheets[0].rows == [
        (45355,)
    ]


def test_a_formula_gives_its_computed_value_with_a_remark():
    def fill(made):
        sheet = made.add_worksheet("Total")
        sheet.write_formula("A1", "=1+1", None, 2)
        sheet.write_formula("A2", '="Hai"&"tí"', None, "Haití")

    (sheet,) = book(workbook(fill)).sheets
    assert sheet.rows == [(2,), ("Haití",)]
    (remark,) = sheet.remarks
    assert (remark.code, remark.sheet, remark.row, remark.column, remark.params) == ("formula-read", "Total", 1, "A", {"count": 2})


def test_a_formula_that_nobody_computed_is_no_value():
    raw = workbook(lambda made: made.add_worksheet().write_formula("A1", "=1+1", None, 7))
    missing = changed(raw, "xl/worksheets/sheet1.xml", b"<v>7</v>", b"<v/>")
    assert book(missing).sheets[0].rows == [(CellError("formula-without-value"),)]
    # A writer that computes nothing leaves 0 and asks for the rest when the file is opened: no zero is read from that.
    asked = workbook(lambda made: made.add_worksheet().write_formula("A1", "=1+1"))
    assert book(asked).sheets[0].rows == [(CellError("formula-without-value"),)]
    computed = changed(asked, "xl/workbook.xml", b' fullCalcOnLoad="1"', b"")
    assert book(computed).sheets[0].rows == [(0,)]


def test_an_error_is_no_empty_cell_and_a_text_that_looks_like_one_is_a_text():
    def fill(made):
        sheet = made.add_worksheet()
        sheet.write_formula("A1", "=1/0", None, "#DIV/0!")
        sheet.write_string("B1", "#REF!")

    assert book(workbook(fill)).sheets[0].rows == [(CellError("cell-error"), "#REF!")]


def test_hidden_sheets_are_named_and_not_read_and_a_chart_is_no_sheet():
    def fill(made):
        made.add_worksheet("Hoja").write("A1", 1)
        hidden, very_hidden = made.add_worksheet("Vieja"), made.add_worksheet("Más vieja")
        hidden.write("A1", 2)
        hidden.hide()
        very_hidden.write("A1", 3)
        very_hidden.very_hidden()
        chart = made.add_chart({"type": "column"})
        chart.add_series({"values": "=Hoja!$A$1:$A$1"})
        made.add_chartsheet("Gráfico").set_chart(chart)

    found = book(workbook(fill))
    assert [(sheet.name, sheet.is_hidden, sheet.rows) for sheet in found.sheets] == [
        ("Hoja", False, [(1,)]),
        ("Vieja", True, ()),
        ("Más vieja", True, ()),
    ]
    assert [(remark.code, remark.sheet) for remark in found.remarks] == [("sheet-hidden", "Vieja"), ("sheet-hidden", "Más vieja")]


def test_a_workbook_with_nothing_to_read_is_refused():
    assert fault(workbook(lambda made: made.add_worksheet("Hoja"))) == ("file-empty", None, None)
    raw = workbook(lambda made: made.add_worksheet("Hoja").write("A1", 1))
    assert fault(changed(raw, "xl/workbook.xml", b'name="Hoja"', b'name="Hoja" state="hidden"')) == ("sheets-hidden", None, None)


@pytest.mark.parametrize(
    ("name", "code"), [("a.csv", "not-what-its-name-says"), ("a.xls", "not-what-its-name-says"), ("a.XLSX", ""), ("", "")]
)
def test_a_file_that_is_not_what_its_name_says_is_refused(name, code):
    found = read_book(workbook(filled), name)
    assert isinstance(found, Book) if not code else [each.code for each in found] == [code]


def test_rows_columns_and_cells_are_bounded_by_what_is_there_not_by_what_is_formatted():
    def fill(made):
        sheet = made.add_worksheet("H")
        sheet.write("A1", 1)
        sheet.write("B2", None, made.add_format({"bold": True}))

    raw = workbook(fill)

    def at(place, value="1"):
        row = place.lstrip("ADEFX")
        held = f"<v>{value}</v>" if value else ""
        cell = f'<row r="{row}"><c r="{place}" s="1">{held}</c></row></sheetData>'
        return changed(raw, "xl/worksheets/sheet1.xml", b"</sheetData>", cell.encode())

    limits = Limits(rows=10, columns=30, cells=2_000)
    assert book(at("XFD1048576", ""), limits=limits).sheets[0].rows == [(1,)]
    assert fault(at("A111"), limits=limits) == ("file-too-long", "H", 111)
    assert fault(at("AE1"), limits=limits) == ("file-too-wide", "H", 1)
    assert fault(at("AD100"), limits=limits) == ("workbook-too-large", "H", None)


def test_the_properties_of_a_file_are_never_read():
    def fill(made):
        made.set_properties({"author": "Marta Quispe Solano", "title": "Lista"})
        filled(made)

    found = book(workbook(fill))
    assert "Quispe" not in repr(found) + repr([sheet.rows for sheet in found.sheets])
