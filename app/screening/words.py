"""The words that the rules know, read once (`words.toml`)."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

WORDS: Mapping[str, Any] = tomllib.loads(files("app.screening").joinpath("words.toml").read_text("utf-8"))
