"""Name-like spans: rules find some of them, no more; whatever looks like a person waits for a second one who reads it (guarantees 2)."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache, partial
from itertools import chain, pairwise
from typing import Literal, NamedTuple

from app.screening.cues import Cue
from app.screening.folding import Folded, plain
from app.screening.spans import Kind, Span
from app.screening.words import NAMES

Sort = Literal["given", "family", "unknown", "initial", "common", "heads", "titles"]

_CAPITAL = "[A-ZÀ-ÖØ-Þ\u0100-\u024f\u1e00-\u1eff]"
_WORD = rf"{_CAPITAL}(?:\w{{0,2}}+\.(?= ?{_CAPITAL})|[\w'\u2019]{{1,24}})"
_LINK = r"(?:de|da|do|dos|das|del|la|los|las|al|el|bin|ibn|bint|ben|van|von|der|den|di|du|le|abu|abd|ould|ul|ur)"
_RUN = re.compile(rf"{_WORD}(?:(?:[ ]{{0,2}}+|-)(?:{_LINK}[ \-]){{0,2}}+{_WORD}){{0,7}}")
_PART = re.compile(rf"{_CAPITAL}[\w'\u2019]*\.?")
_GLUED = re.compile(rf"{_CAPITAL}[^\W\d_A-ZÀ-ÖØ-Þ]+")
_BEFORE_ANNOUNCED = re.compile(r"[ ,:.]{1,3}[\"'«“(]?(?:(?:el|la|o|a|the|sr|sra|mr|mrs|don|doña|dona) )?")
_OTHER = r"[\u0370-\u052f\u0531-\u1cff\u2c80-\u2dff\u3040-\ud7ff\uf900-\ufdff\ufe70-\ufefc]"
_OF_OTHER = re.compile(_OTHER)
_OTHER_SCRIPT = re.compile(rf"{_OTHER}{_OTHER}{{1,39}}(?: {_OTHER}{{2,40}}){{0,5}}")

_ORDER: Sequence[Sort] = ("common", "family", "given", "heads", "titles")
_SORTS: dict[str, Sort] = {word: sort for sort in _ORDER for word in NAMES[sort].split()}
# Of places and plain words too: alone they name nobody.
_SORTS |= dict.fromkeys(NAMES["weak"].split(), "family")
_ENDINGS = tuple(NAMES["endings"].split())
_FROM_A_PLACE = {"n": ("n", "an", "ian"), "s": ("ns", "ans", "ians", "is", "s"), "e": ("ese",), "i": ("i",)}
"""How words of a place end, by their last letter."""
_ACRONYM = 3
_SAINTS = frozenset({"Saint", "Sainte", "St", "Ste", "SAINT", "SAINTE"})
_PLACES_BEFORE = re.compile(rf"(?<!\w)(?:{'|'.join(NAMES['before'].split())}) $", re.IGNORECASE)
_LONGEST_BEFORE = 16
_SHORTEST = 3


class _Part(NamedTuple):
    """One capitalised word, where it stands, and what it is taken for."""

    start: int
    end: int
    text: str
    sort: Sort
    is_saint: bool = False
    """Whether it begins a family name: "Saint-Louis"."""


def sorter(known: Collection[str]) -> Callable[[str], Sort]:
    """What tells of each capitalised word of a document what it is taken for, and looks at each once."""
    return cache(partial(_sort, known=known))


def names(text: Folded, known: Collection[str], announced: Sequence[Cue], sort: Callable[[str], Sort]) -> Iterator[Span]:
    """Runs of capitalised words that are no words of places, institutions or the field; after a word like "alias" already one such word.

    `known` are words in small letters, with or without accents, that stand in names of places, institutions, States, months, and of what
    conferences speak of; `sort` is what `sorter` makes of them.  A given or a family name beside another word counts although a place is called so too.
    """
    found = chain(_written(text.text, sort, known), *(_called(text.text, cue, sort) for cue in announced if cue.kind is Kind.NAME))
    yield from (each for each in found if text.text[each.start : each.end].lower() not in known)
    if any(map(_OF_OTHER.match, text.beyond)):
        yield from (Span(other.start(), other.end(), Kind.NAME) for other in _OTHER_SCRIPT.finditer(text.text))


def _written(text: str, sort: Callable[[str], Sort], known: Collection[str]) -> Iterator[Span]:
    for run in _RUN.finditer(text):
        whole, start = run[0], run.start()
        if (whole.isalpha() and sort(whole) != "given") or _is_within(text[max(start - 1, 0) : start]):
            continue
        found = list(_persons(text, _parts(run, sort))) if _may_be_person(_PART.findall(whole), sort) else []
        if found and " ".join(whole.lower().split()) not in known and not _is_after_place(text, start):
            yield from found


def _is_within(before: str) -> bool:
    """Whether what stands before a capital letter makes it a part of a code or an acronym; after a small letter a word begins: "migranteJuan Pérez"."""
    return before.isalnum() and not before.islower()


def _may_be_person(words: Sequence[str], sort: Callable[[str], Sort]) -> bool:
    """Whether there are names enough among the words of a run that they may be one person's: a first look."""
    sorts = [sort(word) for word in words]
    return "given" in sorts or "titles" in sorts or sum(each in ("family", "unknown", "initial") for each in sorts) > 1


def _is_after_place(text: str, at: int) -> bool:
    """Whether what stands before says that a name is a place's: "puente Simón Bolívar"."""
    return _PLACES_BEFORE.search(text[max(at - _LONGEST_BEFORE, 0) : at]) is not None


def _called(text: str, cue: Cue, sort: Callable[[str], Sort]) -> Iterator[Span]:
    before = _BEFORE_ANNOUNCED.match(text, cue.end)
    run = before and _RUN.match(text, before.end())
    if run:
        first = next(_stretches(_parts(run, sort)), [])
        if first and first[0].start == run.start() and any(each.sort in ("given", "family", "unknown") for each in first):
            yield Span(first[0].start, first[-1].end, Kind.NAME)


def _parts(run: re.Match[str], sort: Callable[[str], Sort]) -> list[_Part]:
    at = run.start()
    return [
        _Part(at + each.start(), at + each.end(), each[0], sort(each[0]), each[0] in _SAINTS and run[0].startswith("-", each.end()))
        for each in _PART.finditer(run[0])
    ]


def _sort(word: str, known: Collection[str]) -> Sort:
    small = plain(word.rstrip("."))
    sort = _SORTS.get(small)
    if word.endswith("."):
        return "titles" if sort == "titles" else "initial"
    if sort is not None:
        return "family" if sort == "given" and (small in known or word.lower() in known) else sort
    return _sort_of_none(word, small, known)


def _sort_of_none(word: str, small: str, known: Collection[str]) -> Sort:
    """What a word is taken for that is none of the rules' names and words."""
    if _is_glued(word):
        return "given"
    return "common" if _is_code(word) or word.lower() in known or _is_of_the_field(small, known) else "unknown"


def _is_glued(word: str) -> bool:
    """Whether a word is a given and a family name without a space: "JuanPérez", "Juan_Pérez"."""
    sorts = [_SORTS.get(plain(each)) for each in _GLUED.findall(word)] if not (word.isupper() or word.istitle()) or "_" in word else []
    return "given" in sorts and "family" in sorts and set(sorts) == {"given", "family"}


def _is_code(word: str) -> bool:
    return (word.isupper() and len(word) <= _ACRONYM) or any(map(str.isdigit, word))


def _is_of_the_field(small: str, known: Collection[str]) -> bool:
    """Whether a word is known, of a known place ("Eritrean"), or ends as words do and names do not."""
    if small in known or small.endswith(_ENDINGS):
        return True
    return any(small.endswith(end) and small.removesuffix(end) in known for end in _FROM_A_PLACE.get(small[-1:], ()))


def _stretches(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """What a run holds between words that are no names; after the first word of a place's name all belongs to the place."""
    stretch: list[_Part] = []
    for part in parts:
        if part.sort in ("given", "family", "unknown", "initial") or (stretch and part.is_saint):
            stretch.append(part)
            continue
        if stretch:
            yield stretch
        stretch = []
        if part.sort == "heads":
            return
    if stretch:
        yield stretch


def _persons(text: str, parts: Sequence[_Part]) -> Iterator[Span]:
    titled = {after.start for before, after in pairwise(parts) if before.sort == "titles"}
    for stretch in _stretches(parts):
        if stretch[0].start in titled or _is_name(text, stretch):
            yield Span(stretch[0].start, stretch[-1].end, Kind.NAME)


def _is_name(text: str, stretch: Sequence[_Part]) -> bool:
    sorts = [each.sort for each in stretch]
    if len(stretch) == 1:
        return sorts == ["given"] and not stretch[0].text.isupper()
    return "given" in sorts or sorts.count("family") > 1 or _has_unknown(text, stretch, sorts.count("family") + ("initial" in sorts))


def _has_unknown(text: str, stretch: Sequence[_Part], others: int) -> bool:
    unknown = [each for each in stretch if each.sort == "unknown" and len(each.text) >= _SHORTEST]
    if len({each.text.isupper() for each in unknown}) > 1 or (unknown and _is_heading(text, unknown[0])):
        return False
    return len(unknown) + others > 1


def _is_heading(text: str, part: _Part) -> bool:
    """Whether the whole line is in capitals: there they tell nothing."""
    if not part.text.isupper():
        return False
    start, end = text.rfind("\n", 0, part.start) + 1, text.find("\n", part.end)
    return text[start : end if end >= 0 else len(text)].isupper()
