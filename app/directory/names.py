"""From the names that tables use to codes, in es, pt and en: exactly, or not at all (contract: Names to codes).

A name is compared as `labels.words` has it, so accents, case, punctuation and the order of its words tell nothing apart; a form of
State in front ("República de") may be missing in our list, never in the sender's.  What several codes share names none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from app.directory import codes
from app.directory.age_labels import age_of
from app.directory.alike import alike
from app.directory.dimensions import DIMENSIONS, STATE_DIMENSIONS, resolve
from app.directory.labels import words
from app.directory.name_tables import STATE, Words, table_of

_REPUBLIC = "republica"


@dataclass(frozen=True, eq=False)
class Names:
    """The shared names with a sender's own beside them; suggestions come with labels of one language (`app.intake.names.Names`)."""

    own: Mapping[tuple[str, Words], str] = field(default_factory=dict)
    language: str = "es"

    def code(self, dimension: str, label: str) -> str | None:
        """The one code that a label names in a dimension (or in `reporting_state`, `measure`, any vocabulary); None otherwise.

        A code names itself, an alpha-2 code its State (NA is NAM).  Raises KeyError for what is neither dimension nor vocabulary.
        """
        text = label.strip()
        return as_code(dimension, text) or self.own.get((dimension, words(text))) or meaning(dimension, text)

    def nearest(self, dimension: str, label: str) -> tuple[str, ...]:
        """Up to three codes with their names that a label may mean, or all that it is known to waver between; never applied."""
        kind, told = _kind(dimension), words(label)
        found = table_of(kind).refused.get(told) or alike(kind, told)
        return tuple(_named(kind, code, self.language) for code in found if as_code(dimension, code))


def as_code(dimension: str, text: str) -> str | None:
    """The code that a text is in a dimension or vocabulary as it stands; None for a name.  Raises KeyError where there is no such list."""
    if dimension == "reporting_state":
        return codes.resolve_state(text)
    if dimension in DIMENSIONS:
        return resolve(dimension, text)
    return text if text in codes.vocabulary(dimension).terms else None


def meaning(dimension: str, label: str) -> str | None:
    """Code that a label has for everyone in a dimension; None where it has none, or none that the dimension knows."""
    told, table = words(label), table_of(_kind(dimension))
    if not told or told in table.refused:
        return None
    found = table.names.get(told) or table.people.get(told) or table.names.get(tuple(word for word in told if word != _REPUBLIC))
    if found is None and dimension == "age":
        found = age_of(label.strip())
    return as_code(dimension, found) if found else None


def _kind(dimension: str) -> str:
    return STATE if dimension in STATE_DIMENSIONS or dimension == "reporting_state" else dimension


def _named(kind: str, code: str, language: str) -> str:
    labels = _labels_of(kind).get(code)
    return f"{code} ({labels[language]})" if labels else code


@cache
def _labels_of(kind: str) -> Mapping[str, Mapping[str, str]]:
    terms = [*codes.vocabulary("margin").terms.values(), *(codes.vocabulary(kind).terms.values() if kind in codes.vocabularies() else ())]
    states = codes.nationalities().values() if kind == STATE else ()
    return {one.code: one.labels for one in (*terms, *states)}
