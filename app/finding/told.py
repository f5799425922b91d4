"""What an answer tells in words: what was looked for, that it proves nothing, and what of it is never added together."""

from collections.abc import Mapping, Sequence

from app.core.catalogue import filled, sentences
from app.directory import codes
from app.finding.flows import Search, Series

_MOST_NAMED = 12
"""So many States are named in a sentence; the others are counted, for `asked` has them all."""
_LACKING = {(False, False): "neither", (False, True): "no-nationality", (True, False): "no-route"}


def words_of(search: Search, total: int, language: str) -> str:
    """What was looked for around an alert, in a language (en, es, pt), and that figures near it prove nothing about its network."""
    if search.is_empty:
        return _said(_LACKING[bool(search.nationalities), bool(search.states)], language, {})
    named = {"nationalities": _named(search.nationalities, language), "states": _named(search.states, language)}
    looked = _said("looked-for", language, {**named, "first": search.period_from, "last": search.period_to})
    found = [] if total else [_said("none-found", language, {})]
    return " ".join([looked, *found, _said("proves-nothing", language, {})])


def notes_of(series: Series, language: str) -> list[dict[str, str]]:
    """A note where the figures that were found are of several measures, and one where they are in several units."""
    held = (
        ("several-measures", "measure", {measure for measure, _ in series}),
        ("several-units", "unit", {unit for _, unit in series}),
    )
    return [
        {"code": code, "words": _said(code, language, {"listed": _labels(name, sorted(found), language)})}
        for code, name, found in held
        if len(found) > 1
    ]


def _named(listed: Sequence[str], language: str) -> str:
    labels = ", ".join(codes.nationalities()[code].labels[language] for code in listed[:_MOST_NAMED])
    more = len(listed) - _MOST_NAMED
    return _said("and-more", language, {"listed": labels, "more": more}) if more > 0 else labels


def _labels(vocabulary: str, held: Sequence[str], language: str) -> list[str]:
    terms = codes.vocabulary(vocabulary).terms
    return [terms[code].labels[language] if code in terms else code for code in held]


def _said(code: str, language: str, figures: Mapping[str, object]) -> str:
    return filled(str(sentences("app.finding", "around.toml")[code][language]), figures)
