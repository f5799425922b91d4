"""Ways to reach a person: mail addresses also spelt in words, accounts of networks, web addresses, telephones in international form."""

import re
from collections.abc import Iterator

import phonenumbers

from app.screening.spans import Kind, Span

_LOCAL, _HOST = r"(?<![\w.+\-])[\w.+\-]{1,64}+", r"[\w\-]{1,63}+"
_EMAIL = re.compile(rf"{_LOCAL}@{_HOST}(?:\.{_HOST}){{1,6}}")
_OPEN, _SHUT = r"\s{0,2}[\[({<]?\s{0,2}", r"\s{0,2}[\])}>]?\s{0,2}"
_IN_BRACKETS = r"[\[({<]\s{0,2}(?:at|@)\s{0,2}[\])}>]"
# In words: "arroba" alone tells, "at" only beside a spelt dot or in brackets ("arrived at crmsv.org" is no address).
_SPELT_SIGN = re.compile(rf"\barroba\b|{_IN_BRACKETS}|\bat\s{{1,2}}{_HOST}\s{{1,2}}(?:dot|punto|ponto)\b", re.IGNORECASE)
_SPELT = re.compile(
    rf"{_LOCAL}(?:{_OPEN}arroba{_SHUT}|\s{{0,2}}{_IN_BRACKETS}\s{{0,2}}|\s{{1,2}}at\s{{1,2}})"
    rf"{_HOST}(?:{_OPEN}(?:\.|punto|ponto|dot){_SHUT}[\w\-]{{2,63}}+){{1,4}}",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 72, 288
_HANDLE = re.compile(r"(?<![\w.@/+\-])@[A-Za-z_][\w.]{2,63}")
_DOMAINS = "com|org|net|info|me|io|biz|link|site|online|xyz|app|shop|top|ly|gg|be|us|mx|gt|hn|sv|ni|cr|pa|do|ca|ar|bo|br|cl|co|ec|gy|py|pe|sr|uy|ve|int|gov|gob|edu"
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"]{1,300}|\bwww\.[^\s<>\"]{1,300}", re.IGNORECASE)
_ENDING = re.compile(rf"\.(?:{_DOMAINS})(?![\w\-]|\.\w)(?:/[^\s<>\"]{{0,300}})?", re.IGNORECASE)
_STEM = re.compile(r"(?<![@\w.\-])[a-z0-9][a-z0-9\-]{0,62}(?:\.[a-z0-9\-]{1,63}){0,3}$", re.IGNORECASE)
_LONGEST_STEM = 128
_INTERNATIONAL = re.compile(r"\+[ (]{0,2}\d(?:[ ().\-/]{0,3}\d){6,14}(?!\d)")
_WALLET = re.compile(r"\b(?:0x[0-9a-fA-F]{40}|bc1[02-9ac-hj-np-z]{25,60}|T[1-9A-HJ-NP-Za-km-z]{33})\b")


def contacts(text: str) -> Iterator[Span]:
    """Every way to reach somebody that a folded text holds."""
    yield from _addresses(text)
    yield from _domains(text)
    for kind, rule in ((Kind.HANDLE, _HANDLE), (Kind.URL, _ADDRESS), (Kind.ACCOUNT, _WALLET)):
        yield from (Span(found.start(), found.end(), kind) for found in rule.finditer(text))
    for found in _INTERNATIONAL.finditer(text):
        if _is_number(found[0]):
            yield Span(found.start(), found.end(), Kind.PHONE)


def _addresses(text: str) -> Iterator[Span]:
    if "@" in text:
        yield from (Span(found.start(), found.end(), Kind.EMAIL) for found in _EMAIL.finditer(text))
    # What is spelt in words is looked for around its sign alone: it costs what stands there, not what the text is long.
    for sign in _SPELT_SIGN.finditer(text):
        for found in _SPELT.finditer(text, max(sign.start() - _BEFORE, 0), sign.end() + _AFTER):
            if found.start() < sign.start() < found.end():
                yield Span(found.start(), found.end(), Kind.EMAIL)


def _domains(text: str) -> Iterator[Span]:
    """Names of domains, with what follows them: the page of a network, a shop, a form."""
    for ending in _ENDING.finditer(text):
        stem = _STEM.search(text[max(ending.start() - _LONGEST_STEM, 0) : ending.start()])
        if stem:
            yield Span(ending.start() - len(stem[0]), ending.end(), Kind.URL)


def _is_number(found: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(found, None))
    except phonenumbers.NumberParseException:
        return False
