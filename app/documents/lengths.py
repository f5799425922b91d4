"""How much text one document may hold."""

from collections.abc import Mapping
from typing import Final

MOST_TEXT: Final = 64_000
"""Characters of all free texts of one document together."""


def is_too_much(texts: Mapping[str, str]) -> bool:
    """Whether the texts of one document are longer together than any document's may be."""
    return sum(map(len, texts.values())) > MOST_TEXT
