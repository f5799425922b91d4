"""A text as a reader sees it: look-alike letters and the digits of every script as those that the rules know."""

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate, compress, count, groupby, pairwise

from app.screening.tables import is_short, tables
from app.screening.words import WORDS

# Letters that are drawn like Latin ones (Unicode Technical Standard 39 has the whole list; these are the Cyrillic and Greek ones).
_LOOK_ALIKE = dict(
    zip(
        map(ord, "АВЕЗКМНОРСТУХІЈЅԚԜаеорсухіјѕԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανιρυκχ"),
        "ABE3KMHOPCTYXIJSQWaeopcyxijsqwhABEZHIKMNOPTYXoavipukx",
        strict=True,
    )
)
_DASHES = dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE58, 0xFE63, 0xFF0D), "-")
_SPACES = dict.fromkeys((0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
_DOTS = dict.fromkeys((0x2024, 0x2027, 0x2219, 0x22C5, 0x00B7, 0x2022), ".")
_ASTRAL = 0x10000
"""What stands from here on is looked up: a set of characters of a pattern is quick below it alone."""


def _other_digits() -> Iterator[tuple[int, str]]:
    # Ten stand together in each script, so that one of every ten characters is enough to meet them: all of them are a million.
    for code in range(0x80, sys.maxunicode, 10):
        if (digit := unicodedata.decimal(chr(code), None)) is not None:
            yield from ((code - digit + each, str(each)) for each in range(10))


_OTHER_DIGITS = dict(_other_digits())
_FOLD = {chr(code): to for code, to in {**_LOOK_ALIKE, **_DASHES, **_SPACES, **_DOTS, **_OTHER_DIGITS}.items()}
_FOLDED = re.compile(f"[{re.escape(''.join(each for each in _FOLD if ord(each) < _ASTRAL))}{chr(_ASTRAL)}-{chr(sys.maxunicode)}]")
_FLOATING = r"\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MARKS = re.compile(f"[{_FLOATING}]+")
_BEYOND = re.compile(r"[^\0-\x7f]")

_ACCENTED = {
    code: bare
    for code in range(0xAA, 0x250)
    if unicodedata.decomposition(chr(code)) and (bare := unicodedata.normalize("NFKD", chr(code))[0]).isascii() and bare.isalpha()
}
"""The accented Latin letters without their accents, so that most words need no more."""
_BARE = {chr(code): bare for code, bare in _ACCENTED.items()}

_FEW = 8
"""Odd characters that a text is sooner searched for one by one."""
_DIGITS = {word: digit for digit, words in WORDS["digits"].items() for word in words}
_BARE_DIGITS = frozenset(word.translate(_ACCENTED) for word in _DIGITS)
_WORD = re.compile(r"[^\W_]+")
_LETTERS = "".join(f"{run[0]}-{run[-1]}" for run in re.findall(r"[^\W\d_]+", "".join(map(chr, range(_ASTRAL)))))
# The letters by their codes are looked up sooner than what is no mark.
_TOKEN, _ASTRAL_TOKEN = (re.compile(rf"({letters}++|[0-9]++(?:[.,][0-9]++)*+)") for letters in (f"[{_LETTERS}]", r"[^\W\d_]"))
_ASCII_TOKEN = re.compile(r"([a-z0-9](?:(?<=[a-z])[a-z]*+|[0-9]*+(?:[.,][0-9]++)*+))")
_DIGIT = re.compile("[0-9]")
_FEWEST = 6
"""Words for digits in a row that are a number read out: "uno, dos, tres" may be said of a list."""
_MARKS_OF_IDENTIFIERS = ("@", "<", ".", "\n", "_")
_SIGNS = frozenset({"arroba", "at", "dot", "ponto", "punto", *WORDS["accounts"]["users"]})
_BARE_SIGNS = frozenset(word.translate(_ACCENTED) for word in _SIGNS)


@dataclass(frozen=True)
class Folded:
    """A text for the rules, and of each of its characters the offset in the text that was sent; one more for the end."""

    text: str
    offsets: range | list[int]
    sent: str
    beyond: AbstractSet[str] = frozenset()
    """The characters beyond ASCII that were sent."""

    def as_sent(self, start: int, end: int) -> str:
        """What was sent at a place of the text."""
        return self.sent[self.offsets[start] : self.offsets[end]]

    @cached_property
    def small(self) -> str:
        """The text in small letters, each at its place."""
        small = self.text.lower()
        return small if len(small) == len(self.text) else "".join(each.lower()[:1] for each in self.text)

    @cached_property
    def bare(self) -> str:
        """The text in small letters without accents, each at its place; the few letters that are more than one without theirs keep them."""
        bare = self.small
        for each in {each.lower()[:1] for each in self.beyond} & _BARE.keys():
            bare = bare.replace(each, _BARE[each])
        return bare

    @cached_property
    def parts(self) -> list[str]:
        """Its words in small letters and its numerals in digits, in their order, and between them what parts them: of the bare text."""
        if self.bare.isascii():
            return _ASCII_TOKEN.split(self.bare)
        is_astral = len(self.bare.encode("utf-16-le", "surrogatepass")) > 2 * len(self.bare)
        return (_ASTRAL_TOKEN if is_astral else _TOKEN).split(self.bare)

    @cached_property
    def tokens(self) -> list[str]:
        """Its words without accents, and its numerals."""
        tokens = self.parts[1::2]
        return tokens if self.bare.isascii() else [each if each.isascii() else plain(each) for each in tokens]

    @cached_property
    def starts(self) -> list[int]:
        """Where each of its tokens begins."""
        return list(accumulate(map(len, self.parts)))[0:-1:2]

    def end(self, at: int) -> int:
        """Where a token ends."""
        return self.starts[at] + len(self.parts[2 * at + 1])

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words without accents and its numerals, each once: what a rule looks into before it reads the text."""
        return frozenset(self.tokens)

    @cached_property
    def numerals(self) -> frozenset[str]:
        """Its numerals in digits, each once."""
        return frozenset(each for each in (self.words if self.bare.isascii() else set(self.parts[1::2])) if each < "a")

    @cached_property
    def may_hold_identifiers(self) -> bool:
        """Whether it holds a digit or what stands in every address and table: the first look, for nearly every title holds none."""
        return self.has_digits or any(each in self.text for each in _MARKS_OF_IDENTIFIERS) or not _BARE_SIGNS.isdisjoint(self.words)

    @cached_property
    def mixed(self) -> set[str]:
        """Words of letters and digits together, each once."""
        gaps, glued, at = self.parts[2:-1:2], [], -1
        for _ in range(gaps.count("")):
            at = gaps.index("", at + 1)
            glued.append(2 * at + 2)
        rows = [list(row) for _, row in groupby(enumerate(glued), key=lambda each: each[1] - 2 * each[0])]
        joined = ("".join(self.parts[row[0][1] - 1 : row[-1][1] + 2]) for row in rows)
        return {word for each in joined for word in _WORD.findall(each) if not word.isalpha() and not word.isdigit()}

    @cached_property
    def tables(self) -> list[tuple[list[tuple[int, str]], str]]:
        """The lines of each table in it, with where they begin, and what parts their cells."""
        return list(tables(self.text))

    @cached_property
    def short_tables(self) -> list[tuple[int, int]]:
        """Where the tables with a few words in each cell begin and end."""
        return [(lines[0][0], lines[-1][0] + len(lines[-1][1])) for lines, separator in self.tables if is_short(lines, separator)]

    @cached_property
    def has_digits(self) -> bool:
        """Whether any digit stands in it."""
        return _DIGIT.search(self.text) is not None

    def places(self, word: str) -> Iterator[int]:
        """Where a word in small letters begins, each time that it stands alone."""
        return (found.start() for found in _alone(word).finditer(self.small))


@cache
def _alone(word: str) -> re.Pattern[str]:
    """The rule for one of the words that the rules know, where no letter and no digit stands beside it."""
    # Begun by the word itself, so that the search goes from one to the next.
    return re.compile(rf"{re.escape(word)}(?<![^\W_]{re.escape(word)})(?![^\W_])")


def plain(word: str) -> str:
    """A word in small letters without accents."""
    small = word.lower().translate(_ACCENTED)
    return small if small.isascii() else "".join(each for each in unicodedata.normalize("NFKD", small) if not unicodedata.combining(each))


def folded(text: str) -> Folded:
    """Fold a text in its stored form (NFKC, no control or format character; wire/text.py); most characters keep their places."""
    if text.isascii():
        return _without_words(Folded(text, range(len(text) + 1), text))
    beyond = frozenset(_BEYOND.findall(text))
    folds = _plain(text, beyond & _FOLD.keys())
    marked = any(map(_MARKS.match, beyond))
    return _without_words(_without_marks(folds, text, beyond) if marked else Folded(folds, range(len(folds) + 1), text, beyond))


def _plain(text: str, odd: AbstractSet[str]) -> str:
    """A text whose odd characters are folded, each at its place."""
    if len(odd) > _FEW:
        return _FOLDED.sub(lambda found: _FOLD.get(found[0], found[0]), text)
    for each in odd & _FOLD.keys():
        text = text.replace(each, _FOLD[each])
    return text


def _without_marks(text: str, sent: str, beyond: AbstractSet[str]) -> Folded:
    """A text without marks that float over its characters; accents that have a letter of their own stay."""
    marks = [(0, 0), *(found.span() for found in _MARKS.finditer(text)), (len(text), len(text) + 1)]
    kept = [range(before[1], after[0]) for before, after in pairwise(marks)]
    if len(kept) == 1:
        return Folded(text, range(len(text) + 1), sent, beyond)
    shown = "".join(text[each.start : each.stop] for each in kept)
    return Folded(shown, [*(offset for each in kept for offset in each), len(text)], sent, beyond)


def _without_words(before: Folded) -> Folded:
    """A text in which numbers that were read out digit by digit stand in digits."""
    if not _may_be_read_out(before.tokens):
        return before
    parts: list[str] = []
    offsets: list[int] = []
    last = 0
    for start, end in _spelt(before.small):
        parts.append(before.text[last:start])
        offsets.extend(before.offsets[last:start])
        for word in _WORD.finditer(before.small, start, end):
            parts.append(_DIGITS[word[0]])
            offsets.append(before.offsets[word.start()])
        last = end
    if not parts:
        return before
    return Folded("".join([*parts, before.text[last:]]), [*offsets, *before.offsets[last:]], before.sent, before.beyond)


def _may_be_read_out(tokens: Sequence[str]) -> bool:
    """Whether as many words for digits stand in a row as a number has: of them one is found if every so-manieth word is looked at."""
    every = compress(count(_FEWEST - 1, _FEWEST), map(_BARE_DIGITS.__contains__, tokens[_FEWEST - 1 :: _FEWEST]))
    beside = (at for at in every if tokens[at - 1] in _BARE_DIGITS or (at + 1 < len(tokens) and tokens[at + 1] in _BARE_DIGITS))
    around = (bytes(map(_BARE_DIGITS.__contains__, tokens[at - _FEWEST + 1 : at + _FEWEST])) for at in beside)
    return any(b"\1" * _FEWEST in each for each in around)


def _spelt(small: str) -> Iterator[tuple[int, int]]:
    """Where so many words for digits stand in a row that a number was read out: no count is spelt so."""
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(small):
        if word[0] in _DIGITS and (not run or not small[run[-1].end() : word.start()].strip(" ,.-")):
            run.append(word)
            continue
        if len(run) >= _FEWEST:
            yield run[0].start(), run[-1].end()
        run = [word] if word[0] in _DIGITS else []
    if len(run) >= _FEWEST:
        yield run[0].start(), run[-1].end()
