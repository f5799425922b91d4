"""Words by which a text announces what follows: a passport, a plate, a birth date, a telephone, a dwelling; es, pt, en."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from app.screening.folding import Folded, plain
from app.screening.spans import Kind
from app.screening.words import WORDS

CUES: Mapping[str, Kind] = {word: Kind(kind) for kind, words in WORDS["cues"].items() for word in words}
PUBLIC = frozenset(WORDS["telephones"]["public"])
"""Words of numbers that are meant to be called by anyone."""
OWN_PHONE = frozenset(WORDS["telephones"]["own"])
"""Words of a telephone that somebody carries: no line for the public has them."""


def _by_first() -> Mapping[str, list[tuple[frozenset[str], str]]]:
    found: dict[str, list[tuple[frozenset[str], str]]] = {}
    for phrase in sorted(CUES, key=len, reverse=True):
        words = phrase.split()
        found.setdefault(words[0], []).append((frozenset(map(plain, words)), phrase))
    return found


_PHRASES = _by_first()
_FIRSTS = {bare: [first for first in _PHRASES if plain(first) == bare] for bare in map(plain, _PHRASES)}
"""The first words of phrases by what they are without accents."""
_BARE_FIRSTS = frozenset(_FIRSTS)


@cache
def _rule(phrase: str) -> re.Pattern[str]:
    """The rule for one of the cues; made when a text first holds its words, for most are never met."""
    return re.compile(r"[\W_]{1,3}".join(map(re.escape, phrase.split())) + r"(?![^\W_])")


class Cue(NamedTuple):
    """A word that announces something, and where it ends."""

    kind: Kind
    start: int
    end: int


def cues(text: Folded) -> list[Cue]:
    """The cues of a folded text in its order; none that stands within a longer one."""
    found: list[Cue] = []
    firsts = (first for bare in _BARE_FIRSTS & text.words for first in _FIRSTS[bare])
    for cue in sorted((each for first in firsts for each in _begun(text, first)), key=lambda each: each.start):
        if not found or cue.end > found[-1].end:
            found.append(cue)
    return found


def _begun(text: Folded, first: str) -> Iterator[Cue]:
    rules = [(_rule(phrase), CUES[phrase]) for words, phrase in _PHRASES[first] if words <= text.words]
    for start in text.places(first) if rules else ():
        for rule, kind in rules:
            found = rule.match(text.small, start)
            if found:
                yield Cue(kind, start, found.end())
                break


def windows(announced: Sequence[Cue], kind: Kind, before: int, after: int) -> Iterator[tuple[int, int]]:
    """What stands within reach of the cues of one kind, nothing of it twice: however many cues, a text is read once."""
    reach: tuple[int, int] | None = None
    for cue in announced:
        if cue.kind is not kind:
            continue
        start, end = max(cue.start - before, 0), cue.end + after
        if reach is not None and start > reach[1]:
            yield reach
            reach = None
        reach = (start if reach is None else reach[0], end)
    if reach is not None:
        yield reach
