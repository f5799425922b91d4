"""The door for free text: what each text holds that names one person, and what only the texts together hold (guarantees 2)."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, islice
from typing import NamedTuple

from app.screening.columns import columns
from app.screening.contacts import contacts
from app.screening.cues import Cue, cues
from app.screening.figures import Figures
from app.screening.folding import Folded, folded
from app.screening.names import Sort, names, sorter
from app.screening.numbers import numbers
from app.screening.numerals import numerals
from app.screening.places import places
from app.screening.sexes import by_sex
from app.screening.spans import MOST_FINDINGS, SOFT, Kind, Span, disjoint, masked
from app.screening.streets import streets
from app.screening.vehicles import vehicles


class Found(NamedTuple):
    """What stands at one place: the pointer of the text (RFC 6901), offset and length there, its kind, and an excerpt with dots for letters."""

    pointer: str
    offset: int
    length: int
    kind: Kind
    excerpt: str

    @property
    def is_hard(self) -> bool:
        """Whether the document is refused for it rather than held."""
        return self.kind not in SOFT


@dataclass(frozen=True)
class Vocabulary:
    """What the rules are told: words of places, institutions and the field in small letters, and contacts that anyone may know."""

    known: Collection[str] = frozenset()
    allowed: Callable[[Kind, str], bool] = field(default=lambda _kind, _text: False)


class _Waiting(NamedTuple):
    """How what only waits is looked for in a text: what capitalised words are taken for, and how much of each kind at most."""

    sort: Callable[[str], Sort]
    most: int


_SPARE = 20


def screened(texts: Mapping[str, str], vocabulary: Vocabulary, figures: Figures | None = None) -> list[Found]:
    """Every hard and soft finding of a document's texts by pointer, in their order; then what only shows when they are read as one.

    At most `MOST_FINDINGS`, hard ones before soft ones where there are more: a list of that length may not be all.
    """
    sort = sorter(vocabulary.known)
    found: list[Found] = []
    for pointer, text in texts.items():
        # Of what only waits no more is told than that many: it need not be looked for, but some may overlap.
        more = MOST_FINDINGS - sum(not each.is_hard for each in found)
        found += _screened(pointer, text, vocabulary, figures, _Waiting(sort, min(2 * more + _SPARE, MOST_FINDINGS) if more > 0 else 0))
    alone = {(each.pointer, each.offset) for each in found if each.is_hard}
    joined = {(each.pointer, each.offset): each for each in _joined(texts, vocabulary)}
    found += [each for place, each in joined.items() if place not in alone]
    if len(found) > MOST_FINDINGS:
        found.sort(key=lambda each: not each.is_hard)
    return found[:MOST_FINDINGS]


def holds_identifier(texts: Mapping[str, str], vocabulary: Vocabulary) -> bool:
    """Whether `screened` would tell of anything hard: for whoever takes a document or leaves it, and asks no more."""
    return any(_hard(folded(text), vocabulary) for text in texts.values()) or any(True for _ in _joined(texts, vocabulary))


def _screened(pointer: str, text: str, vocabulary: Vocabulary, figures: Figures | None, waiting: _Waiting) -> Iterator[Found]:
    reading = folded(text)
    for span in _spans(reading, vocabulary, figures, waiting):
        start, end = reading.offsets[span.start], reading.offsets[span.end]
        yield Found(pointer, start, end - start, span.kind, masked(text, Span(start, end, span.kind)))


def _spans(text: Folded, vocabulary: Vocabulary, figures: Figures | None, waiting: _Waiting) -> list[Span]:
    """What a folded text holds, none of it overlapping; what the allow-list names is left out."""
    announced = cues(text)
    hard = _identifiers(text, vocabulary, announced)
    counted = _counted(text, figures, waiting.most if figures.is_bulletin else 0) if figures else ()
    likely = names(text, vocabulary.known, announced, waiting.sort) if waiting.most else ()
    named = (each for each in likely if not _passes(text, vocabulary, each))
    return disjoint([*hard, *counted, *islice(named, waiting.most)])


def _counted(text: Folded, figures: Figures, most: int) -> Iterator[Span]:
    return chain(numerals(text, figures, most), by_sex(text, figures.k))


def _hard(text: Folded, vocabulary: Vocabulary) -> list[Span]:
    # The look that most texts end with comes before that for words.
    return _identifiers(text, vocabulary, cues(text)) if text.may_hold_identifiers else []


def _identifiers(text: Folded, vocabulary: Vocabulary, announced: Sequence[Cue]) -> list[Span]:
    """The hard findings that no sentence's meaning is needed for; not many more than are told."""
    if not text.may_hold_identifiers:
        return []
    found = chain(contacts(text), numbers(text, announced), places(text, announced), streets(text), vehicles(text), columns(text))
    return list(islice((each for each in found if not _passes(text, vocabulary, each)), 2 * MOST_FINDINGS))


def _passes(text: Folded, vocabulary: Vocabulary, span: Span) -> bool:
    """Whether anyone may write this: judged as it was sent, for what only looks like an institution's address is another one's."""
    return vocabulary.allowed(span.kind, text.as_sent(span.start, span.end))


_SEAM, _ANNOUNCED = 80, 40
"""Characters on each side of where two texts meet: no identifier is longer; and how far after it a word before it may reach."""


def _joined(texts: Mapping[str, str], vocabulary: Vocabulary) -> Iterator[Found]:
    """Hard findings over the seams of texts: an identifier, or it and its word, split over fields, cells or names of files."""
    if len(texts) == 1:
        return
    for glue in ("", " "):
        whole = glue.join(texts.values())
        starts = list(accumulate((len(text) + len(glue) for text in texts.values()), initial=0))
        seams = [start - len(glue) for start in starts[1:-1]]
        fields = list(zip(texts, starts, strict=False))
        for begin, end in _regions(seams, len(whole)):
            yield from _over(whole[begin:end], begin, seams, fields, vocabulary)


def _regions(seams: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    """The surroundings of the seams, nothing of them twice."""
    begin = end = 0
    for seam in seams:
        if seam - _SEAM > end:
            if end:
                yield begin, end
            begin = seam - _SEAM
        end = min(seam + _SEAM, size)
    if end:
        yield begin, end


def _over(part: str, begin: int, seams: Sequence[int], fields: Sequence[tuple[str, int]], vocabulary: Vocabulary) -> Iterator[Found]:
    reading = folded(part)
    for span in _hard(reading, vocabulary):
        start, end = begin + reading.offsets[span.start], begin + reading.offsets[span.end]
        pointer, at = fields[bisect_right(fields, start, key=lambda each: each[1]) - 1]
        place = bisect_right(seams, start)
        last = min(seams[place], end) if place < len(seams) else end
        # Over a seam, or right after one: the word that announces it may stand before.
        if last < end or 0 < at <= start <= at + _ANNOUNCED:
            yield Found(pointer, start - at, last - start, span.kind, "•" * (last - start))
