"""Sightings, opinions and proposals in STIX 2.1: nothing lost, nothing said that was taken back, nothing that refers outside."""

from typing import Any

import pytest
from stix_documents import ALERT, answers, document, of, opinion, proposal, references, refusal, sighting, withdrawn
from twelve import Json

from app.interop.ids import stix_id
from app.interop.stix import bundle_of, documents_of
from app.wire.alert_answers import AlertOpinion, AnswerEnvelope, Proposal, Sighting
from app.wire.codes import Opinion as OpinionCode


def told(one: Json, *others: Json) -> Json:
    """The object that an answer on case 5 becomes."""
    objects = bundle_of(document(), [one, *others])["objects"]
    return next(each for each in objects if each["id"].endswith(stix_id({"proposal": "note"}.get(one["kind"], one["kind"]), one["id"])))


def test_the_documents_of_these_tests_are_such_as_a_node_publishes():
    for model, made in ((Sighting, sighting()), (AlertOpinion, opinion()), (AlertOpinion, refusal()), (Proposal, proposal())):
        assert model.model_validate(made).model_dump(mode="json", exclude_none=True)["id"] == made["id"]
        assert AnswerEnvelope.model_validate({name: text for name, text in withdrawn(made).items() if name != "salt"}).version == 3


def test_a_sighting_tells_where_when_and_how_sure_the_network_was_seen():
    seen = told(sighting())
    assert (seen["sighting_of_ref"], seen["description"], seen["lang"]) == (stix_id("threat-actor", ALERT), "Las mismas lanchas.", "es")
    assert (seen["first_seen"], seen["last_seen"]) == ("2018-01-01T00:00:00.000Z", "2018-01-31T23:59:59.999Z")
    bundle = bundle_of(document(), [sighting()])
    (where,) = [each for each in of("location", bundle) if [each["id"]] == seen["where_sighted_refs"]]
    assert (where["name"], where["country"]) == ("Darién", "PA")
    # The alert names the same town: an object of its own, for another document tells it.
    assert sum(each.get("name") == "Darién" for each in of("location", bundle)) == 2


@pytest.mark.parametrize(
    ("where", "name", "area"),
    [
        ({"state": "COL"}, "Colombia", None),
        ({"state": "COL", "area": "CO-ANT"}, None, "CO-ANT"),
        ({"state": "COL", "area": "CO-ANT", "place": "Turbo"}, "Turbo", "CO-ANT"),
    ],
)
def test_a_place_is_told_as_exactly_as_it_was_sent(where: Json, name: str | None, area: str | None):
    seen = told(sighting(where=where))
    found = [each for each in of("location", bundle_of(document(), [sighting(where=where)])) if [each["id"]] == seen["where_sighted_refs"]]
    assert [(each.get("name"), each["country"], each.get("administrative_area")) for each in found] == [(name, "CO", area)]


@pytest.mark.parametrize(
    ("changes", "first", "last"),
    [
        ({"seen_from": "2018-02", "seen_to": "2018-03"}, "2018-02-01", "2018-03-31"),
        ({"seen_from": "2018-02-27", "seen_to": "2018-02"}, "2018-02-27", "2018-02-28"),
        ({"seen_from": "2016-02"}, "2016-02-01", "2016-02-29"),
        ({"seen_from": "2018-02-27"}, "2018-02-27", "2018-02-27"),
    ],
)
def test_a_sighting_lasts_from_the_first_day_to_the_last_that_may_be_meant(changes: Json, first: str, last: str):
    seen = told(sighting(**changes))
    assert (seen["first_seen"], seen["last_seen"]) == (f"{first}T00:00:00.000Z", f"{last}T23:59:59.999Z")


def test_certainty_is_a_confidence_of_the_standards_own_scales():
    # Appendix A: "possibly true" (Admiralty Credibility) 50, "probable" 70 and "certain" 100 (Words of Estimative Probability).
    figures = [told(sighting(certainty=word))["confidence"] for word in ("possible", "probable", "certain")]
    assert figures == [50, 70, 100]


def test_an_opinion_is_on_the_report_and_a_refusal_on_the_proposal_that_it_declines():
    said = told(opinion())
    assert (said["opinion"], said["explanation"], said["lang"]) == ("strongly-agree", "Coincide con lo visto.", "es")
    assert said["object_refs"] == [stix_id("report", ALERT)]
    declined = told(refusal(), proposal())
    assert (declined["opinion"], declined["object_refs"]) == ("disagree", [stix_id("note", proposal()["id"])])
    assert "explanation" not in declined


def test_the_five_steps_of_an_opinion_are_those_of_the_standard():
    steps = [told(opinion(opinion=step.value))["opinion"] for step in OpinionCode]
    assert steps == ["strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"]


def test_a_proposal_is_a_note_that_names_the_fields_and_carries_the_changes():
    note = told(proposal())
    assert (note["type"], note["abstract"], note["content"], note["lang"]) == ("note", "v2: fee, severity", "Hubo muertes.", "es")
    assert note["object_refs"] == [stix_id("report", ALERT)]
    (carried,) = [each["changes"] for each in documents_of(bundle_of(document(), [proposal()])) if each["kind"] == "proposal"]
    assert carried == {"severity": "critical", "fee": None}


def test_every_answer_bears_its_own_marking_and_its_own_maker():
    red = sighting(tlp="RED", handling=["no-onward"])
    bundle = bundle_of(document(), [red, opinion()])
    names = {each["id"]: each["name"] for each in [*of("marking-definition", bundle), *of("identity", bundle)] if "name" in each}
    by_kind = {kind: of(kind, bundle)[0] for kind in ("report", "sighting", "opinion")}
    colours = {kind: names[each["object_marking_refs"][0]] for kind, each in by_kind.items()}
    assert colours == {"report": "TLP:GREEN", "sighting": "TLP:RED", "opinion": "TLP:AMBER"}
    makers = {kind: names[each["created_by_ref"]] for kind, each in by_kind.items()}
    assert makers == {
        "report": "South American Conference on Migration",
        "sighting": "Regional Conference on Migration",
        "opinion": "Regional Conference on Migration",
    }
    assert len(by_kind["sighting"]["object_marking_refs"]) == 2


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (sighting(), {"sighting_of_ref": stix_id("threat-actor", ALERT)}),
        (opinion(), {"opinion": "neutral", "object_refs": [stix_id("report", ALERT)]}),
        (proposal(), {"content": "Mistaken.", "object_refs": [stix_id("report", ALERT)]}),
    ],
    ids=lambda value: value.get("kind", ""),
)
def test_a_withdrawn_answer_is_revoked_and_says_no_more_than_it_must(one: Json, said: dict[str, Any]):
    taken_back = withdrawn(one)
    left = told(taken_back)
    common = {"type", "spec_version", "id", "created_by_ref", "created", "modified", "object_marking_refs", "extensions"}
    assert {name: value for name, value in left.items() if name not in common} == said | {"revoked": True}
    assert (left["id"], left["modified"]) == (told(one)["id"], "2026-11-23T10:00:00.000Z")
    assert documents_of(bundle_of(document(), [taken_back]))[1:] == [taken_back]


def test_what_would_refer_outside_the_bundle_is_left_out():
    # Case B017: what was left out leaves no pointer behind.
    without_proposal = bundle_of(document(), [refusal()])
    assert without_proposal == bundle_of(document())
    of_a_withdrawn_alert = bundle_of(withdrawn(document()), answers())
    assert [each["kind"] for each in documents_of(of_a_withdrawn_alert)] == ["alert", "opinion", "proposal", "opinion"]
    inside = {each["id"] for each in of_a_withdrawn_alert["objects"]}
    assert {one for each in of_a_withdrawn_alert["objects"] for one in references(each)} <= inside
