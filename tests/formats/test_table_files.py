"""Formats of tables: safe in a spreadsheet, typed, in flat memory, the same bytes for the same rows."""

import io
import tracemalloc
import zipfile
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from app.formats import parquet
from app.formats.archive import Archive
from app.formats.csv_text import csv_pieces
from app.formats.json_lines import json_lines
from app.formats.parquet import parquet_pieces
from app.formats.workbook import workbook_pieces

MADE = datetime(2022, 11, 30, 12, tzinfo=UTC)
KINDS = {"period": "string", "day": "date", "value": "integer", "is_total": "boolean", "bulletin": "string"}
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")


def row(number):
    return (f"2022-{number % 12 + 1:02}", f"2022-{number % 12 + 1:02}-01", number, number % 7 == 0, f"id{number // 200}@v1")


def batches(number, size=500):
    for start in range(0, number, size):
        yield [row(each) for each in range(start, min(start + size, number))]


def book(parts, columns=tuple(KINDS), ends=lambda: ([], [])):
    return b"".join(workbook_pieces(columns, parts, ends, made=MADE))


def packed(number):
    archive = Archive(MADE)
    yield from archive.add("data/flows.csv", csv_pieces(tuple(KINDS), batches(number)))
    yield archive.end()


FORMS = {
    "csv": lambda number: csv_pieces(tuple(KINDS), batches(number)),
    "ndjson": lambda number: json_lines(tuple(KINDS), batches(number)),
    "parquet": lambda number: parquet_pieces(KINDS, batches(number)),
    "xlsx": lambda number: workbook_pieces(tuple(KINDS), ((rows, []) for rows in batches(number)), lambda: ([], []), made=MADE),
    "zip": packed,
}


def test_no_spreadsheet_runs_a_text_of_anybody_s():
    rows = [(text, 1) for text in FORMULAS]
    raw = book([(rows, rows[:1])], ("label", "value"), lambda: ([("route_point", *FORMULAS[:4])], [("=HYPERLINK()", "@x")]))
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(raw))
    data, totals, codes, notes = (sheets.get_sheet_by_name(name).to_python() for name in ("data", "totals", "codes", "notes"))
    assert [line[0] for line in data[1:]] == [f"'{text}" for text in (*FORMULAS[:4], "\t=1", "\r=1")]
    assert (totals[1][0], codes[1][1:], notes) == ("'=1+1", [f"'{text}" for text in FORMULAS[:4]], [["'=HYPERLINK()", "'@x"]])
    with zipfile.ZipFile(io.BytesIO(raw)) as opened:
        assert not any(b"<f>" in opened.read(name) or b"hyperlink" in opened.read(name) for name in opened.namelist())


def test_a_text_among_flags_and_numbers_is_escaped_too():
    raw = b"".join(csv_pieces(("a",), [[(True,), ("=1",), (None,), (-1,)], [("-x",)]]))
    assert raw == b"a\r\ntrue\r\n'=1\r\n\"\"\r\n-1\r\n'-x\r\n"


def test_excel_s_forms_differ_in_the_mark_and_the_separator_alone():
    rows = [[("Ñuble; sur", 1)]]
    assert b"".join(csv_pieces(("a", "b"), rows)) == "a,b\r\nÑuble; sur,1\r\n".encode()
    assert b"".join(csv_pieces(("a", "b"), rows, "comma")) == "﻿a,b\r\nÑuble; sur,1\r\n".encode()
    assert b"".join(csv_pieces(("a", "b"), rows, "semicolon")) == '﻿a;b\r\n"Ñuble; sur";1\r\n'.encode()


def test_parquet_comes_in_row_groups_with_one_dictionary_each(monkeypatch):
    monkeypatch.setattr(parquet, "GROUP", 2_000)
    raw = b"".join(parquet_pieces(KINDS, batches(5_000)))
    file = pq.ParquetFile(io.BytesIO(raw))
    assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [2_000, 2_000, 1_000]
    table = file.read()
    assert sum(table["value"].to_pylist()) == 5_000 * 4_999 // 2
    assert table.slice(4_999, 1).to_pylist() == [
        {"period": "2022-08", "day": datetime(2022, 8, 1, tzinfo=UTC).date(), "value": 4_999, "is_total": False, "bulletin": "id24@v1"}
    ]


@pytest.mark.parametrize("form", FORMS)
def test_ten_times_the_rows_take_no_more_memory_and_the_same_rows_give_the_same_bytes(form):
    assert b"".join(FORMS[form](300)) == b"".join(FORMS[form](300))
    peaks = []
    for number in (400, 4_000) if form == "xlsx" else (1_500, 15_000):
        tracemalloc.start()
        assert sum(map(len, FORMS[form](number)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # A piece of 64 KB, a batch and the library's own tables are all that is held.
    assert peaks[1] < 1.5 * peaks[0] + 400_000, peaks


def test_a_workbook_that_nobody_waits_for_is_thrown_away_unwritten(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = FORMS["xlsx"](2_000)
    assert next(made) == b""
    (folder,) = tmp_path.iterdir()
    assert list(folder.iterdir())
    made.close()
    assert list(tmp_path.iterdir()) == []
