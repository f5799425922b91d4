"""Ways to reach a person: mail addresses also spelt in words, accounts of networks, web addresses, telephones in international form."""

import re
from collections.abc import Iterator
from itertools import chain

import phonenumbers

from app.screening.accounts import TELLING, accounts
from app.screening.disguised import disguised
from app.screening.folding import Folded
from app.screening.spans import Kind, Span

_HOST = r"[\w\-]{1,63}+"
_AT_HOST = re.compile(rf"@ ?{_HOST}(?: ?\.{_HOST}|\s{{1,2}}(?:punto|ponto|dot)\s{{1,2}}{_HOST}){{1,6}}")
_SHUT, _DOT = r"\s{0,2}[\])}>]?\s{0,2}", r"\s{0,2}[\[({<]?\s{0,2}(?:\.|punto|ponto|dot)\s{0,2}[\])}>]?\s{0,2}"
_REST = rf"{_HOST}(?:{_DOT}[\w\-]{{2,63}}+){{1,4}}"
# In words: "arroba" alone tells, "at" only beside a spelt dot or in brackets ("arrived at crmsv.org" is no address).
_SIGNS = {
    "arroba": re.compile(_SHUT + _REST),
    "at": re.compile(rf"\s{{0,2}}[\])}}>]\s{{0,2}}{_REST}|\s{{1,2}}(?={_HOST}\s{{1,2}}(?:dot|punto|ponto)\b){_REST}"),
    "@": re.compile(rf"{_SHUT}(?=[^\W\d]){_REST}"),
}
# Read backwards from the sign.
_LOCAL = re.compile(r"[\w.+\-]{1,64}+(?![\w.+\-])")
_BACKWARDS = re.compile(rf"\s{{0,2}}[\[({{<]?\s{{0,2}}{_LOCAL.pattern}")
_OPEN = " \t\n[({<"
_APART = re.compile(r"@(?<=[\s\[({<]@)")
_BEFORE_SIGN = 72
_HANDLE = re.compile(r"@(?<![\w.@/+\-]@)[A-Za-z_][\w.]{2,63}")
_DOMAINS = "com|org|net|travel|gle|ee|tv|cc|tk|ml|ga|cf|vip|pro|live|click|store|page|world|tel|mobi|bz|gd|tt|jm|ht|sr|gf|uk|eu|info|me|io|biz|link|site|online|xyz|app|shop|top|ly|gg|be|us|mx|gt|hn|sv|ni|cr|pa|do|ca|ar|bo|br|cl|co|ec|gy|py|pe|sr|uy|ve|int|gov|gob|edu"
_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,300}|www\.[^\s<>\"]{1,300}")
_ENDING = re.compile(rf"\.(?=[^\W\d_])(?:{_DOMAINS})(?![\w\-]|\.\w)(?:/[^\s<>\"]{{0,300}})?", re.IGNORECASE)
_STEM = re.compile(r"(?<![@\w.\-])[a-z0-9][a-z0-9\-]{0,62}(?:\.[a-z0-9\-]{1,63}){0,3}$", re.IGNORECASE)
_LONGEST_STEM = 128
_PATH = re.compile(r"\.(?<=[a-z0-9]\.)[a-z]{2,8}/[A-Za-z0-9][^\s<>\"]{0,300}")
_IN_WORDS = re.compile(rf"\s{{0,2}}{_REST}")
_BRACKETED = {open_: re.compile(rf"{re.escape(open_)}\s?(?:a|@|at|arroba)\s?[\])}}>]") for open_ in "[({<"}
# A sign that stands apart before a word is of an account's name, if that does not end as hosts do: "perfil @rutas.norte".
_ACCOUNT = re.compile(rf"@(?![\w.\-]{{1,200}}(?<=\.)(?:{_DOMAINS})(?![\w\-]|\.\w))[A-Za-z_][\w.]{{2}}")
_SHORTEST_WALLET, _FEWEST_DIALLED = 28, 11
_DIALLED = re.compile(r"00(?<!\d00)[ \-]?[1-9]\d{0,2}(?:[ \-]\d{2,4}){2,4}(?![\d\-])|00(?<![\d\-/.]00)[1-9]\d{9,12}(?![\d\-/.])")
_INTERNATIONAL = re.compile(r"\+[ (]{0,2}\d(?:[ ().\-/]{0,3}\d){6,14}(?!\d)")
_PHONES = (("+", _INTERNATIONAL), ("00", _DIALLED))
_WALLET = re.compile(r"\b(?:0x[0-9a-fA-F]{40}|bc1[02-9ac-hj-np-z]{25,60}|T[1-9A-HJ-NP-Za-km-z]{33})\b")


def contacts(text: Folded) -> Iterator[Span]:
    """Every way to reach somebody that a folded text holds."""
    if "@" in text.text:
        yield from _addresses(text.text)
        yield from _all(Kind.HANDLE, _HANDLE, text.text)
    for sign in (each for each in _SIGNS if each in (text.small if each == "@" else text.words)):
        yield from _spelt(text, sign, _SIGNS[sign])
    yield from _bracketed(text.small)
    yield from accounts(text)
    yield from disguised(text)
    yield from _pages(text)
    if any(len(word) >= _SHORTEST_WALLET for word in text.mixed):
        yield from _all(Kind.ACCOUNT, _WALLET, text.text)
    yield from _dialled(text.text)


def _dialled(text: str) -> Iterator[Span]:
    """Telephones with the code of their State."""
    for rule in (rule for begin, rule in _PHONES if begin in text):
        yield from (each for each in _all(Kind.PHONE, rule, text) if _is_number(text[each.start : each.end]))


def _pages(text: Folded) -> Iterator[Span]:
    if "." in text.text:
        yield from _domains(text.text)
    if "http" in text.small or "www." in text.small:
        yield from _all(Kind.URL, _ADDRESS, text.small)


def _all(kind: Kind, rule: re.Pattern[str], text: str) -> Iterator[Span]:
    return (Span(found.start(), found.end(), kind) for found in rule.finditer(text))


def _addresses(text: str) -> Iterator[Span]:
    for host in _AT_HOST.finditer(text):
        local = _LOCAL.match(text[max(host.start() - _BEFORE_SIGN, 0) : host.start()][::-1])
        if local:
            yield Span(host.start() - len(local[0]), host.end(), Kind.EMAIL)


def _spelt(text: Folded, sign: str, rest: re.Pattern[str]) -> Iterator[Span]:
    """Addresses whose sign stands apart or in words: read from the sign to both sides, so they cost no more than what stands there."""
    apart = (found.start() for found in _APART.finditer(text.small) if not _ACCOUNT.match(text.small, found.start()))
    for at in apart if sign == "@" else text.places(sign):
        after = rest.match(text.small, at + len(sign))
        before = after and _BACKWARDS.match(text.small[max(at - _BEFORE_SIGN, 0) : at][::-1])
        if after and before and not (sign == "@" and before[0].strip(_OPEN)[::-1] in TELLING):
            yield Span(at - len(before[0]), after.end(), Kind.EMAIL)


def _bracketed(small: str) -> Iterator[Span]:
    """Addresses whose sign stands in brackets, if only as "(a)"."""
    likely = chain.from_iterable(rule.finditer(small) for begin, rule in _BRACKETED.items() if begin in small)
    for sign in sorted(likely, key=re.Match.start):
        host = _IN_WORDS.match(small, sign.end())
        local = _BACKWARDS.match(small[max(sign.start() - _BEFORE_SIGN, 0) : sign.start()][::-1])
        if host and local:
            yield Span(sign.start() - len(local[0]), host.end(), Kind.EMAIL)


def _domains(text: str) -> Iterator[Span]:
    """Names of domains, with what follows them: the page of a network, a shop, a form."""
    for ending in chain(_ENDING.finditer(text), _PATH.finditer(text)):
        stem = _STEM.search(text[max(ending.start() - _LONGEST_STEM, 0) : ending.start()])
        if stem:
            yield Span(ending.start() - len(stem[0]), ending.end(), Kind.URL)


def _is_number(found: str) -> bool:
    if found.startswith("+") and sum(map(str.isdigit, found)) >= _FEWEST_DIALLED:
        return True
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse("+" + found.lstrip("+").removeprefix("00"), None))
    except phonenumbers.NumberParseException:
        return False
