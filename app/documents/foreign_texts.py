"""The words in a document of another node, which may know fields that this release does not: whatever is no code is read as a text."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

from app.documents.lengths import is_too_much
from app.screening.screen import Vocabulary, holds_identifier

_FREE: Final = frozenset({"es", "pt", "en", "reason", "name", "licence", "label", "place", "scope_note", "network_code"})
"""Names of fields whose texts are read whatever they look like: "Pasaporte" could be a code."""
_CODE: Final = re.compile(r"(?!.{65}|(?:[^0-9]*[0-9]){5})[A-Za-z0-9_]+(?:[-+:/][A-Za-z0-9_]+)*(?:@v?[0-9]+|\([a-z]\))?")
"""At most 64 characters, and no more than four digits."""
_FORMED: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,64}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]{5,15}Z|/[0-9]{4}-[0-9]{2}-[0-9]{2})?|[0-9]{4}-[0-9]{2}"
)
_NESTED: Final = (dict, list)
_SHORT, _MOST_SEEN = 16, 8192
_SEEN: Final = set[str]()
"""Codes that come with every document, so that their form is looked at once; what is none is not kept here either."""
_TYPED: Final = {"signature": ("value", re.compile(r"[A-Za-z0-9_-]{86}")), "source": ("url", re.compile(r"https?://[!-~]{1,490}"))}
"""Within which field which one is outside what is read, in what form."""

_DRAWN: Final = {"kid": re.compile(r"[0-9a-f]{16}"), "reference": re.compile(r"[A-Z]{2,16}-[0-9]{4}-[0-9A-Z]{5}")}
"""What a node draws itself, by the name of its field: beside a text that ends in "contact" its digits would look like a telephone."""


class Reader:
    """Looks into documents of another node for what identifies a person; texts that several of them hold word for word are read once.

    One is made for a page: it keeps what it read as long as it lives.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Take what the rules are told; nothing is read yet."""
        self._vocabulary = vocabulary
        self._known: dict[tuple[str, ...], bool] = {}

    def identifies(self, document: Mapping[str, Any]) -> bool:
        """Whether a document holds what identifies a person, or more text than any document may (guarantees 2).

        What only looks like a person was confirmed where the document was written.
        """
        texts = foreign_texts(document)
        words = tuple(texts.values())
        if words not in self._known:
            self._known[words] = is_too_much(texts) or holds_identifier(texts, self._vocabulary)
        return self._known[words]


def foreign_texts(document: Mapping[str, Any]) -> dict[str, str]:
    """Every text of a published document that is neither code, number, day, seal nor address of a source, in its order, by number."""
    found: list[str] = []
    for name, value in document.items():
        if name == "cells" and isinstance(value, list):
            _gather_cells(value, found)
        elif not _is_seen(name, value):
            _gather_named(name, value, found)
    return {str(number): text for number, text in enumerate(found)}


def _is_seen(name: str, value: object) -> bool:
    """Whether a glance is enough: a field that every document has, with a code that many have or with no text."""
    if isinstance(value, str):
        return value in _SEEN and name in _SEEN and name not in _FREE
    return name in _SEEN and not (value and isinstance(value, _NESTED))


def _gather_named(name: str, value: object, found: list[str]) -> None:
    if not is_code(name):
        found.append(name)
    if isinstance(value, str):
        if name in _FREE or not (is_code(value) or _is_drawn(name, value)):
            found.append(value)
        return
    typed, form = _TYPED.get(name, ("", _CODE))
    if isinstance(value, dict) and form.fullmatch(str(value.get(typed))):
        value = {each: inside for each, inside in value.items() if each != typed}
    _gather(value, found)


def _is_drawn(name: str, value: str) -> bool:
    return name in _DRAWN and _DRAWN[name].fullmatch(value) is not None


def _gather(value: object, found: list[str]) -> None:
    if isinstance(value, str):
        if not is_code(value):
            found.append(value)
    elif isinstance(value, dict):
        for name, inside in value.items():
            if not _is_seen(name, inside):
                _gather_named(name, inside, found)
    elif isinstance(value, list):
        for inside in value:
            _gather(inside, found)


def _gather_cells(cells: Sequence[Any], found: list[str]) -> None:
    """The texts of a table, each once: its codes come by the hundred."""
    try:
        said = dict.fromkeys(chain.from_iterable(map(dict[str, object].values, cells)))
    except TypeError:
        # One of them is no flat object: whatever they are.
        _gather(cells, found)
        return
    names = set[str]().union(*cells)
    found += [each for each in chain(sorted(names), said) if isinstance(each, str) and not is_code(each)]


def is_code(text: str) -> bool:
    """Whether a text is in the form of a code, a day, an instant, an id or a digest, and so short of digits that it is no identifier."""
    if text in _SEEN:
        return True
    if len(text) > _SHORT:
        # Most of these are ids, digests and instants.
        return _FORMED.fullmatch(text) is not None or _CODE.fullmatch(text) is not None
    found = _CODE.fullmatch(text) is not None or _FORMED.fullmatch(text) is not None
    if found and len(_SEEN) < _MOST_SEEN:
        _SEEN.add(text)
    return found
