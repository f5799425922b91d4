"""The dimensions of a flow bulletin: which codes each of them knows, which are margins, and which may not stand side by side.

Rules of the contract (Flow bulletin, `dimensions`).  A text that is no code of its dimension is unknown; nothing is guessed.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import get_args

from app.directory import codes
from app.wire.bulletin import DimensionName

DIMENSIONS: tuple[str, ...] = get_args(DimensionName)
"""All dimensions, in the order in which a table shows them."""

STATE_DIMENSIONS = frozenset({"nationality", "origin_state", "previous_state", "destination_state"})
"""The dimensions whose codes are States: they have areas as margins beside `_T`."""

OLDEST = 130
"""The highest age, in completed years, that a band may name."""

_ANY = "_T"
_NUMBER = "(0|[1-9][0-9]{0,2})"
_BAND = re.compile(f"Y{_NUMBER}T{_NUMBER}")
_FROM = re.compile(f"Y_GE{_NUMBER}")
_POINT = re.compile("([A-Z]{3})-[A-Z0-9]{2,12}")


def resolve(dimension: str, text: str) -> str | None:
    """Canonical code of a text in a dimension, margins included; None where the dimension has no such code.

    An alpha-2 code becomes alpha-3 (NA is NAM).  Raises KeyError for a name that is no dimension.
    """
    read = _READERS[dimension]
    if text == _ANY or (dimension in STATE_DIMENSIONS and text in codes.margin_codes()):
        return text
    return read(text)


def known(dimension: str) -> list[str]:
    """Codes of a dimension to suggest from, margins left out; an open dimension gives its usual ones, `route_point` none."""
    if dimension in STATE_DIMENSIONS:
        return [code for code in codes.nationalities() if _READERS[dimension](code)]
    return [] if dimension == "route_point" else list(codes.vocabulary(dimension).terms)


def is_margin(code: str) -> bool:
    """Tell whether a resolved code stands for a sum: `_T` in any dimension, an area in those of States."""
    return code in codes.margin_codes()


def overlap(dimension: str, chosen: Iterable[str]) -> tuple[str, str] | None:
    """First two codes of one bulletin that would count the same person twice, the younger one first; None where none do.

    Only ages can: Y0T17 beside Y12T17, Y_GE18 beside Y15T24.  Margins, `_U` and repeated codes are no overlap.
    """
    if dimension != "age":
        return None
    spans = sorted((span, code) for code in set(chosen) if (span := ages_of(code)))
    for ((_, last), younger), ((first, _), older) in pairwise(spans):
        if first <= last:
            return younger, older
    return None


def ages_of(code: str) -> tuple[int, int] | None:
    """Read an age code as its first and last completed year of life; None for `_U`, for `_T` and for what is no age."""
    if band := _BAND.fullmatch(code):
        span = int(band[1]), int(band[2])
    elif start := _FROM.fullmatch(code):
        span = int(start[1]), OLDEST
    else:
        return None
    return span if span[0] <= span[1] <= OLDEST else None


def _age(text: str) -> str | None:
    return text if text == "_U" or ages_of(text) else None


def _state(text: str) -> str | None:
    # Statelessness is a nationality; nobody comes from it, passes through it or is bound for it.
    code = codes.resolve_nationality(text)
    return None if code == "XXA" else code


def _route_point(text: str) -> str | None:
    point = _POINT.fullmatch(text)
    return text if point and point[1] in codes.states() else None


def _listed(name: str) -> Callable[[str], str | None]:
    return lambda text: text if text in codes.vocabulary(name).terms else None


_READERS: Mapping[str, Callable[[str], str | None]] = {
    "nationality": codes.resolve_nationality,
    "origin_state": _state,
    "sex": _listed("sex"),
    "age": _age,
    "accompaniment": _listed("accompaniment"),
    "procedure": _listed("procedure"),
    "route_point": _route_point,
    "mode": _listed("mode"),
    "previous_state": _state,
    "destination_state": _state,
}
