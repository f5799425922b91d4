"""Catalogues of texts: a TOML file a room, each code with its text in every language; one loader, one way to fill figures in."""

import functools
import importlib.resources
import tomllib
from collections.abc import Mapping
from typing import Any

LANGUAGES = ("en", "es", "pt")


@functools.cache
def sentences(package: str, file: str) -> Mapping[str, Mapping[str, Any]]:
    """Every code of a package's catalogue with its texts by language (and the status, of problems), read once."""
    return tomllib.loads(importlib.resources.files(package).joinpath(file).read_text("utf-8"))


def filled(text: str, figures: Mapping[str, object]) -> str:
    """A text with its figures in place of the names in braces: lists joined by commas (a dash where empty), a missing figure as nothing."""
    return text.format_map(_Blank({name: _shown(value) for name, value in figures.items()}))


def _shown(value: object) -> object:
    return (", ".join(map(str, value)) or "–") if isinstance(value, list | tuple) else value  # noqa: RUF001 - a dash in a sentence


class _Blank(dict[str, object]):
    """A figure that was not given leaves nothing, so that an error about an error is never raised."""

    def __missing__(self, key: str) -> str:
        return ""
