"""Alerts in STIX 2.1: what other tools read of an alert stands in STIX's own objects, and the whole document in an extension of ours.

An alert is a `report`; its network a `threat-actor` that uses `attack-pattern`s (codes of our vocabularies), is located at the places of
the route and targets the nationalities' States; what the other side saw and thinks are `sighting` and `opinion`.  Every object that an
alert alone gives has an id of this alert alone: two alerts on one network share none, so that no bundle tells of another document.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

from app.alerts.correlation import METHODS
from app.alerts.seen import span_of
from app.directory import codes
from app.interop.ids import SINCE, instant, stix_id
from app.interop.markings import markings_of
from app.wire.codes import Status

Document = Mapping[str, Any]
Object = dict[str, Any]

EXTENSION: Final = stix_id("extension-definition", "alert", 1)
"""Our extension of `report`: the published document as it stands, signature included."""
_SCHEMA: Final = "https://istmo.example/schemas/alert.json"
_LANGUAGES: Final = ("en", "es", "pt")


def bundle_of(alert: Document, answers: Iterable[Document] = ()) -> Object:
    """The bundle of a published alert with sightings and opinions on it; each object once, markings first.

    Takes documents as they are published; whoever asks for the bundle must be allowed to see every one of them.  A sighting tells `state`,
    `place`, `area`, `first_seen`, `last_seen` and `confidence`; an opinion `opinion` (a code of its vocabulary) and `reason`.
    """
    answers = list(answers)
    marked = chain.from_iterable(markings_of(one["tlp"], one["handling"]) for one in (alert, *answers))
    found = [*marked, *objects_of(alert), *chain.from_iterable(_answer(answer, alert) for answer in answers)]
    objects = list({each["id"]: each for each in found}.values())
    return {
        "type": "bundle",
        "id": stix_id("bundle", alert["id"], *(f"{one['id']}.v{one['version']}" for one in (alert, *answers))),
        "objects": objects,
    }


def objects_of(alert: Document) -> list[Object]:
    """The objects of an alert without its markings: identity, extension, report, and what the report refers to."""
    issuer = _identity(alert["origin"])
    told = [] if alert["status"] == Status.WITHDRAWN else list(_told(alert))
    return [issuer, *_extension(), _report(alert, [each["id"] for each in told] or [issuer["id"]]), *told]


def alert_of(bundle: Mapping[str, Any]) -> Document:
    """The alert that a bundle of ours was made of, nothing lost.  Raises `StopIteration` where no object carries our extension."""
    document: Document = next(
        each["extensions"][EXTENSION]["document"] for each in bundle["objects"] if EXTENSION in each.get("extensions", {})
    )
    return document


def _object(kind: str, document: Document, *parts: object) -> Object:
    """The common properties of an object that a document gives."""
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": stix_id(kind, document["id"], *parts),
        "created_by_ref": stix_id("identity", document["origin"]),
        "created": instant(document["created_at"]),
        "modified": instant(document["published_at"]),
        "object_marking_refs": [each["id"] for each in markings_of(document["tlp"], document["handling"])],
    }


def _shared(kind: str, *parts: object) -> Object:
    """The common properties of an object that belongs to no document."""
    return {"type": kind, "spec_version": "2.1", "id": stix_id(kind, *parts), "created": SINCE, "modified": SINCE}


def _identity(conference: str) -> Object:
    name = next((one.labels["en"] for one in codes.conferences() if one.code == conference), conference)
    return _shared("identity", conference) | {"name": name, "identity_class": "organization", "roles": ["secretariat"]}


def _extension() -> list[Object]:
    maker = _shared("identity", "istmo") | {"name": "Istmo", "identity_class": "system"}
    told = {"name": "Istmo alert", "description": "The alert as its conference published it, with its signature."}
    said = told | {"schema": _SCHEMA, "version": "1.0.0", "extension_types": ["property-extension"]}
    return [maker, _shared("extension-definition", "alert", 1) | {"created_by_ref": maker["id"]} | said]


def _report(alert: Document, refers_to: list[str]) -> Object:
    report = _object("report", alert) | {
        "name": alert.get("reference") or alert["id"],
        "report_types": ["threat-actor"],
        "published": instant(alert["published_at"]),
        "object_refs": refers_to,
        "extensions": {EXTENSION: {"extension_type": "property-extension", "document": dict(alert)}},
    }
    if alert.get("reference"):
        report["external_references"] = [{"source_name": "istmo", "external_id": alert["reference"]}]
    if alert["status"] == Status.WITHDRAWN:
        return report | {"revoked": True}
    language = next(one for one in _LANGUAGES if alert["title"].get(one))
    summary = alert["summary"].get(language) or next(iter(alert["summary"].values()))
    told = {"name": alert["title"][language], "description": summary, "lang": language, "confidence": alert["confidence"]}
    return report | told


def _told(alert: Document) -> Iterator[Object]:
    """What a report refers to: the network, how it works, where, whom it carries, and how these belong together."""
    actor = _actor(alert)
    yield actor
    for pattern in _patterns(alert):
        yield pattern
        yield _relationship(alert, actor, "uses", pattern)
    for place in {each["id"]: each for each in _places(alert)}.values():
        yield place
        yield _relationship(alert, actor, "located-at", place)
    for nationality in alert["nationalities"]:
        if nationality in codes.states():
            state = _state(nationality)
            yield state
            yield _relationship(alert, actor, "targets", state)


def _actor(alert: Document) -> Object:
    first, last = span_of(alert)
    return _object("threat-actor", alert) | {
        "name": alert.get("network_code") or alert.get("reference") or alert["id"],
        "threat_actor_types": ["crime-syndicate"],
        "first_seen": f"{first}T00:00:00.000Z",
        "last_seen": f"{last}T23:59:59.999Z",
    }


def _patterns(alert: Document) -> Iterator[Object]:
    for vocabulary in METHODS:
        for code in alert[vocabulary]:
            term = codes.vocabulary(vocabulary).terms[code]
            reference = {"source_name": "istmo-vocabularies", "external_id": f"{vocabulary}:{code}"}
            said = {"name": term.labels["en"], "description": (term.definitions or term.labels)["en"], "external_references": [reference]}
            yield _shared("attack-pattern", vocabulary, code) | said


def _places(alert: Document) -> Iterator[Object]:
    for leg in alert["route"]:
        yield from (_state(leg[end]) for end in ("from", "to"))
        if leg.get("place"):
            yield _place(alert, leg["to"], leg["place"], leg.get("area"))


def _place(document: Document, state: str, name: str, area: str | None) -> Object:
    administrative = {"administrative_area": area} if area else {}
    return _object("location", document, state, name, area or "") | {"name": name, "country": _alpha2(state), **administrative}


def _state(state: str) -> Object:
    return _shared("location", state) | {"name": codes.nationalities()[state].labels["en"], "country": _alpha2(state)}


def _alpha2(state: str) -> str:
    return codes.nationalities()[state].alpha2 or state


def _relationship(alert: Document, actor: Object, kind: str, target: Object) -> Object:
    ends = {"relationship_type": kind, "source_ref": actor["id"], "target_ref": target["id"]}
    return _object("relationship", alert, kind, target["id"]) | ends


def _answer(answer: Document, alert: Document) -> Iterator[Object]:
    """The objects of a sighting or an opinion; of a withdrawn one none."""
    if answer["status"] == Status.WITHDRAWN:
        return
    yield _identity(answer["origin"])
    yield from _ANSWERS[answer["kind"]](answer, alert)


def _sighting(answer: Document, alert: Document) -> Iterator[Object]:
    where = _place(answer, answer["state"], answer["place"], answer.get("area")) if answer.get("place") else _state(answer["state"])
    first, last = span_of(answer)
    yield where
    yield _object("sighting", answer) | {
        "sighting_of_ref": stix_id("threat-actor", alert["id"]),
        "where_sighted_refs": [where["id"]],
        "first_seen": f"{first}T00:00:00.000Z",
        "last_seen": f"{last}T23:59:59.999Z",
        "confidence": answer["confidence"],
    }


def _opinion(answer: Document, alert: Document) -> Iterator[Object]:
    explained = {"explanation": answer["reason"]} if answer.get("reason") else {}
    said = {"opinion": answer["opinion"].replace("_", "-"), "object_refs": [stix_id("report", alert["id"])]}
    yield _object("opinion", answer) | said | explained


_ANSWERS: Final = {"sighting": _sighting, "opinion": _opinion}
