"""Words that are nobody's name though they stand with a capital: of places, institutions, the calendar, headings and the vocabularies.

Everything is in small letters, with its accents and without.  What is a person's name too ("Rosario", "Colón") is known in no other
way than within the whole name of its place; the names are in `data/known_names.toml`.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from app.directory import codes

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST, _SHORTEST_IN_LABELS = 3, 4
_NAMES = ("subdivisions", "places", "institutions", "calendar")


@cache
def known() -> frozenset[str]:
    """All that screening is told: the words, and the whole names with one space between their words."""
    return known_words() | known_names()


@cache
def known_words() -> frozenset[str]:
    """Single words that tell of a place, an institution, a day or a heading, and that no person is called by."""
    listed = [*_listed(*_NAMES, "headings")]
    words = {word for text in listed for word in words_of(text) if len(word) >= _SHORTEST}
    words |= {word for text in _labels() for word in words_of(text) if len(word) >= _SHORTEST_IN_LABELS}
    unfit = {*_data()["persons"]["also"], *_data()["links"]["words"]}
    return frozenset(form for word in words if plain(word) not in unfit for form in (word, plain(word)))


@cache
def known_names() -> frozenset[str]:
    """Whole names of two words and more: of States and their parts, places, institutions, conferences, days."""
    named = [*_listed(*_NAMES), *(label for one in codes.nationalities().values() for label in one.labels.values())]
    named += [label for one in codes.conferences() for label in one.labels.values()]
    phrases = {" ".join(words) for words in map(words_of, named) if len(words) > 1}
    return frozenset(form for phrase in phrases for form in (phrase, plain(phrase)))


def words_of(text: str) -> list[str]:
    """The words of a text in small letters."""
    return _WORD.findall(text.lower())


def plain(text: str) -> str:
    """A text without the accents of its letters."""
    return "".join(each for each in unicodedata.normalize("NFD", text) if not unicodedata.combining(each))


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("app.directory").joinpath("data", "known_names.toml").read_text("utf-8"))


def _listed(*sections: str) -> Iterator[str]:
    for section in sections:
        for names in _data()[section].values():
            yield from names


def _labels() -> Iterable[str]:
    """Every label of every vocabulary, nationality and conference, in each language."""
    labelled: list[codes.Nationality | codes.Conference | codes.Vocabulary | codes.Term]
    labelled = [*codes.nationalities().values(), *codes.conferences()]
    for name in codes.vocabularies():
        labelled += [codes.vocabulary(name), *codes.vocabulary(name).terms.values()]
    return (label for one in labelled for label in one.labels.values())
