"""Addresses that are written so that nobody opens them by mistake, or no rule finds them: "pago[.]info", "t . me / ruta", "ruta arroba gmail"."""

import re
from collections.abc import Iterator

from app.screening.folding import Folded
from app.screening.spans import Kind, Span
from app.screening.words import WORDS

_KEEPERS = rf"(?:{'|'.join(WORDS['mail']['hosts'])})\b(?!\.\w)"
_KEEPER, _KEEPER_IN_WORDS = re.compile(rf"@ ?{_KEEPERS}"), re.compile(rf"arroba {_KEEPERS}")
_LOCAL = re.compile(r"[\w.+\-]{1,64} ?$")
_DISABLED = re.compile(r"hxxps?(?:://|\[:\]//| ?: ?/ ?/ ?)[^\s<>\"]{4,300}")
_PARTED = re.compile(r"(?:(?<=\w)[\[({]\.[\])}]|[\[({] ?(?:dot|punto|ponto) ?[\])}] ?)(?=[a-z])[\w\-]{2,63}(?:[./\[][^\s<>\"]{0,300})?")
_ENDING = re.compile(r" (?:com|net|org|info|site|online|shop|xyz)\b")
_HOST = re.compile(r"[\w\-]{1,63} ?$")
_SPACED = re.compile(
    r"\b(?:(?:t|wa)(?: \. ?| ?\. | )me ?/ ?|(?:facebook|instagram|tiktok|twitter|youtube)(?: | \. ?|\. )com ?/ ?)\+?[\w@]{3,64}"
)
_NO_HOSTS = frozenset(WORDS["mail"]["no_hosts"])
_DISABLING, _WORDS, _BEFORE = frozenset({"hxxp", "hxxps"}), frozenset({"dot", "ponto", "punto"}), 72
_APART = (("me", ". me", " .me", " me/"), ("com", " com/", " com /"))
"""The ends of hosts, and how they stand apart: looked for only where the end is a word of the text."""


def disguised(text: Folded) -> Iterator[Span]:
    """Addresses of pages and of mail in a folded text that are told although they are no addresses."""
    yield from _mail(text)
    yield from _parted(text)
    if not _DISABLING.isdisjoint(text.words):
        yield from (Span(*found.span(), Kind.URL) for found in _DISABLED.finditer(text.small))
    if any(word in text.words and any(each in text.small for each in apart) for word, *apart in _APART):
        yield from (Span(*found.span(), Kind.URL) for found in _SPACED.finditer(text.small))


def _mail(text: Folded) -> Iterator[Span]:
    """Addresses of which only the name of their keeper stands there."""
    if "@" in text.small:
        yield from _led(text.small, _KEEPER, _LOCAL, Kind.EMAIL)
    if "arroba" in text.words:
        yield from _led(text.small, _KEEPER_IN_WORDS, _LOCAL, Kind.EMAIL)


def _parted(text: Folded) -> Iterator[Span]:
    """Hosts whose dot stands in brackets or is told."""
    told = _WORDS & text.words
    if told or any(each in text.small for each in ("[", "{", "(.)")):
        yield from _led(text.small, _PARTED, _HOST, Kind.URL)
    for word in told:
        yield from _spelt(text, word)


def _led(small: str, rule: re.Pattern[str], before: re.Pattern[str], kind: Kind) -> Iterator[Span]:
    """What a rule finds, with the word that stands right before."""
    for found in rule.finditer(small):
        begin = max(found.start() - _BEFORE, 0)
        led = before.search(small[begin : found.start()])
        if led:
            yield Span(begin + led.start(), found.end(), kind)


def _spelt(text: Folded, word: str) -> Iterator[Span]:
    """Domains whose dot is told: "pago-seguro punto info"."""
    for start in text.places(word):
        ending = _ENDING.match(text.small, start + len(word))
        begin = max(start - _BEFORE, 0)
        host = ending and _HOST.search(text.small[begin:start])
        if ending and host and host[0].strip() not in _NO_HOSTS:
            yield Span(begin + host.start(), ending.end(), Kind.URL)
