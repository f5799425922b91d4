"""What is wrong with an installation: sentences for its operator by code (`faults.toml`), in every language."""

from collections.abc import Mapping

from app.core.catalogue import filled, sentences


def told(code: str, figures: Mapping[str, object], language: str = "en") -> str:
    """The sentence of a fault with its figures filled in; raises KeyError for a code that is not in the catalogue."""
    return filled(str(sentences("app.core", "faults.toml")[code][language]), figures)
