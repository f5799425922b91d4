"""The marked copy: the same values, comments at the cells that were named, and no text that a spreadsheet would run."""

import io
import re
import zipfile
from datetime import date, datetime
from decimal import Decimal

from python_calamine import CalamineWorkbook

from app.formats.marked_copy import Mark, marked_copy
from app.intake.book import Book, CellError, read_book

ROWS = [
    ["Cuadro 1", None, None, None],
    [None, "Hombres", None, "Mujeres"],
    ["Semana", "0-17", "18+", "0-17"],
    ["2024-W10", 12, Decimal("0.5"), True],
    [date(2024, 3, 4), datetime.fromisoformat("2024-03-04T18:00"), 12345678901234567890, date(1900, 1, 12)],
    ["=1+1", "+1", "-1", "@SUM(A1)"],
    ["https://ejemplo.test", "007", CellError("cell-error"), "Côte ’"],
]


def parts(raw):
    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def comments(raw, sheet=1):
    return dict(re.findall(r'<comment ref="([A-Z]+\d+)".*?<t(?: [^>]*)?>(.*?)</t>', parts(raw)[f"xl/comments{sheet}.xml"], re.DOTALL))


def test_values_are_the_same_and_every_text_is_a_text():
    raw = marked_copy([("Año 2024", ROWS)], [], "Hallazgos")
    found = read_book(raw, "copia.xlsx")
    assert isinstance(found, Book)
    (sheet,) = found.sheets
    assert (sheet.name, sheet.remarks) == ("Año 2024", ())
    assert [list(row) for row in sheet.rows[:4]] == ROWS[:4]
    assert list(sheet.rows[4]) == [*ROWS[4][:2], "12345678901234567890", "1900-01-12"]
    assert list(sheet.rows[5]) == ROWS[5]
    assert list(sheet.rows[6]) == ["https://ejemplo.test", "007", None, "Côte ’"]
    assert CalamineWorkbook.from_filelike(io.BytesIO(raw)).get_sheet_by_index(0).to_python()[5] == ROWS[5]
    assert not any("<f>" in part or "hyperlink" in part for part in parts(raw).values())


def test_a_comment_stands_at_each_cell_that_was_named():
    marks = [
        Mark("Año 2024", 4, "Semana", "uno"),
        Mark("Año 2024", 4, "Mujeres 0-17", "dos"),
        Mark("Año 2024", 6, "C", "tres"),
        Mark("Año 2024", 6, "C", "cuatro"),
        Mark("Año 2024", 7, "2", "cinco"),
        Mark("Año 2024", 9, None, "seis"),
    ]
    raw = marked_copy([("Año 2024", ROWS)], marks, "Hallazgos")
    assert comments(raw) == {"A4": "uno", "D4": "dos", "C6": "tres\ncuatro", "B7": "cinco", "A9": "seis"}
    assert [list(row) for row in read_book(raw).sheets[0].rows[:4]] == ROWS[:4]
    assert len(read_book(raw).sheets) == 1


def test_what_is_said_of_no_cell_stands_on_a_sheet_of_its_own():
    marks = [Mark(None, None, None, "El separador"), Mark("oculta", None, None, "Está oculta"), Mark("otra", 3, "A", "No está aquí")]
    sheets = read_book(marked_copy([("", [["a"], [1]]), ("hallazgos", [["b"]])], marks, "Hallazgos")).sheets
    assert [sheet.name for sheet in sheets] == ["CSV", "hallazgos", "Hallazgos-2"]
    assert [list(row) for row in sheets[2].rows] == [[None, "El separador"], ["oculta", "Está oculta"], ["otra", "No está aquí"]]


def test_a_mark_without_a_sheet_is_on_the_first_one_and_no_name_of_a_sheet_is_refused():
    raw = marked_copy(
        [("", [["semana", "personas"], ["2024-W10", "x"]]), ("a/b:" + "c" * 40, [[1]]), ("", [])], [Mark(None, 2, "personas", "no")], "?"
    )
    assert comments(raw) == {"B2": "no"}
    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        names = re.findall(r'<sheet name="([^"]*)"', opened.read("xl/workbook.xml").decode())
    assert names == ["CSV", "a b " + "c" * 27, "CSV-2"]
