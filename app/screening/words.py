"""The words that the rules know, read once (`words.toml`, `names.toml`, `counts.toml`)."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads(files("app.screening").joinpath(name).read_text("utf-8"))


WORDS = _read("words.toml")
NAMES: Mapping[str, str] = _read("names.toml")
COUNTS = _read("counts.toml")
