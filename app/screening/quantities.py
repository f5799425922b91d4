"""Numerals in a text: in digits and in words of es, pt and en, each with its value, and whether it is a date or a mark rather than a number."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from app.screening.folding import Folded, plain
from app.screening.places import MONTHS
from app.screening.words import COUNTS

_VALUES = {word: int(value) for value, words in COUNTS["values"].items() for word in words}
_PAIRS = frozenset(COUNTS["words"]["pairs"].split())
_RATES = frozenset(COUNTS["words"]["rates"].split())
_TWO = _PAIRS - {"sole", "unico", "unica"}
_SPANISH = frozenset(COUNTS["words"]["spanish"].split())
_PORTUGUESE = frozenset(COUNTS["words"]["portuguese"].split())
_PORTUGUESE_ENDS = tuple(COUNTS["words"]["portuguese_ends"].split())
_CASTILIAN = frozenset(COUNTS["words"]["castilian"].split())
_CASTILIAN_ENDS = tuple(COUNTS["words"]["castilian_ends"].split())
_SUFFIXES = frozenset(COUNTS["words"]["suffixes"].split())
ARTICLES = frozenset(COUNTS["words"]["articles"].split())
WORDS_OF_QUANTITY = _VALUES.keys() | _PAIRS | ARTICLES
_MULTIPLIERS = frozenset(
    {"hundred", "mil", "miles", "thousand", "million", "millions", "millon", "millones", "milhao", "milhoes", "docena", "duzia", "dozen"}
)
_JOINERS = frozenset({"y", "e", "and"})

_TOKEN = re.compile(r"(\d+(?:[.,]\d+)*|[^\W\d_]+)")
_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_DAY, _LIST = r"\d{1,2}(?:st|nd|rd|th|º|°|ro)?", r"(?:, ?| ?- ?|/| (?:y|e|and|to|a|al|o|or|ou) (?:el |the |o )?)"
_DATE = re.compile(
    r"\d{4}-(?:w\d{1,2}|q[1-4]|\d{2}(?:-\d{2})?)|\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}|\d{1,2}:\d{2}|\d{1,6}/(?:19|20)\d{2}(?:-\d{1,3})?"
    rf"|(?:19|20)\d{{2}}[-/]\d{{2,7}}|{_DAY}(?:{_LIST}{_DAY}){{0,4}} (?:de |do |of )?(?:{MONTHS})\b(?:,? (?:de |del |of )?\d{{4}})?"
)
_MARKS_BEFORE, _MARKS_AFTER = frozenset("#$€£°'\"_"), frozenset("°º'\"_")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words (small, without accents) and numerals in digits of a text: what they are, where each begins and ends, what stands before it."""

    words: Sequence[str]
    gaps: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]

    def word(self, at: int) -> str:
        """The word at a place, none beyond the ends."""
        return self.words[at] if 0 <= at < len(self.words) else ""


class Quantity(NamedTuple):
    """A numeral: its first and last token, its value; -1 where it has a fraction.

    `is_apart`: a date, a time, a part of a reference, an amount of money; `is_year`: may be one; `is_share`: a percentage or of a rate;
    `is_in_row`: one of three or more in a row, as in a telephone or the number of a book.
    """

    first: int
    last: int
    value: int
    is_article: bool = False
    is_apart: bool = False
    is_year: bool = False
    is_share: bool = False
    is_in_row: bool = False


def tokens(text: Folded) -> Tokens:
    """The words and numerals of a folded text in their order."""
    parts = _TOKEN.split(text.small)
    ends = list(accumulate(map(len, parts)))
    bare = {word: plain(word) for word in text.words if not word.isascii()}
    return Tokens(list(map(bare.get, parts[1::2], parts[1::2])), parts[0::2], ends[0:-1:2], ends[1::2])


def quantities(text: Folded, read: Tokens) -> Iterator[Quantity]:
    """Every numeral of a text in its order; "un", "una", "um", "uma" among them, for whoever asks what follows."""
    reached = dated = row = -1
    silent = _silent(text)
    for at, word in enumerate(read.words):
        if word in ARTICLES or word in _PAIRS:
            if at > reached:
                yield Quantity(at, at, 2 if word in _TWO else 1, is_article=word in ARTICLES)
        elif at > reached and (word[0] in _DIGITS or _is_spelt(read, at, silent)):
            start = read.starts[at]
            dated = max(dated, _end_of_date(text.small, start, dated))
            row = max(row, _end_of_row(read, at, row))
            reached, value = _composed(read, at)
            yield (
                Quantity(at, reached, value, is_apart=True)
                if start < dated
                else _quantity(text.text, read, (at, reached), value, at <= row)
            )


def _silent(text: Folded) -> frozenset[str]:
    """The words that are numerals in Spanish only: "once" where no other word is Spanish, "dos" where the text is Portuguese."""
    once = {"once"} if _SPANISH.isdisjoint(text.words) else set()
    return frozenset(once | {"dos"} if "dos" in text.words and _is_portuguese(text) else once)


def _is_portuguese(text: Folded) -> bool:
    """Whether a text tells its language by words of Portuguese and holds none of Spanish."""
    if not _CASTILIAN.isdisjoint(text.words) or any(word.endswith(_CASTILIAN_ENDS) for word in text.words):
        return False
    return any(word.endswith(_PORTUGUESE_ENDS) or plain(word) in _PORTUGUESE for word in text.words)


def _is_spelt(read: Tokens, at: int, silent: frozenset[str]) -> bool:
    word = read.words[at]
    return word in _VALUES and word not in silent and not _is_percent(read, at)


def _is_percent(read: Tokens, at: int) -> bool:
    return read.words[at] in {"ciento", "cento"} and read.word(at - 1) == "por"


def _end_of_date(small: str, start: int, dated: int) -> int:
    date = _DATE.match(small, start) if start >= dated else None
    return date.end() if date else -1


def _quantity(text: str, read: Tokens, place: tuple[int, int], value: int, is_in_row: bool) -> Quantity:
    first, last = place
    word = read.words[first]
    return Quantity(
        first,
        last,
        value,
        is_apart=_is_mark(text, read, first) or _has_suffix(read, first + 1),
        is_year=len(word) == _YEAR and word[:2] in {"19", "20"} and word.isdigit(),
        is_share=read.gaps[last + 1].lstrip().startswith("%") or _is_of_a_rate(read, first, last),
        is_in_row=is_in_row,
    )


def _is_of_a_rate(read: Tokens, first: int, last: int) -> bool:
    """Whether a numeral is of a rate, which tells of no number of persons: "3 de cada 10", "one of every 4"."""
    return not _RATES.isdisjoint((read.word(first - 1), read.word(last + 2)))


def _has_suffix(read: Tokens, at: int) -> bool:
    """Whether an ordinal's ending, a measure or half of the day follows: "3rd", "18h", "7 a. m."."""
    word = read.word(at)
    return (word in _SUFFIXES and not read.gaps[at]) or word in {"am", "pm"} or (word in {"a", "p"} and read.word(at + 1) == "m")


def _end_of_row(read: Tokens, at: int, row: int) -> int:
    """The last of three or more numerals in a row, else -1; each row is looked at once."""
    last = max(at, row)
    while read.word(last + 1)[:1].isdigit() and read.gaps[last + 1] in {" ", "-"}:
        last += 1
    return last if last - at + 1 >= _ROW else -1


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


def _part(read: Tokens, at: int) -> tuple[int, str, int] | None:
    """How far the next word of a numeral is, which, and its value."""
    step = 2 if read.word(at + 1) in _JOINERS else 1
    word = read.word(at + step)
    if word in _VALUES and all(read.gaps[each] in {" ", "-"} for each in range(at + 1, at + step + 1)):
        return step, word, _VALUES[word]
    return None


_DIGITS = frozenset("0123456789")
_THOUSAND, _YEAR, _ROW = 1000, 4, 3
_MOST_DIGITS, _BEYOND = 12, 10**12
"""No count of persons is longer."""


def _value(word: str) -> int:
    if word[0] not in _DIGITS:
        return _VALUES[word]
    digits = word.replace(".", "").replace(",", "")
    if len(digits) > _MOST_DIGITS:
        return _BEYOND
    return int(digits) if digits == word or _GROUPED.fullmatch(word) else -1


def _size(word: str) -> int:
    """What a following part of the same numeral must be less than: after "treinta" units, after units and digits nothing."""
    value = _VALUES.get(word, 1)
    return 1 if value < 20 else 10 if value < 100 else 100 if value < _THOUSAND else value  # noqa: PLR2004


def _is_mark(text: str, read: Tokens, at: int) -> bool:
    """Whether a numeral in digits belongs to a code, a price, an angle or a longer reference."""
    if read.words[at][0] not in _DIGITS:
        return False
    before, after = text[max(read.starts[at] - 2, 0) : read.starts[at]], text[read.ends[at] : read.ends[at] + 2]
    if before[-1:] in _MARKS_BEFORE or after[:1] in _MARKS_AFTER or before[-1:].isalpha():
        return True
    if before[:1].isalnum() and (before[1:] in {"/", "."} or (before[1:] == "-" and before[0].isalpha())):
        return True
    return after[:1] == "/" and after[1:].isdigit()
