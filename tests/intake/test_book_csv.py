"""A CSV as a book: the encoding and the separator that the file proves, and what no reading proves."""

import codecs

import pytest

from app.intake.book import Book, Limits, read_book

TEXT = "semana;nacionalidad;sexo;personas\n2024-W10;Haití;M;12\n2024-W10;Camerún;F;31\n"
ROWS = [("semana", "nacionalidad", "sexo", "personas"), ("2024-W10", "Haití", "M", "12"), ("2024-W10", "Camerún", "F", "31")]


def book(raw, **given):
    found = read_book(raw if isinstance(raw, bytes) else raw.encode(), **given)
    assert isinstance(found, Book), found
    return found


def fault(raw, **given):
    (found,) = read_book(raw if isinstance(raw, bytes) else raw.encode(), **given)
    return found.code, found.row


def remarks(found):
    return {remark.code: dict(remark.params) for remark in found.remarks}


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_mark_and_the_end_of_lines_are_no_part_of_a_cell(mark, line_end):
    found = book(mark + TEXT.replace("\n", line_end).encode())
    assert (found.form, list(found.sheets[0].rows)) == ("csv", ROWS)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_utf_16_is_read_by_its_mark_and_windows_1252_with_a_remark(encoding):
    found = book(TEXT.encode(encoding))
    assert list(found.sheets[0].rows) == ROWS
    assert ("read-as-windows-1252" in remarks(found)) is (encoding == "cp1252")


def test_letters_quotes_and_the_euro_of_windows_1252_are_right():
    text = "puesto,nota\nÑuble,‘sin novedad’\nPeñas Blancas,tasa 3 €\n"
    assert book(text.encode("cp1252")).sheets[0].rows == [("puesto", "nota"), ("Ñuble", "‘sin novedad’"), ("Peñas Blancas", "tasa 3 €")]


def test_a_mark_wins_over_the_declared_charset_with_a_remark_that_names_both():
    found = book(codecs.BOM_UTF8 + TEXT.encode(), charset="ISO-8859-1")
    assert list(found.sheets[0].rows) == ROWS
    assert remarks(found)["charset-overruled"] == {"declared": "ISO-8859-1", "read": "UTF-8"}


def test_utf_8_declared_as_latin_1_never_becomes_odd_pairs_of_letters():
    found = book(TEXT.encode(), charset="latin-1")
    assert list(found.sheets[0].rows) == ROWS
    assert remarks(found)["charset-overruled"] == {"declared": "ISO-8859-1", "read": "UTF-8"}


def test_a_declared_charset_is_taken_without_a_remark_and_one_that_does_not_fit_is_refused():
    assert "read-as-windows-1252" not in remarks(book(TEXT.encode("cp1252"), charset="windows-1252"))
    assert "charset-overruled" not in remarks(book(TEXT.encode("utf-16-le"), charset="UTF-16LE"))
    assert fault(TEXT.encode("cp1252"), charset="utf-8") == ("encoding-unknown", 2)
    assert fault(TEXT, charset="ebcdic") == fault(TEXT, charset="\0") == ("charset-unknown", None)


@pytest.mark.parametrize(("separator", "shown"), [(";", ";"), ("\t", "TAB")])
def test_the_separator_is_proved_by_the_text_and_told_with_its_reason(separator, shown):
    found = book(TEXT.replace(";", separator))
    assert found.separator == separator
    assert remarks(found)["separator-read"] == {"separator": shown, "columns": 4, "rows": 3, "of": 3}
    assert remarks(book(TEXT.replace(";", ","))) == {}


def test_decimal_commas_and_a_title_with_a_comma_make_no_separator():
    found = book("Cuadro 1, por nacionalidad\nsemana;personas;tasa\n2024-W10;12;3,5\n2024-W11;1;1,25\n")
    assert found.separator == ";"
    assert found.sheets[0].rows[1:] == [("semana", "personas", "tasa"), ("2024-W10", "12", "3,5"), ("2024-W11", "1", "1,25")]


def test_two_separators_that_fit_equally_are_refused_with_both():
    assert fault("a;b,c\n1;2,3\n") == ("separator-ambiguous", None)
    (found,) = read_book(b"a;b,c\n1;2,3\n")
    assert found.params == {"readings": [",", ";"]}


def test_a_break_inside_quotation_marks_stays_in_its_cell():
    found = book('a,b\n"una\nnota",2\n')
    assert found.sheets[0].rows == [("a", "b"), ("una\nnota", "2")]


def test_an_open_quotation_mark_is_refused_at_its_row():
    assert fault('a,b\n1,2\n3,"4\n5,6\n') == ("csv-malformed", 3)


def test_mixed_encodings_and_nothing_at_all_are_refused():
    assert fault("a,b\nñ,1\n".encode("cp1252") + "é,2\n".encode()) == ("encoding-mixed", 2)
    assert fault(b"") == fault(codecs.BOM_UTF8) == fault(b" \r\n\n") == ("file-empty", None)


def test_rows_and_columns_are_bounded_before_they_are_built():
    limits = Limits(rows=10, columns=4)
    assert fault("a,b\n" + "1,2\n" * 200, limits=limits) == ("file-too-long", 111)
    assert len(book("a,b\n" + "1,2\n\n" * 109, limits=limits).sheets[0].rows) == 219
    assert fault("a,b\n1,2,3,4,5\n", limits=limits) == ("file-too-wide", 2)
    assert fault("a" + "," * 500_000) == ("file-too-wide", 1)
    assert fault("a,b\n" + ',,"\n"' * 30_000) == ("file-too-wide", 2)
