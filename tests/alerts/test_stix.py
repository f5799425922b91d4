"""Alerts in STIX 2.1: objects as the standard has them, nothing lost, nothing dangling, nothing of another document."""

import re
import uuid

import pytest
from stix_documents import ALERT, answer, answers, document, full, of, references, withdrawn
from twelve import Json

from app.alerts.correlation import METHODS
from app.directory import codes
from app.interop.ids import NAMESPACE, instant, stix_id
from app.interop.markings import TLP_IDS
from app.interop.objects import EXTENSION
from app.interop.stix import bundle_of, documents_of, objects_of
from app.wire.alert_published import Alert
from app.wire.codes import TLP

COMMON = {"type", "spec_version", "id", "created", "modified", "created_by_ref", "object_marking_refs"}
# STIX 2.1, chapters 4 and 5: what an object must have, and what else it may have of its own.
REQUIRED = {
    "report": {"name", "published", "object_refs"},
    "threat-actor": {"name"},
    "attack-pattern": {"name"},
    "location": {"country"},
    "relationship": {"relationship_type", "source_ref", "target_ref"},
    "sighting": {"sighting_of_ref"},
    "opinion": {"opinion", "object_refs"},
    "note": {"content", "object_refs"},
    "identity": {"name"},
    "extension-definition": {"created_by_ref", "name", "schema", "version", "extension_types"},
    "marking-definition": set(),
}
OPTIONAL = {
    "report": {"description", "report_types", "lang", "confidence", "extensions", "external_references", "revoked"},
    "threat-actor": {"threat_actor_types", "first_seen", "last_seen"},
    "attack-pattern": {"description", "external_references"},
    "location": {"name", "administrative_area"},
    "sighting": {"where_sighted_refs", "first_seen", "last_seen", "confidence", "description", "lang", "extensions"},
    "opinion": {"explanation", "lang", "extensions"},
    "note": {"abstract", "lang", "extensions"},
    "identity": {"identity_class", "roles"},
    "extension-definition": {"description"},
    "marking-definition": {"name", "definition_type", "definition", "extensions"},
}
LEGAL_RELATIONSHIPS = {("threat-actor", "uses", "attack-pattern"), ("threat-actor", "located-at", "location")}
LEGAL_RELATIONSHIPS |= {("threat-actor", "targets", "location")}
OPINIONS = {"strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"}


@pytest.mark.parametrize("number", range(1, 13))
def test_every_object_has_what_the_standard_demands_and_nothing_that_it_does_not_know(number: int):
    bundle = bundle_of(document(number), answers())
    kinds = {each["id"]: each["type"] for each in bundle["objects"]}
    assert len(kinds) == len(bundle["objects"])
    assert set(kinds.values()) == set(REQUIRED)
    for each in bundle["objects"]:
        kind = each["type"]
        assert REQUIRED[kind] <= set(each) <= REQUIRED[kind] | OPTIONAL.get(kind, set()) | COMMON, each
        assert re.fullmatch(f"{kind}--[0-9a-f-]{{36}}", each["id"])
        moments = [text for name, text in each.items() if name in {"created", "modified", "published", "first_seen", "last_seen"}]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text) for text in moments)
        assert each.get("modified", "9999") >= each["created"]
        assert each.get("last_seen", "9999") > each.get("first_seen", "")
        assert 0 <= each.get("confidence", 0) <= 100
    for each in of("relationship", bundle):
        assert (kinds[each["source_ref"]], each["relationship_type"], kinds[each["target_ref"]]) in LEGAL_RELATIONSHIPS
    assert {each["opinion"] for each in of("opinion", bundle)} <= OPINIONS


def rebuilt(bundle: Json) -> Json:
    """The alert as STIX's own objects tell it where STIX has words, and as our extension tells it in every other field."""
    inside = {each["id"]: each for each in bundle["objects"]}
    (report,), (actor,) = of("report", bundle), of("threat-actor", bundle)
    linked = [(each["relationship_type"], inside[each["target_ref"]]) for each in of("relationship", bundle)]
    methods = [each["external_references"][0]["external_id"].split(":") for kind, each in linked if kind == "uses"]
    colour, *statements = report["object_marking_refs"]
    told = {
        "title": {report["lang"]: report["name"]},
        "summary": {report["lang"]: report["description"]},
        "reference": report["external_references"][0]["external_id"],
        "confidence": report["confidence"],
        "origin": next(one.code for one in codes.conferences() if one.labels["en"] == inside[report["created_by_ref"]]["name"]),
        "tlp": next(code.value for code, text in TLP_IDS.items() if text == colour),
        "handling": [inside[each]["definition"]["statement"].partition(":")[0] for each in statements],
        "nationalities": [codes.resolve_state(each["country"]) for kind, each in linked if kind == "targets"],
        **{name: [code for one, code in methods if one == name] for name in METHODS},
    }
    told |= {"network_code": actor["name"]} if actor["name"] != told["reference"] else {}
    whole = report["extensions"][EXTENSION]["document"]
    return {name: value for name, value in whole.items() if name not in {*told, "network_code"}} | told


@pytest.mark.parametrize("number", range(1, 13))
def test_nothing_of_an_alert_is_lost(number: int):
    alert = document(number)
    bundle = bundle_of(alert, answers())
    assert documents_of(bundle) == [alert, *answers()]
    assert rebuilt(bundle) == alert
    places = {(each.get("name"), each.get("administrative_area")) for each in of("location", bundle)}
    assert {(leg["place"], leg.get("area")) for leg in alert["route"] if "place" in leg} <= places
    # The report refers to its network and to all that the network's relationships name.
    (report,), (actor,) = of("report", bundle), of("threat-actor", bundle)
    assert {actor["id"], *(each["id"] for each in of("relationship", bundle))} <= set(report["object_refs"])


def test_every_field_that_an_alert_can_have_is_read_back():
    alert = full()
    assert {field.alias or name for name, field in Alert.model_fields.items()} == set(alert)
    assert Alert.model_validate(alert).network_code == "KESTREL-07"
    bundle = bundle_of(alert)
    assert (documents_of(bundle), rebuilt(bundle)) == ([alert], alert)
    (region,) = [each for each in of("location", bundle) if "administrative_area" in each]
    assert (region["administrative_area"], region["country"], "name" in region) == ("PA-EM", "PA", False)


@pytest.mark.parametrize(
    ("title", "summary", "told"),
    [
        ({"en": "A", "es": "B"}, {"en": "C", "es": "D"}, ("A", "C", "en")),
        ({"en": "A", "es": "B"}, {"es": "D", "pt": "E"}, ("B", "D", "es")),
        ({"pt": "A", "en": None}, {"pt": "C"}, ("A", "C", "pt")),
        ({"en": "A"}, {"pt": "C"}, ("A", "C", "en")),
    ],
)
def test_a_report_is_in_a_language_that_title_and_summary_have(title: Json, summary: Json, told: tuple[str, ...]):
    (report,) = of("report", bundle_of(document(title=title, summary=summary)))
    assert (report["name"], report["description"], report["lang"]) == told


def test_the_objects_of_case_five_are_those_of_its_story():
    bundle = bundle_of(document(network_code="KESTREL-07"))
    (actor,) = of("threat-actor", bundle)
    assert (actor["name"], actor["threat_actor_types"]) == ("KESTREL-07", ["crime-syndicate"])
    assert (actor["first_seen"], actor["last_seen"]) == ("2017-01-01T00:00:00.000Z", "2018-09-30T23:59:59.999Z")
    named = {each["name"]: each["country"] for each in of("location", bundle)}
    assert named == {
        "Spain": "ES", "Ecuador": "EC", "Colombia": "CO", "Panama": "PA", "Nepal": "NP", "India": "IN", "Bangladesh": "BD",
        "Madrid": "ES", "Quito": "EC", "Ipiales": "CO", "Medellín": "CO", "Turbo": "CO", "Necoclí": "CO", "Capurganá": "CO", "Darién": "PA",
    }  # fmt: skip
    assert sorted(each["name"] for each in of("attack-pattern", bundle)) == [
        "Document of a look-alike", "Handover from guide to guide", "Safe houses on the way", "Toll paid to an armed group",
        "Travel under another's identity",
    ]  # fmt: skip


def test_created_stays_and_modified_moves_with_each_version():
    first, second = (next(each for each in objects_of(document(published_at=text)) if each["type"] == "report") for text in (
        "2026-11-20T10:00:00.123456Z", "2026-11-21T09:30:00.000900Z"
    ))  # fmt: skip
    assert (first["id"], first["created"], first["modified"]) == (second["id"], "2026-11-20T10:00:00.123Z", "2026-11-20T10:00:00.123Z")
    assert (second["created"], second["modified"]) == ("2026-11-20T10:00:00.123Z", "2026-11-21T09:30:00.000Z")
    assert instant("2026-11-20T12:00:00.999999+02:00") == "2026-11-20T10:00:00.999Z"


def test_the_ids_of_tlp_two_are_those_that_oasis_published():
    # oasis-open/cti-stix-common-objects, extension-definition-specifications/tlp-2.0.
    assert {colour.value: text.removeprefix("marking-definition--") for colour, text in TLP_IDS.items()} == {
        "CLEAR": "94868c89-83c2-464b-929b-a1a8aa3c8487",
        "GREEN": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
        "AMBER": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
        "AMBER+STRICT": "939a9414-2ddd-4d32-a0cd-375ea402b003",
        "RED": "e828b379-4e03-4974-9ac4-e53a884c97c1",
    }
    for colour in TLP:
        (marking,) = of("marking-definition", bundle_of(document(tlp=colour.value)))
        assert marking == {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": TLP_IDS[colour],
            "created": "2022-10-01T00:00:00.000Z",
            "name": f"TLP:{colour.value}",
            "extensions": {
                "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
                    "extension_type": "property-extension", "tlp_2_0": colour.value.lower()
                }
            },
        }  # fmt: skip


def test_every_object_of_an_alert_bears_its_one_colour_and_its_handling_codes():
    bundle = bundle_of(document(tlp="RED", handling=["no-onward"]))
    own = [each for each in bundle["objects"] if "object_marking_refs" in each]
    assert {each["type"] for each in own} == {"report", "threat-actor", "relationship", "location"}
    colour, statement = of("marking-definition", bundle)
    assert all(each["object_marking_refs"] == [colour["id"], statement["id"]] for each in own)
    assert (colour["id"], statement["definition"]) == (TLP_IDS[TLP.RED], {"statement": "no-onward: Not to be passed on"})
    # A town is told by the alert alone; a State is told by nobody.
    assert {each["name"] for each in own if each["type"] == "location"} == {
        *("Madrid", "Quito", "Ipiales", "Medellín", "Turbo", "Necoclí", "Capurganá", "Darién")
    }


def test_ids_are_of_our_own_namespace_and_the_same_every_time():
    assert str(NAMESPACE) == "bd65f1b1-95b7-44c1-acfa-696c3616de89"
    assert stix_id("report", ALERT) == f"report--{uuid.uuid5(NAMESPACE, 'report|' + ALERT)}"
    assert bundle_of(document(), answers()) == bundle_of(document(), answers())
    ids = [uuid.UUID(each["id"].rpartition("--")[2]) for each in bundle_of(document(), answers())["objects"]]
    assert {one.version for one in ids} == {4, 5}
    assert sum(one.version == 4 for one in ids) == 2  # the colours of the alert and of its answers


def test_a_withdrawn_alert_is_a_revoked_report_without_a_word_of_its_body():
    taken_back = withdrawn(document())
    bundle = bundle_of(taken_back)
    (report,) = of("report", bundle)
    assert (report["revoked"], report["name"]) == (True, "SACM-2026-Z44T9")
    assert {each["type"] for each in bundle["objects"]} == {"marking-definition", "identity", "extension-definition", "report"}
    assert "Urab" not in str(bundle)
    assert set(references(report)) <= {each["id"] for each in bundle["objects"]}
    assert documents_of(bundle) == [taken_back]


@pytest.mark.parametrize("number", range(1, 13))
def test_no_reference_leads_out_of_the_bundle(number: int):
    # Case B017: what was left out leaves no pointer behind.
    bundle = bundle_of(document(number), answers())
    inside = {each["id"] for each in bundle["objects"]}
    assert {one for each in bundle["objects"] for one in references(each)} <= inside


def test_an_answer_that_is_not_handed_over_changes_no_byte_of_the_alert():
    # Case B013: a narrower part inside a wider whole.
    hidden = answer("opinion", "ff", tlp="RED", opinion="disagree", explanation={"en": "hidden-canary"})
    with_it, without = bundle_of(document(), [hidden]), bundle_of(document())
    shown = {each["id"]: each for each in with_it["objects"]}
    assert all(shown[each["id"]] == each for each in without["objects"])
    mine = [stix_id("opinion", hidden["id"]), hidden["id"], TLP_IDS[TLP.RED], "hidden-canary"]
    assert [text for text in mine if text in str(without)] == []
    assert all(text in str(with_it) for text in (mine[0], *mine[2:]))
    assert of("report", with_it) == of("report", without)
    assert with_it["id"] != without["id"]


def test_two_alerts_on_one_network_share_no_object_that_tells_of_either():
    one, other = bundle_of(document(5)), bundle_of(document(5, id=ALERT[:-2] + "22", tlp="RED"))
    common = {each["id"] for each in one["objects"]} & {each["id"] for each in other["objects"]}
    assert {each["type"] for each in one["objects"] if each["id"] in common} == {
        "identity", "extension-definition", "attack-pattern", "location"
    }  # fmt: skip
    states = [each["name"] for each in of("location", one) if each["id"] in common]
    assert "Darién" not in states
    assert all(
        [each] == [found for found in other["objects"] if found["id"] == each["id"]] for each in one["objects"] if each["id"] in common
    )


def test_our_extension_is_defined_once_and_carries_the_alert_and_its_answers():
    bundle = bundle_of(document(), answers())
    (defined,) = of("extension-definition", bundle)
    assert (defined["id"], defined["extension_types"]) == (EXTENSION, ["property-extension"])
    carriers = [each["type"] for each in bundle["objects"] if EXTENSION in each.get("extensions", {})]
    assert carriers == ["report", "sighting", "opinion", "note", "opinion"]
    assert documents_of({"objects": [defined]}) == []
