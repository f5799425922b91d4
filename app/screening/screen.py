"""The door for free text: what each text holds that names one person, and what only the texts together hold (guarantees 2)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from app.screening.columns import columns
from app.screening.contacts import contacts
from app.screening.cues import cues
from app.screening.folding import Folded, folded
from app.screening.names import names
from app.screening.numbers import numbers
from app.screening.places import places
from app.screening.spans import Kind, Span, disjoint, masked

MOST_FINDINGS = 100
"""Findings of one document that are told; whoever sent more must look at all of it anyway."""


@dataclass(frozen=True)
class Found:
    """What stands at one place: the pointer of the text (RFC 6901), offset and length there, its kind, and an excerpt with dots for letters."""

    pointer: str
    offset: int
    length: int
    kind: Kind
    excerpt: str

    @property
    def is_hard(self) -> bool:
        """Whether the document is refused for it rather than held."""
        return self.kind is not Kind.NAME


@dataclass(frozen=True)
class Vocabulary:
    """What the rules are told: words of places, institutions and the field in small letters, and contacts that anyone may know."""

    known: Collection[str] = frozenset()
    allowed: Callable[[Kind, str], bool] = field(default=lambda _kind, _text: False)


def screened(texts: Mapping[str, str], vocabulary: Vocabulary) -> list[Found]:
    """Every hard and soft finding of a document's texts by pointer, in their order; then what only shows when they are read as one."""
    found = [each for pointer, text in texts.items() for each in _screened(pointer, text, vocabulary)]
    alone = {(each.pointer, each.offset) for each in found}
    joined = {(each.pointer, each.offset): each for each in _joined(texts, vocabulary)}
    return [*found, *(each for place, each in joined.items() if place not in alone)][:MOST_FINDINGS]


def _screened(pointer: str, text: str, vocabulary: Vocabulary) -> Iterator[Found]:
    reading = folded(text)
    for span in spans(reading.text, vocabulary):
        start, end = reading.offsets[span.start], reading.offsets[span.end]
        yield Found(pointer, start, end - start, span.kind, masked(text, Span(start, end, span.kind)))


def spans(text: str, vocabulary: Vocabulary) -> list[Span]:
    """What a folded text holds, none of it overlapping; what the allow-list names is left out."""
    announced = list(cues(text))
    hard: Iterable[Span] = [*contacts(text), *numbers(text, announced), *places(text, announced), *columns(text)]
    all_found = [*hard, *names(text, vocabulary.known, announced)]
    return disjoint(each for each in all_found if not vocabulary.allowed(each.kind, text[each.start : each.end]))


def _joined(texts: Mapping[str, str], vocabulary: Vocabulary) -> Iterator[Found]:
    """Hard findings over the seam of two texts: an identifier that was split over fields, cells or names of files."""
    for (first, before), (_, after) in _neighbours(texts):
        for glue in ("", " "):
            reading = _seam(before, after, glue)
            yield from _over(first, len(before) - len(before[-_SEAM:]), len(before[-_SEAM:]), reading, vocabulary)


_SEAM = 80


def _neighbours(texts: Mapping[str, str]) -> Sequence[tuple[tuple[str, str], tuple[str, str]]]:
    return list(pairwise(texts.items()))


def _seam(before: str, after: str, glue: str) -> Folded:
    return folded(f"{before[-_SEAM:]}{glue}{after[:_SEAM]}")


def _over(pointer: str, cut: int, seam: int, reading: Folded, vocabulary: Vocabulary) -> Iterator[Found]:
    for span in spans(reading.text, vocabulary):
        start, end = reading.offsets[span.start], reading.offsets[span.end]
        if span.is_hard and start < seam < end:
            yield Found(pointer, cut + start, seam - start, span.kind, "•" * (seam - start))
