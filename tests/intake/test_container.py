"""What a workbook's container must not hold: each is refused before anything in it is read."""

import io
import struct
import time
import tracemalloc
import zipfile

import pytest
import xlsxwriter
from damaged import SHEET, changed

from app.intake.book import Book, Limits, read_book

RELATIONS = "xl/_rels/workbook.xml.rels"


def plain():
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw, {"in_memory": True}) as made:
        made.add_worksheet("Hoja").write("A1", 1)
        made.worksheets()[0].write_url("A2", "https://ejemplo.test/fuente", string="fuente")
    return raw.getvalue()


PLAIN = plain()


def fault(raw, name="libro.xlsx", **given):
    (found,) = read_book(raw, name, **given)
    return found.code, *found.params.values()


def zipped(*parts, method=zipfile.ZIP_DEFLATED):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as made:
        for name, content in parts:
            made.writestr(name, content)
    return raw.getvalue()


def directory(raw, name, at, value):
    """The container with one field of a part's row in the list changed; `at` is its offset there."""
    made, place = bytearray(raw), raw.index(b"PK\x01\x02")
    while raw[place + 46 : place + 46 + len(name)] != name.encode():
        place = raw.index(b"PK\x01\x02", place + 4)
    made[place + at : place + at + len(value)] = value
    return bytes(made)


def test_a_link_that_a_person_may_follow_is_no_link_of_data():
    assert isinstance(read_book(PLAIN, "libro.xlsx"), Book)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("part", ["[Content_Types].xml", SHEET, "docProps/core.xml", "xl/theme/theme1.xml", RELATIONS])
def test_a_document_type_in_any_part_is_refused_at_once_and_nothing_of_it_is_expanded(part, encoding):
    nested = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 100}">' for n in range(12))
    declared = f'<?xml version="1.0"?><!DOCTYPE a [{nested}<!ENTITY f SYSTEM "file:///etc/hostname">]><a>&e11;&f;</a>'
    raw = changed(PLAIN, part, lambda _: declared.encode(encoding))
    tracemalloc.start()
    began = time.process_time()
    assert fault(raw) == ("workbook-doctype",)
    assert time.process_time() - began < 0.1
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_a_document_type_across_two_pieces_is_found_too():
    long = b"<a>" + b"".join(struct.pack("<Q", number) for number in range(32_767)).replace(b"<", b".") + b"....."
    for shift in range(0, 12, 3):
        raw = changed(PLAIN, "docProps/app.xml", lambda _, shift=shift: long[: 262_144 - 8 + shift] + b"<!DOCTYPE a>")
        assert fault(raw) == ("workbook-doctype",)


ACTIVE = {
    "macros": ["xl/vbaProject.bin", "xl/macrosheets/sheet1.xml"],
    "embedded": ["xl/embeddings/oleObject1.bin", "xl/activeX/activeX1.xml"],
    "linked": ["xl/externalLinks/externalLink1.xml", "xl/connections.xml", "xl/queryTables/queryTable1.xml"],
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in ACTIVE.items() for name in names])
def test_macros_objects_and_links_are_refused_by_their_kind(kind, name):
    assert fault(changed(PLAIN, "", bytes, {name: b"x"})) == ("workbook-active", kind)


def test_a_container_in_a_container_and_a_part_outside_of_it_are_refused():
    assert fault(changed(PLAIN, "", bytes, {"xl/media/image1.png": PLAIN})) == ("workbook-active", "embedded")
    outside = b'<Relationship Id="x" Type="http://t/relationships/image" Target="http://servidor.test/a.png" TargetMode="External"/></Relationships>'
    raw = changed(PLAIN, RELATIONS, lambda part: part.replace(b"</Relationships>", outside))
    assert fault(raw) == ("workbook-active", "linked")


def test_sizes_are_judged_before_anything_is_unpacked_and_never_believed():
    bomb = changed(PLAIN, "", bytes, {"xl/media/image1.xml": b"0" * 30_000_000})
    assert len(bomb) < 50_000
    assert fault(bomb) == ("workbook-too-large",)
    assert fault(PLAIN, limits=Limits(unpacked=5_000)) == ("workbook-too-large",)
    # A smaller size in the list than in truth, and a greater one.
    assert fault(directory(bomb, "xl/media/image1.xml", 24, struct.pack("<L", 500_000))) == ("workbook-damaged",)
    assert fault(directory(PLAIN, SHEET, 24, struct.pack("<L", 900_000))) == ("workbook-damaged",)
    assert fault(zipped(*((f"{number}.xml", "x") for number in range(2_001)))) == ("workbook-too-large",)


def test_a_container_that_two_readers_may_read_differently_is_refused():
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped((SHEET, "a"), (SHEET, "b"))
    for raw in (
        twice,
        zipped(("xl/a.xml", "a"), ("XL/A.xml", "b")),
        zipped(("../a.xml", "a")),
        zipped(("/a.xml", "a")),
        zipped(("a.xml", "a"), method=zipfile.ZIP_BZIP2),
        PLAIN + b"x",
        PLAIN[:200] + b"x" + PLAIN[200:],
        PLAIN[:-30],
        directory(PLAIN, SHEET, 16, b"\0\0\0\0"),
        directory(PLAIN, SHEET, 42, b"\0\0\0\0"),
    ):
        assert fault(raw) == ("workbook-damaged",)


def test_an_encrypted_part_is_named_as_what_it_is():
    assert fault(directory(PLAIN, SHEET, 8, b"\x01\0")) == ("workbook-encrypted",)


@pytest.mark.parametrize(
    ("parts", "form"),
    [
        ([("[Content_Types].xml", "<a/>"), ("word/document.xml", "<a/>")], "DOCX"),
        ([("[Content_Types].xml", "<a/>"), ("xl/workbook.bin", "x")], "XLSB"),
        ([("cifras.csv", "a,b")], "ZIP"),
    ],
)
def test_a_container_of_another_form_is_named_by_it(parts, form):
    assert fault(zipped(*parts)) == ("not-what-its-name-says", form, "XLSX")
    assert fault(zipped(*parts), "") == ("form-unknown", ["CSV", "XLS", "XLSX", "ODS"])


PARTS = {
    "a row twice": (SHEET, b"</sheetData>", b'<row r="1"><c r="A1"><v>2</v></c></row></sheetData>'),
    "a cell of another row": (SHEET, b'r="A1"', b'r="A7"'),
    "a text that is not there": (SHEET, b'<c r="A1"><v>1</v>', b'<c r="A1" t="s"><v>-1</v>'),
    "no end": (SHEET, b"</worksheet>", b""),
    "row 0": (SHEET, b'<row r="1" spans="1:1"><c r="A1">', b'<row r="0"><c r="A0">'),
    "a column that is none": (SHEET, b'r="A1"', b'r="a1"'),
    "no sheet of that name": (RELATIONS, b"worksheets/sheet1.xml", b"worksheets/sheet9.xml"),
    "a merge that is none": (SHEET, b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="A1:B"/></mergeCells>'),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_workbook_that_is_not_built_as_its_form_demands_is_refused(name):
    part, old, new = PARTS[name]

    def change(content):
        assert old in content
        return content.replace(old, new, 1)

    assert fault(changed(PLAIN, part, change)) == ("workbook-damaged",)


def test_countless_names_and_texts_without_end_are_refused():
    names = b"".join(b"<a%d/>" % number for number in range(100_000))
    assert fault(changed(PLAIN, SHEET, lambda part: part.replace(b"</sheetData>", names + b"</sheetData>"))) == ("workbook-damaged",)
    text = b'<row r="9"><c r="A9" t="str"><v>' + b"ab c" * 100_000 + b"</v></c></row></sheetData>"
    assert fault(changed(PLAIN, SHEET, lambda part: part.replace(b"</sheetData>", text))) == ("workbook-damaged",)
