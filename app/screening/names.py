"""Name-like spans: rules find some of them, no more; whatever looks like a person waits for a second one who reads it (guarantees 2)."""

import re
from collections.abc import Collection, Iterator, Sequence

from app.screening.cues import Cue
from app.screening.spans import Kind, Span

_CAPITAL = r"[A-ZÁÉÍÓÚÂÊÔÃÕÇÑÜ]"
_WORD = rf"(?:{_CAPITAL}[\w'\u2019]{{1,24}}|{_CAPITAL}\.)"
_LINK = r"(?:de|da|do|dos|das|del|la|los|las|y|e|al|el|bin|ibn|van|von|abu)"
_SEQUENCE = re.compile(rf"\b{_WORD}(?:[ \-](?:{_LINK} ){{0,2}}{_WORD}){{1,4}}")
_SINGLE = re.compile(rf"[ ,:.]{{1,3}}[\"'«“]?\b{_WORD}(?:[ \-](?:{_LINK} ){{0,2}}{_WORD}){{0,4}}")


def names(text: str, known: Collection[str], announced: Sequence[Cue]) -> Iterator[Span]:
    """Runs of capitalised words that no vocabulary knows; after a word like "alias" already one such word.

    `known` are words in small letters that stand in names of places, institutions, States, months, and of what conferences speak of.
    """
    for found in _SEQUENCE.finditer(text):
        if not _has_known(found[0], known) and not _begins_sentence(text, found):
            yield Span(found.start(), found.end(), Kind.NAME)
    for cue in announced:
        single = _SINGLE.match(text, cue.end) if cue.kind is Kind.NAME else None
        if single and not _has_known(single[0], known):
            yield Span(single.start(), single.end(), Kind.NAME)


def _has_known(found: str, known: Collection[str]) -> bool:
    words = re.findall(r"[^\W\d_]{2,}", found)
    return any(word.lower() in known for word in words)


def _begins_sentence(text: str, found: re.Match[str]) -> bool:
    """Whether the run is only a sentence's first word before one capitalised word: "El Tapón", "Según Panamá"."""
    before = text[: found.start()].rstrip(" \"'«“(")
    starts = not before or before[-1] in ".:;!?\n"
    return starts and len(found[0].split()) == 2 and len(found[0].split()[0]) <= 3  # noqa: PLR2004
