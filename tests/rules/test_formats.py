import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.csv_text import CHUNK, csv_lines
from app.formats.json_page import page_json


def text(columns, rows):
    return b"".join(csv_lines(columns, rows)).decode()


def test_lines_end_as_rfc_4180_says():
    assert text(["a"], [["x"]]) == "a\r\nx\r\n"


def lines(columns, rows):
    return text(columns, rows).replace("\r\n", "\n")


def test_the_header_stands_also_where_there_are_no_rows():
    assert lines(["period", "value"], []) == "period,value\n"


def test_absent_is_empty_and_a_flag_a_word():
    assert lines(["a", "b", "c", "d", "e"], [[None, True, False, 0, "x"]]) == "a,b,c,d,e\n,true,false,0,x\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_escaped(start):
    (_, cells) = csv.reader(io.StringIO(text(["a", "b"], [[f"{start}1+1", f"x{start}"]]), newline=""))
    assert cells == [f"'{start}1+1", f"x{start}"]


def test_a_number_below_zero_is_no_formula():
    assert lines(["delta"], [[-5], [-1.5]]) == "delta\n-5\n-1.5\n"


def test_separators_quotes_and_line_ends_are_quoted():
    assert lines(["a"], [['x,"y"\nz']]) == 'a\n"x,""y""\nz"\n'


def test_namibia_comes_out_as_it_went_in():
    assert lines(["nationality"], [["NA"], ["NAM"]]) == "nationality\nNA\nNAM\n"


def test_a_long_answer_comes_in_pieces_and_is_not_gathered_first():
    asked = []

    def rows():
        for number in range(20_000):
            asked.append(number)
            yield [number, "Ñuble"]

    pieces = csv_lines(["n", "place"], rows())
    first = next(pieces)
    assert len(asked) < 20_000
    assert CHUNK <= len(first) < 2 * CHUNK
    whole = (first + b"".join(pieces)).decode()
    assert [line.split(",")[0] for line in whole.splitlines()[1:]] == [str(number) for number in range(20_000)]


@given(st.lists(st.lists(st.text(st.sampled_from("='\r\n\t,\"+-@") | st.characters(codec="utf-8")), min_size=2, max_size=2), max_size=6))
def test_what_a_spreadsheet_reads_is_what_was_meant(rows):
    read = list(csv.reader(io.StringIO(text(["a", "b"], rows), newline=""), strict=True))
    assert read[0] == ["a", "b"]
    assert [[cell[1:] if cell.startswith("'") and not meant.startswith("'") else cell for cell, meant in zip(line, row, strict=True)]
            for line, row in zip(read[1:], rows, strict=True)] == rows  # fmt: skip
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for line in read[1:] for cell in line)


def test_a_page_takes_json_as_it_stands():
    page = page_json([b'{"value":1,  "note":"\xc3\xb1"}', {"value": None}], "c1", 7)
    assert b'{"value":1,  "note":"\xc3\xb1"}' in page
    assert json.loads(page) == {"items": [{"value": 1, "note": "ñ"}, {"value": None}], "next_cursor": "c1", "total": 7}


def test_an_empty_page_says_so():
    assert json.loads(page_json(iter(()), None, 0)) == {"items": [], "next_cursor": None, "total": 0}
