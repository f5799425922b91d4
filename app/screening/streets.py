"""A house by its street and number where no word for a dwelling stands: "calle Juan Pérez 12", "27 Hibiscus Lane"."""

import re
from collections.abc import Iterator
from itertools import chain

from app.screening.folding import Folded, plain
from app.screening.places import OF_ALL
from app.screening.spans import Kind, Span
from app.screening.words import WORDS

_STREETS = tuple(WORDS["streets"]["before"])
_FIRST = {word: plain(word).strip("/") for word in _STREETS}
_BARE_FIRST = frozenset(_FIRST.values())
_LAST = frozenset(WORDS["streets"]["after"])
_INSTITUTIONS, _LANDMARKS = (frozenset(map(plain, WORDS["streets"][name])) for name in ("institutions", "landmarks"))
_UNIT = r"(?:piso|int|interior|depto|dpto|apto|apt|casa|fundos|esq|esquina|local|bis|col|colonia|barrio|bairro|zona|torre|bloco|bloque|lote|lt|unit|frente|al lado|portón|portão)\b"
# Of a name with a capital letter, or of any where a sign of number stands; then nothing that it might count.
_CAPITAL = r"(?:(?:de|del|da|do|das|dos|la|las|los|el|y|e) ){0,2}[A-ZÀ-ÖØ-Þ][\w'\u2019]{1,20}"
_SIGN = r"(?:n\.?[o\u00ba\u00b0]?\.? ?[o\u00ba\u00b0]?|nro\.?|n[uú]m\.?|n[uú]mero|#)"
_HOUSE = r"\d{1,5}(?:-?[A-Za-z](?!\w))?(?![\w/%\u00ba\u00b0]|[.,]\d|-\d{3})"
_ENDS = rf"(?=-\d|[.;:)\"\n]|,(?! ?\d)|$| ?- | {_UNIT})"
_NAMED = re.compile(
    rf"\.? (?:(?:\d{{1,2}} (?:de )?)?{_CAPITAL}(?: {_CAPITAL}){{0,4}},? {{0,2}}(?:(?i:{_SIGN}) ?(?!0){_HOUSE}|(?!(?:19|20)\d\d\b)(?!0){_HOUSE}{_ENDS})"
    rf"|(?:[^\W\d_]{{2,20}},? ){{1,5}}(?i:(?!n )(?:n\.?[o\u00ba\u00b0]|nro\.?|n[uú]m\.?|n[uú]mero|#)) ?{_HOUSE})"
)
_CROSSED = re.compile(
    r"\.? ?\d{1,3} ?[A-Za-z]?(?: (?:sur|norte|este|oeste|bis))? ?(?:#|n[o\u00ba\u00b0.]{1,2}) ?\d{1,3} ?[A-Za-z]? ?- ?\d{1,3}\b|\.? \d{1,2}-\d{1,3},? zona \d{1,2}\b",
    re.IGNORECASE,
)
_IN_ENGLISH = re.compile(r"(?<![\w.,/-])(?!(?:19|20)\d\d )\d{1,5}[A-Z]? (?:[A-Z][\w'\u2019]{1,20} ){1,3}$")
_SHUT = re.compile(r"\.?(?=[.,;:)\n\"]|$| - | (?:in|apt|unit|lot|back|near|behind|apartment)\b)")
_AROUND, _NEAR, _LONGEST = 120, 40, 72
_MEETING = re.compile(r"(?:punto|ponto|lugar) de (?:reuni[oó]n|reuni[aã]o|encuentro|encontro)|meeting point", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")


def streets(text: Folded) -> Iterator[Span]:
    """Streets with the number of a house, but those of institutions, which stand beside what they are."""
    near = _BARE_FIRST & text.words
    for word in [each for each, bare in _FIRST.items() if bare in near] if near else ():
        yield from _after(text, word)
    for word in _LAST & text.words:
        yield from _before(text, word)


def _after(text: Folded, word: str) -> Iterator[Span]:
    """Houses whose street is named after the word: "calle Juan Pérez 12"."""
    for start in text.places(word):
        found = _NAMED.match(text.text, start + len(word)) or _CROSSED.match(text.text, start + len(word))
        if found and not _is_public(text.text, start, found.end()):
            yield Span(start, found.end(), Kind.DWELLING)


def _before(text: Folded, word: str) -> Iterator[Span]:
    """Houses whose street is named before the word: "27 Hibiscus Lane"."""
    for at in text.places(word):
        begin, end = max(at - _LONGEST, 0), at + len(word)
        found = _IN_ENGLISH.search(text.text[begin:at]) if text.text[at].isupper() and _SHUT.match(text.text, end) else None
        if found and not _is_public(text.text, begin + found.start(), end):
            yield Span(begin + found.start(), end, Kind.DWELLING)


def _is_public(text: str, start: int, end: int) -> bool:
    """Whether words around say that whoever is there receives the public or is no house at all."""
    before, after = _MEETING.sub("", text[max(start - _AROUND, 0) : start]), text[end : end + _AROUND]
    if OF_ALL.search(before.lower()):
        return True
    around = chain(_WORD.findall(before), _WORD.findall(after))
    return not _INSTITUTIONS.isdisjoint(map(plain, around)) or not _LANDMARKS.isdisjoint(map(plain, _WORD.findall(before[-_NEAR:])))
