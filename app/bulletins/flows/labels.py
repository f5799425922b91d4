"""Names of the codes in an answer, in the reader's language; a code without one stands for itself."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from app.directory import codes
from app.directory.dimensions import STATE_DIMENSIONS

_STATES: Final = STATE_DIMENSIONS | {"reporting_state"}
_LISTED: Final = frozenset(codes.vocabularies())


def label_of(column: str, code: str, language: str) -> str:
    """The name of a code of a column or dimension, in en, es or pt."""
    return labels_of(column, language).get(code, code)


@cache
def labels_of(column: str, language: str) -> Mapping[str, str]:
    """Names by code, of a column or dimension, in en, es or pt."""
    if column == "conference":
        return {each.code: each.labels[language] for each in codes.conferences()}
    terms = codes.vocabulary(column).terms if column in _LISTED else {}
    named = {code: term.labels[language] for code, term in (*codes.vocabulary("margin").terms.items(), *terms.items())}
    states = codes.nationalities() if column in _STATES else {}
    return named | {code: one.labels[language] for code, one in states.items()}
