"""Every free text of an alert: the one door through which all of it passes, and the folded form in which it is searched."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.wire.strict_json import pointer

_IN_LANGUAGES: Final = ("title", "summary", "recommendation")
_WORD: Final = re.compile(r"[^\W_]+")
_BEYOND: Final = re.compile(r"[^\x00-\x7f]")
_PLAIN: Final = ("network_code", "reason")


def free_texts(alert: Mapping[str, Any], at: tuple[object, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every free text of an alert with its JSON pointer, in the order in which people read it.

    Takes the alert in its published form; `at` is its place in the body.  Whatever looks into the texts of alerts looks here.
    """
    for name in _IN_LANGUAGES:
        yield from ((pointer(*at, name, language), text) for language, text in (alert.get(name) or {}).items())
    yield from ((pointer(*at, name), alert[name]) for name in _PLAIN if alert.get(name))
    for index, leg in enumerate(alert.get("route", ())):
        if leg.get("place"):
            yield pointer(*at, "route", index, "place"), leg["place"]
    fee = alert.get("fee") or {}
    if fee.get("scope_note"):
        yield pointer(*at, "fee", "scope_note"), fee["scope_note"]


def folded(text: str) -> str:
    """A text as it is searched: words of letters and digits, without case and accents, one space between them."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    # A text has few accents, each of them often.
    for mark in filter(unicodedata.combining, set(_BEYOND.findall(plain))):
        plain = plain.replace(mark, "")
    return " ".join(_WORD.findall(plain))


def folded_words(question: str) -> tuple[str, ...]:
    """The words of a question, folded, each once: an alert answers where every one occurs in its folded text."""
    return tuple(dict.fromkeys(folded(question).split()))


def folded_text(alert: Mapping[str, Any]) -> str:
    """All that an alert's search looks in: its reference and its free texts in every language, folded, a line each."""
    texts = [alert.get("reference", ""), *(text for _, text in free_texts(alert))]
    return "\n".join(line for line in map(folded, texts) if line)
