"""Text in the shape of a table: a column that is headed by what names one person is found, header and cells."""

import re
from collections.abc import Iterator
from itertools import accumulate

from app.screening.spans import Kind, Span
from app.screening.words import WORDS

_SEPARATORS = ";\t|,"
_PERSONAL = frozenset(WORDS["columns"]["personal"])
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")
_MOST_WORDS = 4


def columns(text: str) -> Iterator[Span]:
    """Columns of persons in a folded text of at least two lines that are split by one separator equally often."""
    for lines, separator in tables(text):
        headers = ((number, _personal(line, separator)) for number, (_, line) in enumerate(lines[:-1]))
        header, personal = next((each for each in headers if each[1]), (len(lines), set()))
        for begins, line in lines[header:]:
            yield from _cells(begins, line, separator, personal)


def tables(text: str) -> Iterator[tuple[list[tuple[int, str]], str]]:
    """The lines of each table in a text, with where they begin, and what parts their cells."""
    if "\n" not in text:
        return
    lines = text.split("\n")
    starts = accumulate((len(line) + 1 for line in lines), initial=0)
    block: list[tuple[int, str]] = []
    shape = ("", 0)
    for start, line in zip(starts, [*lines, ""], strict=True):
        if block and (not line.strip() or line.count(shape[0]) != shape[1]):
            if len(block) > 1:
                yield block, shape[0]
            block = []
        if not block:
            shape = _shape(line)
        block += [(start, line)] if shape[1] else []


def _shape(line: str) -> tuple[str, int]:
    """What parts the cells of a line, and how often."""
    separator = next((each for each in _SEPARATORS if each in line), "")
    return separator, line.count(separator) if separator else 0


def _personal(line: str, separator: str) -> set[int]:
    return {place for place, cell in enumerate(line.split(separator)) if _is_personal(cell)}


def _is_personal(cell: str) -> bool:
    words = [word[0].lower() for word in _WORD.finditer(cell)]
    return 0 < len(words) <= _MOST_WORDS and any(word in _PERSONAL for word in words)


def _cells(start: int, line: str, separator: str, places: set[int]) -> Iterator[Span]:
    at = start
    for place, cell in enumerate(line.split(separator)):
        inside = cell.strip(" \"'")
        if place in places and inside:
            begin = at + cell.index(inside)
            yield Span(begin, begin + len(inside), Kind.PERSONAL_COLUMN)
        at += len(cell) + 1
