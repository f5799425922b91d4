"""What a numeral counts: whether a category of the document stands beside it, a thing, or persons."""

from dataclasses import dataclass
from typing import NamedTuple

from app.screening.figures import Figures, plurals
from app.screening.quantities import Quantity, Tokens
from app.screening.words import COUNTS

_JOINS, _PERSONS, _BRIDGES, _SAYS, _TOWARDS, _PART_OF = (
    frozenset(COUNTS["words"][name].split()) for name in ("joins", "persons", "bridges", "says", "towards", "part_of")
)
_THINGS = frozenset(form for thing in COUNTS["words"]["things"].split() for form in plurals(thing)) - _PERSONS
_COUNTABLE = _THINGS - _BRIDGES
_PASSED = _PERSONS | _BRIDGES | _JOINS
_BACKWARDS = _PERSONS | _BRIDGES | _SAYS | {"m", "f"}
BREAKS, ENDS = frozenset(".;:,!?|\n\t"), frozenset(".;!?|\n\t")
_ONLY = frozenset(COUNTS["words"]["only"].split())
_OF = frozenset({"de", "das", "dos", "of", "las", "los", "the"})
_ABBREVIATED = frozenset({"fem", "masc", "nac"})
_SIGNS, _ASSIGNS = frozenset({"n", "x"}), frozenset("=:")
"""What a number stands behind: "(n=3)", "x3", "Eritrea: 3"."""
_FARTHEST, _MOST_UNKNOWN, _BACK, _FAR_BACK = 7, 2, 4, 9


@dataclass(frozen=True, slots=True)
class Reading:
    """The words and numerals of a text, and the figures beside which it stands."""

    tokens: Tokens
    figures: Figures

    def word(self, at: int) -> str:
        """The word at a place, none beyond the ends."""
        return self.tokens.words[at]

    def gap(self, at: int) -> str:
        """What stands between a token and the one before it."""
        return self.tokens.gaps[at]

    def is_close(self, at: int, breaks: frozenset[str] = BREAKS) -> bool:
        """Whether a token is there and nothing parts it from the one before it."""
        if at <= 0 or not self.tokens.words[at]:
            return False
        gap = self.tokens.gaps[at]
        return gap == " " or breaks.isdisjoint(gap)


class Ahead(NamedTuple):
    """What follows a numeral: the last token of a category, whether a thing is counted, whether persons are."""

    category: int | None = None
    is_thing: bool = False
    has_person: bool = False


def ahead(read: Reading, quantity: Quantity) -> Ahead:
    """What a numeral counts by the words after it, an adjective or a noun between: "two young Eritrean women", "dos rutas"."""
    has_person, letters, digits = False, 0, 0
    words, first = read.tokens.words, quantity.last + 1
    for at in range(first, first + _FARTHEST):
        if not read.is_close(at) and not (words[at - 1] in _ABBREVIATED and read.gap(at) == ". "):
            break
        word = words[at]
        last = _category(read, at) if word in read.figures.by_first else None
        if last is not None:
            return _of_category(read, last, has_person)
        has_person = has_person or word in _PERSONS
        if not has_person and word in _THINGS and (at == first or word not in _BRIDGES):
            return Ahead(is_thing=True)
        if word not in _PASSED:
            letters, digits = (letters, digits + 1) if word < "a" else (letters + 1, digits)
        if letters > _MOST_UNKNOWN or digits > _MOST_UNKNOWN or _leads_away(read, at, has_person or not quantity.is_article or word in _OF):
            break
    return Ahead(has_person=has_person)


def _of_category(read: Reading, last: int, has_person: bool) -> Ahead:
    """A category, unless what is counted is a thing of it: "3 Colombian posts"."""
    is_thing = read.is_close(last + 1) and read.word(last + 1) in _COUNTABLE
    return Ahead(None if is_thing else last, is_thing, has_person)


def _leads_away(read: Reading, at: int, may_go_on: bool) -> bool:
    word, after = read.word(at), read.word(at + 1)
    # In Portuguese "no abrigo" is a place.
    return not may_go_on or (word in _TOWARDS and not "0" <= after < "a") or (word == "no" and after in _THINGS)


def behind(read: Reading, quantity: Quantity) -> int | None:
    """The first token of a category that a numeral follows: "Eritrea: 2", "Eritreans (n=2)", "Somalis this week: just two"."""
    if quantity.is_article:
        return None
    last = quantity.first - 1 - (read.word(quantity.first - 1) in _SIGNS)
    is_last = _is_all(read, quantity.last + 1)
    is_all = is_last or not _ASSIGNS.isdisjoint(read.gap(quantity.first))
    is_only = is_last and (":" in read.gap(quantity.first) or not _ONLY.isdisjoint((read.word(last), read.word(last - 1))))
    unknown = -1
    for at in range(last, last - (_FAR_BACK if is_only else _BACK), -1):
        if not read.is_close(at + 1, ENDS):
            return None
        category = _category(read, at)
        if category is not None and (is_only or category >= unknown):
            return at if is_all or _is_of_them(read, at, quantity.first) else None
        if read.word(at) not in _BACKWARDS:
            unknown = max(unknown, at)
    return None


def _is_of_them(read: Reading, category: int, numeral: int) -> bool:
    """Whether a part of a category is told: "of the men, 3 went on"."""
    return "," in read.gap(numeral) and read.word(category - 1) in _BRIDGES | _PART_OF and read.is_close(category)


def counts(read: Reading, at: int) -> bool:
    """Whether an article before a place counts: right before a person, or one of a category."""
    if read.word(at) in _OF:
        at += 1 + (read.word(at + 1) in _OF)
    return read.is_close(at) and (is_person(read.word(at)) or _category(read, at) is not None)


def is_person(word: str) -> bool:
    """Whether a word names persons, of whatever kind."""
    return word in _PERSONS


def _is_all(read: Reading, at: int) -> bool:
    """Whether the numeral before a place counts nothing that follows it, or what was spoken of before."""
    word = read.word(at)
    return not read.is_close(at, BREAKS | {"(", ")"}) or word in _SAYS or word in _JOINS or is_person(word)


def _category(read: Reading, at: int) -> int | None:
    """The last token of the category that begins at a token."""
    words = read.tokens.words
    for phrase in read.figures.by_first.get(words[at], ()):
        end = at + len(phrase)
        if words[at + 1 : end] == phrase[1:] and all(map(read.is_close, range(at + 1, end))):
            return end - 1
    return None
