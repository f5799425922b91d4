"""How texts name what tables count: nationalities as people say them, sexes, ages, what became of persons (guarantees 2)."""

import csv
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources

from app.directory import codes
from app.directory.dimensions import STATE_DIMENSIONS, ages_of, is_margin

_OF_AGE = 18
_PART = re.compile(r"\s+[-–]\s+|[()]")  # noqa: RUF001 - as names of States are written


@lru_cache(maxsize=4096)
def words_of(dimension: str, code: str) -> Sequence[str]:
    """Words and phrases in es, pt and en by which a text names a category; none for a sum and for what was not recorded."""
    if is_margin(code) or code == "_U":
        return ()
    if dimension in STATE_DIMENSIONS:
        return (*_names(code), *_demonyms().get(code, ()))
    if dimension == "age":
        return _of_age(code)
    return tuple(_words().get(dimension, {}).get(code, ()))


def _names(code: str) -> Sequence[str]:
    """The names of a State, whole and in the parts that are names themselves: "Myanmar (Burma)"."""
    known = codes.nationalities().get(code)
    if known is None or code.startswith("_"):
        return ()
    return [part.strip() for label in known.labels.values() for part in {label, *_PART.split(label)} if part.strip()]


def _of_age(code: str) -> Sequence[str]:
    span = ages_of(code)
    if span is None:
        return ()
    first, last = span
    words = _words()["age"]
    return [*(words["minor"] if first < _OF_AGE else ()), *(words["adult"] if last >= _OF_AGE else ())]


@cache
def _demonyms() -> Mapping[str, Sequence[str]]:
    rows = csv.DictReader(_data("demonyms.csv").splitlines())
    return {row["code"]: [form for language in ("en", "es", "pt") for form in row[language].split(";")] for row in rows}


@cache
def _words() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return tomllib.loads(_data("category_words.toml"))


def _data(name: str) -> str:
    return resources.files("app.directory").joinpath("data", name).read_text(encoding="utf-8")
