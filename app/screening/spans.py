"""What was found in a text, and how much of it may be shown to whoever sent it."""

from bisect import bisect_left
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

MOST_FINDINGS = 100
"""Findings of one document that are told; whoever sent more must look at all of it anyway."""

_SHOWN = 2
"""Characters of what was found that its sender sees again, of long ones at each end."""
_LONG = 8


class Kind(StrEnum):
    """What a span of text looks like."""

    EMAIL = "email"
    HANDLE = "handle"
    URL = "url"
    PHONE = "phone"
    CARD = "card"
    ACCOUNT = "account"
    IMEI = "imei"
    MACHINE_READABLE = "machine-readable-zone"
    NATIONAL_ID = "national-id"
    PASSPORT = "passport"
    PLATE = "plate"
    BIRTH_DATE = "birth-date"
    DWELLING = "dwelling"
    PERSONAL_COLUMN = "personal-column"
    SMALL_COUNT = "small-count"
    NAME = "name"
    NUMERAL = "numeral"


SOFT = (Kind.NAME, Kind.NUMERAL)
HARD = frozenset(Kind).difference(SOFT)
"""Kinds that no document may hold; the others wait for a second person (guarantees 2)."""
_COUNTS = frozenset({Kind.SMALL_COUNT, Kind.NUMERAL})
"""Kinds of which already the first character may be all that must not be told."""


class Span(NamedTuple):
    """A stretch of a text, by its offsets there, and what it looks like."""

    start: int
    end: int
    kind: Kind

    @property
    def is_hard(self) -> bool:
        """Whether a text that holds it is refused rather than held."""
        return self.kind not in SOFT


def masked(text: str, span: Span) -> str:
    """An excerpt by which its sender finds the span again and nobody else learns it: letters and digits inside become dots."""
    found = text[span.start : span.end]
    shown = _SHOWN if len(found) >= _LONG else 1
    inside = ["•" if each.isalnum() else each for each in found]
    if span.kind in _COUNTS:
        return "".join(inside)
    inside[:shown] = found[:shown]
    return "".join(inside)


def disjoint(spans: Iterable[Span]) -> list[Span]:
    """Spans in the order of the text, of overlapping ones the hard one, of like ones the longest."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.kind in SOFT, each.start - each.end, each.start)):
        place = bisect_left(kept, span)
        is_after = not place or kept[place - 1].end <= span.start
        if is_after and (place == len(kept) or span.end <= kept[place].start):
            kept.insert(place, span)
    return kept
