"""The nationality scheme: every nationality with its area, and the names of the pools that small counts join."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

AREAS: Final = ("AFR", "AMN", "AMS", "ASI", "CAR", "EUR", "OCE")
NATIONALITY: Final = "nationality"
TOTAL: Final = "_T"
OTHER: Final = "_O"
NO_AREA: Final = ("XXA", "_U", OTHER)
RESTS: Final = frozenset(f"_O{area}" for area in AREAS)
AREA_TOTALS: Final = frozenset(f"_{area}" for area in AREAS)
TOTALS: Final = AREA_TOTALS | {TOTAL}


def area_of(code: str, areas: Mapping[str, str]) -> str | None:
    """Area of a nationality, or of a sender's own "other of the area"; None for stateless, unknown, other and foreign codes."""
    return code[2:] if code in RESTS else areas.get(code)


@dataclass(frozen=True)
class Scheme:
    """The whole nationality scheme, so that pooling never depends on which rows a file happens to hold.

    `areas` maps every alpha-3 code that has an area to one of `AREAS`; XXA, `_U` and `_O` have none.
    Raises ValueError on an area that the contract does not know.
    """

    areas: Mapping[str, str]

    def __post_init__(self) -> None:
        if not set(self.areas.values()) <= set(AREAS):
            message = f"an area must be one of {', '.join(AREAS)}"
            raise ValueError(message)

    @cached_property
    def members(self) -> frozenset[str]:
        """Every code that a count may stand under: nationalities, codes without area, and the sender's own "other of the area"."""
        return frozenset({*self.areas, *NO_AREA, *RESTS})

    def area_of(self, code: str) -> str | None:
        """Area of a code, None where it has none."""
        return self._area.get(code)

    @cached_property
    def _area(self) -> Mapping[str, str]:
        # A pool asks a thousand times: in one look each.
        return {code: area for code in self.members if (area := area_of(code, self.areas))}

    def rest_of(self, code: str) -> str:
        """The pool that a small count of this code joins: `_OAFR` and the like, `_O` for codes without area."""
        area = self.area_of(code)
        return f"_O{area}" if area else OTHER
