"""The codes of an alert, by the list that they stand in: what filters, facets and relations ask the store for."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.alerts.correlation import crossings, named_places
from app.alerts.declare import VOCABULARIES

LEG: Final = "leg"
PLACE: Final = "place"
NATIONALITY: Final = "nationality"
PASSES: Final = "passes"
_LONGEST: Final = 320
"""A folded name can be longer than the name: the store takes so many characters of it."""

Alert = Mapping[str, Any]


def terms_of(alert: Alert) -> set[tuple[str, str]]:
    """(list, code) of every code of a published alert, of the States that it passes, of its legs and its places."""
    return set(_terms(alert))


def _terms(alert: Alert) -> Iterator[tuple[str, str]]:
    yield from ((NATIONALITY, code) for code in alert["nationalities"])
    yield from ((name, code) for name in VOCABULARIES for code in alert[name])
    yield from ((PASSES, leg[end]) for leg in alert["route"] for end in ("from", "to"))
    yield from ((LEG, crossing) for crossing in crossings(alert))
    yield from ((PLACE, f"{state} {name}"[:_LONGEST]) for state, name in named_places(alert))
