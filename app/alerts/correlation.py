"""Why two alerts may be about one network or one corridor: reasons with weights, from these two alerts alone.

No reason counts how often something occurs elsewhere: a score that a third alert could move would betray hidden alerts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.alerts.seen import span_of
from app.alerts.texts import folded
from app.core.catalogue import filled, sentences
from app.directory import codes

Alert = Mapping[str, Any]

SAME_NETWORK: Final = 50
A_LEG: Final = 8
A_PLACE: Final = 6
A_METHOD: Final = 6
A_NATIONALITY: Final = 3
SAME_TIME: Final = 6
MOST: Final[Mapping[str, int]] = {"shared-legs": 16, "shared-places": 18, "shared-methods": 24, "shared-nationalities": 12}
"""The most that a reason may weigh, however much is shared."""
ENOUGH: Final = 20
"""Points from which two alerts are told as related: no single thing that most routes share reaches them."""
_IN_WORDS: Final = ((18, "weight-strong"), (9, "weight-fair"), (0, "weight-slight"))
VAGUE: Final = frozenset({"unknown", "document_fraud"})
"""Codes that two alerts may both have without having anything in common: what is not known, and what another list says exactly."""
METHODS: Final = ("modus_operandi", "document_fraud", "recruitment", "payment")
"""The lists that say how a network works; means of transport are too common to tell networks apart."""


@dataclass(frozen=True)
class Reason:
    """One thing that two alerts share: a stable code, its weight in points, and what is shared."""

    code: str
    weight: int
    shared: tuple[str, ...] = ()
    figures: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Relation:
    """What two alerts share, the weightiest first, and the sum of the weights, at most 100."""

    score: int
    reasons: tuple[Reason, ...]

    @property
    def told(self) -> bool:
        """Whether it is enough to call the two related."""
        return self.score >= ENOUGH


def relate(one: Alert, other: Alert) -> Relation:
    """What two alerts share; the same whichever comes first.

    Time alone is no reason: it counts only beside another one.
    """
    reasons = [*_network(one, other), *_legs(one, other), *_places(one, other), *_methods(one, other), *_nationalities(one, other)]
    if reasons:
        reasons += _time(one, other)
    ranked = tuple(sorted(reasons, key=lambda reason: (-reason.weight, reason.code)))
    return Relation(min(100, sum(reason.weight for reason in ranked)), ranked)


def words(reason: Reason, language: str) -> str:
    """A reason as a sentence in a language (en, es, pt), with its weight in words."""
    texts = sentences("app.alerts", "related.toml")
    shared = [_label(each, language) for each in reason.shared]
    said = filled(str(texts[reason.code][language]), {"shared": shared, **reason.figures})
    weighs = next(code for least, code in _IN_WORDS if reason.weight >= least)
    return f"{said} {texts[weighs][language]}"


def _label(shared: str, language: str) -> str:
    """The label of a code that was written with its vocabulary before it, `payment:hawala`; any other text as it stands."""
    name, _, code = shared.partition(":")
    if not code:
        return shared
    terms = codes.nationalities() if name == "nationality" else codes.vocabulary(name).terms
    return terms[code].labels[language] if code in terms else code


def _capped(code: str, each: int, shared: Sequence[str]) -> Iterator[Reason]:
    if shared:
        yield Reason(code, min(MOST[code], each * len(shared)), tuple(shared))


def _network(one: Alert, other: Alert) -> Iterator[Reason]:
    if one.get("network_code") and one["network_code"] == other.get("network_code"):
        yield Reason("shared-network", SAME_NETWORK, (one["network_code"],))


def _legs(one: Alert, other: Alert) -> Iterator[Reason]:
    yield from _capped("shared-legs", A_LEG, sorted(crossings(one) & crossings(other)))


def crossings(alert: Alert) -> set[str]:
    """The borders that a route crosses, each as from and to."""
    return {f"{leg['from']}–{leg['to']}" for leg in alert["route"] if leg["from"] != leg["to"]}  # noqa: RUF001 - from, dash, to


def _places(one: Alert, other: Alert) -> Iterator[Reason]:
    here, there = named_places(one), named_places(other)
    yield from _capped("shared-places", A_PLACE, sorted(min(here[key], there[key]) for key in here.keys() & there.keys()))


def named_places(alert: Alert) -> dict[tuple[str, str], str]:
    """Towns and regions of a route by State and folded name, areas by their code, each as it is written."""
    areas = {(leg["to"], leg["area"]): leg["area"] for leg in alert["route"] if leg.get("area")}
    return areas | {(leg["to"], folded(leg["place"])): f"{leg['place']} ({leg['to']})" for leg in alert["route"] if leg.get("place")}


def _methods(one: Alert, other: Alert) -> Iterator[Reason]:
    shared = [f"{name}:{code}" for name in METHODS for code in sorted({*one[name]} & {*other[name]} - VAGUE)]
    yield from _capped("shared-methods", A_METHOD, shared)


def _nationalities(one: Alert, other: Alert) -> Iterator[Reason]:
    shared = [f"nationality:{code}" for code in sorted({*one["nationalities"]} & {*other["nationalities"]})]
    yield from _capped("shared-nationalities", A_NATIONALITY, shared)


def _time(one: Alert, other: Alert) -> Iterator[Reason]:
    (first, last), (begun, ended) = span_of(one), span_of(other)
    start, end = max(first, begun), min(last, ended)
    if start <= end:
        yield Reason("shared-time", SAME_TIME, figures={"first": f"{start:%Y-%m}", "last": f"{end:%Y-%m}"})
