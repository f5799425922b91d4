"""What keeps a sync from going on, and why a version was not taken, by code (`sync.toml`)."""

import string
from collections.abc import Mapping

from app.core.catalogue import filled, sentences


class SyncFault(Exception):  # noqa: N818 - says what is the matter, as Problem does
    """A peer that cannot be reached, or that said what no honest node says: nothing of it was taken."""

    def __init__(self, code: str, **figures: object) -> None:
        """Keep the code and the figures of its sentence; as text it is the English one."""
        super().__init__(told(code, figures))
        self.code = code
        self.figures = figures


def told(code: str, figures: Mapping[str, object], language: str = "en") -> str:
    """The sentence of a code with its figures filled in; raises KeyError for a code that is not in the catalogue."""
    return filled(str(sentences("app.sync", "sync.toml")[code][language]), figures)


def in_words(code: str, language: str) -> str:
    """The sentence of a code whose figures were not kept."""
    text = str(sentences("app.sync", "sync.toml")[code][language])
    return filled(text, {name: "…" for _, name, _, _ in string.Formatter().parse(text) if name})
