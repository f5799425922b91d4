"""Accounts of networks whose names are told without "@": "Instagram, usuario la_ruta_99", "coral.runner.88 on Signal"."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from app.screening.folding import Folded, plain
from app.screening.spans import Kind, Span
from app.screening.words import WORDS

_NETWORKS, _USERS, _PROFILES = (tuple(WORDS["accounts"][name]) for name in ("networks", "users", "profiles"))
TELLING = frozenset(WORDS["accounts"]["telling"]).union(_NETWORKS, _USERS, _PROFILES)
"""Words after which "@" begins the name of an account, whatever its end looks like."""
_BEGUN = frozenset(plain(phrase.split()[0]) for phrase in (*_NETWORKS, *_USERS, *_PROFILES))
_NOBODY = frozenset(WORDS["accounts"]["nobody"])
_REACH, _LONGEST = 30, 40
_NAME = re.compile(rf"(?<![\w@.\-/])[^\W\d](?:\w|\.(?=\w)){{2,{_LONGEST}}}(?![\w@/])")
_BETWEEN = re.compile(r"[;!?\n]|\w{3}\. ")
_PLAIN = re.compile(r"(?: (?:es|é|is|en|no|de|of|do|da|del|on|na))?[ :=,\"'«“\u2018(]{1,4}([^\W\d_]\w{3,39})(?![\w@/])")
_BEFORE = re.compile(
    r"(?<![\w@.\-/])([^\W\d](?:\w|\.(?=\w)){3,39})[\"'»”\u2019]? {0,2}[(,]? ?(?:(?:en|no|na|in|on|de|do|via|por|at|from|pelo) (?:la |el |o )?)?$"
)


def accounts(text: Folded) -> Iterator[Span]:
    """Names of accounts beside the name of a network or a word like "user": by their form, and plain words where both stand before them."""
    if _BEGUN.isdisjoint(text.words):
        return
    networks, users, profiles = (_ends(text, words) for words in (_NETWORKS, _USERS, _PROFILES))
    near = [each for each in profiles if _is_near(each, networks)]
    for start, end in sorted({*networks, *users, *near}):
        yield from _after(text, end)
        yield from _ahead(text, start)
    for each in users:
        if _is_near(each, networks):
            yield from _plain(text, each[1])


def _is_near(place: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    after = bisect_left(others, place)
    return any(abs(place[0] - other[0]) <= _LONGEST for other in others[max(after - 1, 0) : after + 1])


def _ends(text: Folded, words: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where some words and phrases begin and end."""
    return sorted((at, at + len(word)) for word in words if text.words.issuperset(plain(word).split()) for at in text.places(word))


def _after(text: Folded, end: int) -> Iterator[Span]:
    for name in _NAME.finditer(text.text, end, end + _REACH + _LONGEST):
        if name.start() > end + _REACH or _BETWEEN.search(text.text, end, name.start()):
            return
        if _is_name(name[0]):
            yield Span(name.start(), name.end(), Kind.HANDLE)
            return


def _ahead(text: Folded, start: int) -> Iterator[Span]:
    begin = max(start - _REACH - _LONGEST, 0)
    name = _BEFORE.search(text.text[begin:start])
    if name and _is_name(name[1]):
        yield Span(begin + name.start(1), begin + name.end(1), Kind.HANDLE)


def _plain(text: Folded, end: int) -> Iterator[Span]:
    name = _PLAIN.match(text.text, end)
    if name and name[1].lower() in _NETWORKS:
        # "usuario de Telegram es ...": the name stands after that of the network.
        name = _PLAIN.match(text.text, name.end())
    if name and name[1].lower() not in _NOBODY:
        yield Span(name.start(1), name.end(1), Kind.HANDLE)


def _is_name(word: str) -> bool:
    """Whether a word is written as names of accounts are and other words are not."""
    parts = word.strip("_").split(".")
    if len(word) < 5 or word[1:].isdigit() or max(map(len, parts)) < 3:  # noqa: PLR2004
        return False
    return "_" in word or len(parts) > 1 or (word[-1].isdigit() and not word.isupper() and sum(map(str.isalpha, word)) > 2)  # noqa: PLR2004
