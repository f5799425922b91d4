"""Every family of public files goes in by its profile, and adds up to what its source states (tests/data/SOURCE.md)."""

import csv
import io
import lzma
from collections import Counter
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from app.bulletins.declare import declare_all
from app.bulletins.files import PLAIN, FileBulletins, Reading, read_file
from app.bulletins.queries import FileQuery

DATA = Path(__file__).parents[1] / "data"
SAMPLES = Path(__file__).parents[2] / "app" / "cli" / "samples"
RCM = frozenset({"BLZ", "CAN", "CRI", "DOM", "SLV", "USA", "GTM", "HND", "MEX", "NIC", "PAN"})

DARIEN = {"2021": 133_726, "2022": 248_284, "2023": 520_085, "2024": 302_203, "2025": 2_904}
DARIEN_BEFORE = dict(zip(map(str, range(2010, 2021)), (559, 283, 1777, 3051, 6175, 29289, 30055, 6780, 9222, 22102, 6465), strict=True))
HONDURAS = dict(zip(map(str, range(2018, 2026)), (6373, 34206, 8154, 17590, 188858, 545043, 374971, 16386), strict=True))
MEXICO = dict(zip(map(str, range(2018, 2024)), (131445, 182940, 82379, 309692, 441409, 778907), strict=True)) | {"2025": 108_489}
INFOMEX = {"2017": 15_818, "2018": 15_105, "2019": 31_004, "2020": 16_283, "2021": 49_071}
CONARE_BY_SEX = {
    "2015": 15_906, "2016": 8_719, "2017": 32_009, "2018": 79_831, "2019": 82_552, "2020": 28_899, "2021": 29_107, "2022": 50_355,
    "2023": 58_628,
}  # fmt: skip

# The years as the sources state them: profile, file, dimensions of its bulletins, sums of the years.
FAMILIES = {
    "Darién by nationality": ("panama-snm", SAMPLES / "darien_by_nationality.csv", DARIEN | DARIEN_BEFORE),
    "Darién by sex and age": ("panama-snm", DATA / "darien_by_sex_age.csv", DARIEN),
    "Honduras by nationality": ("honduras-inm", SAMPLES / "honduras_by_nationality.csv", HONDURAS),
    "Honduras by sex and age": ("honduras-inm", DATA / "honduras_by_sex_age.csv", HONDURAS),
    "Mexico by nationality": ("mexico-upmrip", SAMPLES / "mexico_by_nationality.csv", MEXICO | {"2024": 1_231_320}),
    "Mexico by sex and age": ("mexico-upmrip", DATA / "mexico_by_sex_age.csv", MEXICO | {"2024": 1_230_126}),
    "refusals of 2018": ("mexico-rechazos", DATA / "files" / "rechazos_2018.xls", {"2018": 14_669}),
    "refusals of 2021": ("mexico-rechazos", DATA / "files" / "rechazos_2021.xls", {"2021": 36_234}),
    "refusals by request": ("mexico-rechazos", DATA / "files" / "ANEXO_INFOMEX_edad_sexo.xlsx", INFOMEX),
    "Colombia, irregular": (
        "colombia-migracion",
        DATA / "files" / "irregular_by_nationality_2022_2025.csv",
        {"2022": 2_084, "2023": 539_959},
    ),
}


WHOLE = pytest.param("", id="families-whole", marks=[pytest.mark.long, pytest.mark.timeout(1800)])
"""Every row of a long file; in the short form those of one year of it."""


def bytes_of(path: Path, year: str = "") -> bytes:
    raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    head, *lines = raw.splitlines(keepends=True)
    return b"".join([head, *(line for line in lines if year.encode() in line)]) if year else raw


def read(profile: str, path: Path, reading: Reading = PLAIN, *, year: str = "", **options: object) -> FileBulletins:
    return read_file(bytes_of(path, year), FileQuery(profile=profile, **options), 200_000, path.name.removesuffix(".xz"), reading)


def by_year(file: FileBulletins) -> Counter[str]:
    years: Counter[str] = Counter()
    for bulletin in file.bulletins:
        years[bulletin.body["period"][:4]] += sum(cell["value"] or 0 for cell in bulletin.body["cells"])
    return years


def declared(file: FileBulletins) -> int:
    """How many bulletins are right in their form, each with codes of the vocabularies."""
    drafts = [lambda number=number, one=one: one.draft(number) for number, one in enumerate(file.bulletins)]
    return len(declare_all(drafts, ["RCM"] * len(drafts), "bulletins"))


def rows_of(path: Path, year: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(bytes_of(path, year).decode())))


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_goes_in_by_its_profile_and_adds_up_to_the_years_of_its_source(name: str):
    profile, path, years = FAMILIES[name]
    file = read(profile, path)
    assert declared(file) == len(file.bulletins) > 0
    assert {year: by_year(file)[year] for year in years} == years
    assert not {remark.code for remark in file.remarks} - {"total-differs", "totals-checked", "note-kept", "sheet-hidden", "rows-added-up"}


def test_the_answer_by_request_states_totals_without_one_of_its_airports():
    file = read("mexico-rechazos", DATA / "files" / "ANEXO_INFOMEX_edad_sexo.xlsx")
    wrong = [(each.row, each.column, each.params["stated"], each.params["sum"]) for each in file.remarks if each.code == "total-differs"]
    rest = [("Menor hombre", 1), ("Mayor mujer", 2), ("Mayor hombre", 6), ("Total general", 9)]  # 9 at León in 2021
    assert [(row, column, total - stated) for row, column, stated, total in wrong] == [
        (row, column, less) for row in (1799, 1800) for column, less in rest
    ]
    assert wrong[3][2:] == (49_062, 49_071)
    assert wrong[7][2:] == (127_272, 127_281)
    assert [each.params["count"] for each in file.remarks if each.code == "totals-checked"] == [1_659 + 129 + 6]


def test_until_2022_men_are_of_any_age_and_from_2023_on_they_are_adults():
    bodies = {each.body["period"]: each.body["cells"] for each in read("panama-snm", DATA / "darien_by_sex_age.csv").bulletins}
    assert {(cell["sex"], cell["age"]) for cell in bodies["2022-12"]} == {("M", "_U"), ("F", "_U")}
    assert {(cell["sex"], cell["age"]) for cell in bodies["2023-01"]} == {(s, a) for s in "MF" for a in ("Y0T17", "Y_GE18")}


@pytest.mark.parametrize("year", ["/2012,", WHOLE])
def test_the_regular_entries_of_colombia_are_filed_by_the_names_of_their_months(year: str):
    path = DATA / "files" / "entradas_extranjeros_colombia_con_fecha.csv.xz"
    file, rows = read("colombia-migracion", path, year=year), rows_of(path, year)
    assert len(file.bulletins) == declared(file) == (12 if year else 78)
    months: Counter[str] = Counter()
    for row in rows:
        months[f"{row['year']}-{int(row['month_num']):02}"] += int(row["total"])
    assert {one.body["period"]: sum(cell["value"] for cell in one.body["cells"]) for one in file.bulletins} == months
    assert [(each.code, each.params["count"]) for each in file.remarks] == [
        ("totals-checked", len(rows)),
        ("rows-added-up", len(rows) - sum(len(one.body["cells"]) for one in file.bulletins) // 3),
    ]


def test_the_requests_in_brazil_are_read_from_three_sheets_that_agree():
    path = DATA / "files" / "refugio_em_numeros-10e-plano_tabular.xlsx"
    file = read("brazil-conare", path)
    assert [table.sheet for table in file.tables] == ["Gráfico 2.1.1 dados", "Tabela 2.2.1", "Tabela 2.2.4"]
    assert declared(file) == len(file.bulletins) == 12
    assert by_year(file) == CONARE_BY_SEX | {"2024": 3 * 68_159}
    by_nationality = {cell["nationality"]: cell["value"] for cell in file.bulletins[10].body["cells"]}
    stated = {"VEN": 27_150, "CUB": 22_288, "AGO": 3_421, "IND": 2_144, "VNM": 1_914, "NPL": 1_437, "SOM": 429, "BGD": 415}
    assert by_nationality.items() > stated.items()
    assert by_nationality["COG"] == 239
    assert not [each for each in file.remarks if each.code == "total-differs"]
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_name("Tabela 2.2.4").to_python(skip_empty_area=False)
    assert sum(cell["value"] for cell in file.bulletins[11].body["cells"] if cell["sex"] == "F") == sheet[7][4] == 27_846


@pytest.mark.parametrize("year", ["2025-", WHOLE])
def test_the_encounters_of_the_united_states_add_up_by_month(year: str):
    path = DATA / "files" / "sw_border_encounters_fy21_may2025.csv.xz"
    file = read("usa-cbp", path, year=year)
    months: Counter[str] = Counter()
    for row in rows_of(path, year):
        months[row["period"]] += int(row["count"])
    assert {one.body["period"]: sum(cell["value"] for cell in one.body["cells"]) for one in file.bulletins} == months
    assert len(months) == declared(file) == (5 if year else 56)
    assert sum(len(one.body["cells"]) for one in file.bulletins) == len(rows_of(path, year))


@pytest.mark.parametrize("year", [",2024,", WHOLE])
def test_of_the_populations_only_those_of_members_are_taken_and_fives_are_masked(year: str):
    path = DATA / "files" / "population_asylum_refugee_2009_2024.csv.xz"
    file = read("unhcr", path, Reading(PLAIN.names, members=RCM), year=year, members_only=True)
    rows = rows_of(path, year)
    taken = [row for row in rows if row["asylum_iso3"] in RCM]
    cells = [cell for one in file.bulletins for cell in one.body["cells"]]
    assert {one.body["reporting_state"] for one in file.bulletins} == {row["asylum_iso3"] for row in taken} <= RCM
    plain = [row for row in taken if row["origin_iso3"] not in {"CHN", "TIB"}]  # which are one, masked where either is
    cells = [cell for cell in cells if cell["origin_state"] != "CHN"]
    assert sum(cell["value"] or 0 for cell in cells) == sum(int(row["count"]) for row in plain if row["count"] != "5")
    assert Counter(cell["value_status"] for cell in cells)["masked"] == sum(row["count"] == "5" for row in plain)
    tibet = {"TIB": "CHN"}
    once = {(*(row[name] for name in ("asylum_iso3", "year", "group")), tibet.get(row["origin_iso3"], row["origin_iso3"])) for row in taken}
    said = {"rows-of-others-left-out": len(rows) - len(taken)} | ({"rows-added-up": added} if (added := len(taken) - len(once)) else {})
    assert {each.code: each.params["count"] for each in file.remarks} == said
    assert declared(file) == len(file.bulletins) == len({(row["asylum_iso3"], row["year"], row["group"]) for row in taken})
