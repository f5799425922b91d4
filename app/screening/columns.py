"""Text in the shape of a table: a column that is headed by what names one person is found, header and cells."""

import itertools
import re
from collections.abc import Iterator

from app.screening.spans import Kind, Span
from app.screening.words import WORDS

_SEPARATORS = ";\t|,"
_PERSONAL = frozenset(WORDS["columns"]["personal"])
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")
_MOST_WORDS = 4


def columns(text: str) -> Iterator[Span]:
    """Columns of persons in a folded text of at least two lines that are split by one separator equally often."""
    lines = _lines(text)
    for number, (start, header) in enumerate(lines[:-1]):
        separator = next((each for each in _SEPARATORS if each in header), None)
        if separator is not None and _is_same_shape(header, lines[number + 1][1], separator):
            personal = [place for place, cell in enumerate(header.split(separator)) if _is_personal(cell)]
            below = itertools.takewhile(lambda line: _is_same_shape(header, line[1], separator), lines[number + 1 :])  # noqa: B023 - used up here
            for begins, line in [(start, header), *below] if personal else ():
                yield from _cells(begins, line, separator, personal)


def _lines(text: str) -> list[tuple[int, str]]:
    found, start = [], 0
    for line in text.split("\n"):
        found.append((start, line))
        start += len(line) + 1
    return found


def _is_same_shape(header: str, line: str, separator: str) -> bool:
    return bool(line.strip()) and header.count(separator) == line.count(separator)


def _is_personal(cell: str) -> bool:
    words = [word[0].lower() for word in _WORD.finditer(cell)]
    return 0 < len(words) <= _MOST_WORDS and any(word in _PERSONAL for word in words)


def _cells(start: int, line: str, separator: str, places: list[int]) -> Iterator[Span]:
    at = start
    for place, cell in enumerate(line.split(separator)):
        inside = cell.strip(" \"'")
        if place in places and inside:
            begin = at + cell.index(inside)
            yield Span(begin, begin + len(inside), Kind.PERSONAL_COLUMN)
        at += len(cell) + 1
