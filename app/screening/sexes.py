"""Counts by the letters of the sexes alone: "2 M y 1 F", "3 H, 1 M", "1F + 2M"."""

import re
from collections.abc import Iterator

from app.screening.folding import Folded
from app.screening.spans import Kind, Span

# Two of them beside each other: one letter alone is a measure, a street, a row.
_PAIR = re.compile(r"(?<![\w.,\-/#])([0-9]{1,2}) ?([MFHV])(?:,| ?[/+&]| (?:y|e|and)) ?([0-9]{1,2}) ?([MFHV])(?![\w/])")

_LETTERS = frozenset("mfhv")


def by_sex(text: Folded, k: int) -> Iterator[Span]:
    """Pairs of counts, each with the letter of a sex, of which one is below k."""
    for pair in _PAIR.finditer(text.text) if len(_LETTERS & text.words) > 1 else ():
        if pair[2] != pair[4] and any(0 < int(count) < k for count in (pair[1], pair[3])):
            yield Span(pair.start(), pair.end(), Kind.SMALL_COUNT)
