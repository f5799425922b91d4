"""An XLS as a book, with the digits of its file; what is damaged or locked is refused, and no count of its own is believed."""

import io
import random
import struct
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from app.intake.book import Book, CellError, Limits, Span, read_book

DATA = Path(__file__).parent / "data"
OF_1900 = (DATA / "1900.xls").read_bytes()


def fault(raw, name="libro.xls", **given):
    (found,) = read_book(raw, name, **given)
    return found.code


@pytest.mark.parametrize(
    ("system", "shown"),
    [
        ("1900", [0, date(1900, 1, 12), date(1900, 2, 28), 60, date(1900, 3, 1), date(2024, 3, 4), "2024-03-04T18:00", -3, Decimal("0.1")]),
        (
            "1904",
            [
                0,
                date(1904, 1, 13),
                date(1904, 2, 29),
                date(1904, 3, 1),
                date(1904, 3, 2),
                date(2028, 3, 5),
                "2028-03-05T18:00",
                -3,
                Decimal("0.1"),
            ],
        ),
    ],
)
def test_numbers_days_texts_flags_and_errors_stand_where_the_file_has_them(system, shown):
    found = read_book((DATA / f"{system}.xls").read_bytes(), "libro.xls")
    assert isinstance(found, Book)
    assert (found.form, found.days.name) == ("xls", system)
    sheet, hidden = found.sheets
    shown[6] = datetime.fromisoformat(shown[6])
    assert [row[0] for row in sheet.rows[:9]] == shown
    assert [row[1] for row in sheet.rows[:9]] == [0, 12, 59, 60, 61, 45355, Decimal("45355.75"), -3, Decimal("0.1")]
    assert [row[2] for row in sheet.rows[:6]] == [
        "Haití",
        True,
        CellError("formula-without-value"),
        CellError("cell-error"),
        "Côte ’",
        "Mujeres",
    ]
    assert (sheet.name, sheet.merged) == ("Año", (Span(6, 3, 7, 4),))
    assert [(remark.code, remark.row, remark.column, remark.params) for remark in sheet.remarks] == [("formula-read", 3, "C", {"count": 1})]
    assert (hidden.name, hidden.is_hidden, hidden.rows) == ("oculta", True, ())
    assert [(remark.code, remark.sheet) for remark in found.remarks] == [("sheet-hidden", "oculta")]


def test_texts_that_go_over_several_records_are_whole():
    rows = read_book(OF_1900).sheets[0].rows
    assert [row[0] for row in rows[10:]] == [f"texto {i:04} {('ñ' if i % 3 else '’') * (i % 40)}" for i in range(400)]


def test_a_file_longer_or_wider_than_it_may_be_is_refused():
    assert fault(OF_1900, limits=Limits(rows=300)) == "file-too-long"
    assert fault(OF_1900, limits=Limits(columns=2)) == "file-too-wide"
    assert fault(OF_1900, limits=Limits(cells=1000)) == "workbook-too-large"
    assert fault(OF_1900, "libro.xlsx") == "not-what-its-name-says"


def test_a_workbook_with_a_password_with_macros_or_of_another_program_is_refused():
    def renamed(old, new):
        return OF_1900.replace(old.encode("utf-16-le"), new.encode("utf-16-le"), 1)

    # The directory's own name of the stream of cells, and the length that it has there.
    at = OF_1900.index("Workbook".encode("utf-16-le"))
    word = bytearray(renamed("Workbook", "WordDocu"))
    assert fault(bytes(word)) == "not-what-its-name-says"
    word[at : at + 64] = "EncryptedPackage".encode("utf-16-le").ljust(64, b"\0")
    word[at + 64 : at + 66] = struct.pack("<H", 34)
    assert fault(bytes(word)) == fault(bytes(word), "libro.xlsx") == "workbook-encrypted"
    # A record of protection in the place of the first one behind the beginning.
    locked = bytearray(OF_1900)
    start = OF_1900.index(struct.pack("<HHH", 0x809, 16, 0x600)) + 20
    locked[start : start + 2] = struct.pack("<H", 0x2F)
    assert fault(bytes(locked)) == "workbook-encrypted"


def test_no_announced_number_is_believed_and_no_damage_is_more_than_a_refusal():
    drawn = random.Random(9)
    slowest = 0.0
    for turn in range(60):
        raw = bytearray(OF_1900)
        for _ in range(drawn.choice([1, 3, 20])):
            raw[drawn.randrange(len(raw) if turn % 2 else 2048)] = drawn.choice([0, 0xFF, drawn.randrange(256)])
        began = time.process_time()
        found = read_book(bytes(raw[: drawn.randrange(len(raw))] if turn % 5 == 0 else raw), "libro.xls")
        slowest = max(slowest, time.process_time() - began)
        assert isinstance(found, Book) or len(found) == 1
    assert slowest < 1


def test_another_reader_finds_the_same_texts():
    shown = CalamineWorkbook.from_filelike(io.BytesIO(OF_1900)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    rows = read_book(OF_1900).sheets[0].rows
    compared = [(here, there) for ours, theirs in zip(rows, shown, strict=True) for here, there in zip(ours, theirs, strict=True)]
    texts = [(here, there) for here, there in compared if isinstance(here, str)]
    assert len(texts) == 403
    assert all(here == there for here, there in texts)
