"""Numbers that name one person, a document, a vehicle or a device: by their form and check digits, or by the word before them."""

import re
from collections.abc import Callable, Iterator, Sequence

from stdnum import iban, luhn
from stdnum.ar import cuit
from stdnum.cl import rut
from stdnum.do import cedula
from stdnum.mx import rfc

from app.screening.cues import OWN_PHONE, PUBLIC, Cue
from app.screening.folding import Folded, plain
from app.screening.spans import Kind, Span
from app.screening.words import COUNTS, WORDS

# No form is shorter, and one without a hyphen is that of a card at least.
_CLUSTER = re.compile(r"[0-9](?<![0-9].)[0-9 .\-/()]{7,}[0-9A-Za-z]")
_SHORTEST_SPACED = 15
_FEWEST_DIGITS = 5


def _any(_text: str) -> bool:
    return True


def _is_card(text: str) -> bool:
    return luhn.is_valid(re.sub(r"\D", "", text))


def _is_cedula(text: str) -> bool:
    return bool(cedula.is_valid(text))


def _is_cuit(text: str) -> bool:
    return bool(cuit.is_valid(text))


def _is_rut(text: str) -> bool:
    return bool(rut.is_valid(text))


def _is_rfc(text: str) -> bool:
    return bool(rfc.is_valid(text))


_OF_LETTERS = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10), *range(10)], strict=True))
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def _is_vehicle(text: str) -> bool:
    """Whether the check digit of a vehicle's number is right (ISO 3779, as North America writes it); no number has digits only, or none."""
    return not (text.isdigit() or text.isalpha()) and (
        "0123456789X"[sum(_OF_LETTERS[each] * weight for each, weight in zip(text.upper(), _WEIGHTS, strict=True)) % 11] == text[8].upper()
    )


# Forms that nothing but a document has, of the States that give them: no word need stand before them.
_SHAPES: Sequence[tuple[Kind, str, Callable[[str], bool]]] = [
    (Kind.NATIONAL_ID, r"\d{3}\.\d{3}\.\d{3}-\d{2}", _any),  # Brazil, CPF
    (Kind.NATIONAL_ID, r"\d{1,2}\.\d{3}\.\d{3}-[\dkx]", _any),  # Chile RUN, Brazil RG
    (Kind.NATIONAL_ID, r"\d\.\d{3}\.\d{3}-\d", _any),  # Uruguay
    (Kind.NATIONAL_ID, r"\d{7,8}-[\dk]", _is_rut),  # Chile, written short
    (Kind.NATIONAL_ID, r"(?:20|23|24|27|30|33|34)-\d{8}-\d", _is_cuit),  # Argentina
    (Kind.NATIONAL_ID, r"\d{3}-\d{7}-\d", _is_cedula),  # Dominican Republic
    (Kind.NATIONAL_ID, r"\d{4}-\d{4}-\d{5}", _any),  # Honduras
    (Kind.NATIONAL_ID, r"\d{4}[ ]\d{5}[ ]\d{4}", _any),  # Guatemala
    (Kind.NATIONAL_ID, r"\d{3}-\d{6}-\d{4}[a-z]?", _any),  # Nicaragua
    (Kind.NATIONAL_ID, r"\d{4}-\d{6}-\d{3}-\d", _any),  # El Salvador, NIT
    (Kind.NATIONAL_ID, r"\d{3}-\d{2}-\d{4}", _any),  # United States, SSN
    (Kind.CARD, r"[3-6]\d{3}(?:[ -]\d{4}){3}|3[47]\d{2}[ -]\d{6}[ -]\d{5}", _is_card),
    (Kind.PHONE, r"\(\d{2,3}\)[ ]?\d{3,5}-\d{4}", _any),
]


def _alone(form: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\d.,])(?<!\d-)(?:{form})(?!\d|-\d)", re.IGNORECASE)


_FORMS = [(kind, _alone(form), judge) for kind, form, judge in _SHAPES]
_ANY_FORM = _alone("|".join(form for _, form, _ in _SHAPES))
# How each of them begins: the numbers of most texts are parted otherwise, and nothing more need be looked at.
_BEGINS = re.compile(
    r"[0-9(](?:(?<=\()\d\d|(?<![0-9].)(?:\d{0,2}\.\d{3}\.\d{3}-|\d{6,7}-[\dkK]|\d-\d{8}-|\d{3}[ -]\d{4,6}[ -]|\d\d-(?:\d{2}-\d{4}|\d{6,7}-)))"
)
# Venezuela, and foreigners in Spain.
_INITIALLED = re.compile(
    r"[VEXYZ](?<!\w.)(?:(?<=[VE])(?:\.?[- ]{0,2}\d{1,2}\.\d{3}\.\d{3}|\.?-\d{6,8}|(?<=V)(?!(?:19|20)\d\d[01]\d[0-3])\d{8})|(?<=[XYZ])-?\d{7}-?[A-Z])\b"
)
# The rest of these rules is begun by its first character in either case, so that the search looks at nothing else.
_CASED = "A-Za-z\u0130\u0131\u017f\u212a"
_ELECTOR = re.compile(rf"[{_CASED}](?<![^\W_].)(?i:[A-Z]{{5}}\d{{8}}[HM]\d{{3}}(?![^\W_]))")
_FOREIGNER = re.compile(r"\b\d{3}-\d{2}C\d{5}\b")
_EQUIPMENT = re.compile(r"\bimei(?:[12]|sv)\b\D{0,12}\d(?:[ \-/.]{0,2}\d){13,15}", re.IGNORECASE)
# In one word of letters and digits: who holds none so long holds no such number.
_CURP = re.compile(rf"[{_CASED}](?<![^\W_].)(?i:[A-Z]{{3}}\d{{6}}[HMX][A-Z]{{5}}[A-Z0-9]\d(?![^\W_]))")
_RFC = re.compile(rf"[{_CASED}Ññ&](?<=\b.)(?i:[A-ZÑ&]{{3}}\d{{6}}[A-Z0-9]{{3}}\b)")
_IBAN = re.compile(r"[A-Z](?=[A-Z]\d\d)(?<!\w[A-Z])[A-Z]\d{2}(?:[ .\-]?[A-Z0-9]{4}){2,7}(?:[ .\-]?[A-Z0-9]{1,3})?\b")
_IN_ONE_WORD, _FOREIGNERS, _VEHICLES = {12, 13, 18}, 8, 17
_LONGEST_ZONE = 27
_MACHINE_READABLE = re.compile(
    r"\b[PIACV][A-Z<] ?[A-Z<]{3} ?[A-Z0-9<]{4,40}<<[A-Z0-9<]{1,40}|\b[A-Z0-9<]{9}[\d<][A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{0,20}"
    r"|\b\d{7}[MFX<]\d{7}[A-Z<]{3}[A-Z0-9<]{8,14}|\b[A-Z]{2,30}(?:<[A-Z]{1,30}){0,4}<<[A-Z]{1,30}[A-Z<]{0,40}"
    r"|\b[PIACV] ?< ?[A-Z]{3}[A-Z<]?[A-Z< ]{3,40}< ?<[A-Z< ]{0,40}",
    re.IGNORECASE,
)

_SMALL = "del?|en|el|la|lo|los|las|se|su|al?|un|una|es|ya|no|do|da|dos|das|em|os?|as|um|uma|na|nos|nas|ao|ou|in|of|the|to|is|on|at|by|or|and|an|nr|nro|num|y|e|con|com|por|que|sin|sem|son|sao|más|mas|mais|for|with|was|ver|has|had|not"
"""Words as short as the letters of a number are, after which a count or a year stands."""

# After a word that announces it: what may stand there, and within how many characters.
_AFTER: dict[Kind, tuple[int, re.Pattern[str]]] = {
    Kind.NATIONAL_ID: (
        26,
        re.compile(r"\b[A-Z]{0,5}-?\d(?:[.\- /]?\d){3,16}(?:-?[A-Z0-9])?\b|\b\d{1,3} - \d{2,4} - \d{3,6}\b", re.IGNORECASE),
    ),
    Kind.PASSPORT: (
        30,
        re.compile(
            r"\b[A-Z]{1,3}[ \-]?\d{5,9}\b|\b[A-Z]{2}[ \-]?\d{2,3}(?:\.\d{3}){1,2}\b|\b[a-z]{0,3}\d{7,9}\b|\b[a-z]{1,3}\d{5,6}\b|\b\d{3} \d{3} \d{3}\b"
            rf"|\b(?!(?i:{_SMALL}) )[A-Z]{{1,3}}[ \-.]?(?!(?:19|20)\d\d[ .\-]|\d{{1,2}}[ .\-]\d{{1,2}}[ .\-](?:19|20)?\d\d\b)(?=\d(?:[ .\-]?\d){{5,8}}\b)\d{{1,5}}(?:[ .\-]\d{{2,5}}){{1,3}}\b|\b(?!(?:{_SMALL}) )[a-z]{{1,2}}[ \-]\d{{6,7}}\b|\b\d(?: \d){{6,9}}\b|\b\d \d{{4}} \d{{4}}\b|\b(?!19|20)\d{{4}} \d{{4,5}}\b"
        ),
    ),
    Kind.PLATE: (
        18,
        re.compile(
            r"\b(?=[A-Z0-9]{0,16}\d)[A-HJ-NPR-Z0-9]{17}\b|\b(?=[A-Z0-9 \-]{0,8}\d)(?=[A-Z0-9 \-]{0,8}[A-Z])(?=(?:[ \-]?[A-Z0-9]){4})[A-Z0-9]{1,4}(?:[ \-]?[A-Z0-9]{1,6}){1,3}\b"
            rf"|\b[a-z]{{2,4}}-?\d{{3,4}}\b|\b[a-z]{{3}}-?\d[a-z]\d{{2}}\b|\b[a-z]-\d{{5,6}}\b|\b(?!(?:{_SMALL}) )[a-z]{{3}} \d{{3,4}}\b"
            r"|\b[A-Z]{2,4}\.\d{2,4}(?:\.\d{2,4})?\b|\b[A-Z]{2}\.[A-Z]{2}\.\d{2}\b|\b[A-Z] - \d{3} - \d{3}\b|\b[A-Z]{2,3} - (?!19|20)\d{3,4}\b"
        ),
    ),
    Kind.PHONE: (26, re.compile(r"\+?\(?\d(?:[ ().\-/]{0,3}\d){6,14}")),
    Kind.CARD: (30, re.compile(r"\d(?:[ \-./]?\d){12,18}")),
    Kind.ACCOUNT: (26, re.compile(r"\d(?:[ \-]?\d){7,24}|\b\d{5,8}-[\dxX]\b")),
    Kind.IMEI: (20, re.compile(r"\d(?:[ \-/.]{0,2}\d){13,15}")),
}
_VEHICLE = re.compile(r"[A-HJ-NPR-Za-hj-npr-z0-9](?<!\w.)(?i:[A-HJ-NPR-Z0-9]{16}\b)")
# Of small letters, so that the search goes from one "a" to the next.
_ALIEN = re.compile(
    r"a(?=[ \-#n0-9f])(?<!\w.)(?:(?:[ \-]?(?:#|n[o\u00ba\u00b0]\.?|number|file)[ :#.]{0,3}a?|-)\d{2,3}[ \-]?\d{3}[ \-]?\d{3}\b|\d{2,3}([ \-])\d{3}\1\d{3}\b|(?!20[0-2]\d[01]\d[0-3])\d{9}\b)"
)
_LONG = re.compile(r"\d{6}|\d\.\d{3}\.\d{3}")
_BRACKETED, _LONGEST_BEFORE = frozenset({Kind.NATIONAL_ID, Kind.PASSPORT, Kind.PLATE, Kind.PHONE}), 28
_REGISTERED = frozenset({"reg", "regn", "regd", "registered", "registration"})
"""Words that announce plates and much else."""
_OF_ACTS, _SHORT_REACH, _PLATED = ("UE ", "EU ", "CE ", "EC ", "BR-"), 6, 4
_COUNTED = frozenset(map(plain, WORDS["counted"]["words"])) | {
    word for word in COUNTS["words"]["persons"].split() if word.endswith("s") or word in {"people", "men", "women", "children", "pax"}
}
_COUNTING, _PLAIN_NUMBER = re.compile(r" (?:de )?([^\W\d_]{3,})"), re.compile(r"\d+(?:[., ]\d{3})*")
_THOUSANDS = re.compile(r"\d{1,3}[.,]\d{3}")
_JOINED, _MOST_LISTED = re.compile(r",? (?:y|e|and|&) |, |/"), 8
_CODED = re.compile(r"[A-Z]-?\d|\d-\d+-\d|\d\d-[\dkK]$")
_SENTENCE = re.compile(r"\w{5}\. |;")
_BEFORE_PUBLIC = 48
_WORDS = re.compile(r"[^\W\d_]{4,}")
_YEARS_OR_DATE = re.compile(
    r"[\d.]{1,9}/(?:19|20)?\d{2,3}|(?:19|20)\d{2}(?:[/\-]\d{1,6}| \d{1,4})|(?:19|20)\d{2}|\d{1,2}[/.\-]\d{1,2}[/.\-](?:19|20)?\d{2}|(?:19|20)\d{2}-\d{2}(?:-\d{1,4})?"
)


def numbers(text: Folded, announced: Sequence[Cue]) -> Iterator[Span]:
    """Every number of a folded text that names somebody or something of somebody."""
    if "<" in text.text or any(len(word) > _LONGEST_ZONE for word in text.mixed):
        yield from (Span(found.start(), found.end(), Kind.MACHINE_READABLE) for found in _MACHINE_READABLE.finditer(text.text))
    if not text.has_digits:
        return
    yield from _formed(text.text)
    yield from _lettered(text)
    following: dict[Kind, int] = {}
    for cue in reversed(announced):
        # As far as the next word of its kind, which looks on from there.
        yield from _ahead(text.text, cue)
        yield from _after(text.text, cue, following.get(cue.kind, len(text.text)))
        following[cue.kind] = cue.end


def _lettered(text: Folded) -> Iterator[Span]:
    yield from (Span(found.start(), found.end(), Kind.NATIONAL_ID) for found in _ALIEN.finditer(text.small))
    for kind, rule, judge in _likely(text):
        yield from (Span(found.start(), found.end(), kind) for found in rule.finditer(text.text) if judge(found[0]))


def _likely(text: Folded) -> Iterator[tuple[Kind, re.Pattern[str], Callable[[str], bool]]]:
    """The rules for letters and digits that a text may fulfil, by the lengths of its words."""
    if _LONG.search(" ".join(text.numerals)):
        yield Kind.NATIONAL_ID, _INITIALLED, _any
    if "imei" in text.small:
        yield Kind.IMEI, _EQUIPMENT, _any
    if any(word[2:4].isdigit() and word[:2].isalpha() and word[3:] for word in text.mixed):
        yield Kind.ACCOUNT, _IBAN, iban.is_valid
    lengths = set(map(len, text.mixed))
    if _FOREIGNERS in lengths:
        yield Kind.NATIONAL_ID, _FOREIGNER, _any
    if not _IN_ONE_WORD.isdisjoint(lengths):
        yield from ((Kind.NATIONAL_ID, _CURP, _any), (Kind.NATIONAL_ID, _ELECTOR, _any), (Kind.NATIONAL_ID, _RFC, _is_rfc))
    if _VEHICLES in lengths:
        yield Kind.PLATE, _VEHICLE, _is_vehicle


def _formed(text: str) -> Iterator[Span]:
    for cluster in _CLUSTER.finditer(text):
        # With the character before: what stands within a longer number is none of these.
        start, end = max(cluster.start() - 1, 0), cluster.end() + 2
        is_likely = ("-" in cluster[0] or end - start >= _SHORTEST_SPACED) and _BEGINS.search(text, start, end)
        likely = _ANY_FORM.search(text, start, end) if is_likely else None
        while likely:
            found = next(_judged(text, likely.start(), end), None)
            if found:
                yield found
            likely = _ANY_FORM.search(text, found.end if found else likely.start() + 1, end)


def _judged(text: str, at: int, end: int) -> Iterator[Span]:
    for kind, rule, judge in _FORMS:
        found = rule.match(text, at, end)
        if found and judge(found[0]):
            yield Span(at, found.end(), kind)


def _after(text: str, cue: Cue, until: int) -> Iterator[Span]:
    if cue.kind not in _AFTER or (cue.kind is Kind.PHONE and _is_public(text, cue)):
        return
    reach, rule = _AFTER[cue.kind]
    likely = rule.finditer(text, cue.end, min(cue.end + reach + 24, until))
    found = next((each for each in likely if not _is_count(text, each)), None)
    if found and found.start() - cue.end <= reach and _is_announced(text, cue, found):
        kind = _kind(text[cue.start : cue.end].lower(), found[0], cue.kind)
        yield Span(found.start(), found.end(), kind)
        yield from _listed(text, rule, found.end(), kind)


def _listed(text: str, rule: re.Pattern[str], end: int, kind: Kind) -> Iterator[Span]:
    """The numbers after the one that a word announces, where one word announces them all: "pasaportes C8204417 y C8204418"."""
    for _ in range(_MOST_LISTED):
        joined = _JOINED.match(text, end)
        found = joined and rule.match(text, joined.end())
        if not found or not _is_one(kind, found[0]) or _is_count(text, found):
            return
        yield Span(found.start(), found.end(), kind)
        end = found.end()


def _is_count(text: str, found: re.Match[str]) -> bool:
    """Whether a number counts what follows it: "el PEP, 281.024 personas"."""
    counted = _COUNTING.match(text, found.end())
    return counted is not None and plain(counted[1]) in _COUNTED and _PLAIN_NUMBER.fullmatch(found[0]) is not None


def _is_announced(text: str, cue: Cue, found: re.Match[str]) -> bool:
    """Whether what stands after a word is what it announces."""
    between = text[cue.end : found.start()]
    if not _is_one(cue.kind, found[0]) or "\n" in between:
        return False
    if text[cue.start : cue.end].lower() in _REGISTERED and not _is_of_a_vehicle(between, found[0]):
        return False
    # A new sentence speaks of something else; the full stop of an abbreviation ("C.C.", "N.º") is none.
    return not _SENTENCE.search(text, cue.start + 1, found.start())


def _ahead(text: str, cue: Cue) -> Iterator[Span]:
    """A number right before the word that says what it is, in brackets or after a comma: "K000417 (pasaporte cubano)"."""
    before = text[max(cue.start - 2, 0) : cue.start]
    if cue.kind in _BRACKETED and (before[-1:] == "(" or before == ", "):
        begin = max(cue.start - _LONGEST_BEFORE, 0)
        last = max(_AFTER[cue.kind][1].finditer(text, begin, cue.start), key=lambda found: found.end(), default=None)
        between = text[last.end() : cue.start].strip() if last else ""
        # After a comma another thing may begin: there only what no count is written as.
        if last and (between == "(" or (between == "," and _CODED.search(last[0]))) and _is_one(cue.kind, last[0]):
            yield Span(last.start(), last.end(), cue.kind)


def _kind(announced: str, found: str, kind: Kind) -> Kind:
    """What it is where one word announces two: "PPT" a permit to stay or, with letters, a passport; "C/C" an account, "C.C." a card."""
    if announced == "ppt" and found.isdigit():
        return Kind.NATIONAL_ID
    return Kind.ACCOUNT if announced == "c/c" else kind


def _is_one(kind: Kind, found: str) -> bool:
    digits = sum(map(str.isdigit, found))
    if kind in {Kind.NATIONAL_ID, Kind.PHONE, Kind.ACCOUNT} and (_YEARS_OR_DATE.fullmatch(found.strip()) or found.endswith(".000")):
        return False
    if kind is Kind.NATIONAL_ID and _THOUSANDS.fullmatch(found):
        return False
    return digits >= _FEWEST_DIGITS if kind is Kind.NATIONAL_ID else digits > 0


def _is_of_a_vehicle(between: str, found: str) -> bool:
    """Whether what stands after "reg." is a plate, for much else is registered: at once, and no year, act or place with a number."""
    if len(between) > _SHORT_REACH or found.startswith(_OF_ACTS):
        return False
    first, *_, last = [found, *found.replace("-", " ").split()][-2:]
    return not _YEARS_OR_DATE.fullmatch(last) and (" " not in found or len(last) >= _PLATED or len(first) >= _PLATED)


def _is_public(text: str, cue: Cue) -> bool:
    if text[cue.start : cue.end].lower() in OWN_PHONE:
        return False
    before = text[max(cue.start - _BEFORE_PUBLIC, 0) : cue.end + 12]
    return any(word[0].lower() in PUBLIC for word in _WORDS.finditer(before))
