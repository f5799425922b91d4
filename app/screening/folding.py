"""A text as a reader sees it: look-alike letters and the digits of every script as those that the rules know."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

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
_FOLD = {**_LOOK_ALIKE, **_DASHES, **_SPACES, **_DOTS}
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_MARK = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")

_DIGITS = {word: digit for digit, words in WORDS["digits"].items() for word in words}
_WORD = re.compile(r"[^\W\d_]+")
_FEWEST = 6
"""Words for digits in a row that are a number read out: "uno, dos, tres" may be said of a list."""
_SHORTEST = 3
_COMMON = tuple(word for word in _DIGITS if len(word) >= _SHORTEST)


@dataclass(frozen=True)
class Folded:
    """A text for the rules, and of each of its characters the offset in the text that was sent; one more for the end."""

    text: str
    offsets: range | list[int]


def folded(text: str) -> Folded:
    """Fold a text in its stored form (NFKC, no control or format character; wire/text.py); most characters keep their places."""
    if text.isascii():
        return _without_words(Folded(text, range(len(text) + 1)))
    plain = _OTHER_DIGIT.sub(lambda found: str(unicodedata.digit(found[0])), text.translate(_FOLD))
    return _without_words(_without_marks(plain))


def _without_marks(text: str) -> Folded:
    """A text without marks that float over its characters; accents that have a letter of their own stay."""
    if _MARK.search(text) is None:
        return Folded(text, range(len(text) + 1))
    kept = [(each, offset) for offset, each in enumerate(text) if _MARK.match(each) is None]
    return Folded("".join(each for each, _ in kept), [*(offset for _, offset in kept), len(text)])


def _without_words(before: Folded) -> Folded:
    """A text in which numbers that were read out digit by digit stand in digits."""
    parts: list[str] = []
    offsets: list[int] = []
    last = 0
    for start, end in _spelt(before.text):
        parts.append(before.text[last:start])
        offsets.extend(before.offsets[last:start])
        for word in _WORD.finditer(before.text, start, end):
            parts.append(_DIGITS[word[0].lower()])
            offsets.append(before.offsets[word.start()])
        last = end
    if not parts:
        return before
    return Folded("".join([*parts, before.text[last:]]), [*offsets, *before.offsets[last:]])


def _spelt(text: str) -> Iterator[tuple[int, int]]:
    """Where so many words for digits stand in a row that a number was read out: no count is spelt so."""
    if sum(map(text.lower().count, _COMMON)) < _FEWEST:
        return
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if word[0].lower() in _DIGITS and (not run or len(text[run[-1].end() : word.start()].strip(" ,.-")) == 0):
            run.append(word)
            continue
        if len(run) >= _FEWEST:
            yield run[0].start(), run[-1].end()
        run = [word] if word[0].lower() in _DIGITS else []
    if len(run) >= _FEWEST:
        yield run[0].start(), run[-1].end()
