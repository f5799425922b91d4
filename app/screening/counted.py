"""What a numeral counts: whether a category of the document stands beside it, a thing, or persons."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from app.screening.figures import Figures, plurals
from app.screening.folding import Folded
from app.screening.quantities import Quantity, Tokens, tokens
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
_ABBREVIATED = frozenset(COUNTS["words"]["abbreviated"].split())
_SIGNS, _ASSIGNS = frozenset({"n", "x"}), frozenset("=:\u00d7")
"""What a number stands behind: "(n=3)", "x3", "Eritrea: 3"."""
_SHUTS = frozenset(")]}")
_BRACKETS = _SHUTS | {"(", "[", "{"}
_FARTHEST, _MOST_UNKNOWN, _BACK, _FAR_BACK = 7, 2, 4, 9


@dataclass(frozen=True, slots=True)
class Reading:
    """The words and numerals of a text, and the figures beside which it stands."""

    tokens: Tokens
    figures: Figures
    named: AbstractSet[str]
    """The words of the text with which a category may begin."""

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


def reading(text: Folded, figures: Figures) -> Reading:
    """The words and numerals of a folded text beside figures."""
    read = tokens(text)
    return Reading(read, figures, figures.named(text.words))


class Ahead(NamedTuple):
    """What follows a numeral: the last token of a category, whether a thing is counted, at once or farther on, whether persons are."""

    category: int | None = None
    is_thing: bool = False
    has_person: bool = False
    is_next: bool = False


def ahead(read: Reading, quantity: Quantity) -> Ahead:
    """What a numeral counts by the words after it, an adjective or a noun between: "two young Eritrean women", "dos rutas"."""
    has_person, unknown = False, [0, 0]
    words, gaps, first = read.tokens.words, read.tokens.gaps, quantity.last + 1
    for at in range(first, first + _FARTHEST):
        word = words[at]
        if not (word and gaps[at] == " ") and not _goes_on(read, at):
            break
        if (word in read.named or word in _THINGS) and (counted := _met(read, at, at == first, has_person)) is not None:
            return counted
        has_person |= word in _PERSONS
        unknown[word < "a"] += word not in _PASSED
        if max(unknown) > _MOST_UNKNOWN or _is_led_away(read, at, quantity, has_person):
            break
    return Ahead(has_person=has_person)


def _is_led_away(read: Reading, at: int, quantity: Quantity, has_person: bool) -> bool:
    return _leads_away(read, at, has_person or not quantity.is_article or read.tokens.words[at] in _OF)


def _goes_on(read: Reading, at: int) -> bool:
    return read.is_close(at) or (read.word(at - 1) in _ABBREVIATED and read.gap(at) == ". ")


def _met(read: Reading, at: int, is_next: bool, has_person: bool) -> Ahead | None:
    """What a word after a numeral says is counted, none where it leaves that open."""
    word = read.word(at)
    last = _category(read, at)
    if last is not None:
        return _of_category(read, last, has_person)
    if not has_person and word in _THINGS and (is_next or word not in _BRIDGES):
        return Ahead(is_thing=True, is_next=is_next)
    return None


def _of_category(read: Reading, last: int, has_person: bool) -> Ahead:
    """A category, unless what is counted is a thing of it: "3 Colombian posts"."""
    is_thing = read.is_close(last + 1) and read.word(last + 1) in _COUNTABLE
    return Ahead(None if is_thing else last, is_thing, has_person)


def _leads_away(read: Reading, at: int, may_go_on: bool) -> bool:
    word, after = read.word(at), read.word(at + 1)
    # In Portuguese "no abrigo" is a place.
    return not may_go_on or (word in _TOWARDS and not "0" <= after < "a") or (word == "no" and after in _THINGS)


def behind(read: Reading, quantity: Quantity, following: Ahead) -> int | None:
    """The first token of a category that a numeral follows: "Eritrea: 2", "Eritreans (n=2)", "Somalis this week: just two"."""
    if quantity.is_article or _counts_thing(read, quantity, following):
        return of_them(read, quantity, following)
    last = quantity.first - 1 - (read.word(quantity.first - 1) in _SIGNS)
    is_last = _is_all(read, quantity)
    is_only = is_last and (":" in read.gap(quantity.first) or not _ONLY.isdisjoint((read.word(last), read.word(last - 1))))
    is_signed = _is_signed(read, quantity)
    category = _nearest(read, last, is_only or (is_signed and read.word(last + 1) == "n"))
    return category if category is not None and (is_last or is_signed) else of_them(read, quantity, following)


def of_them(read: Reading, quantity: Quantity, following: Ahead) -> int | None:
    """The first token of a category of which a numeral tells a part, unless a thing stands right after it: "among the Eritreans, only two"."""
    if quantity.is_article or following.is_next:
        return None
    begun = quantity.first - (read.word(quantity.first - 1) in _ONLY)
    category = _nearest(read, begun - 1, is_only=False)
    return category if category is not None and _is_of_them(read, category, begun) else None


def _counts_thing(read: Reading, quantity: Quantity, following: Ahead) -> bool:
    """Whether a thing after a numeral is what it counts: no bracket parts them, and no sign says that it belongs to what stands before."""
    is_of_before = not _SHUTS.isdisjoint(read.gap(quantity.last + 1)) or (_is_signed(read, quantity) and not following.is_next)
    return following.is_thing and not is_of_before


def _is_signed(read: Reading, quantity: Quantity) -> bool:
    """Whether a numeral stands behind a sign of how many: "n: 3", "x3", "= 3"."""
    return read.word(quantity.first - 1) == "x" or not _ASSIGNS.isdisjoint(read.gap(quantity.first))


def _nearest(read: Reading, last: int, is_only: bool) -> int | None:
    """The first token of the category nearest before a place; where the numeral stands alone, it may stand far off."""
    unknown = -1
    for at in range(last, last - (_FAR_BACK if is_only else _BACK), -1):
        if not read.is_close(at + 1, ENDS) and not _is_shortened(read, at):
            return None
        category = _category(read, at)
        if category is not None and (is_only or category >= unknown):
            return at
        if read.word(at) not in _BACKWARDS:
            unknown = max(unknown, at)
    return None


def _is_shortened(read: Reading, at: int) -> bool:
    """Whether the full stop after a word is of an abbreviated category: "Mujs.: 3"."""
    gap = read.gap(at + 1)
    return gap.startswith(".") and ENDS.isdisjoint(gap[1:]) and read.word(at) in read.figures.shortened


def _is_of_them(read: Reading, category: int, numeral: int) -> bool:
    """Whether a part of a category is told: "of the men, 3 went on", "among the Afghan men, 3"."""
    before = category - 1
    first = category - (read.is_close(category) and (is_person(read.word(before)) or _category(read, before) == before))
    return "," in read.gap(numeral) and read.word(first - 1) in _BRIDGES | _PART_OF and read.is_close(first)


def counts(read: Reading, at: int) -> bool:
    """Whether an article before a place counts: right before a person, or one of a category."""
    if read.word(at) in _OF:
        at += 1 + (read.word(at + 1) in _OF)
    return read.is_close(at) and (is_person(read.word(at)) or _category(read, at) is not None)


def is_person(word: str) -> bool:
    """Whether a word names persons, of whatever kind."""
    return word in _PERSONS


def _is_all(read: Reading, quantity: Quantity) -> bool:
    """Whether a numeral counts nothing that follows it, or what was spoken of before."""
    at = quantity.last + 1
    at += read.word(at) == "x" and not read.gap(at)
    word = read.word(at)
    return not read.is_close(at, BREAKS | _BRACKETS) or word in _SAYS or word in _JOINS or is_person(word)


def _category(read: Reading, at: int) -> int | None:
    """The last token of the category that begins at a token, also of an abbreviated one."""
    words = read.tokens.words
    if words[at] not in read.named:
        return None
    for phrase in read.figures.by_first.get(words[at], ()):
        end = at + len(phrase)
        if words[at + 1 : end] == phrase[1:] and all(map(read.is_close, range(at + 1, end))):
            return end - 1
    return at if words[at] in read.figures.shortened and read.gap(at + 1).startswith(".") else None
