"""The parts of a text that have the shape of a table."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

_SEPARATORS = ";\t|,"
_CELL, _BEFORE_COMMA = 4, 2
"""Words of a table's cell, at most: two lines with a comma each are no table yet."""


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
    for separator in _SEPARATORS:
        if separator in line:
            return separator, line.count(separator)
    return "", 0


def is_short(lines: Sequence[tuple[int, str]], separator: str) -> bool:
    """Whether each cell of a table holds a few words at most."""
    most = _BEFORE_COMMA if separator == "," else _CELL
    return all(len(cell.split()) <= most for _, line in lines for cell in line.split(separator))
