"""Alerts in STIX 2.1: what other tools read of an alert stands in STIX's own objects, and the whole document in an extension of ours.

An alert is a `report`; its network a `threat-actor` that uses `attack-pattern`s (codes of our vocabularies), is located at the places of
the route and targets the nationalities' States; what offices answer are `sighting`, `opinion` and `note`.  Every object that an alert
alone gives has an id of this alert alone: two alerts on one network share none, so that no bundle tells of another document.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from app.alerts.correlation import METHODS
from app.alerts.seen import span_of
from app.directory import codes
from app.interop.answers import answer_objects, told_of
from app.interop.ids import instant, stix_id
from app.interop.markings import markings_of
from app.interop.objects import EXTENSION, Document, Object, extension, identity, object_of, place_of, shared, state_of, whole, words
from app.wire.codes import Status


def bundle_of(alert: Document, answers: Iterable[Document] = ()) -> Object:
    """The bundle of a published alert with sightings, opinions and proposals on it; each object once, markings first.

    Takes documents as they are published; whoever asks for the bundle must be allowed to see every one of them.  An answer that would
    refer to something outside the bundle is left out (`app.interop.answers.told_of`).
    """
    told = told_of(alert, list(answers))
    marked = chain.from_iterable(markings_of(one["tlp"], one["handling"]) for one in (alert, *told))
    found = [*marked, *objects_of(alert), *chain.from_iterable(answer_objects(answer, alert) for answer in told)]
    objects = list({each["id"]: each for each in found}.values())
    return {
        "type": "bundle",
        "id": stix_id("bundle", *(f"{one['id']}.v{one['version']}" for one in (alert, *told))),
        "objects": objects,
    }


def objects_of(alert: Document) -> list[Object]:
    """The objects of an alert without its markings: identity, extension, report, and what the report refers to."""
    issuer = identity(alert["origin"])
    told = [] if alert["status"] == Status.WITHDRAWN else list(_told(alert))
    return [issuer, *extension(), _report(alert, [each["id"] for each in told] or [issuer["id"]]), *told]


def documents_of(bundle: Mapping[str, Any]) -> list[Document]:
    """The documents that a bundle of ours was made of, the alert first, nothing lost; none of a bundle of somebody else."""
    return [each["extensions"][EXTENSION]["document"] for each in bundle["objects"] if EXTENSION in each.get("extensions", {})]


def _report(alert: Document, refers_to: list[str]) -> Object:
    report = object_of("report", alert) | {
        "name": alert.get("reference") or alert["id"],
        "report_types": ["threat-actor"],
        "published": instant(alert["published_at"]),
        "object_refs": refers_to,
    }
    if alert.get("reference"):
        report["external_references"] = [{"source_name": "istmo", "external_id": alert["reference"]}]
    if alert["status"] == Status.WITHDRAWN:
        return report | {"revoked": True} | whole(alert)
    told = words(name=alert["title"], description=alert["summary"]) | {"confidence": alert["confidence"]}
    return report | told | whole(alert)


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
            state = state_of(nationality)
            yield state
            yield _relationship(alert, actor, "targets", state)


def _actor(alert: Document) -> Object:
    first, last = span_of(alert)
    return object_of("threat-actor", alert) | {
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
            yield shared("attack-pattern", vocabulary, code) | said


def _places(alert: Document) -> Iterator[Object]:
    for leg in alert["route"]:
        yield from (state_of(leg[end]) for end in ("from", "to"))
        yield place_of(alert, leg["to"], leg.get("place"), leg.get("area"))


def _relationship(alert: Document, actor: Object, kind: str, target: Object) -> Object:
    ends = {"relationship_type": kind, "source_ref": actor["id"], "target_ref": target["id"]}
    return object_of("relationship", alert, kind, target["id"]) | ends
