"""The shared names of States, sexes, ages, measures: of each what it means, or that it means several things, from the package's own data.

`names.csv` is made from CLDR and ISO 3166-1 (docs/make_names.py), `demonyms.csv` holds the adjectives; `aliases.csv`, told by hand with
a source a row, stands above both: what it gives a code means that code, what it gives candidates is refused.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from app.directory import codes
from app.directory.labels import words

Words = tuple[str, ...]

STATE = "state"
"""The one table of all dimensions of States."""

_NOBODYS = frozenset({"ATF", "BVT", "HMD", "SGS", "SJM", "UMI"})
"""Territories whose people, where there are any, are called by another State's name."""


@dataclass(frozen=True, eq=False)
class Table:
    """What the shared names of a dimension mean.

    `names` and `people` (adjectives, of States) mean one code each; `refused` mean none, though one of the codes beside it is meant.
    """

    names: Mapping[Words, str]
    people: Mapping[Words, str]
    refused: Mapping[Words, Words]


@cache
def table_of(kind: str) -> Table:
    """The shared names of `state` or of another dimension or vocabulary."""
    by_hand = [row for row in _rows("aliases.csv") if row["dimension"] == kind]
    told = {words(row["label"]): row["code"] for row in by_hand if row["code"]}
    wavering = {words(row["label"]): tuple(row["candidates"].split()) for row in by_hand if not row["code"]}
    names, unsettled = _settled(_labels(kind), {*told, *wavering})
    names, refused = {**names, **told}, {**unsettled, **wavering}
    people, shared = _settled(_people() if kind == STATE else (), {*names, *refused})
    return Table(names, people, {**shared, **refused})


def _settled(heard: Iterable[tuple[str, str]], known: set[Words]) -> tuple[dict[Words, str], dict[Words, Words]]:
    """Labels that have one code, and labels that have several; those that are known already are left out."""
    found: dict[Words, set[str]] = defaultdict(set)
    for label, code in heard:
        found[words(label)].add(code)
    new = {told: sorted(meant) for told, meant in found.items() if told not in known}
    return {told: meant[0] for told, meant in new.items() if len(meant) == 1}, {
        told: tuple(meant) for told, meant in new.items() if len(meant) > 1
    }


def _labels(kind: str) -> Iterator[tuple[str, str]]:
    if kind == STATE:
        yield from _of_states()
    elif kind in codes.vocabularies():
        for code, term in codes.vocabulary(kind).terms.items():
            yield from ((label, code) for label in (*term.labels.values(), code))


def _of_states() -> Iterator[tuple[str, str]]:
    yield from ((row["label"], row["code"]) for row in _rows("names.csv"))
    areas = {f"_{code}": term for code, term in codes.vocabulary("area").terms.items()}
    for listed in (codes.nationalities(), codes.vocabulary("margin").terms, areas):
        for code, one in listed.items():
            yield from ((label, code) for label in one.labels.values())


def _people() -> Iterator[tuple[str, str]]:
    for row in _rows("demonyms.csv"):
        if row["code"] in _NOBODYS or row["code"].startswith("_"):
            continue
        for language in ("en", "es", "pt"):
            for form in filter(None, row[language].split(";")):
                yield from ((form, row["code"]), (_plural(form, language), row["code"]))


def _plural(form: str, language: str) -> str:
    return form + ("s" if language == "en" or form[-1] in "aeiouáéíóúãõ" else "es")


@cache
def _rows(name: str) -> tuple[Mapping[str, str], ...]:
    text = resources.files("app.directory").joinpath("data", name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
