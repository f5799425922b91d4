"""Where and when one person is at home or was born: birth dates, street numbers and coordinates beside a word for a dwelling."""

import re
from collections.abc import Iterator, Sequence

from app.screening.cues import Cue, windows
from app.screening.folding import Folded
from app.screening.spans import Kind, Span

MONTHS = (
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre|"
    "janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro|"
    "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec"
)
_DATE = re.compile(
    rf"\b\d{{1,2}}[/.\-]\d{{1,2}}[/.\-]\d{{2,4}}\b|\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}}(?:st|nd|rd|th|º|°)? (?:de |of )?(?:{MONTHS})\.?,? (?:de |del )?\d{{4}}\b"
    rf"|\b(?:{MONTHS})\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b",
    re.IGNORECASE,
)
# After a comma three digits may be thousands.
_DEGREES = r"\d{1,3}(?:\.\d{3,}|,\d{4,})"
_COORDINATES = re.compile(
    rf"[NSns] ?{_DEGREES}°?[ ,;/]{{1,3}}[EWOewo] ?{_DEGREES}|[-+]?{_DEGREES}°? ?[NSns]?\s?[,;/ ]\s?[-+]?{_DEGREES}°? ?[EWOewo]?|\d{{1,3}}° ?\d{{1,2}}['\u2032] ?\d{{1,2}}(?:\.\d+)?[\"\u2033]? ?[NSns][ ,;]{{1,3}}\d{{1,3}}° ?\d{{1,2}}['\u2032] ?\d{{1,2}}(?:\.\d+)?[\"\u2033]? ?[EWOewo]?"
)
_STREET = r"(?:calle|c/|av\.?|avenida|rua|r\.|travessa|carrera|cra\.?|kr\.?|jirón|jr\.?|pasaje|callejón|street|st\.?|road|rd\.?|avenue|ave\.?|bulevar|boulevard|blvd\.?|manzana|mz\.?|lote|colonia|barrio|bairro)"
_ADDRESS = re.compile(rf"\b{_STREET} [^.;\n]{{1,40}}?\d{{1,5}}\b|\b\d{{1,5}} {_STREET} [^\s,.;]{{2,30}}", re.IGNORECASE)
_REACH_DATE, _REACH_DWELLING, _REACH_ADDRESS = 40, 100, 60


def places(text: Folded, announced: Sequence[Cue]) -> Iterator[Span]:
    """Birth dates and dwellings of a folded text; dates and coordinates that no such word is beside are no matter."""
    if text.has_digits:
        yield from _near(Kind.BIRTH_DATE, _DATE, text, announced, (0, _REACH_DATE))
        yield from _near(Kind.DWELLING, _COORDINATES, text, announced, (_REACH_DWELLING, _REACH_DWELLING))
        yield from _near(Kind.DWELLING, _ADDRESS, text, announced, (0, _REACH_ADDRESS))


def _near(kind: Kind, rule: re.Pattern[str], text: Folded, announced: Sequence[Cue], reach: tuple[int, int]) -> Iterator[Span]:
    for start, end in windows(announced, kind, *reach):
        yield from (Span(found.start(), found.end(), kind) for found in rule.finditer(text.text, start, end))
