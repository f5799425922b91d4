"""Tables of offices to figures: headings, totals, notes, levels and rules, each with the place where something is at fault."""

from collections.abc import Mapping
from typing import Any

import pytest
import xlsxwriter

from app.directory.dimensions import DIMENSIONS
from app.directory.names import Names
from app.intake.book import Book, read_book
from app.intake.figures import Figures, Options, TidyFile
from app.intake.layout import read_figures
from app.wire.profile import Layout, Profile, profile_of

PLAIN: dict[str, Any] = {
    "columns": [
        {"labels": ["Semana", "Mes"], "means": "period"},
        {"labels": ["Nacionalidad"], "means": "nationality"},
        {"labels": ["Personas"], "means": "value"},
    ]
}
SEX = {"labels": ["Sexo"], "means": "sex"}


def profile(*layouts: Mapping[str, Any]) -> Profile:
    return profile_of({"name": "office", "version": 1, "title": {"es": "Oficina"}, "layouts": list(layouts)})


def read(text: str | bytes, *layouts: Mapping[str, Any], name: str = "", **declared: Any) -> Figures | tuple[Any, ...]:
    book = read_book(text if isinstance(text, bytes) else text.encode(), name)
    assert isinstance(book, Book), book
    return read_figures(book, profile(*(layouts or (PLAIN,))), Options(**declared), Names(), DIMENSIONS)


def table(text: str | bytes, *layouts: Mapping[str, Any], **declared: Any) -> TidyFile:
    found = read(text, *layouts, **declared)
    assert isinstance(found, Figures), found
    return found.tables[0]


def figures(text: str | bytes, *layouts: Mapping[str, Any], **declared: Any) -> list[tuple[Any, ...]]:
    return [
        (row.period, *row.codes, row.value if row.value_status is None else row.value_status)
        for row in table(text, *layouts, **declared).rows
    ]


def faults(text: str | bytes, *layouts: Mapping[str, Any], **declared: Any) -> list[tuple[Any, ...]]:
    found = read(text, *layouts, **declared)
    assert isinstance(found, tuple), found
    return [(each.code, each.row, each.column) for each in found]


def said(found: TidyFile) -> list[tuple[Any, ...]]:
    return [(each.code, each.row, each.column, dict(each.params)) for each in found.remarks]


HEAD = "Semana,Nacionalidad,Personas\n"


def test_labels_are_read_without_their_accents_and_case_and_declared_codes_stand_first():
    assert figures("SEMANA;nacionalidad;personas\n2024-W10;HAITI;12\n2024-W11;Otras;3\n") == [
        ("2024-W10", "HTI", 12),
        ("2024-W11", "_O", 3),
    ]
    assert figures(HEAD + "2024-W10,Congo,12\n", codes={"Congo": "COG"}) == [("2024-W10", "COG", 12)]
    assert faults(HEAD + "2024-W10,Congo,12\n2024-W10,Narnia,x\n") == [
        ("code-unknown", 2, "Nacionalidad"), ("not-a-whole-number", 3, "Personas"), ("code-unknown", 3, "Nacionalidad"),
    ]  # fmt: skip


def test_a_heading_is_found_below_its_title_and_two_of_them_are_refused_with_both_rows():
    assert figures("Boletín de la semana,,\n,,\n" + HEAD + "2024-W10,HTI,12\n") == [("2024-W10", "HTI", 12)]
    (fault,) = read(HEAD + "2024-W10,HTI,12\n" + HEAD)
    assert (fault.code, fault.row, fault.params) == ("header-twice", 3, {"first": 1, "second": 3})
    (fault,) = read("Semana,Pais,Personas\n2024-W10,HTI,12\n")
    assert (fault.code, fault.params) == ("header-absent", {"known": ["Nacionalidad"]})
    assert figures("Semana,Pais,Personas\n2024-W10,HTI,12\n", columns={"Pais": "nationality"}) == [("2024-W10", "HTI", 12)]


def test_a_column_that_no_profile_names_is_refused_unless_it_is_ignored():
    text = "Semana,Nacionalidad,Nota,Personas\n2024-W10,HTI,x,12\n"
    assert faults(text) == [("column-unknown", 1, "Nota")]
    assert figures(text, columns={"Nota": "-"}) == [("2024-W10", "HTI", 12)]


def test_a_mapped_column_may_not_mean_what_another_means_already():
    assert faults("Semana,Nacionalidad,País,Personas\n2024-W10,HTI,CUB,12\n", columns={"País": "nationality"}) == [
        ("column-twice", 1, "País")
    ]
    by_sex = {"columns": [*PLAIN["columns"][:2], {"labels": ["Hombres"], "means": "value", "at": {"sex": "M"}}]}
    assert faults("Semana,Nacionalidad,Hombres,Otros\n2024-W10,HTI,1,2\n", by_sex, columns={"Otros": "value"}) == [
        ("column-twice", 1, "Otros")
    ]


def test_of_the_layouts_for_a_sheet_the_first_whose_heading_stands_in_it_reads_it():
    by_sex = {"columns": [PLAIN["columns"][0], SEX, PLAIN["columns"][2]]}
    assert figures("Semana,Sexo,Personas\n2024-W10,Mujeres,12\n", PLAIN, by_sex) == [("2024-W10", "F", 12)]
    assert faults("Semana,Edad,Personas\n2024-W10,0-17,12\n", PLAIN, by_sex) == [("header-absent", 1, None)]


TOTALS = (
    HEAD
    + "2024-W10,Haití,300\n2024-W10,Cuba,200\nSubtotal,,{0}\n2024-W10,Nepal,60\n,,{1}\n2024-W11,Nepal,50\nTotal geral,,{2}\nFuente: registro.,,\n"
)


def test_totals_are_checked_against_the_rows_beside_them_and_dropped():
    found = table(TOTALS.format(500, 560, 610))
    assert sum(row.value or 0 for row in found.rows) == 610
    assert said(found) == [("note-kept", 9, None, {}), ("totals-checked", None, None, {"count": 3})]
    assert [note.text for note in found.notes] == ["Fuente: registro."]


def test_a_wrong_total_is_told_with_both_numbers_and_changes_nothing():
    found = table(TOTALS.format(500, 60, 611))
    assert len(found.rows) == 4
    assert said(found)[1:] == [("total-differs", 8, "Personas", {"stated": 611, "sum": 610}), ("totals-checked", None, None, {"count": 3})]


def test_numbers_without_any_label_that_are_no_sum_are_at_fault():
    assert faults(TOTALS.format(500, 61, 610)) == [("code-missing", 6, "Nacionalidad"), ("period-missing", 6, "Semana")]


def test_a_total_stands_above_its_rows_or_beside_other_codes_too():
    assert said(table(HEAD + "Total,,30\n2024-W10,HTI,10\n2024-W10,CUB,20\n")) == [("totals-checked", None, None, {"count": 1})]
    by_sex = {"columns": [*PLAIN["columns"], SEX]}
    text = "Semana,Nacionalidad,Personas,Sexo\n2024-W10,HTI,10,M\n2024-W10,CUB,20,M\n2024-W10,CUB,5,F\n2024-W10,Total,30,M\n2024-W10,Total,6,F\n"
    assert said(table(text, by_sex))[0] == ("total-differs", 6, "Personas", {"stated": 6, "sum": 5})


def test_a_code_that_is_misspelt_like_a_word_for_sums_is_no_sum():
    assert faults(HEAD + "2024-W10,SOM,9\n2024-W10,SOMA,9\n") == [("code-unknown", 3, "Nacionalidad")]
    assert faults(HEAD + "2024-W10,SOM,9\n,SOMA,8\n") == [("code-unknown", 3, "Nacionalidad"), ("period-missing", 3, "Semana")]
    assert figures(HEAD + "2024-W10,SOM,9\nSoma,,9\n") == [("2024-W10", "SOM", 9)]


def test_a_line_of_text_between_rows_is_no_note():
    assert faults(HEAD + "Fuente: registro.,,\n2024-W10,HTI,10\n") == [("text-between-rows", 2, None)]


WIDE = {
    "header_rows": 2,
    "columns": [{"labels": ["Nacionalidad"], "means": "nationality"}, {"labels": ["Total"], "means": "total"}],
    "wide": ["sex", "age"],
}


def test_the_lines_of_a_heading_are_codes_and_a_text_file_fills_them_to_the_right():
    text = "Nacionalidad,Hombres,,Mujeres,,Total\n,0-17,18+,0-17,18+,\nHaití,20,110,25,95,250\nCuba,10,60,,50,121\n"
    found = table(
        text,
        {**WIDE, "columns": [*WIDE["columns"][:1], {"labels": ["Total", "Mujeres Total", "Total 18+"], "means": "total"}]},
        period="2024-W10",
    )
    assert [(row.row, row.codes, row.value, row.column) for row in found.rows][4:] == [
        (4, ("CUB", "M", "Y0T17"), 10, "Hombres 0-17"), (4, ("CUB", "M", "Y_GE18"), 60, "Hombres 18+"), (4, ("CUB", "F", "Y_GE18"), 50, "Mujeres 18+"),
    ]  # fmt: skip
    assert said(found) == [("total-differs", 4, "Total", {"stated": 121, "sum": 120}), ("totals-checked", None, None, {"count": 2})]


def test_periods_may_be_the_headings_of_a_wide_table():
    layout = {"columns": [{"labels": ["País"], "means": "nationality"}], "wide": ["period"]}
    assert figures("País;Enero 2024;Feb 2024;Total\nCuba;5;6;11\n", layout) == [("2024-01", "CUB", 5), ("2024-02", "CUB", 6)]


STACK = {
    "columns": [{"labels": ["AÑO / PAÍS / PUESTO"], "means": "levels"}, {"labels": ["Personas"], "means": "value"}],
    "levels": [
        {"means": "period", "begins": ["AÑO"]},
        {"means": "route_point", "begins": ["Puesto"], "closes": True, "codes": {"Puesto Norte": "PAN-NORTE", "Puesto Sur": "PAN-SUR"}},
        {"means": "nationality"},
    ],
}
STACKED = "AÑO / PAÍS / PUESTO,Personas\nAÑO 2017,\nCuba,5\nHaití,6\nPuesto Norte,11\nCuba,7\nPuesto Sur,7\nTOTAL AÑO 2017,18\nAÑO 2018,\nCuba,1\n{0}TOTAL GENERAL,19\n"


def test_one_column_of_years_posts_and_countries_is_taken_apart():
    assert figures(STACKED.format("Puesto Sur,1\n"), STACK) == [
        ("2017", "CUB", "PAN-NORTE", 5), ("2017", "HTI", "PAN-NORTE", 6), ("2017", "CUB", "PAN-SUR", 7), ("2018", "CUB", "PAN-SUR", 1),
    ]  # fmt: skip
    assert said(table(STACKED.format("Puesto Sur,1\n"), STACK)) == [("totals-checked", None, None, {"count": 5})]
    assert said(table(STACKED.format("Puesto Sur,2\n"), STACK))[0] == ("total-differs", 11, "Personas", {"stated": 2, "sum": 1})
    assert faults(STACKED.format(""), STACK) == [("code-missing", 10, "AÑO / PAÍS / PUESTO")]
    assert faults(STACKED.format("Puesto Este,1\n"), STACK) == [("code-unknown", 10, "AÑO / PAÍS / PUESTO")]


def test_masks_marks_and_rules_are_the_profiles():
    layout = {**PLAIN, "masked": [5], "not_collected": ["s/d"], "leave_out": [{"column": "Nacionalidad", "labels": ["Todas"]}]}
    text = HEAD + "2024-W10,Cuba,5\n2024-W10,Haití,S/D\n2024-W10,Todas,70\n"
    assert figures(text, layout) == [("2024-W10", "CUB", "masked"), ("2024-W10", "HTI", "not_collected")]
    assert said(table(text, layout)) == [("rows-left-out", None, None, {"count": 1})]
    assert faults(HEAD + "2024-W10,Haití,s/d\n") == [("not-a-whole-number", 2, "Personas")]
    assert figures(HEAD + "2024-W10,Haití,-\n", not_collected=("-",)) == [("2024-W10", "HTI", "not_collected")]


def test_sums_are_of_rows_left_out_too_and_stay_unchecked_where_a_figure_is_masked():
    layout = {**PLAIN, "masked": [5], "leave_out": [{"column": "Nacionalidad", "labels": ["Todas"]}]}
    rows = HEAD + "2024-W10,Cuba,4\n2024-W10,Todas,70\n"
    checked = ("totals-checked", None, None, {"count": 1})
    left_out = ("rows-left-out", None, None, {"count": 1})
    assert said(table(rows + "Total,,74\n", layout)) == [left_out, checked]
    unchecked = ("totals-unchecked", None, None, {"count": 1})
    assert said(table(rows + "2024-W10,Haití,5\nTotal,,80\n", layout)) == [left_out, unchecked]


def test_only_rows_of_members_are_taken_and_a_state_that_is_none_is_not_taken_for_a_foreign_one():
    layout = {"columns": [*PLAIN["columns"], {"labels": ["Informa"], "means": "reporting_state"}]}
    text = "Semana,Nacionalidad,Personas,Informa\n2024-W10,HTI,5,Panamá\n2024-W10,HTI,6,Brasil\n2024-W10,HTI,7,Narnia\n"
    found = table(text, layout, members=frozenset({"PAN", "HND"}))
    assert [(row.row, row.overrides) for row in found.rows] == [(2, (("reporting_state", "PAN"),)), (4, (("reporting_state", "Narnia"),))]
    assert said(found) == [("rows-of-others-left-out", None, None, {"count": 1})]


def test_a_number_is_proved_by_any_other_of_its_table():
    assert figures("Semana;Nacionalidad;Personas\n2024-W10;HTI;1.234\n2024-W10;CUB;1,00\n") == [
        ("2024-W10", "HTI", 1234),
        ("2024-W10", "CUB", 1),
    ]
    assert faults("Semana;Nacionalidad;Personas\n2024-W10;HTI;1.234\n2024-W10;CUB;7\n") == [("number-ambiguous", 2, "Personas")]
    (fault,) = read("Semana;Nacionalidad;Personas\n2024-W10;HTI;1,00\n2024-W10;CUB;7.00\n")
    assert (fault.code, fault.row, fault.params) == ("number-style-mixed", 3, {"other": 2})
    share = {"columns": [*PLAIN["columns"], {"labels": ["%"], "means": "ignored"}]}
    assert said(table("Semana;Nacionalidad;Personas;%\n2024-W10;HTI;1.234;3,5\n", share)) == [
        ("number-style-read", 2, "%", {"style": "comma"})
    ]


def workbook(path: Any, *sheets: tuple[str, list[list[Any]], list[tuple[int, int, int, int, Any]]]) -> bytes:
    with xlsxwriter.Workbook(path) as book:
        for name, rows, merges in sheets:
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
            for merge in merges:
                sheet.merge_range(*merge)
    return path.read_bytes()


def test_sheets_are_read_by_their_names_within_their_area_and_their_title_tells_the_year(tmp_path):
    layout = {**PLAIN, "columns": PLAIN["columns"][1:], "sheets": ["Tabla *"], "area": "B:C", "period_in_title": True}
    beside = [["", "Tabla de 2023", "", "de 2021"], ["", "Nacionalidad", "Personas", "Nacionalidad"], ["", "Cuba", 5, "x"]]
    raw = workbook(tmp_path / "x.xlsx", ("Portada", [["Boletín"]], []), ("Tabla 1", beside, []), ("Tabla 2", beside[1:], []))
    assert [(each.code, each.sheet) for each in read(raw, layout, name="x.xlsx")] == [("title-without-period", "Tabla 2")]
    found = table(raw, {**layout, "sheets": ["tabla 1"]}, name="x.xlsx")
    assert [(row.period, row.codes, row.value) for row in found.rows] == [("2023", ("CUB",), 5)]
    assert (found.sheet, found.header, found.column_of["value"]) == ("Tabla 1", 2, "Personas")
    assert [each.code for each in read(raw, {**layout, "sheets": ["Hoja 9"]}, name="x.xlsx")] == ["sheet-absent"]


def test_a_label_merged_downwards_stands_in_each_of_its_rows(tmp_path):
    rows = [["Semana", "Nacionalidad", "Personas"], ["", "Cuba", 5], ["", "Haití", 6]]
    raw = workbook(tmp_path / "x.xlsx", ("H", rows, [(1, 0, 2, 0, "2024-W10")]))
    assert figures(raw, name="x.xlsx") == [("2024-W10", "CUB", 5), ("2024-W10", "HTI", 6)]


@pytest.mark.parametrize(
    "wrong", [{"columns": []}, {"columns": [{"labels": ["a"], "means": "colour"}]}, {**PLAIN, "area": "1:2"}, {**PLAIN, "colour": 1}]
)
def test_a_profile_says_nothing_that_nobody_knows(wrong: Mapping[str, Any]):
    with pytest.raises(ValueError, match="layouts"):
        profile(wrong)
    assert Layout.model_validate(PLAIN).header_rows == 1


def test_a_period_that_does_not_exist_is_told_together_with_all_else_that_is_at_fault():
    damaged = HEAD + "2024-13,SOM,9\n2024-W10,SOMA,8\n2023-W53,ERI,x\n2024-W11,ERI,7\n"
    assert faults(damaged) == [
        ("period-invalid", 2, "Semana"),
        ("code-unknown", 3, "Nacionalidad"),
        ("not-a-whole-number", 4, "Personas"),
        ("period-invalid", 4, "Semana"),
    ]
    parts = {"columns": [{"labels": ["Año"], "means": "year"}, {"labels": ["Mes"], "means": "month"}, *PLAIN["columns"][1:]]}
    assert faults("Año,Mes,Nacionalidad,Personas\n2024,13,SOM,9\n2024,3,SOMM,8\n", parts) == [
        ("period-invalid", 2, "Mes"),
        ("code-unknown", 3, "Nacionalidad"),
    ]
    wide = {"columns": PLAIN["columns"][1:2], "wide": ["period"]}
    assert faults("Nacionalidad,2024-02,2024-13,3/4/2024\nSOM,9,8,7\n", wide) == [
        ("period-invalid", 1, "2024-13"),
        ("date-ambiguous", 1, "3/4/2024"),
    ]


def test_a_last_row_with_other_separators_is_no_note():
    assert faults(HEAD + "2024-W10,SOM,9\n2024-W11;Bolivia (Estado Plurinacional);8\n") == [("row-ragged", 3, None)]
    assert [note.row for note in table(HEAD + "2024-W10,SOM,9\nFuente: registro; cifras preliminares; sin menores\n").notes] == [3]


def test_a_heading_mapped_onto_one_of_the_profile_means_all_that_the_profile_says_of_it():
    group = {"labels": ["grupo"], "means": ["sex", "age"], "codes": {"hombres": ["M", "Y_GE18"], "niñas": ["F", "Y0T17"]}}
    layout = {"columns": [PLAIN["columns"][0], group, PLAIN["columns"][2]]}
    text = "Semana,Categoría,Personas\n2024-W10,Niñas,4\n"
    assert faults(text, layout) == [("header-absent", 1, None)]
    assert figures(text, layout, columns={"Categoría": "grupo"}) == [("2024-W10", "F", "Y0T17", 4)]
    (unknown,) = read(text.replace("Niñas", "homres"), layout, columns={"Categoría": "grupo"})
    assert unknown.params["suggestions"] == ["hombres", "niñas"]
