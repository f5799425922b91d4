"""Words by which a text announces what follows: a passport, a plate, a birth date, a telephone, a dwelling; es, pt, en."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.screening.spans import Kind
from app.screening.words import WORDS

CUES: Mapping[str, Kind] = {word: Kind(kind) for kind, words in WORDS["cues"].items() for word in words}
PUBLIC = frozenset(WORDS["telephones"]["public"])
"""Words of numbers that are meant to be called by anyone."""
OWN_PHONE = frozenset(WORDS["telephones"]["own"])
"""Words of a telephone that somebody carries: no line for the public has them."""
_WORD = re.compile(r"[^\W_]+")


def _by_first() -> Mapping[str, list[tuple[re.Pattern[str], Kind]]]:
    found: dict[str, list[tuple[re.Pattern[str], Kind]]] = {}
    for phrase in sorted(CUES, key=len, reverse=True):
        rule = re.compile(r"[\W_]{1,3}".join(map(re.escape, phrase.split())) + r"(?![^\W_])")
        found.setdefault(phrase.split()[0], []).append((rule, CUES[phrase]))
    return found


_PHRASES = _by_first()


@dataclass(frozen=True)
class Cue:
    """A word that announces something, and where it ends."""

    kind: Kind
    start: int
    end: int


def cues(text: str) -> Iterator[Cue]:
    """The cues of a folded text in its order, of those that begin at one word the longest."""
    small = text.lower()
    if len(small) != len(text):
        small = "".join(each.lower()[:1] for each in text)
    for word in _WORD.finditer(small):
        for rule, kind in _PHRASES.get(word[0], ()):
            found = rule.match(small, word.start())
            if found:
                yield Cue(kind, found.start(), found.end())
                break
