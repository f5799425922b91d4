"""The code lists of the exchange with their labels in English, Spanish and Portuguese, read once from the package's own data.

Nationalities follow ISO 3166-1 alpha-3 plus XKX (Kosovo) and XXA (stateless); their names are CLDR's, their areas M49's with Mexico
in AMN.  Everything here is pure and frozen.  Nothing resolves a text by likeness: a code is known as it stands or not at all.
"""

import csv
import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

OUTSIDE = "extra_continental"
"""The class of a nationality from outside the Americas, in both schemes."""

_SCHEMES = {
    "strict@1": ("strict", frozenset({OUTSIDE})),
    "extra_regional@1": ("extra_regional", frozenset({OUTSIDE, "extra_regional"})),
}

_LONG_WORD = re.compile(r"\w{5,}")


@dataclass(frozen=True)
class Nationality:
    """One nationality, or one pool of nationalities, as cells name it.

    `area` is AFR, ASI, CAR, EUR, OCE, AMN, AMS or None; `conference` is the one that the State is a member of; `strict` and
    `extra_regional` are its classes in the two schemes, `unclassified` for pools, the stateless and the unknown.
    """

    code: str
    alpha2: str | None
    area: str | None
    conference: str | None
    strict: str
    extra_regional: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class PresidencyYear:
    """The presidency of one year, that of its annual meeting, with its source; the days of handover are not known from it.

    `verified` tells whether the source says who presided; what was recalled, announced or inferred is not.
    """

    year: int
    state: str
    verified: bool
    source: str | None


@dataclass(frozen=True)
class Conference:
    """One consultative process with its founding membership; memberships by date are the directory's tables.

    `aliases` are the codes that are accepted in its place (CRM, CSM); `members` and `observers` are States by alpha-3 code.
    """

    code: str
    aliases: tuple[str, ...]
    members: tuple[str, ...]
    observers: tuple[str, ...]
    labels: Mapping[str, str]
    presidencies: tuple[PresidencyYear, ...]


@dataclass(frozen=True)
class Term:
    """One code of a vocabulary with its labels (en, es, pt) and what else the list says about it, such as `stock_or_flow`.

    `definitions` say in one line what the code means, where the list has them.  A published code is never removed: the attribute
    `deprecated` says that it is no longer to be chosen.
    """

    code: str
    labels: Mapping[str, str]
    attributes: Mapping[str, str | bool | tuple[str, ...]]
    definitions: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Vocabulary:
    """One versioned code list, its terms in their order of display.

    A list with a `pattern` (a regular expression, to be matched in full) is open: codes of that shape are good though no term names them.
    """

    name: str
    version: int
    labels: Mapping[str, str]
    pattern: str | None
    terms: Mapping[str, Term]


@cache
def nationalities() -> Mapping[str, Nationality]:
    """All nationalities and pools by code: the alpha-3 codes, XXA, `_U`, `_O` and the rests of the areas (`_OAFR` ...)."""
    rows = csv.DictReader(_data("nationalities.csv").splitlines())
    return MappingProxyType({row["code"]: _nationality(row) for row in rows})


@cache
def conferences() -> tuple[Conference, ...]:
    """Both conferences, from the seed of the directory."""
    return tuple(_conference(row) for row in json.loads(_data("conferences.json"))["conferences"])


def resolve_conference(text: str) -> str | None:
    """Code of a conference written as its code or an input alias (CRM, CSM); None for anything else."""
    return next((one.code for one in conferences() if text == one.code or text in one.aliases), None)


def vocabularies() -> tuple[str, ...]:
    """Names of all vocabularies that are lists of their own."""
    return tuple(_vocabularies())


def vocabulary(name: str) -> Vocabulary:
    """One vocabulary by its name.  Raises KeyError where there is none."""
    return _vocabularies()[name]


def area_of(code: str) -> str | None:
    """Area of a nationality or of a pooled rest (`_OAFR` is AFR); None for codes that lie in no area and for unknown ones."""
    found = nationalities().get(code)
    return found.area if found else None


@cache
def in_scheme(classification: str) -> frozenset[str]:
    """Nationalities that a scheme counts as extra-continental, or as extra-regional in the wider one.

    Takes `strict@1` (outside the Americas) or `extra_regional@1` (those and the Americas outside both conferences).  Pools, the
    stateless and the unknown are in neither.  Raises KeyError for another scheme or version.
    """
    scheme, classes = _SCHEMES[classification]
    return frozenset(code for code, one in nationalities().items() if getattr(one, scheme) in classes)


@cache
def states() -> frozenset[str]:
    """States and territories by alpha-3 code, XKX among them; neither the stateless nor a pool."""
    return frozenset(code for code in nationalities() if not code.startswith("_") and code != "XXA")


def resolve_state(text: str) -> str | None:
    """Alpha-3 code of a State written as alpha-3 or alpha-2, in capitals (NA is Namibia); None for anything else."""
    code = _alpha2().get(text, text)
    return code if code in states() else None


def resolve_nationality(text: str) -> str | None:
    """Code of a nationality: a State's, XXA, `_U`, `_O` or the rest of an area; None for anything else, margins included."""
    code = _alpha2().get(text, text)
    return code if code in nationalities() else None


@cache
def margin_codes() -> frozenset[str]:
    """Codes that stand for sums and are never counted beside their parts: `_T` and the areas (`_AFR` ...)."""
    return frozenset(vocabulary("margin").terms)


def default_publisher(state: str) -> str:
    """Name the publisher of a State that names none: its migration authority where the vocabulary knows it, else `{STATE}-MIG`.

    Takes the alpha-3 code of a State; the vocabulary names only authorities whose series we have read.
    """
    for code, term in vocabulary("publisher").terms.items():
        if term.attributes["default"] and term.attributes["state"] == state:
            return code
    return f"{state}-MIG"


def suggest(text: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """Up to `n` of the candidate codes that a sender may have meant, the likeliest first; for a refusal's body, never applied.

    The text is compared with each code, its labels in all three languages and their longer words, accents and case aside.  It is cut
    at 60 characters, so that a hostile one costs no more than an honest one.
    """
    named = [(label, code) for code in candidates for label in (_fold(code), *_labels().get(code, ()))]
    # "women" must find "Women and girls" before "Men and boys", of which it holds more letters; "Samoa" must find WSM before ASM.
    words = [(word, code) for label, code in named for word in _LONG_WORD.findall(label)]
    codes: dict[str, list[str]] = {}
    for word, code in (*named, *words):
        codes.setdefault(word, []).append(code)
    near = difflib.get_close_matches(_fold(text[:60]), codes, n=3 * n, cutoff=0.6)
    return list(dict.fromkeys(code for word in near for code in codes[word]))[:n]


def _data(name: str) -> str:
    return resources.files("app.directory").joinpath("data", name).read_text(encoding="utf-8")


def _nationality(row: Mapping[str, str]) -> Nationality:
    labels = MappingProxyType({lang: row[lang] for lang in ("en", "es", "pt")})
    alpha2, area, conference = (row[name] or None for name in ("alpha2", "area", "conference"))
    return Nationality(row["code"], alpha2, area, conference, row["strict"], row["extra_regional"], labels)


def _conference(row: Mapping[str, Any]) -> Conference:
    members, observers = tuple(row["members"]), tuple(row["observer_states"])
    presidencies = tuple(map(_presidency, row["presidencies"]))
    return Conference(row["code"], tuple(row["aliases"]), members, observers, MappingProxyType(row["names"]), presidencies)


def _presidency(row: Mapping[str, Any]) -> PresidencyYear:
    verified = str(row["confidence"]).startswith(("verified", "presidency verified"))
    return PresidencyYear(row["year"], row["country"], verified, row["source"])


@cache
def _alpha2() -> Mapping[str, str]:
    return {one.alpha2: code for code, one in nationalities().items() if one.alpha2}


@cache
def _vocabularies() -> Mapping[str, Vocabulary]:
    lists = json.loads(_data("vocabularies.json")) | json.loads(_data("alerts.json"))
    return MappingProxyType({name: _vocabulary(name, row) for name, row in lists.items()})


def _vocabulary(name: str, row: Mapping[str, Any]) -> Vocabulary:
    terms = MappingProxyType({term["code"]: _term(term) for term in row["terms"]})
    return Vocabulary(name, row["version"], MappingProxyType(row["labels"]), row.get("pattern"), terms)


def _term(row: Mapping[str, Any]) -> Term:
    attributes = {key: value for key, value in row.items() if key not in {"code", "labels", "definitions"}}
    definitions = MappingProxyType(row["definitions"]) if "definitions" in row else None
    return Term(row["code"], MappingProxyType(row["labels"]), MappingProxyType(attributes), definitions)


@cache
def _labels() -> Mapping[str, tuple[str, ...]]:
    """Folded labels by code, over all lists: a code's meaning follows from the candidates that it stands among."""
    labels: dict[str, tuple[str, ...]] = {}
    terms = [term for one in _vocabularies().values() for term in one.terms.values()]
    labelled: list[Nationality | Term] = [*nationalities().values(), *terms]
    for item in labelled:
        labels[item.code] = (*labels.get(item.code, ()), *map(_fold, item.labels.values()))
    return labels


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in plain if not unicodedata.combining(character))
