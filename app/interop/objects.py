"""What objects of STIX 2.1 have in common here: their making, their makers, their places, our extension with the whole document."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.directory import codes
from app.interop.ids import SINCE, instant, stix_id
from app.interop.markings import markings_of

Document = Mapping[str, Any]
Object = dict[str, Any]

EXTENSION: Final = stix_id("extension-definition", "document", 1)
"""Our extension of reports, sightings, opinions and notes: the published document as it stands, signature included."""
_LANGUAGES: Final = ("en", "es", "pt")


def object_of(kind: str, document: Document, *parts: object) -> Object:
    """The common properties of an object that a document gives; the parts tell it from other objects of the same document."""
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": stix_id(kind, document["id"], *parts),
        "created_by_ref": stix_id("identity", document["origin"]),
        "created": instant(document["created_at"]),
        "modified": instant(document["published_at"]),
        "object_marking_refs": [each["id"] for each in markings_of(document["tlp"], document["handling"])],
    }


def shared(kind: str, *parts: object) -> Object:
    """The common properties of an object that belongs to no document."""
    return {"type": kind, "spec_version": "2.1", "id": stix_id(kind, *parts), "created": SINCE, "modified": SINCE}


def whole(document: Document) -> Object:
    """The property that carries a whole document, so that nothing of it is lost for which STIX has no words."""
    return {"extensions": {EXTENSION: {"extension_type": "property-extension", "document": dict(document)}}}


def extension() -> list[Object]:
    """The definition of our extension, and its maker."""
    maker = shared("identity", "istmo") | {"name": "Istmo", "identity_class": "system"}
    told = {"name": "Istmo document", "description": "The document as its conference published it, with its signature."}
    schema = "`document`, an object: one version of an alert, sighting, opinion or proposal, as the API description of Istmo has it."
    said = told | {"schema": schema, "version": "1.0.0", "extension_types": ["property-extension"]}
    return [maker, shared("extension-definition", "document", 1) | {"created_by_ref": maker["id"]} | said]


def identity(conference: str) -> Object:
    """The secretariat of a conference."""
    name = next((one.labels["en"] for one in codes.conferences() if one.code == conference), conference)
    return shared("identity", conference) | {"name": name, "identity_class": "organization", "roles": ["secretariat"]}


def state_of(state: str) -> Object:
    """A State, which no document tells."""
    return shared("location", state) | {"name": codes.nationalities()[state].labels["en"], "country": _alpha2(state)}


def place_of(document: Document, state: str, name: str | None, area: str | None) -> Object:
    """A town or region that a document names, or the State alone where it names neither."""
    if not name and not area:
        return state_of(state)
    named = ({"name": name} if name else {}) | ({"administrative_area": area} if area else {})
    return object_of("location", document, state, name or "", area or "") | {"country": _alpha2(state)} | named


def words(**told: Mapping[str, str] | None) -> Object:
    """Texts under the names of their properties, and their language: one in which all of them are there, else that of the first.

    STIX has one language an object; what else there is stands in the whole document.
    """
    there = {name: found for name, texts in told.items() if (found := _written(texts or {}))}
    if not there:
        return {}
    language = _common_language([*there.values()])
    return {name: texts.get(language) or next(iter(texts.values())) for name, texts in there.items()} | {"lang": language}


def _written(texts: Mapping[str, str]) -> dict[str, str]:
    return {one: texts[one] for one in _LANGUAGES if texts.get(one)}


def _common_language(there: Sequence[Mapping[str, str]]) -> str:
    common = [one for one in _LANGUAGES if all(one in texts for texts in there)]
    return (common or list(there[0]))[0]


def _alpha2(state: str) -> str:
    return codes.nationalities()[state].alpha2 or state
