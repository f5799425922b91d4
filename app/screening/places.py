"""Where and when one person is at home or was born: birth dates, street numbers and coordinates beside a word for a dwelling."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from app.screening.cues import Cue, windows
from app.screening.folding import Folded
from app.screening.spans import Kind, Span

MONTHS = (
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre|"
    "janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro|"
    "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec"
)
_SHORT = "ene|abr|ago|dic|fev|mai|set|out|dez"
_IN_WORDS = (
    r"(?:(?:primero|uno|dos|tres|cuatro|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince|dieci[a-zé]{3,5}|veinte|veinti[a-zóé]{2,6}|treinta(?: y uno)?|primeiro|"
    r"um|dois|tr[eê]s|quatro|cinco|sete|oito|nove|dez|onze|doze|treze|quatorze|quinze|deze[a-z]{3,5}|dezoito|vinte(?: e [a-zê]{2,6})?|trinta(?: e um)?) de |"
    r"(?:(?:twenty|thirty)-)?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|[a-z]{3,6}teenth|twentieth|thirtieth) of )"
)
ROMAN = "(?:i{1,3}|iv|vi{0,3}|ix|xi{0,2})"
_DATE = re.compile(
    rf"\b\d{{1,2}} ?[/.\-] ?\d{{1,2}} ?[/.\-] ?\d{{2,4}}\b|\b\d{{4}}[\-/.]\d{{1,2}}[\-/.]\d{{1,2}}\b|\b\d{{1,2}}[ \-/.]?{ROMAN}[ \-/.]\d{{2,4}}\b|\b\d{{2}} \d{{2}} (?:19|20)\d{{2}}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|º|°|er|ro)?[ \-/.]?(?:de |of )?(?:{MONTHS}|{_SHORT})\.?,?[ \-/.]?(?:de |del )?(?:a[nñ]o |ano )?(?:\d{{4}}|'?\d{{2}})\b"
    rf"|\b{_IN_WORDS}(?:{MONTHS})\b"
    rf"|\b(?:{MONTHS}|{_SHORT})\.? \d{{1,2}}(?:st|nd|rd|th)?,? (?:de |del |of )?(?:\d{{4}}|'\d{{2}})\b|\b(?:(?:19|20)\d{{2}}(?:0\d|1[0-2])[0-3]\d|[0-3]\d(?:0\d|1[0-2])(?:19|20)\d{{2}})\b",
    re.IGNORECASE,
)
# After a comma three digits may be thousands.
_DEGREES = r"\d{1,3}(?:\.\d{3,}|,\d{4,})"
_COORDINATES = re.compile(
    rf"\b[2-9CFGHJMPQRVWX]{{8}}\+[2-9CFGHJMPQRVWX]{{2,3}}\b|\blat\w{{0,5}}\.?[ :=]{{0,3}}[-+]?{_DEGREES}.{{1,12}}?\blon\w{{0,6}}\.?[ :=]{{0,3}}[-+]?{_DEGREES}|[NSns] ?{_DEGREES}°?[ ,;/]{{1,3}}[EWOewo] ?{_DEGREES}|[-+]?{_DEGREES}°? ?[NSns]?\s?[,;/ ]\s?[-+]?{_DEGREES}°? ?[EWOewo]?|\d{{1,3}}° ?\d{{1,2}}(?:\.\d+)?['\u2032] ?(?:\d{{1,2}}(?:\.\d+)?[\"\u2033]?)? ?[NSns][ ,;]{{1,3}}\d{{1,3}}° ?\d{{1,2}}(?:\.\d+)?['\u2032] ?(?:\d{{1,2}}(?:\.\d+)?[\"\u2033]?)? ?[EWOewo]?"
)
_STREET = r"(?:calle|cll\.?|cl\.|diagonal|transversal|urbanizaci[oó]n|urb\.?|alameda|ladeira|estrada|pra[cç]a|largo|beco|quadra|qd\.?|vila|tv\.?|apto\.?|apartamento|apt\.?|apartment|unit|lot|block|casa n[.o\u00ba\u00b0]*|house no\.?|c/|av\.?|avenida|rua|r\.|travessa|carrera|cra\.?|kr\.?|jirón|jr\.?|pasaje|callejón|street|st\.?|road|rd\.?|avenue|ave\.?|bulevar|boulevard|blvd\.?|manzana|mz\.?|lote|colonia|barrio|bairro)"
_ADDRESS = re.compile(
    rf"\b{_STREET} [^.;\n]{{0,40}}?\d{{1,5}}\b|\b\d{{1,5}} {_STREET} [^\s,.;]{{2,30}}"
    r"|\b\d{1,5}[a-z]? (?:[\w'.]{1,20} ){1,4}(?:street|st|road|rd|drive|dr|avenue|ave|lane|ln|boulevard|blvd|court|ct|place|way|terrace|highway|hwy|crescent|close|gardens|square|trail|trace|circle|parkway|pkwy|alley)\b",
    re.IGNORECASE,
)
_BORN = re.compile(r"\([nb]\.? ?", re.IGNORECASE)
_BORN_IN_ENGLISH = re.compile(r"[(,\n](?:(?<=\()[bB]\.? ?|(?<=,) ?[bn]\. ?|(?<=\n)[bn]\. ?)(?=\w)")
_BORN_AT_FIRST = re.compile(r"[bn]\. ?(?=\w)")
# How each letter stands before a date: looked for where it is a word of the text, before the rule itself.
_BORN_LETTERS = {"b": re.compile(r"b(?=\.|(?<=\(b))"), "n": re.compile(r"n\. ?[0-9]")}
_AMBIGUOUS = frozenset({"nac", "n el", "fn", "f n", "dn", "d n", "birth"})
"""Words for a birth that say something else too, where no date follows at once."""
OF_ALL = re.compile(
    r"(?:casas?|house|home) (?:del?|do|da|for|of|para) (?:los |las |the )?(?:migra|refug|mujer|mulher|niñ|crian|women|children|justic|cultur|amist|famil|brasil|gobierno)"
)
"""Houses that are no dwellings of one person."""
_OF_A_RULE = re.compile(
    r"\b(?:desde|since|a partir|obligatori|obrigat|mandatory|required|public|vigen|vigor|entra en|effective|after|before|between|abroad|census|censo|antes|despu[eé]s|depois|posterior|anterior|entre)"
)
_BIRTHDAYS = frozenset({"birthday", "cumple años", "cumpleaños", "cumpleanos", "natalicio"})
_DAY = re.compile(
    rf"\W{{1,3}}(?:(?:el|is|on|es|é|em|día|dia|the) ){{0,2}}(\d{{1,2}}(?:st|nd|rd|th|º|°)? (?:de |of )?(?:{MONTHS})|(?:{MONTHS}) \d{{1,2}})\b",
    re.IGNORECASE,
)
_REACH_SHORT, _LONGEST_DATE = 5, 32
_REACH_DATE, _REACH_DWELLING, _REACH_ADDRESS = 56, 100, 60


def places(text: Folded, announced: Sequence[Cue]) -> Iterator[Span]:
    """Birth dates and dwellings of a folded text; dates and coordinates that no such word is beside are no matter."""
    if text.has_digits:
        yield from _born(text)
    births = [each for each in announced if each.kind is Kind.BIRTH_DATE]
    if births or text.has_digits:
        yield from _births(text, births)
    if announced and text.has_digits:
        yield from _dwellings(text, announced)


def _dwellings(text: Folded, announced: Sequence[Cue]) -> Iterator[Span]:
    """Coordinates and addresses near a word for a dwelling."""
    dwellings = [each for each in announced if each.kind is Kind.DWELLING and not OF_ALL.match(text.small, each.start)]
    yield from _near(Kind.DWELLING, _COORDINATES, text, dwellings, (_REACH_DWELLING, _REACH_DWELLING))
    yield from _near(Kind.DWELLING, _ADDRESS, text, dwellings, (0, _REACH_ADDRESS))


def _births(text: Folded, births: Sequence[Cue]) -> Iterator[Span]:
    """Dates after a word for a birth, right after one that says something else too ("nac."), or right before one in brackets."""
    certain = [each for each in births if text.small[each.start : each.end] not in _AMBIGUOUS]
    yield from (each for each in _near(Kind.BIRTH_DATE, _DATE, text, certain, (0, _REACH_DATE)) if not _is_of_a_rule(text, certain, each))
    yield from _at_once(text, births)
    for cue in births:
        yield from _dated_before(text, cue)
        day = _DAY.match(text.text, cue.end) if text.small[cue.start : cue.end] in _BIRTHDAYS else None
        if day:
            yield Span(*day.span(1), Kind.BIRTH_DATE)


def _is_of_a_rule(text: Folded, births: Sequence[Cue], date: Span) -> bool:
    """Whether the date is that of a rule about births or their data: "fecha de nacimiento: obligatoria desde el 1 de enero de 2024"."""
    before = max((each.end for each in births if each.end <= date.start), default=date.start)
    return _OF_A_RULE.search(text.small, before, date.start) is not None


def _at_once(text: Folded, births: Sequence[Cue]) -> Iterator[Span]:
    """Dates right after a word for a birth that says something else too, or after "(n." and "(b."."""
    near = ((cue.end, _REACH_SHORT) for cue in births if text.small[cue.start : cue.end] in _AMBIGUOUS)
    for begin, reach in chain(near, ((born.end(), 0) for born in _BORN.finditer(text.text))):
        date = _DATE.search(text.text, begin, begin + reach + _LONGEST_DATE)
        if date and date.start() <= begin + reach:
            yield Span(date.start(), date.end(), Kind.BIRTH_DATE)


def _born(text: Folded) -> Iterator[Span]:
    """Dates right after "(b." and, where a name may stand before, after ", b.": no other word need stand there."""
    if not any(letter in text.words and rule.search(text.small) for letter, rule in _BORN_LETTERS.items()):
        return
    first = _BORN_AT_FIRST.match(text.text)
    for born in chain([first] if first else (), _BORN_IN_ENGLISH.finditer(text.text)):
        before = text.text[max(born.start() - _LONGEST_DATE, 0) : born.start()].split(" ")[-1]
        date = _DATE.match(text.text, born.end()) if born[0][0] != "," or before[:1].isupper() else None
        if date:
            yield Span(date.start(), date.end(), Kind.BIRTH_DATE)


def _dated_before(text: Folded, cue: Cue) -> Iterator[Span]:
    begin = max(cue.start - _LONGEST_DATE, 0)
    last = max(_DATE.finditer(text.text, begin, cue.start), key=lambda date: date.end(), default=None)
    if last and text.text[last.end() : cue.start].strip(" ") in (
        {"(", "["} | ({""} if text.small[cue.start : cue.end] == "dob" else set())
    ):
        yield Span(last.start(), last.end(), Kind.BIRTH_DATE)


def _near(kind: Kind, rule: re.Pattern[str], text: Folded, announced: Sequence[Cue], reach: tuple[int, int]) -> Iterator[Span]:
    for start, end in windows(announced, kind, *reach):
        yield from (Span(found.start(), found.end(), kind) for found in rule.finditer(text.text, start, end))
