"""Text in the shape of a table: a column that is headed by what names one person is found, header and cells."""

import re
from collections.abc import Iterator, Sequence

from app.screening.folding import Folded, plain
from app.screening.spans import Kind, Span
from app.screening.words import WORDS

_PERSONAL = frozenset(WORDS["columns"]["personal"])
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")
_PARTS = {word: frozenset(plain(word).split("-")) for word in _PERSONAL}
_FIRST_PARTS = frozenset().union(*_PARTS.values())
_MOST_WORDS = 4


def columns(text: Folded) -> Iterator[Span]:
    """Columns of persons in a folded text of at least two lines that are split by one separator equally often."""
    near = _FIRST_PARTS & text.words
    sought = [word for word, parts in _PARTS.items() if parts <= near] if near else ()
    for lines, separator in text.tables if sought else ():
        header, personal = _header(lines, separator, sought)
        for begins, line in lines[header:]:
            yield from _cells(begins, line, separator, personal)


def _header(lines: Sequence[tuple[int, str]], separator: str, sought: Sequence[str]) -> tuple[int, set[int]]:
    """The first line but the last that heads a column of persons, and which of its columns do; none is behind all lines."""
    heading = (number for number, (_, line) in enumerate(lines[:-1]) if any(word in line.lower() for word in sought))
    headers = ((number, _personal(lines[number][1], separator)) for number in heading)
    return next((each for each in headers if each[1]), (len(lines), set()))


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
