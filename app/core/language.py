"""The reader's language: what Accept-Language asks for, and the headers of an answer whose words depend on it."""

import re
from collections.abc import Iterator

from fastapi import Request

from app.core.catalogue import LANGUAGES

_RANGE = re.compile(r"(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)[ \t]*(?:;[ \t]*q[ \t]*=(.*))?", re.ASCII | re.DOTALL)
_QUALITY = re.compile(r"0?\.[0-9]{1,9}|0\.?|1(?:\.0*)?", re.ASCII)
_LEAST = 0.001
_MOST_RANGES = 100


def language_of(request: Request) -> str:
    """The language that the reader asked for: en, es or pt."""
    return language_for(",".join(request.headers.getlist("accept-language")))


def language_for(header: str) -> str:
    """The best of our languages for an Accept-Language header; en where none of them is asked for (RFC 9110 section 12.5.4).

    A range is shortened until it is one of ours (RFC 4647 section 3.4, lookup): es-419 and es-MX ask for es.  Quality 0 refuses a
    language, `*` stands for all that are not named, equals go by their order.  What is malformed never fails: a quality that is none
    counts least, a range that is none nothing.
    """
    named: dict[str, float] = {}
    refused: set[str] = set()
    for name, quality in _ranges(header):
        if quality == 0:
            refused.add(name)  # es-MX;q=0 refuses that variety alone, and ours is none
        else:
            base = name.split("-")[0]
            named[base] = max(quality, named.get(base, 0.0))
    if "*" in refused:
        refused |= set(LANGUAGES) - set(named)
    rest = named.get("*", 0.0)
    offered = [language for language in dict.fromkeys((*named, *LANGUAGES)) if language in LANGUAGES and language not in refused]
    return max(offered, key=lambda language: named.get(language, rest), default="en")


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for item in header.lower().split(",", _MOST_RANGES)[:_MOST_RANGES]:
        found = _RANGE.fullmatch(item.strip())
        if found:
            yield found[1], _quality(found[2])


def _quality(text: str | None) -> float:
    if text is None:
        return 1.0
    return float(text) if _QUALITY.fullmatch(text.strip()) else _LEAST


def spoken(language: str, *varies: str) -> dict[str, str]:
    """The headers of an answer in a language: Content-Language, and Vary with what else the answer depends on."""
    return {"Content-Language": language, "Vary": ", ".join(dict.fromkeys((*varies, "Accept-Language")))}
