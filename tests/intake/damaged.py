"""Twenty-four families of damaged files, each variant made from its seed, with the outcome that it must have."""

import codecs
import io
import random
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import xlsxwriter

MADE = {"created": datetime.fromisoformat("2026-01-01T00:00:00")}
HEAD = ["period", "nationality", "sex", "value"]
STATES = ["BOL", "BRA", "CHN", "CMR", "COL", "CUB", "DOM", "ECU", "GHA", "HTI", "IND", "NPL", "PER", "SEN", "SOM", "VEN"]
Figure = tuple[str, str, str, int]


@dataclass(frozen=True)
class Variant:
    """One damaged file: what is sent, and either the figures that must be taken or the codes that must be told."""

    family: str
    number: int
    name: str
    raw: bytes = field(repr=False)
    figures: tuple[Figure, ...] | None = None
    refused: frozenset[str] = frozenset()
    remarks: frozenset[str] = frozenset()
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.family}-{self.number}"


@dataclass
class Draw:
    """What a variant is made from: its random numbers, and figures of two weeks that no other variant has."""

    family: str
    number: int
    random: random.Random
    weeks: tuple[str, str]

    @property
    def figures(self) -> tuple[Figure, ...]:
        drawn = random.Random(f"{self.family} {self.number} figures")
        states = drawn.sample(STATES, 3)
        return tuple((week, state, sex, drawn.randint(100, 899)) for week in self.weeks for state in states for sex in "FM")

    def csv(self, figures: tuple[Figure, ...] | None = None, head: list[str] = HEAD, separator: str = ",") -> str:
        rows = [head, *([str(each) for each in row] for row in figures or self.figures)]
        return "".join(separator.join(row) + "\r\n" for row in rows)

    def lines(self) -> list[str]:
        return self.csv().split("\r\n")[:-1]

    def at(self, first: int = 1) -> int:
        """One of the file's rows, from 0."""
        return self.random.randrange(first, 13)

    def taken(self, raw: bytes | str, name: str = "cifras.csv", remarks: tuple[str, ...] = (), **options: object) -> Variant:
        return self._variant(raw, name, options, figures=self.figures, remarks=frozenset(remarks))

    def refused(self, raw: bytes | str, *codes: str, name: str = "cifras.csv", **options: object) -> Variant:
        return self._variant(raw, name, options, refused=frozenset(codes))

    def _variant(self, raw: bytes | str, name: str, options: Mapping[str, object], **outcome: object) -> Variant:
        whole = raw if isinstance(raw, bytes) else raw.encode()
        return Variant(self.family, self.number, name, whole, options=options, **outcome)  # type: ignore[arg-type]

    def workbook(self, fill: Callable[[xlsxwriter.Workbook], object] | None = None, name: str = "Cifras") -> bytes:
        raw = io.BytesIO()
        with xlsxwriter.Workbook(raw, {"in_memory": True}) as made:
            made.set_properties(MADE)
            sheet = made.add_worksheet(name)
            for at, row in enumerate([HEAD, *self.figures]):
                sheet.write_row(at, 0, row)
            if fill:
                fill(made)
        return raw.getvalue()


FAMILIES: dict[str, Callable[[Draw], Variant]] = {}


def family(made: Callable[[Draw], Variant]) -> Callable[[Draw], Variant]:
    FAMILIES[made.__name__] = made
    return made


def variants(each: int, seed: int = 9) -> Iterator[Variant]:
    """So many of every family; the weeks of all are different, so that none revises what another published."""
    monday = date(2004, 12, 27)
    for place, (name, made) in enumerate(FAMILIES.items()):
        for number in range(each):
            first = monday + timedelta(weeks=2 * (place * 20 + number))
            weeks = tuple("{}-W{:02}".format(*(first + timedelta(weeks=week)).isocalendar()) for week in (0, 1))
            yield made(Draw(name, number, random.Random(f"{seed} {name} {number}"), weeks))


def changed(raw: bytes, part: str, change: Callable[[bytes], bytes], more: Mapping[str, bytes] | None = None) -> bytes:
    """A container with one part changed and others added."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for each in before.namelist():
            after.writestr(zipfile.ZipInfo(each), change(before.read(each)) if each == part else before.read(each), zipfile.ZIP_DEFLATED)
        for each, content in (more or {}).items():
            after.writestr(zipfile.ZipInfo(each), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


ACCENTED = ["period", "país", "sex", "value"]
TAKE_ACCENTED = {"column": "país=nationality"}


@family
def mark(draw: Draw) -> Variant:
    raw = codecs.BOM_UTF8 + draw.csv(head=ACCENTED).encode()
    if draw.number % 2:
        return draw.taken(raw, charset="ISO-8859-1", remarks=("charset-overruled",), **TAKE_ACCENTED)
    return draw.taken(raw, **TAKE_ACCENTED)


@family
def utf_16(draw: Draw) -> Variant:
    encoding, its_mark = draw.random.choice([("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)])
    raw = draw.csv(head=ACCENTED).encode(encoding)
    if draw.number % 3 == 0:
        return draw.taken(its_mark + raw, **TAKE_ACCENTED)
    if draw.number % 3 == 1:
        return draw.taken(raw, charset=encoding, **TAKE_ACCENTED)
    return draw.refused((its_mark + raw)[:-1], "encoding-unknown", **TAKE_ACCENTED)


@family
def cp1252(draw: Draw) -> Variant:
    raw = draw.csv(head=ACCENTED).encode("cp1252")
    if draw.number % 3 == 2:
        # One of the five bytes that stand for nothing.
        return draw.refused(raw + bytes([draw.random.choice([0x81, 0x8D, 0x8F, 0x90, 0x9D])]), "encoding-unknown", **TAKE_ACCENTED)
    declared = {"charset": "windows-1252"} if draw.number % 3 else {}
    return draw.taken(raw, remarks=() if declared else ("read-as-windows-1252",), **declared, **TAKE_ACCENTED)


@family
def mixed_encodings(draw: Draw) -> Variant:
    lines = [line.encode() for line in draw.lines()]
    lines[0] = lines[0].replace(b"nationality", "país".encode("cp1252"))
    lines[draw.at()] += ",Perú".encode()
    return draw.refused(b"\r\n".join(lines), "encoding-mixed", **TAKE_ACCENTED)


@family
def nul(draw: Draw) -> Variant:
    lines, at = draw.lines(), draw.at()
    place = draw.random.randrange(len(lines[at]))
    lines[at] = lines[at][:place] + "\0" + lines[at][place:]
    # A number is judged as a number.
    return draw.refused("\r\n".join(lines), "text-character" if lines[at].count(",", 0, place) < 3 else "not-a-whole-number")


@family
def delimiter(draw: Draw) -> Variant:
    kind = draw.number % 4
    if kind == 3:
        return draw.refused(draw.csv(separator="|"), "column-unknown", "column-missing")
    separator = ",;\t"[kind]
    return draw.taken(draw.csv(separator=separator), remarks=("separator-read",) if kind else ())


@family
def decimal(draw: Draw) -> Variant:
    figures = [list(map(str, row)) for row in draw.figures]
    if draw.number % 2:
        # One that only a decimal comma can be proves what the others are.
        for row in figures:
            row[3] += ",00"
        rows = [HEAD, *figures]
        return draw.taken("".join(";".join(row) + "\n" for row in rows), remarks=("number-style-read",))
    figures[draw.at() - 1][3] += draw.random.choice([".5", ",5"])
    return draw.refused("".join(";".join(row) + "\n" for row in [HEAD, *figures]), "not-a-whole-number")


@family
def thousands(draw: Draw) -> Variant:
    figures = [(*row[:3], row[3] + 1000) for row in draw.figures]
    mark_of, style = draw.random.choice([(".", "comma"), (",", "point")])

    def text(row: tuple[str, str, str, int]) -> str:
        return ";".join([*row[:3], f"{row[3]:,}".replace(",", mark_of)]) + "\n"

    raw = ";".join(HEAD) + "\n" + "".join(map(text, figures))
    if draw.number % 2:
        taken = draw.taken(raw, number_style=style)
        return Variant(taken.family, taken.number, taken.name, taken.raw, tuple(figures), options=taken.options)
    return draw.refused(raw, "number-ambiguous")


@family
def date_order(draw: Draw) -> Variant:
    day, month = draw.random.randrange(1, 13), draw.random.randrange(1, 13)
    lines = draw.lines()
    week = draw.weeks[0]
    year = int(week[:4])
    both = day != month
    lines = [line.replace(week, f"{day}/{month}/{year}").replace(draw.weeks[1], f"{day}/{month}/{year + 1}") for line in lines]
    code = "date-ambiguous" if both else "period-is-a-day"
    return draw.refused("\n".join(lines), code, **({"frequency": "week"} if both else {}))


@family
def serial(draw: Draw) -> Variant:
    """Mondays as the numbers that a spreadsheet has for them; taken for weeks where the sender says so, and never for a year."""
    mondays = {week: (date.fromisocalendar(int(week[:4]), int(week[6:]), 1) - date(1899, 12, 30)).days for week in draw.weeks}
    figures = [(mondays[week], *rest) for week, *rest in draw.figures]
    if draw.number % 3 == 0:
        raw = "\n".join(",".join(map(str, row)) for row in [HEAD, *figures])
        return draw.taken(raw, remarks=("serial-read",), frequency="week")
    if draw.number % 3 == 1:
        return draw.refused("\n".join(",".join(map(str, row)) for row in [HEAD, *figures]), "period-is-a-day")
    # A workbook of 1904, days as days and counts in the clothes of dates.
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw, {"in_memory": True, "date_1904": True}) as made:
        made.set_properties(MADE)
        sheet, dated = made.add_worksheet("Cifras"), made.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, HEAD)
        for at, (day, state, sex, value) in enumerate(figures, 1):
            sheet.write_number(at, 0, day - 1462, dated)
            sheet.write_row(at, 1, [state, sex])
            sheet.write_number(at, 3, value, dated)
    return draw.taken(raw.getvalue(), "cifras.xlsx", remarks=("number-from-date",), frequency="week")


@family
def week_53(draw: Draw) -> Variant:
    """2009, 2015 and 2020 have a week 53; the years beside them have none."""
    year = draw.random.choice([2009, 2015, 2020]) + draw.number % 2
    figures = [(f"{year}-W53", *rest) for _, *rest in draw.figures[:6]]
    raw = "\n".join(",".join(map(str, row)) for row in [HEAD, *figures])
    if draw.number % 2:
        return draw.refused(raw, "period-invalid")
    taken = draw.taken(raw, dry_run="true")
    return Variant(taken.family, taken.number, taken.name, taken.raw, tuple(figures), options=taken.options)  # type: ignore[arg-type]


@family
def totals(draw: Draw) -> Variant:
    sums = {week: sum(row[3] for row in draw.figures if row[0] == week) for week in draw.weeks}
    off = draw.number % 2 and draw.random.choice([-1, 1]) * draw.random.randrange(1, 50)
    raw = draw.csv() + "".join(f"{week},_T,_T,{total + off}\n" for week, total in sums.items())
    return draw.refused(raw, "total-mismatch") if off else draw.taken(raw)


@family
def merged_header(draw: Draw) -> Variant:
    """A title over the table, merged, is no heading; two headings are refused with both."""
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw, {"in_memory": True}) as made:
        made.set_properties(MADE)
        sheet, start = made.add_worksheet("Cifras"), 2 + draw.random.randrange(5)
        sheet.merge_range(0, 0, 0, 3, "Flujos por nacionalidad y sexo")
        for at, row in enumerate([HEAD, *draw.figures], start):
            sheet.write_row(at, 0, row)
        if draw.number % 2:
            sheet.write_row(start + 20, 0, HEAD)
    if draw.number % 2:
        return draw.refused(raw.getvalue(), "header-twice", name="cifras.xlsx")
    return draw.taken(raw.getvalue(), "cifras.xlsx")


@family
def hidden_sheet(draw: Draw) -> Variant:
    def fill(made: xlsxwriter.Workbook) -> None:
        other = made.add_worksheet("Versión anterior")
        for at, row in enumerate([HEAD, *draw.figures]):
            other.write_row(at, 0, [*row[:3], row[3] if isinstance(row[3], str) else row[3] + 7])
        other.very_hidden() if draw.number % 3 == 1 else other.hide()

    raw = draw.workbook(fill)
    if draw.number % 3 == 2:
        raw = changed(raw, "xl/workbook.xml", lambda part: part.replace(b'name="Cifras"', b'name="Cifras" state="hidden"'))
        return draw.refused(raw, "sheets-hidden", name="cifras.xlsx")
    return draw.taken(raw, "cifras.xlsx", remarks=("sheet-hidden",))


@family
def duplicate_header(draw: Draw) -> Variant:
    twice = draw.random.choice(HEAD)
    shown = twice + " " * (draw.number % 2)
    lines = [f"{line},{line.split(',')[HEAD.index(twice)]}" for line in draw.lines()]
    lines[0] = ",".join([*HEAD, shown])
    return draw.refused("\n".join(lines), "column-twice")


@family
def ragged(draw: Draw) -> Variant:
    lines, at = draw.lines(), draw.at()
    lines[at] = lines[at] + ",7" * draw.random.randrange(1, 4) if draw.number % 2 else lines[at].rpartition(",")[0]
    return draw.refused("\n".join(lines), "row-ragged")


@family
def open_quote(draw: Draw) -> Variant:
    lines, at = draw.lines(), draw.at()
    cells = lines[at].split(",")
    place = draw.random.randrange(4)
    cells[place] = '"' + cells[place]
    lines[at] = ",".join(cells)
    return draw.refused("\n".join(lines), "csv-malformed")


@family
def quoted_break(draw: Draw) -> Variant:
    """A break in a note stays in its cell and moves no row; one inside of a code is no code."""
    rows = [row.split(",") for row in draw.lines()]
    at = draw.at()
    if draw.number % 2:
        rows[at][1] = f'"{rows[at][1][:2]}\n{rows[at][1][2:]}"'
        return draw.refused("\n".join(map(",".join, rows)), "code-unknown")
    for number, row in enumerate(rows):
        row.append("nota" if not number else '"una\r\nnota"' if number == at else "")
    return draw.taken("\n".join(map(",".join, rows)), column="nota=-")


@family
def formula(draw: Draw) -> Variant:
    at = draw.at()
    value = draw.figures[at - 1][3]

    def fill(made: xlsxwriter.Workbook) -> None:
        computed = {0: value, 1: "", 2: "#DIV/0!"}[draw.number % 3]
        made.worksheets()[0].write_formula(at, 3, f"={value - 1}+1", None, computed)

    raw = draw.workbook(fill)
    if draw.number % 3 == 0:
        return draw.taken(raw, "cifras.xlsx", remarks=("formula-read",))
    return draw.refused(raw, ["", "formula-without-value", "cell-error"][draw.number % 3], name="cifras.xlsx")


SHEET = "xl/worksheets/sheet1.xml"


@family
def zip_bomb(draw: Draw) -> Variant:
    kind, raw = draw.number % 5, draw.workbook()
    name = "cifras.xlsx"
    if kind == 0:
        bomb = changed(raw, "", bytes, {"xl/media/image1.xml": b"0" * draw.random.randrange(20_000_000, 60_000_000)})
        return draw.refused(bomb, "workbook-too-large", name=name)
    if kind == 1:
        # A size that the list of parts plays down.
        bomb = bytearray(changed(raw, SHEET, lambda part: part + b" " * 3_000_000))
        at = bomb.index(b"PK\x01\x02")
        while SHEET.encode() not in bomb[at + 46 : at + 46 + len(SHEET)]:
            at = bomb.index(b"PK\x01\x02", at + 4)
        bomb[at + 24 : at + 28] = (draw.random.randrange(1, 4000)).to_bytes(4, "little")
        return draw.refused(bytes(bomb), "workbook-damaged", name=name)
    if kind == 2:
        return draw.refused(changed(raw, "", bytes, {"xl/embeddings/libro.xlsx": raw}), "workbook-active", name=name)
    if kind == 3:
        far = draw.random.randrange(200_102, 1_048_576)
        cell = f'<row r="{far}"><c r="D{far}"><v>1</v></c></row></sheetData>'.encode()
        return draw.refused(changed(raw, SHEET, lambda part: part.replace(b"</sheetData>", cell)), "file-too-long", name=name)
    # Two parts that are the same bytes.
    doubled = bytearray(changed(raw, "", bytes, {"xl/worksheets/sheet2.xml": b"x" * 40}))
    places = [at for at in range(len(doubled)) if doubled[at : at + 4] == b"PK\x01\x02"]
    doubled[places[-1] + 42 : places[-1] + 46] = doubled[places[-2] + 42 : places[-2] + 46]
    return draw.refused(bytes(doubled), "workbook-damaged", name=name)


@family
def entities(draw: Draw) -> Variant:
    nested = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">]>'
    part = draw.random.choice(["[Content_Types].xml", SHEET, "xl/workbook.xml", "xl/styles.xml", "_rels/.rels", "docProps/app.xml"])

    def declare(content: bytes) -> bytes:
        start, end = content.split(b"?>", 1)
        if draw.number % 2:
            whole = (b'<?xml version="1.0" encoding="UTF-16"?>' + nested + end).decode()
            return whole.encode(draw.random.choice(["utf-16", "utf-16-be"]))
        return start + b"?>" + nested + end

    return draw.refused(changed(draw.workbook(), part, declare), "workbook-doctype", name="cifras.xlsx")


@family
def wrong_type(draw: Draw) -> Variant:
    code = "not-what-its-name-says"
    kind = draw.number % 5
    if kind == 0:
        return draw.refused(draw.workbook(), code, name=draw.random.choice(["cifras.csv", "cifras.xls", "cifras.ods"]))
    if kind == 1:
        return draw.refused(draw.csv(), code, name=draw.random.choice(["cifras.xlsx", "cifras.xls", "cifras.ods"]))
    if kind == 2:
        page = f"<html><table><tr><td>{draw.csv()}</td></tr></table></html>"
        return draw.refused(page, code, name=draw.random.choice(["cifras.xls", "cifras.csv"]))
    if kind == 3:
        return draw.refused(b"%PDF-1.7\n" + draw.random.randbytes(400), "form-unknown", name="cifras.pdf")
    return draw.refused(draw.workbook()[: draw.random.randrange(100, 4000)], "workbook-damaged", name="cifras.xlsx")


@family
def empty(draw: Draw) -> Variant:
    kind = draw.number % 5
    if kind == 0:
        return draw.refused(b"", "file-empty")
    if kind == 1:
        return draw.refused(draw.random.choice([codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b" \r\n\t\r\n"]), "file-empty")
    if kind == 2:
        return draw.refused(",".join(HEAD) + "\r\n" * draw.random.randrange(4), "file-without-rows")
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw, {"in_memory": True}) as made:
        made.set_properties(MADE)
        sheet = made.add_worksheet("Cifras")
        if kind == 3:
            sheet.write_row(draw.random.randrange(4), 0, HEAD)
    return draw.refused(raw.getvalue(), "file-without-rows" if kind == 3 else "file-empty", name="cifras.xlsx")


@family
def million_rows(draw: Draw) -> Variant:
    if draw.number % 2:
        rows = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(2, 1_000_001))
        raw = changed(draw.workbook(), SHEET, lambda part: part.partition(b"<row")[0] + rows.encode() + b"</sheetData></worksheet>")
        return draw.refused(raw, "file-too-long", name="cifras.xlsx")
    return draw.refused("period,value\n" + f"2,{draw.random.randrange(10)}\n" * 1_000_000, "file-too-long")
