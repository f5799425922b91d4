import csv
import io
import time
import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.csv_text import csv_lines
from app.intake.book import Book, Limits, read_book
from app.intake.figures import Figures, Options, TidyFile, TidyRow
from app.intake.header import EXPORT_ONLY
from app.intake.layout import read_figures
from app.intake.numbers import readings
from app.intake.totals import is_total
from app.wire.problem import Finding

NAMES = ("nationality", "origin_state", "sex", "age", "route_point")
HEAD = "period,nationality,sex,value"


class AnyCode:
    """Takes every label as a code: which codes exist is judged elsewhere."""

    def code(self, _dimension, label):
        return label

    def nearest(self, _dimension, _label):
        return ()


def read(text, *, columns=None, codes=None, limit=1000):
    """The one table of a text, or its faults."""
    book = read_book(text if isinstance(text, bytes) else text.encode(), limits=Limits(rows=limit))
    if not isinstance(book, Book):
        return book
    found = read_figures(book, None, Options(columns or {}, codes or {}, limit), AnyCode(), NAMES)
    return replace(found.tables[0], remarks=(*found.remarks, *found.tables[0].remarks)) if isinstance(found, Figures) else found


def figures(text, **options):
    found = read(text, **options)
    assert isinstance(found, TidyFile), found
    return [(row.period, *row.codes, row.value) for row in found.rows]


def faults(text, **options):
    found = read(text, **options)
    assert isinstance(found, tuple), found
    return [(fault.code, fault.row, fault.column) for fault in found]


def fault(text, **options):
    (found,) = read(text, **options)
    assert isinstance(found, Finding)
    return found


def test_a_row_keeps_its_number_its_codes_and_its_overrides():
    found = read(
        "period,value,sex,nationality,measure,figure_status,value_status\n2022-10,31,F,SOM,rescue,final,\n\n2022-11,,M,NPL,,,masked\n"
    )
    assert found.dimensions == ("nationality", "sex")
    assert found.rows == (
        TidyRow(2, "2022-10", 31, None, ("SOM", "F"), (("measure", "rescue"), ("figure_status", "final"))),
        TidyRow(4, "2022-11", None, "masked", ("NPL", "M"), ()),
    )
    assert found.remarks == ()


def test_a_dimension_without_a_column_is_not_declared():
    assert read("period,value\n2022-10,31\n").dimensions == ()
    assert figures("period,value\n2022-10,31\n") == [("2022-10", 31)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_the_header_proves_the_separator(separator, line_end):
    text = line_end.join(["period,nationality,sex,value", '2022-10,"a,b;c\td",F,31', "2022-10,NPL,M,5"])
    quoted = '"a,b;c\td"'
    text = text.replace(quoted, "@").replace(",", separator).replace("@", quoted)
    assert figures(text) == [("2022-10", "a,b;c\td", "F", 31), ("2022-10", "NPL", "M", 5)]


def test_the_separator_is_proved_through_the_senders_names():
    columns = {"Período, mes": "period", "Total": "value", "País": "nationality"}
    assert figures("Período, mes;País;Total\n2022-10;SOM;3\n", columns=columns) == [("2022-10", "SOM", 3)]
    words = {"País, por orden, de, llegada": "nationality"}
    assert figures("period;País, por orden, de, llegada;value\n2022-10;SOM;3\n", columns=words) == [("2022-10", "SOM", 3)]
    assert figures('"Período, mes",País,Total\n2022-10,SOM,3\n', columns=columns) == [("2022-10", "SOM", 3)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_each_encoding_gives_the_same_words(encoding):
    found = read(f"{HEAD}\n2024-W10,Haití,«M» €,12\n".encode(encoding))
    assert found.rows[0].codes == ("Haití", "«M» €")
    assert next(iter(found.column_of)) == "period"
    assert [remark.code for remark in found.remarks] == (["read-as-windows-1252"] if encoding == "cp1252" else [])


def test_accents_composed_or_not_are_one_word():
    assert figures("period,nationality,value\n2022-10,Haiti\u0301,3\n", codes={"Haití": "HTI"}) == [("2022-10", "HTI", 3)]
    assert figures("mes,Pai\u0301s,n\n2022,SOM,3\n", columns={"mes": "period", "País": "nationality", "n": "value"}) == [("2022", "SOM", 3)]


def test_two_encodings_in_one_file_are_refused_at_the_first_line_that_does_not_fit():
    mixed = b"period,nationality,value\n2024-W10,\xd1uble,12\n2024-W10,Pe\xc3\xb1as,15\n"
    assert fault(mixed) == Finding("encoding-mixed", row=2, params={"other": 3})


@pytest.mark.parametrize("raw", [b"period,value\n2022-10,1\n2022-11,\x81\n", b"\xff\xfep\x00\n\x00\n\x00\x00\xd8"])
def test_bytes_of_no_known_encoding_are_refused(raw):
    assert fault(raw).code == "encoding-unknown"
    assert fault(raw).row == 3


def test_namibia_stays_and_not_available_is_kept_for_the_vocabulary():
    assert figures('period,nationality,value\n2024-W10,NA,12\n2024-W10,"NA",13\n2024-W10,N/A,14\n') == [
        ("2024-W10", "NA", 12),
        ("2024-W10", "NA", 13),
        ("2024-W10", "N/A", 14),
    ]
    assert faults("period,nationality,value\n2024-W10,NA,12\n2024-W10,,15\n") == [("code-missing", 3, "nationality")]


def test_blanks_around_codes_fall_and_declared_codes_are_mapped():
    assert figures(f" {HEAD}\n 2022-10 , Somalia ,H, 31 \n", codes={" Somalia": "SOM ", "H": "M"}) == [("2022-10", "SOM", "M", 31)]
    assert figures(f"{HEAD}\n2022-10,SOM,,31\n", codes={"": "_U"}) == [("2022-10", "SOM", "_U", 31)]


@pytest.mark.parametrize(
    "value",
    ["-5", "+5", "1.5", "1,5", "12 34", "\uff11\uff12", "٣", "²", "1e3", "0x1F", "1_000", "NaN", "n.d.", "'5", "--"],
)
def test_what_is_not_plainly_one_whole_number_is_refused(value):
    assert faults(f'{HEAD}\n2022-10,SOM,F,1\n2022-10,NPL,F,"{value}"\n') == [("not-a-whole-number", 3, "value")]


@pytest.mark.parametrize("value", ["2147483648", "99999999999", "9" * 5000])
def test_a_number_that_no_bulletin_holds_is_refused(value):
    found = fault(f"{HEAD}\n2022-10,SOM,F,{value}\n")
    assert (found.code, found.row, found.column) == ("out-of-range", 2, "value")
    assert found.params == {"minimum": 0, "maximum": 2**31 - 1}


def test_the_greatest_number_and_leading_zeros_are_read():
    assert [row[-1] for row in figures("period,value\n2022,2147483647\n2023,0000000000007\n2024,0\n")] == [2147483647, 7, 0]


def test_an_empty_value_needs_a_status_and_a_status_an_empty_value():
    head = "period,nationality,value,value_status\n"
    assert faults(head + "2022,SOM,,\n") == [("value-missing", 2, "value")]
    assert faults(head + "2022,SOM,5,masked\n") == [("value-beside-status", 2, "value")]
    found = fault(head + "2022,SOM,,withheld\n")
    assert (found.code, found.row, found.column) == ("code-unknown", 2, "value_status")
    assert found.params["known"] == ["masked", "not_collected"]
    assert read(head + "2022,SOM,,not_collected\n").rows[0].value_status == "not_collected"


def test_a_nil_report_is_a_zero_without_any_code():
    assert read(f"{HEAD}\n2022-10,,,0\n").rows == (TidyRow(2, "2022-10", 0, None, ("", ""), ()),)
    assert faults(f"{HEAD}\n2022-10,,,7\n") == [("code-missing", 2, "nationality"), ("code-missing", 2, "sex")]
    assert faults(f"{HEAD}\n2022-10,SOM,,0\n") == [("code-missing", 2, "sex")]
    assert faults("period,sex,value,value_status\n2022-10,,,masked\n") == [("code-missing", 2, "sex")]


def test_a_missing_period_is_named():
    assert faults(f"{HEAD}\n  ,SOM,F,3\n") == [("period-missing", 2, "period")]


def test_each_fault_of_a_row_and_each_row_is_named_in_the_files_own_words():
    columns = {"semana": "period", "pais": "nationality", "personas": "value"}
    text = "semana;pais;personas\n2024-W10;;x\n2024-W10;SOM\n;SOM;5\n"
    assert faults(text, columns=columns) == [
        ("not-a-whole-number", 2, "personas"),
        ("code-missing", 2, "pais"),
        ("row-ragged", 3, None),
        ("period-missing", 4, "semana"),
    ]
    assert read("semana;pais;personas\n2022;SOM;5\n", columns=columns).column_of["nationality"] == "pais"


def test_a_ragged_row_gives_both_counts():
    assert fault(f"{HEAD}\n2022-10,SOM,F,3,\n").params == {"cells": 5, "expected": 4}


def test_a_row_that_ends_before_its_period_is_ragged_too():
    assert faults("value,nationality,period\n3,SOM,2022-10\n4,SOM\n5\n") == [("row-ragged", 3, None), ("row-ragged", 4, None)]


def test_an_unknown_column_comes_with_the_known_and_the_nearest():
    found = fault("period,nationalty,value\n2022-10,SOM,3\n")
    assert (found.code, found.row, found.column) == ("column-unknown", 1, "nationalty")
    assert found.params["suggestions"] == ["nationality"]
    assert found.params["known"][:3] == ["period", "value", "nationality"]
    assert faults("mes,value,period\n2022-10,3,2022\n", columns={"mes": "perod"}) == [("column-unknown", 1, "mes")]


@pytest.mark.parametrize("second", ["personas", "personas ", "total"])
def test_a_column_named_twice_is_refused_with_both_positions(second):
    columns = {"semana": "period", "personas": "value"} | ({"total": "value"} if second == "total" else {})
    found = fault(f"semana,nationality,personas,{second}\n2024-W10,HTI,12,21\n", columns=columns)
    assert (found.code, found.column, found.params) == ("column-twice", second.strip(), {"first": 3, "second": 4})


def test_a_mapping_onto_a_column_that_is_there_already_is_refused():
    assert faults("period,mes,value\n2022,2023,1\n", columns={"mes": "period"}) == [("column-twice", 1, "mes")]


def test_a_mapping_of_a_column_that_is_not_there_is_refused():
    assert faults("period,value\n2022,1\n", columns={"mes": "period"}) == [("column-absent", 1, "mes")]


def test_required_columns_are_named():
    assert faults("nationality,sex\nSOM,F\n") == [("column-missing", 1, "period"), ("column-missing", 1, "value")]


def test_an_empty_header_is_refused_over_values_and_remarked_over_none():
    assert faults("period,nationality,,value\n2024-W10,HTI,,12\n2024-W11,HTI,x,12\n") == [("column-unnamed", 3, "3")]
    found = read("period,nationality,,value\n2024-W10,HTI,,12\n")
    assert [(remark.code, remark.column) for remark in found.remarks] == [("column-ignored", "3")]


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1b", "\x7f", "\x85", "\u200b", "\ufeff", "\u202e"])
def test_a_control_character_is_named_with_its_place(character):
    found = fault(f"{HEAD}\n2022-10,SOM,F,3\n2022-10,H{character}TI,F,12\n")
    assert (found.code, found.row, found.column, found.params) == ("text-character", 3, "nationality", {"offset": 1})
    assert faults(f"period,nat{character},value\n2022-10,SOM,3\n") == [("text-character", 1, "2")]
    assert faults(f"{HEAD}\n2022-10,SOM,F,3\n{character},,,\n") == [("text-character", 3, "period")]


def test_a_carriage_return_alone_in_a_quoted_cell_is_refused_and_a_line_end_is_not():
    assert faults(f'{HEAD}\n2022-10,"SO\rM",F,3\n') == [("text-character", 2, "nationality")]
    assert figures(f'{HEAD}\n2022-10,"SO\r\nM",F,3\n')[0][1] == "SO\r\nM"


@pytest.mark.parametrize("bad", ['2022-10,"SOM,F,3\n2022-11,NPL,F,4\n', '2022-10,"SOM"x,F,3\n', '2022-10,"' + "x" * 200_000 + '",F,3\n'])
def test_quotes_that_do_not_close_are_named_at_their_row(bad):
    assert faults(f"{HEAD}\n2022-09,SOM,F,1\n{bad}") == [("csv-malformed", 3, None)]


def test_a_header_whose_quotes_do_not_close_is_malformed():
    assert faults('"period,value\n2022,1\n') == [("csv-malformed", 1, None)]


def test_a_file_that_says_nothing_is_refused():
    assert faults("") == [("file-empty", None, None)]
    assert faults("\ufeff \n\n") == [("file-empty", None, None)]
    assert faults("\nperiod,value\n") == [("file-without-rows", None, None)]
    assert faults("\nperiod,n\n") == [("header-missing", 1, None)]
    assert faults(HEAD) == [("file-without-rows", None, None)]
    assert faults(f"{HEAD}\n,,,\n\n   \n") == [("file-without-rows", None, None)]


def test_a_file_that_is_too_long_is_refused_where_it_becomes_so():
    rows = "2022-10,SOM,F,3\n" * 3
    assert len(read(f"{HEAD}\n{rows}", limit=3).rows) == 3
    assert fault(f"{HEAD}\n{rows}\n2022-10,SOM,F,3\n", limit=3) == Finding("file-too-long", row=6, params={"limit": 3})


def test_at_most_a_hundred_findings_are_given():
    assert len(read(f"{HEAD}\n" + "2022-10,,F,x\n" * 500)) == 100


def test_no_finding_repeats_what_was_rejected():
    found = read(f"{HEAD}\nsecret1,secret2,secret3,secret4\n{HEAD}\n")
    assert found
    assert "secret" not in repr(found)


def export(**more):
    row = {"period": "2022-10", "nationality": "SOM", "sex": "_T", "value": 31, "is_total": True, **dict.fromkeys(EXPORT_ONLY), **more}
    return b"".join(csv_lines(list(row), [list(row.values())]))


def test_our_own_export_comes_back_with_its_margins():
    found = read(export(is_total=True, definition_code="default", accumulation="period", bulletin="b1@v1", reporting_state="PAN"))
    assert found.rows == (TidyRow(2, "2022-10", 31, None, ("SOM", "_T"), (("reporting_state", "PAN"),)),)


@pytest.mark.parametrize(("name", "value"), [("definition_code", "narrow"), ("accumulation", "year_to_date")])
def test_an_export_of_another_definition_is_not_taken_for_the_default_one(name, value):
    found = fault(export(**{name: value}))
    assert (found.code, found.row, found.column) == ("export-only-value", 2, name)


def test_a_fiscal_year_keeps_its_first_day():
    assert read(export(period="2024-FY", period_start="2023-10-01")).rows[0].overrides == (("period_start", "2023-10-01"),)
    assert read(export(period_start="2022-10-01")).rows[0].overrides == ()


periods = st.dates(date(1900, 1, 1), date(2100, 12, 31)).flatmap(
    lambda day: st.sampled_from([f"{day.year}", f"{day:%Y-%m}", f"{day.year}-Q{(day.month + 2) // 3}", f"{day.year}-W{day.month:02}"])
)
codes = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=6).filter(lambda text: not is_total(text))
tables = st.lists(st.tuples(periods, codes, st.integers(0, 2**31 - 1)), min_size=1, max_size=8)


@given(rows=tables, separator=st.sampled_from([",", ";", "\t"]), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_every_table_that_is_written_is_read_as_it_was(rows, separator, quoting):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting)
    writer.writerows([("period", "nationality", "value"), *rows])
    assert figures(text.getvalue()) == [(period, unicodedata.normalize("NFC", code), value) for period, code, value in rows]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_findings(raw):
    found = read(b"period,nationality,value\n2022-10,SOM,1\n" + raw)
    assert isinstance(found, TidyFile) or all(isinstance(item, Finding) and item.code for item in found)


@given(st.binary(max_size=60))
def test_any_bytes_alone_are_refused(raw):
    assert isinstance(read(raw), tuple)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12))
def test_a_value_is_read_only_where_it_is_one_number(text):
    whole = "".join(['"', text.replace('"', '""'), '"'])
    found = read(f"period,nationality,value\n2022-10,SOM,{whole}\n")
    plain = text.strip()
    if plain.isascii() and plain.isdigit() and int(plain) < 2**31:
        assert found.rows[0].value == int(plain)
    elif isinstance(found, TidyFile):
        assert {found.rows[0].value} == {int(number) for number in readings(plain).values()}
    else:
        assert {(item.row, item.column) for item in found} == {(2, "value")}


def test_twenty_times_the_rows_take_about_twenty_times_the_work():
    line = "2022-10,Haití,F,31,PAN,PAN-DARIEN,\n"

    def work(rows):
        raw = (f"{HEAD},reporting_state,route_point,value_status\n" + line * rows).encode()
        started = time.process_time()
        assert len(read(raw, limit=200_000).rows) == rows
        return time.process_time() - started

    # Quadratic reading would take four hundred times as much.
    few = min(work(6_100) for _ in range(3))
    assert work(122_000) < 100 * few
