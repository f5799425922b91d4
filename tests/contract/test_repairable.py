"""A refused file is mended from its messages alone: a script does what each says at the place that it names, and the file passes.

The script knows the rule that a message states and, where a value is lost, the office's own records; it never compares the two files.
"""

import csv
import io
import lzma
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter
from serving import Served

from app.intake.book import Book, column_name, read_book

DATA = Path(__file__).parents[1] / "data"
FILES = DATA / "files"
SAMPLES = Path(__file__).parents[2] / "app" / "cli" / "samples"
ROUNDS = 3
Table = list[list[Any]]


@dataclass
class Case:
    """A part of a real file, what was done to it (row, column: cell), and the codes that its first refusal must name."""

    who: str
    profile: str
    rows: Table
    damage: Mapping[tuple[int, int], Any]
    codes: set[str]
    sheet: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    more: Callable[[Table], object] = list

    def damaged(self) -> Table:
        """A copy of the rows, damaged; rows and columns are counted from 1."""
        rows = [list(row) for row in self.rows]
        for (row, column), cell in self.damage.items():
            rows[row - 1][column - 1] = cell
        self.more(rows)
        return rows


def table(path: Path, *wanted: range, sheet: int = 0) -> tuple[str, Table]:
    """Some rows of one sheet of a real file, and the sheet's name."""
    raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    if ".csv" in path.name:
        # The first rows are enough of the longest.
        raw = b"".join(raw.splitlines(keepends=True)[:400])
    book = read_book(raw, path.name)
    assert isinstance(book, Book), book
    rows = book.sheets[sheet].rows
    return book.sheets[sheet].name, [list(row) for lines in wanted for row in rows[lines.start - 1 : lines.stop - 1]]


def written(case: Case, rows: Table) -> tuple[str, bytes]:
    """A table as the file that its family comes as: a text, or a workbook."""
    if not case.sheet:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        return "figures.csv", text.getvalue().encode()
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw, {"in_memory": True}) as book:
        sheet = book.add_worksheet(case.sheet)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell) if isinstance(cell, str) else sheet.write(at, column, cell)
    return "figures.xlsx", raw.getvalue()


def push(served: Served, case: Case, rows: Table, options: Mapping[str, Any]) -> Any:
    name, raw = written(case, rows)
    params = {"profile": case.profile, "protect": "round", "dry_run": True, **case.options, **options}
    return served.as_(case.who).post("/v1/bulletins/files", params=params, files={"file": (name, raw)}, headers={"Accept-Language": "en"})


def column_of(rows: Table, finding: Mapping[str, Any]) -> int:
    """Where the column stands that a finding names by its heading, or by its letter."""
    named = finding["column"]
    found = [at for row in rows[: finding["row"]] for at, cell in enumerate(row) if str(cell or "").strip()[:64] == named]
    return found[0] if found else next(at for at in range(200) if named in (column_name(at + 1), str(at + 1)))


LOST = {"period-invalid", "value-missing", "out-of-range", "code-missing"}
"""Faults of cells whose true content only the office has: the message says where, and by which rule."""


def cell_for(finding: Mapping[str, Any], cell: Any, record: Any) -> Any:
    """What a message says that its cell is to hold."""
    code, said = finding["code"], finding["detail"]
    if code == "code-unknown":
        return re.search(r"similar codes: ([^,(]+?)(?: \(|,|\.$)", said)[1]
    if code == "total-differs":
        return int(re.search(r"add up to (\d+)", said)[1])
    if code == "not-a-whole-number":
        return re.sub(r"[^0-9]", "", str(cell))
    assert code in LOST, f"nothing says what to do about {code}: {said}"
    return record


def mend(rows: Table, options: dict[str, Any], records: Table, finding: Mapping[str, Any]) -> None:
    """Do what one message says."""
    said, row = finding["detail"], finding["row"] - 1
    match finding["code"]:
        case "number-ambiguous":
            # Persons are counted in whole numbers.
            options["number_style"] = "comma" if "." in rows[row][column_of(rows, finding)] else "point"
        case "row-ragged":
            assert "check the separators" in said
            rows[row][:] = re.split(r"[;|\t]", ",".join(rows[row]))
        case "text-between-rows":
            assert "delete it" in said
            rows[row] = []
        case "cell-repeated":
            assert rows[row] == rows[int(re.search(r"already given at (\d+)", said)[1]) - 1]
            rows[row] = []
        case "header-absent":
            lacking = re.search(r"lacking: (.*?)\. Map", said)[1].split(", ")
            strange = [cell for cell in rows[row] if cell not in records[row]]
            options["column"] = [f"{theirs}={ours}" for theirs, ours in zip(strange, lacking, strict=True)]
        case "title-without-period":
            assert "declare --period" in said
            options["period"] = "2024"
        case _:
            at = column_of(rows, finding)
            rows[row][at] = cell_for(finding, rows[row][at], records[row][at])


def part(who: str, profile: str, path: Path, rows: range, damage: Mapping[tuple[int, int], Any], codes: str, **more: Any) -> Case:
    sheet, found = table(path, rows, sheet=more.pop("number", 0))
    return Case(who, profile, found, damage, set(codes.split()), sheet, **more)


def twice(row: int) -> Callable[[Table], object]:
    return lambda rows: rows.insert(row, list(rows[row - 1]))


def grouped(rows: Table) -> None:
    """Every count of a thousand and more as a spreadsheet of these countries shows it."""
    for row in rows[1:]:
        row[-1] = f"{int(row[-1]):,}".replace(",", ".")


CASES: dict[str, Callable[[], Case]] = {
    "misspelt nationality, month 13, stray letter": lambda: part(
        "sacm", "colombia-migracion", FILES / "irregular_by_nationality_2022_2025.csv", range(1, 60),
        {(2, 3): "Cubba", (6, 1): "2022-13", (9, 4): "37x"}, "code-unknown period-invalid not-a-whole-number",
    ),
    "row given twice": lambda: part(
        "rcm", "honduras-inm", DATA / "honduras_by_sex_age.csv", range(1, 14), {(3, 2): "wommen"}, "code-unknown cell-repeated", more=twice(7),
    ),
    "1.234": lambda: part("rcm", "mexico-upmrip", DATA / "mexico_by_sex_age.csv", range(1, 18), {}, "number-ambiguous", more=grouped),
    "empty cells, year of two digits": lambda: part(
        "rcm", "panama-snm", SAMPLES / "darien_by_nationality.csv", range(1, 30),
        {(4, 3): "", (5, 2): "", (23, 1): "11"}, "value-missing code-missing period-invalid",
    ),
    "wrong total beside the figures, month misspelt": lambda: part(
        "sacm", "colombia-migracion", FILES / "entradas_extranjeros_colombia_con_fecha.csv.xz", range(1, 40),
        {(4, 9): 3845, (9, 2): "Enerro"}, "total-differs period-invalid",
    ),
    "heading of another name": lambda: part(
        "rcm", "usa-cbp", FILES / "sw_border_encounters_fy21_may2025.csv.xz", range(1, 60),
        {(1, 6): "grupo", (1, 8): "cuenta"}, "header-absent",
    ),
    "above the range, other separators, note among the figures": lambda: part(
        "rcm", "panama-snm", DATA / "darien_by_sex_age.csv", range(1, 30),
        {(4, 3): "5000000000"}, "out-of-range row-ragged text-between-rows",
        more=lambda rows: (rows.insert(20, ["Fuente: registro de entradas"] + [""] * 2), rows[7].__setitem__(slice(None), [";".join(rows[7])])),
    ),
    "workbook with a misspelt State and a letter in a count": lambda: part(
        "rcm", "mexico-rechazos", FILES / "rechazos_2018.xls", range(1, 16), {(7, 1): "Hondurras", (3, 5): "452o"}, "code-unknown not-a-whole-number",
    ),
    "workbook with a wrong sum of an airport": lambda: part(
        "rcm", "mexico-rechazos", FILES / "ANEXO_INFOMEX_edad_sexo.xlsx", range(1, 99), {(98, 6): 3699}, "total-differs",
    ),
    "workbook without the year in its title": lambda: part(
        "sacm", "brazil-conare", FILES / "refugio_em_numeros-10e-plano_tabular.xlsx", range(1, 27),
        {(2, 5): "Número de solicitantes", (6, 5): "CUBBA"}, "title-without-period code-unknown", number=5,
    ),
}  # fmt: skip


def whole(served: Served, case: Case, rows: Table, options: Mapping[str, Any]) -> set[str]:
    """What became of the bulletins of a table that is pushed for good, above whatever stands there already."""
    answer = push(served, case, rows, {**options, "dry_run": False, "revise": "the same figures"})
    assert answer.status_code in {200, 201}, answer.text
    return {each["outcome"] for each in answer.json()["bulletins"]}


def test_ten_damaged_real_files_are_mended_by_what_their_messages_say(served: Served):
    for name, made in CASES.items():
        case = made()
        rows, options, told = case.damaged(), {}, []
        for _ in range(ROUNDS):
            answer = push(served, case, rows, options)
            problems = answer.json().get("errors") if answer.status_code == 422 else answer.json().get("findings", [])
            wrong = [each for each in problems if answer.status_code == 422 or each["code"] == "total-differs"]
            told.append({each["code"] for each in wrong})
            if not wrong:
                break
            for each in wrong:
                mend(rows, options, case.rows, each)
        assert told[-1] == set(), (name, answer.text)
        assert set.union(*told) == case.codes, name
        print(f"{name}: {', '.join(' + '.join(sorted(each)) for each in told[:-1])}")
        assert whole(served, case, rows, options) == {"created"}
        assert whole(served, case, case.rows, {}) == {"unchanged"}, name
