"""Numerals in a text: in digits and in words of es, pt and en, each with its value, and whether it is a date or a mark rather than a number."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, compress, count
from operator import itemgetter
from typing import NamedTuple

from app.screening.folding import Folded, plain
from app.screening.places import MONTHS, ROMAN
from app.screening.words import COUNTS

_VALUES = {word: int(value) for value, words in COUNTS["values"].items() for word in words}
_GROUPS = {word: int(value) for value, words in COUNTS["groups"].items() for word in words}
_ALONE = frozenset(COUNTS["words"]["alone"].split())
_NOUNS = frozenset(COUNTS["words"]["nouns"].split())
_NOUN_ENDS = tuple(COUNTS["words"]["noun_ends"].split())
_RATES = frozenset(COUNTS["words"]["rates"].split())
_PORTUGUESE = frozenset(COUNTS["words"]["portuguese"].split())
_SUFFIXES = frozenset(COUNTS["words"]["suffixes"].split())
CITES = frozenset(COUNTS["words"]["cites"].split())
"""Right after these a numeral names something."""
ARTICLES = frozenset(COUNTS["words"]["articles"].split())
_LONE = frozenset({"single", "lone", "solitary"})
WORDS_OF_QUANTITY = frozenset(_VALUES.keys() | _GROUPS.keys() | ARTICLES | _LONE)
_MULTIPLIERS = frozenset(
    {"hundred", "mil", "miles", "thousand", "million", "millions", "millon", "millones", "milhao", "milhoes", "docena", "duzia", "dozen"}
)
_JOINERS = frozenset({"y", "e", "and"})
_SINGLE = ARTICLES | _GROUPS.keys() | _LONE
_COMPOSING = _JOINERS | _VALUES.keys()
_STIRRING = _COMPOSING | frozenset(f"{COUNTS['words']['persons']} {COUNTS['words']['percents']}".split())

_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_SUFFIX, _LIST = "(?:st|nd|rd|th|º|°|ro)?", r"(?:, ?| ?- ?|/| (?:y|e|and|to|a|al|o|or|ou) (?:el |the |o )?)"
# Where a numeral begins.
_DATE = re.compile(
    r"\d(?:(?=\d{0,5}[-/.:])(?:\d{3}-(?:w\d{1,2}|q[1-4]|\d{2}(?:-\d{2})?)|\d?[/.\-]\d{1,2}[/.\-]\d{2,4}|\d?:\d{2}|\d{0,5}/(?:19|20)\d{2}(?:-\d{1,3})?"
    rf"|\d?[-./]{ROMAN}[-./]\d{{2,4}}|(?:(?<=1)9|(?<=2)0)\d{{2}}[-/]\d{{2,7}})|\d?(?!\d){_SUFFIX}(?:{_LIST}\d{{1,2}}{_SUFFIX}){{0,4}} (?:de |do |of )?(?:{MONTHS})\b(?:,? (?:de |del |of )?\d{{4}})?)"
)
_IN_DATE = frozenset("-/.:") | {f"°{sign}" for sign in ("", " ", ",", ", ", "-", " -", "- ", " - ", "/")}
_MONTHS = frozenset(f"{plain(MONTHS)}|st|nd|rd|th|ro".split("|"))
"""What follows the numeral of a day, with what an ordinal ends with."""
_JOINING, _BEFORE_DAYS, _OF_MONTHS = (frozenset(each.split("|")) for each in ("y|e|and|to|a|al|o|or|ou", "el|the|o", "de|do|of"))
_WITHIN, _PERCENT, _HALVES, _HOURS = (frozenset(each.split("|")) for each in (" |-", "ciento|cento", "am|pm", "am|pm|a|p"))
_MARKS_BEFORE, _MARKS_AFTER = frozenset("#$€£°'\"_"), frozenset("°º'\"_")
_PLAIN_BEFORE, _PLAIN_AFTER = frozenset(" (\n"), frozenset(" .,;:)%-\n")
"""Between these a numeral is no part of a mark."""


class _Language(NamedTuple):
    """Words and ends of words that only one language has: without accents, for a first look, and as they are spelt."""

    words: frozenset[str]
    ends: tuple[str, ...]
    spelt: re.Pattern[str]

    def is_in(self, text: Folded) -> bool:
        """Whether a text holds any of them."""
        is_likely = not self.words.isdisjoint(text.words) or any(word.endswith(self.ends) for word in text.words)
        return is_likely and self.spelt.search(text.small) is not None


def _language(words: str, ends: str) -> _Language:
    rules = [r"(?<![^\W\d_])" + word for word in words.split()] + ends.split()
    return _Language(frozenset(plain(words).split()), tuple(plain(ends).split()), re.compile(rf"(?:{'|'.join(rules)})(?![^\W\d_])"))


_SPANISH = _language(COUNTS["words"]["spanish"], "")
_CASTILIAN = _language(COUNTS["words"]["castilian"], COUNTS["words"]["castilian_ends"])
_CASTILIAN_WORDS = _language(COUNTS["words"]["castilian"], "")
_PORTUGUESE_ENDS = _language("", COUNTS["words"]["portuguese_ends"])
_PARTING = frozenset("\n\t;!?|")
_AROUND = 8
"""Empty words after the last and, as Python counts backwards, before the first: no look around a numeral goes farther."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words (small, without accents) and numerals in digits of a text: what they are, and what stands before each.

    Some empty words follow the last, so that a look beyond either end finds none.
    """

    text: Folded
    words: Sequence[str]
    gaps: Sequence[str]
    values: dict[str, int]
    """What each numeral in digits says; -1 where it has a fraction."""


class Quantity(NamedTuple):
    """A numeral: its first and last token, its value, -1 where it has a fraction; "un", "una", "um", "uma" are articles too."""

    first: int
    last: int
    value: int
    is_article: bool = False


def tokens(text: Folded) -> Tokens:
    """The words and numerals of a folded text in their order."""
    words = [*text.tokens, *[""] * _AROUND]
    values = {word: _value(word) for word in text.numerals}
    return Tokens(text, words, text.parts[0::2], values)


def quantities(text: Folded, read: Tokens, quiet: Collection[str], within: Iterable[tuple[int, int]]) -> Iterator[Quantity]:
    """The numerals of a text in its order, but dates, times, references, amounts of money, ordinals and measures.

    `quiet` are numerals in digits that are passed over where nothing beside them makes another number of them, a share or persons;
    `within` are the stretches of tokens that are looked at.
    """
    reached = -1
    words, gaps, values = read.words, read.gaps, _VALUES | read.values
    for at in _places(text, read, quiet, within):
        if at <= reached:
            continue
        word, after = words[at], words[at + 1]
        if word in ARTICLES:
            reached = at + (after in _ALONE)
            yield Quantity(at, reached, 1, is_article=True)
        elif word in _SINGLE:
            yield from _single(read, at)
        elif word not in _PERCENT or words[at - 1] != "por":
            reached, value = _whole(read, at, values[word], after)
            if _is_plain(gaps, at, after) or not _is_apart(text, read, at):
                yield Quantity(at, reached, value)


def _is_plain(gaps: Sequence[str], at: int, after: str) -> bool:
    """Whether nothing stands beside a numeral that could make a time, an amount or a mark of it."""
    return gaps[at][-1:] in _PLAIN_BEFORE and gaps[at + 1][:1] in _PLAIN_AFTER and after not in _HOURS


def _single(read: Tokens, at: int) -> Iterator[Quantity]:
    """One word that tells how many by itself: "a pair"; "lone" only in "a lone"."""
    word = read.words[at]
    is_lone = word in _LONE
    if not is_lone or read.words[at - 1] == "a":
        yield Quantity(at - is_lone, at, _GROUPS.get(word, 1), is_lone)


def _whole(read: Tokens, at: int, value: int, after: str) -> tuple[int, int]:
    """The last token of the numeral that begins at one with a value, and the value of all of it."""
    if after in _COMPOSING:
        return _composed(read, at)
    return _grouped(read, at, value) if _is_group(read, at + 1) else (at, value)


def _places(text: Folded, read: Tokens, quiet: Collection[str], within: Iterable[tuple[int, int]]) -> Iterator[int]:
    """The tokens that may be a numeral which tells something, or a part of one; none of a date or time."""
    words, values = read.words, read.values
    wanted = (values.keys() | WORDS_OF_QUANTITY) - _silent(text, read)
    dotted, dated = _dotted(values), 0
    for at in chain.from_iterable(compress(count(begin), map(wanted.__contains__, words[begin:end])) for begin, end in within):
        if at < dated:
            continue
        after = words[at + 1]
        date = _DATE.match(text.small, text.starts[at]) if _may_be_dated(read, at, dotted) else None
        if date:
            dated = bisect_left(text.starts, date.end(), at)
        elif after in _STIRRING or after in values or _tells(read, at, quiet):
            yield at


def _may_be_dated(read: Tokens, at: int, dotted: Collection[str]) -> bool:
    """Whether a date may begin here: a quick look at what stands after it, before the rule itself."""
    word = read.words[at]
    return read.gaps[at + 1] in _IN_DATE or (len(word) <= _OF_A_DAY and _may_be_day(read, at, read.words[at + 1])) or word in dotted


def _may_be_day(read: Tokens, at: int, after: str) -> bool:
    """Whether a month, or another day, stands after a numeral."""
    following = read.words[at + 2]
    if after in _JOINING:
        return following in read.values or (following in _BEFORE_DAYS and read.words[at + 3] in read.values) or not read.gaps[at + 1]
    return after in read.values or after in _MONTHS or (after in _OF_MONTHS and following in _MONTHS)


def stretches(read: Tokens, named: AbstractSet[str]) -> Iterator[tuple[int, int]]:
    """The stretches of tokens that are parted from the others by a line's end or the like, of those that hold one of some words.

    No number, date or count reaches over such a mark, but an article before it: hence each with the token before it.
    """
    parting = {gap for gap in set(read.gaps) if not _PARTING.isdisjoint(gap)}
    cuts = [0, *compress(count(), map(parting.__contains__, read.gaps)), len(read.words)]
    reached = 0
    for at in compress(count(), map(named.__contains__, read.words)):
        if at >= reached:
            after = bisect_right(cuts, at)
            begin, reached = max(cuts[after - 1] - 1, reached), cuts[after]
            yield begin, reached


def _dotted(values: Mapping[str, int]) -> set[str]:
    return {word for word in values if word.count(".") > 1}


def _tells(read: Tokens, at: int, quiet: Collection[str]) -> bool:
    """Whether a numeral that stands alone tells something: it is no quiet one and no mark's, or it is a share."""
    words, gaps = read.words, read.gaps
    if words[at] not in quiet and (gaps[at] != " " or words[at - 1] not in CITES or words[at] >= "a"):
        return True
    return words[at - 1] in _RATES or words[at + 2] in _RATES or "%" in gaps[at + 1]


def is_within(parts: Sequence[tuple[int, int]], place: int) -> bool:
    """Whether a place is in one of some parts of a text, which are in its order."""
    after = bisect_right(parts, place, key=itemgetter(0)) if parts else 0
    return after > 0 and place < parts[after - 1][1]


def _silent(text: Folded, read: Tokens) -> frozenset[str]:
    """The words that are numerals in Spanish only: "once" where no other word is Spanish, "dos" where the text is Portuguese."""
    once = {"once"} if "once" in text.words and not _SPANISH.is_in(text) else set()
    return frozenset(once | {"dos"} if "dos" in text.words and (_is_portuguese(text) or _is_of_them(text, read)) else once)


def _is_of_them(text: Folded, read: Tokens) -> bool:
    """Whether "dos" stands in a short text after words of which it is the genitive in Portuguese, and nothing is Spanish."""
    before = (read.words[at - 1] for at, word in enumerate(read.words) if word == "dos")
    is_of_nouns = all(word in _NOUNS or word.endswith(_NOUN_ENDS) for word in before)
    return is_of_nouns and not _CASTILIAN_WORDS.is_in(text)


def _is_portuguese(text: Folded) -> bool:
    """Whether a text tells its language by words of Portuguese and holds none of Spanish."""
    return not _CASTILIAN.is_in(text) and (not _PORTUGUESE.isdisjoint(text.words) or _PORTUGUESE_ENDS.is_in(text))


def is_in_row(read: Tokens, at: int) -> bool:
    """Whether a numeral is one of three or more in a row, as in a telephone or the number of a book."""
    if not ("0" <= read.words[at + 1] < "a" or "0" <= read.words[at - 1] < "a"):
        return False
    if _goes_with(read, at):
        return _goes_with(read, at - 1) or _goes_with(read, at + 1)
    return _goes_with(read, at + 1) and _goes_with(read, at + 2)


def _goes_with(read: Tokens, at: int) -> bool:
    """Whether a numeral in digits stands right after another."""
    return "0" <= read.words[at] < "a" and "0" <= read.words[at - 1] < "a" and read.gaps[at] in _WITHIN


def _composed(read: Tokens, at: int) -> tuple[int, int]:
    """The last token of a numeral and its value: "2 mil", "treinta y dos", "one hundred and four"."""
    total, greatest, current, smallest = 0, 1, _value(read.words[at]), _size(read.words[at])
    while current >= 0 and (following := _part(read, at)):
        step, word, factor = following
        if word in _MULTIPLIERS:
            if step > 1 or factor <= greatest:
                break
            greatest = smallest = factor
            current = max(current, 1) * factor
            total, current = (total, current) if factor < _THOUSAND else (total + current, 0)
        elif factor < smallest:
            current, smallest = current + factor, _size(word)
        else:
            break
        at += step
    return at, total + current


def _grouped(read: Tokens, at: int, value: int) -> tuple[int, int]:
    """The last token of a numeral whose thousands are parted by a space, and its value: "1 050"; no telephone, which is longer."""
    words, last = read.words, at
    while last - at < _MOST_GROUPS and _is_group(read, last + 1):
        last += 1
    whole = "".join(words[at : last + 1])
    if last == at or not _begins_groups(words[at]) or len(whole) > _MOST_GROUPED or _goes_with(read, at) or _goes_with(read, last + 1):
        return at, value
    return last, int(whole)


def _is_group(read: Tokens, at: int) -> bool:
    return len(read.words[at]) == _OF_THOUSANDS and read.words[at].isdigit() and read.gaps[at] == " "


def _begins_groups(word: str) -> bool:
    return word.isdigit() and len(word) <= _OF_THOUSANDS and word[0] != "0"


def _part(read: Tokens, at: int) -> tuple[int, str, int] | None:
    """How far the next word of a numeral is, which, and its value."""
    step = 2 if read.words[at + 1] in _JOINERS else 1
    word = read.words[at + step]
    if word in _VALUES and all(read.gaps[each] in _WITHIN for each in range(at + 1, at + step + 1)):
        return step, word, _VALUES[word]
    return None


_THOUSAND, _YEAR, _OF_A_DAY, _OF_THOUSANDS, _MOST_GROUPED, _MOST_GROUPS = 1000, 4, 2, 3, 8, 2
_MOST_DIGITS, _BEYOND = 12, 10**12
"""No count of persons is longer."""


def _value(word: str) -> int:
    if word >= "a":
        return _VALUES[word]
    if word.isdigit() and len(word) <= _MOST_DIGITS:
        return int(word)
    digits = word.replace(".", "").replace(",", "")
    if len(digits) > _MOST_DIGITS:
        return _BEYOND
    return int(digits) if _GROUPED.fullmatch(word) else -1


def _size(word: str) -> int:
    """What a following part of the same numeral must be less than: after "treinta" units, after units and digits nothing."""
    value = _VALUES.get(word, 1)
    return 1 if value < 20 else 10 if value < 100 else 100 if value < _THOUSAND else value  # noqa: PLR2004


def is_numeral(word: str) -> bool:
    """Whether a word is a numeral in digits or a part of one in words."""
    return "0" <= word < "a" or word in _VALUES


def is_year(word: str) -> bool:
    """Whether a numeral may be a year."""
    return len(word) == _YEAR and word[:2] in {"19", "20"} and word.isdigit()


def is_share(read: Tokens, quantity: Quantity) -> bool:
    """Whether a numeral is a percentage or of a rate, which tells of no number of persons: "3 de cada 10", "one of every 4"."""
    words, first, last = read.words, quantity.first, quantity.last
    gap = read.gaps[last + 1]
    is_of_rate = words[first - 1] in _RATES or words[last + 2] in _RATES
    return (is_of_rate or (gap != " " and gap.lstrip().startswith("%"))) and words[first] not in _SINGLE


def _is_apart(text: Folded, read: Tokens, at: int) -> bool:
    """Whether a numeral is no number but a mark: an ordinal, a measure, an hour, a part of a code, a price, an angle, a longer reference."""
    after, word = read.gaps[at + 1], read.words[at + 1]
    if (not after and word in _SUFFIXES) or word in _HALVES or (word in _HOURS and read.words[at + 2] == "m"):
        return True
    if read.words[at] >= "a":
        return False
    start = text.starts[at]
    end = start + len(read.words[at])
    return _goes_on(text.text[end : end + 2]) or (read.gaps[at] != " " and _is_of_a_code(text.text[max(start - 2, 0) : start]))


def _goes_on(after: str) -> bool:
    return after[:1] in _MARKS_AFTER or (after[:1] == "/" and after[1:].isdigit())


def _is_of_a_code(before: str) -> bool:
    if before[-1:] in _MARKS_BEFORE:
        return True
    if before[-1:].isalpha():
        # "x2" counts; "AX2" is a code.
        return before[-1:] not in {"x", "X"} or before[:-1].isalnum()
    return before[:1].isalnum() and (before[1:] in {"/", "."} or (before[1:] == "-" and before[0].isalpha()))
