"""Every vocabulary that crosses the wire: the lists of their own, and those that follow from nationalities, States and conferences."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from app.core.problems import Problem
from app.directory import codes
from app.directory.codes import Nationality, Term, Vocabulary

_LABELS: Mapping[str, Mapping[str, str]] = {
    "conference": {"en": "Conference", "es": "Conferencia", "pt": "Conferência"},
    "nationality": {"en": "Nationality", "es": "Nacionalidad", "pt": "Nacionalidade"},
    "state": {"en": "State", "es": "Estado", "pt": "Estado"},
}


@cache
def all_vocabularies() -> Mapping[str, Vocabulary]:
    """Every vocabulary by its name, in alphabetical order."""
    listed = {name: codes.vocabulary(name) for name in codes.vocabularies()}
    return MappingProxyType(dict(sorted({**listed, **_derived()}.items())))


def known_vocabulary(name: str) -> Vocabulary:
    """A vocabulary by its name; raises `vocabulary-unknown` (404)."""
    found = all_vocabularies().get(name)
    if found is None:
        raise Problem("vocabulary-unknown")
    return found


def _derived() -> dict[str, Vocabulary]:
    nationalities = codes.nationalities()
    terms = {
        "conference": [Term(one.code, one.labels, {"aliases": one.aliases}) for one in codes.conferences()],
        "nationality": [_nationality(one) for one in nationalities.values()],
        "state": [_state(nationalities[code]) for code in sorted(codes.states())],
    }
    return {
        name: Vocabulary(name, 1, MappingProxyType(dict(_LABELS[name])), None, MappingProxyType({term.code: term for term in listed}))
        for name, listed in terms.items()
    }


def _nationality(one: Nationality) -> Term:
    known = {
        "alpha2": one.alpha2,
        "area": one.area,
        "conference": one.conference,
        "strict": one.strict,
        "extra_regional": one.extra_regional,
    }
    return Term(one.code, one.labels, {name: value for name, value in known.items() if value is not None})


def _state(one: Nationality) -> Term:
    return Term(one.code, one.labels, {name: value for name, value in (("alpha2", one.alpha2), ("area", one.area)) if value is not None})
