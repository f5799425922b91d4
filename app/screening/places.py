"""Where and when one person is at home or was born: birth dates, street numbers and coordinates beside a word for a dwelling."""

import re
from collections.abc import Iterator, Sequence

from app.screening.cues import Cue
from app.screening.spans import Kind, Span

_MONTHS = (
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre|"
    "janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro|"
    "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec"
)
_DATE = re.compile(
    rf"\b\d{{1,2}}[/.\-]\d{{1,2}}[/.\-]\d{{2,4}}\b|\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}}(?:st|nd|rd|th|º|°)? (?:de |of )?(?:{_MONTHS})\.?,? (?:de |del )?\d{{4}}\b"
    rf"|\b(?:{_MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b",
    re.IGNORECASE,
)
_DEGREES = r"\d{1,3}\.\d{3,}"
_COORDINATES = re.compile(
    rf"[-+]?{_DEGREES}°? ?[NSns]?\s?[,;/ ]\s?[-+]?{_DEGREES}°? ?[EWOewo]?|\d{{1,3}}° ?\d{{1,2}}['\u2032] ?\d{{1,2}}(?:\.\d+)?[\"\u2033]? ?[NSns][ ,;]{{1,3}}\d{{1,3}}° ?\d{{1,2}}['\u2032] ?\d{{1,2}}(?:\.\d+)?[\"\u2033]? ?[EWOewo]?"
)
_STREET = r"(?:calle|c/|av\.?|avenida|rua|r\.|travessa|carrera|cra\.?|kr\.?|jirón|jr\.?|pasaje|callejón|street|st\.?|road|rd\.?|avenue|ave\.?|bulevar|boulevard|blvd\.?|manzana|mz\.?|lote|colonia|barrio|bairro)"
_ADDRESS = re.compile(rf"\b{_STREET} [^.;\n]{{1,40}}?\d{{1,5}}\b|\b\d{{1,5}} {_STREET} [^\s,.;]{{2,30}}", re.IGNORECASE)
_REACH_DATE, _REACH_DWELLING, _REACH_ADDRESS = 40, 100, 60


def places(text: str, announced: Sequence[Cue]) -> Iterator[Span]:
    """Birth dates and dwellings of a folded text; dates and coordinates that no such word is beside are no matter."""
    for cue in announced:
        if cue.kind is Kind.BIRTH_DATE:
            yield from _near(_DATE, text, cue, 0, _REACH_DATE)
        elif cue.kind is Kind.DWELLING:
            yield from _near(_COORDINATES, text, cue, _REACH_DWELLING, _REACH_DWELLING)
            yield from _near(_ADDRESS, text, cue, 0, _REACH_ADDRESS)


def _near(rule: re.Pattern[str], text: str, cue: Cue, before: int, after: int) -> Iterator[Span]:
    start, end = max(cue.start - before, 0), min(cue.end + after, len(text))
    for found in rule.finditer(text, start, end):
        yield Span(found.start(), found.end(), Kind.BIRTH_DATE if rule is _DATE else Kind.DWELLING)
