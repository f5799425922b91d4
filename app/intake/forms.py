"""Which form a file has, by what is in it; its name is only compared."""

from app.intake.cells import FORMS
from app.intake.container import Container
from app.intake.ooxml import WORKBOOK
from app.wire.problem import Finding

_MAGIC = {b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "ole", b"%PDF": "PDF", b"{\\rtf": "RTF"}
_MAGIC |= {b"\x1f\x8b": "GZIP", b"Rar!": "RAR", b"7z\xbc\xaf": "7Z", b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG"}
_MARKUP = {b"<!doctype html": "HTML", b"<html": "HTML", b"<table": "HTML", b"<?xml": "XML"}
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_SAMPLE = 4096
_NAMED = {"csv": "csv", "txt": "csv", "tsv": "csv", "xls": "xls", "xlsx": "xlsx", "ods": "ods"}
_NO_TEXT = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1a\0")
_STRAY = 20
"""Of so many bytes of a text at most one is a control character."""


def form_of(raw: bytes) -> str:
    """What the first bytes show: "zip" or "ole" for containers, "csv" for text, "" for what nobody can name, else the name of the form."""
    sample = raw[:_SAMPLE]
    for mark in _MARKS:
        sample = sample.removeprefix(mark)
    letters = sample.replace(b"\0", b"")
    start = letters.lstrip()[:20].lower()
    known = [form for begin, form in _MAGIC.items() if raw.startswith(begin)]
    known += [form for begin, form in _MARKUP.items() if start.startswith(begin)]
    if known:
        return known[0]
    # One that strayed into a text is named at its place (`text-character`).
    strange = sum(map(sample.count, map(bytes, zip(_NO_TEXT, strict=True))))
    return "" if strange * _STRAY > len(sample) and not raw.startswith(_MARKS) else "csv"


def form_of_container(container: Container) -> str:
    """The form of a zipped container by its parts."""
    if "content.xml" in container and "META-INF/manifest.xml" in container:
        kind = container.read("mimetype").decode("ascii", "replace") if "mimetype" in container else ""
        return "ods" if "spreadsheet" in kind or not kind else "ODF"
    if "[Content_Types].xml" not in container:
        return "ZIP"
    for form, start in (("XLSB", "xl/workbook.bin"), ("xlsx", WORKBOOK), ("xlsx", "xl/worksheets/"), ("DOCX", "word/"), ("PPTX", "ppt/")):
        if any(name.startswith(start) for name in container.names):
            return form
    return "ZIP"


def judge_form(found: str, name: str) -> Finding | None:
    """Refuse a form that nobody reads (`form-unknown`), and one that is not what the file's name says (`not-what-its-name-says`)."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    named = _NAMED.get(ending)
    if named and found and found != named:
        return Finding("not-what-its-name-says", params={"found": found.upper(), "named": ending.upper()})
    if found not in FORMS:
        return Finding("form-unknown", params={"known": [form.upper() for form in FORMS]})
    return None
