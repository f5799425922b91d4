"""The marked copy of a file: the same values, and at each cell what the node said about it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.cli.output import finding_line, tell, words_of
from app.cli.screen import write_whole
from app.formats.marked_copy import Mark, marked_copy
from app.intake.book import Book, read_book


def write_marked(file: Path, charset: str | None, findings: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Write a workbook with a comment at each cell that findings name; says so where there is none, or where the file is no table."""
    if not findings:
        tell("push-nothing-to-mark")
        return
    book = read_book(file.read_bytes(), file.name, charset)
    if not isinstance(book, Book):
        tell("push-not-marked")
        return
    sheets = [(sheet.name, sheet.rows) for sheet in book.sheets if not sheet.is_hidden]
    write_whole((marked_copy(sheets, [_mark(each) for each in findings], words_of("push-marked-sheet")),), out)


def _mark(finding: Mapping[str, Any]) -> Mark:
    """A place of the file with its sentence; what is said of an option or of the whole is told with its place in words."""
    in_table = finding.get("row") is not None
    text = str(finding.get("detail")) if in_table else finding_line(finding)
    return Mark(finding.get("sheet"), finding.get("row"), finding.get("column") if in_table else None, text)
