"""The findings of one alert, gathered under its place in the body, all at once."""

from collections.abc import Sequence
from typing import Final

from app.directory import codes
from app.wire.problem import Finding
from app.wire.strict_json import pointer

MOST_FINDINGS: Final = 100
"""The most findings of one alert; looking for what was meant costs time, so that nothing is looked for behind the last of them."""
_SHORT_LIST: Final = 40


class Faults:
    """Collects what is wrong with one alert, each fault with its JSON pointer."""

    def __init__(self, at: Sequence[object] = ()) -> None:
        self.at = tuple(at)
        self.found: list[Finding] = []

    def add(self, code: str, *path: object, **params: object) -> None:
        """Note a fault at its place; `params` fill its sentence."""
        if len(self.found) < MOST_FINDINGS:
            self.found.append(Finding(code, pointer=pointer(*self.at, *path), params=params))

    def unknown(self, text: str, candidates: Sequence[str], *path: object) -> None:
        """Note a code that is in no list, with those that may be meant; a short list is given whole."""
        near = codes.suggest(text, candidates) if len(self.found) < MOST_FINDINGS else []
        self.add("code-unknown", *path, suggestions=near, known=candidates if len(candidates) <= _SHORT_LIST else near)
