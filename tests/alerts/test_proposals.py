"""A change that is offered to an alert's origin: judged like an alert, decided once, credited or declined with a reason."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from alertbook import (
    NOBODYS,
    Json,
    answer,
    decide,
    etag,
    faults_of,
    feed,
    ids,
    made,
    place_of,
    proposal,
    proposes,
    publish,
    readers,
    revise,
    seen,
    still,
    stored,
    told,
    withdraw,
)
from drafts import leg, price
from serving import Served

OFFICES = ("rcm", "pan", "hnd", "sacm", "bra")


def decision(shared: Served, who: str, offered: Json) -> Json:
    return told(shared.as_(who), f"{place_of(offered)}/decision")


def test_an_accepted_proposal_becomes_a_version_that_credits_it(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    offered = proposes(shared.as_("sacm"), document, {"severity": "critical", "nationalities": ["NP", "ERI"], "network_code": None})
    # Canonical codes, and the version that it was written against.
    assert offered["changes"] == {"severity": "critical", "nationalities": ["NPL", "ERI"], "network_code": None}
    assert (offered["alert_version"], offered["alert"]) == (1, document["id"])
    assert decision(shared, "analyst", offered) == {"proposal": offered["id"], "decision": "open"}
    answered = decide(shared.as_("rcm"), offered, "accept", reason="as the south saw it")
    second = made(answered, 200)
    assert answered.headers["etag"] == f'"{document["id"]}.v2"'
    assert (second["outcome"], second["version"], second["reason"]) == ("revised", 2, "as the south saw it")
    assert second["credits"] == [{"proposal": offered["id"], "office": "SACM/secretariat"}]
    changed = {name for name in {*second, *document} if second.get(name) != document.get(name)}
    stamp = {"outcome", "version", "published_at", "salt", "digest", "signature", "reason", "credits"}
    assert changed == {"severity", "nationalities", "network_code"} | stamp
    assert "network_code" not in second
    wanted = {"proposal": offered["id"], "decision": "accepted", "alert_version": 2}
    assert decision(shared, "analyst", offered) == decision(shared, "operator", offered) == wanted
    assert feed(shared.as_("bra"))[-1] == (document["id"], 2, "revise")
    # The next version follows no proposal.
    third = revise(shared.as_("rcm"), second, tlp="GREEN")
    assert (third["version"], "credits" in third) == (3, False)
    assert decision(shared, "analyst", offered) == wanted


def test_a_declined_proposal_is_answered_by_an_opinion_with_the_reason(shared: Served):
    document = publish(shared.as_("rcm"))
    offered = proposes(shared.as_("sacm"), document, audience=["RCM/secretariat"])
    assert readers(shared, place_of(offered), OFFICES) == {"rcm", "sacm"}
    before = stored(shared)
    assert faults_of(decide(shared.as_("rcm"), offered, "decline"))[2] == [("/reason", "field-missing")]
    assert stored(shared) == before
    answered = decide(shared.as_("rcm"), offered, "decline", reason="seen once only")
    refusal = made(answered)
    assert answered.headers["location"] == f"/v1/opinions/{refusal['id']}"
    assert (refusal["kind"], refusal["opinion"], refusal["reason"], refusal["alert"]) == (
        *("opinion", "disagree", "seen once only"),
        document["id"],
    )
    assert refusal["decides"] == {"proposal": offered["id"], "decision": "declined"}
    # Marked as the proposal is, and for the office that made it.
    assert (refusal["tlp"], refusal["audience"], refusal["issuer"]) == ("AMBER", ["RCM/secretariat", "SACM/secretariat"], "RCM/secretariat")
    assert readers(shared, place_of(refusal), OFFICES) == {"rcm", "sacm"}
    wanted = {"proposal": offered["id"], "decision": "declined", "opinion": refusal["id"]}
    assert decision(shared, "sacm", offered) == wanted | {"reason": "seen once only"}
    assert decision(shared, "operator", offered) == wanted
    listed = told(shared.as_("sacm"), f"/v1/alerts/{document['id']}/opinions")
    assert ([item["id"] for item in listed["items"]], sum(listed["counts"].values())) == ([refusal["id"]], 0)
    # The refusal is no opinion of the office: it may have one too.
    assert answer(shared.as_("rcm"), document, "opinion", {"opinion": "agree", "explanation": {"en": "x"}}).status_code == 201
    assert told(shared.as_("rcm"), f"/v1/alerts/{document['id']}")["version"] == 1


def test_a_proposal_is_decided_once_and_then_stands_as_it_is(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    accepted, declined, gone = (proposes(shared.as_("sacm"), document, {"severity": step}) for step in ("critical", "low", "moderate"))
    made(decide(shared.as_("rcm"), accepted, "accept"), 200)
    refusal = made(decide(shared.as_("rcm"), declined, "decline", reason="no"))
    withdraw(shared.as_("sacm"), gone)
    before = stored(shared)
    for offered in (accepted, declined, gone):
        for verb, body in (("accept", {}), ("decline", {"reason": "x"})):
            assert faults_of(decide(shared.as_("rcm"), offered, verb, **body))[:2] == (409, "proposal-decided")
    for offered in (accepted, declined):
        path = place_of(offered)
        again = shared.as_("sacm").put(path, json=proposal({"fee": None}, reason="x"), headers=etag(offered))
        back = shared.as_("sacm").post(f"{path}/withdraw", json={"reason": "x"}, headers=etag(offered))
        assert {faults_of(given)[:2] for given in (again, back) if given.status_code != 422} == {(409, "proposal-decided")}
        assert 422 not in {again.status_code, back.status_code}
    for given in (
        shared.as_("rcm").put(
            place_of(refusal), json={"opinion": "agree", "explanation": {"en": "x"}, "reason": "x"}, headers=etag(refusal)
        ),
        shared.as_("rcm").post(f"{place_of(refusal)}/withdraw", json={"reason": "x"}, headers=etag(refusal)),
    ):
        assert faults_of(given)[:2] == (409, "proposal-decided")
    assert stored(shared) == before


def test_that_a_proposal_was_decided_is_told_before_that_it_changes_nothing_any_more(shared: Served):
    """Contract, order of judgement: "409/412/428, 422 of the content"."""
    offered = proposes(shared.as_("sacm"), publish(shared.as_("rcm"), tlp="GREEN"))
    made(decide(shared.as_("rcm"), offered, "accept"), 200)
    again = shared.as_("sacm").put(place_of(offered), json=proposal(reason="again"), headers=etag(offered))
    assert faults_of(again)[:2] == (409, "proposal-decided")


def test_a_proposal_is_revised_while_it_is_open(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    offered = proposes(shared.as_("sacm"), document, {"severity": "critical"})
    body = proposal({"severity": "low"}, reason="on second thought")
    second = made(shared.as_("sacm").put(place_of(offered), json=body, headers=etag(offered)), 200)
    assert (second["version"], second["changes"]) == (2, {"severity": "low"})
    assert made(decide(shared.as_("rcm"), offered, "accept"), 200)["severity"] == "low"


def test_only_who_may_change_the_alert_decides_and_to_who_may_not_see_the_proposal_there_is_none(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    offered = proposes(shared.as_("sacm"), document)
    secret = proposes(shared.as_("pan"), document, {"severity": "low"}, tlp="RED", audience=["RCM/secretariat"])
    before = stored(shared)
    # Before the form of the body.
    for who, code in (("sacm", "not-origin"), ("bra", "not-origin"), ("pan", "not-your-state"), ("hnd", "not-your-state")):
        assert faults_of(decide(shared.as_(who), offered, "accept", x=1))[:2] == (403, code), who
    for who, verb in (("sacm", "decline"), ("bra", "accept"), ("hnd", "decline")):
        assert still(decide(shared.as_(who), secret, verb)) == still(decide(shared.as_(who), {"id": NOBODYS}, verb))
    for who in ("operator", "analyst", "peer"):
        assert faults_of(decide(shared.as_(who), offered, "decline"))[:2] == (403, "role-forbidden")
    assert faults_of(decide(shared.as_("pan"), offered, "decline", x=1))[:2] == (403, "not-your-state")
    assert readers(shared, f"{place_of(secret)}/decision", OFFICES) == {"rcm", "pan"}
    assert readers(shared, f"{place_of(offered)}/decision", ("operator", "analyst", "peer")) == {"operator", "analyst", "peer"}
    # A sighting is no proposal.
    noticed = seen(shared.as_("sacm"), document)
    for verb in ("accept", "decline"):
        assert decide(shared.as_("rcm"), noticed, verb).status_code == 404
    assert stored(shared)["log_entry"] == before["log_entry"] + 1


def test_the_office_that_issued_an_alert_decides_on_it_too(shared: Served):
    pans = publish(shared.as_("pan"), audience=["RCM"])
    hnds, rcms = proposes(shared.as_("hnd"), pans), proposes(shared.as_("rcm"), pans, {"severity": "low"})
    accepted = made(decide(shared.as_("pan"), hnds, "accept"), 200)
    assert (accepted["issuer"], accepted["credits"]) == ("RCM/PAN", [{"proposal": hnds["id"], "office": "RCM/HND"}])
    assert made(decide(shared.as_("pan"), rcms, "decline", reason="no"))["issuer"] == "RCM/PAN"


def test_what_the_alert_changed_otherwise_makes_a_proposal_stale_and_what_it_changed_elsewhere_stays(shared: Served):
    first = publish(shared.as_("rcm"), tlp="GREEN")
    both = proposes(shared.as_("sacm"), first, {"severity": "critical", "last_seen": "2019-01", "risks": ["extortion"]})
    elsewhere = proposes(shared.as_("sacm"), first, {"risks": ["river_drowning"]})
    same = proposes(shared.as_("sacm"), first, {"severity": "low", "payment": ["hawala"]})
    second = revise(shared.as_("rcm"), first, tlp="GREEN", severity="low", last_seen="2018-12")
    before = stored(shared)
    refused = decide(shared.as_("rcm"), both, "accept")
    assert faults_of(refused)[:2] == (409, "proposal-stale")
    assert sorted(faults_of(refused)[2]) == [("/changes/last_seen", "proposal-stale"), ("/changes/severity", "proposal-stale")]
    assert stored(shared) == before
    assert decision(shared, "analyst", both)["decision"] == "open"
    third = made(decide(shared.as_("rcm"), elsewhere, "accept"), 200)
    assert [third[name] for name in ("severity", "last_seen", "risks")] == ["low", "2018-12", ["river_drowning"]]
    # It changed this field as the proposal wants it, and another one.
    fourth = made(decide(shared.as_("rcm"), same, "accept"), 200)
    assert (fourth["version"], fourth["severity"], fourth["payment"]) == (4, "low", ["hawala"])
    assert fourth["credits"][0]["proposal"] == same["id"]
    made(decide(shared.as_("rcm"), both, "decline", reason="overtaken"))
    # Written against an earlier version on purpose: it is judged by what that version said.
    early = proposes(shared.as_("sacm"), second, {"severity": "moderate"}, alert_version=1)
    assert faults_of(decide(shared.as_("rcm"), early, "accept"))[2] == [("/changes/severity", "proposal-stale")]
    ahead = answer(shared.as_("sacm"), second, "proposal", proposal(alert_version=5))
    assert faults_of(ahead)[2] == [("/alert_version", "out-of-range")]


def test_a_price_may_be_proposed(shared: Served):
    """The band of a price is derived by the node: neither who proposes nor who accepts ever sends it."""
    document = publish(shared.as_("rcm"), tlp="GREEN")
    offered = proposes(shared.as_("sacm"), document, {"fee": price(min=3000, max=12_000)})
    second = made(decide(shared.as_("rcm"), offered, "accept"), 200)
    assert second["fee"] == price(min=3000, max=12_000) | {"band": "10000_to_19999"}


def test_an_audience_may_be_proposed_the_narrowest_too(shared: Served):
    document = publish(shared.as_("rcm"), audience=["RCM", "SACM"])
    south = proposes(shared.as_("sacm"), document, {"audience": ["CSM"]})
    assert made(decide(shared.as_("rcm"), south, "accept"), 200)["audience"] == ["SACM"]
    own = proposes(shared.as_("sacm"), document, {"audience": []})
    assert own["changes"] == {"audience": []}
    # The offices of RCM would read a credit of what was offered to its secretariat alone.
    assert faults_of(decide(shared.as_("rcm"), own, "accept"))[2] == [("/credits/0/proposal", "link-stricter")]


def test_a_proposal_on_an_alert_that_was_taken_back_waits_for_its_return(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    offered = proposes(shared.as_("sacm"), document)
    gone = withdraw(shared.as_("rcm"), document)
    assert faults_of(decide(shared.as_("rcm"), offered, "accept"))[:2] == (409, "already-withdrawn")
    revise(shared.as_("rcm"), gone, tlp="GREEN")
    assert made(decide(shared.as_("rcm"), offered, "accept"), 200)["version"] == 4


def test_no_alert_credits_and_no_opinion_decides_a_proposal_that_not_all_its_readers_may_see(shared: Served):
    """ "A document may name only documents no stricter than itself": the alert and the refusal name the proposal."""
    document = publish(shared.as_("pan"), tlp="GREEN")
    secret = proposes(shared.as_("sacm"), document, tlp="RED", audience=["RCM/PAN"])
    assert readers(shared, place_of(secret), OFFICES) == {"pan", "sacm"}
    accepted = decide(shared.as_("pan"), secret, "accept")
    assert faults_of(accepted) == (422, "invalid-content", [("/credits/0/proposal", "link-stricter")])
    decide(shared.as_("pan"), secret, "decline", reason="no")
    # The secretariat of the office sees what the office publishes; of the proposal it may not know.
    texts = [shared.as_("rcm").get(path).text for path in (f"/v1/alerts/{document['id']}/opinions", "/v1/changes?limit=500")]
    assert [secret["id"] in text for text in texts] == [False, False]


def test_by_which_version_a_proposal_was_accepted_is_told_to_who_may_see_that_version(shared: Served):
    first = publish(shared.as_("rcm"), tlp="GREEN")
    offered = proposes(shared.as_("sacm"), first)
    revise(shared.as_("rcm"), first, tlp="RED", audience=["RCM/secretariat"])
    third = made(decide(shared.as_("rcm"), offered, "accept"), 200)
    revise(shared.as_("rcm"), third, tlp="GREEN", severity="critical")
    assert [item["version"] for item in told(shared.as_("analyst"), f"/v1/alerts/{first['id']}/versions")["items"]] == [1, 4]
    assert decision(shared, "rcm", offered)["alert_version"] == 3
    assert decision(shared, "analyst", offered) == {"proposal": offered["id"], "decision": "open"}


def test_of_decisions_at_once_one_counts(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    offered = proposes(shared.as_("sacm"), document)
    headers = {"Authorization": f"Bearer {shared.keys['rcm']}"}

    def one(number: int) -> int:
        verb, body = (("accept", {}), ("decline", {"reason": "no"}))[number % 2]
        return httpx.post(
            f"{shared.url}/v1/proposals/{offered['id']}/{verb}", json=body, headers=headers, timeout=60, trust_env=False
        ).status_code

    before = stored(shared)["log_entry"]
    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(one, range(6)))
    assert (statuses[0] in {200, 201}, set(statuses[1:])) == (True, {409})
    assert stored(shared)["log_entry"] == before + 1


@pytest.fixture(scope="module")
def open_to(shared: Served) -> Json:
    return publish(shared.as_("rcm"), tlp="GREEN", handling=["no-onward"])


WRONG = [
    ({"severity": "grave"}, "/changes/severity", "code-unknown"),
    ({"last_seen": "2016-12"}, "/changes/last_seen", "days-reversed"),
    ({"first_seen": "2018-13"}, "/changes/first_seen", "format"),
    ({"network_code": "Juan Perez"}, "/changes/network_code", "network-code-name"),
    ({"route": [leg(1, "ECU", "COL"), leg(2, "PAN", "CRI")]}, "/changes/route/1/from", "leg-not-joined"),
    ({"route": [leg(1, "ECU", "COL", place="Calle 9")]}, "/changes/route/0/place", "place-address"),
    ({"fee": price(min=6001)}, "/changes/fee/max", "fee-reversed"),
    ({"fee": price(band="under_1000")}, "/changes/fee/band", "field-unknown"),
    ({"title": None}, "/changes/title", "field-missing"),
    ({"title": {}}, "/changes/title", "text-missing"),
    ({"summary": {"es": "a\u202eb"}}, "/changes/summary/es", "text-character"),
    ({"colour": "red"}, "/changes/colour", "field-unknown"),
    ({"reference": "RCM-2026-7KQ2M"}, "/changes/reference", "field-unknown"),
    ({"id": NOBODYS}, "/changes/id", "field-unknown"),
    ({"conference": "SACM"}, "/changes/conference", "field-unknown"),
    ({"nationalities": ["NPL", "NP"]}, "/changes/nationalities/1", "code-repeated"),
]


def test_a_change_that_would_make_a_wrong_alert_is_refused_under_its_place(shared: Served, open_to: Json):
    before = stored(shared)
    for changes, place, code in WRONG:
        refused = answer(shared.as_("sacm"), open_to, "proposal", proposal(changes))
        assert faults_of(refused) == (422, "invalid-document", [(place, code)]), changes
    assert stored(shared) == before


def test_a_proposal_names_only_what_an_alert_marked_as_it_is_may_name(shared: Served, open_to: Json):
    """ "A document may name only documents no stricter than itself": a proposal names what its change names."""
    secret = publish(shared.as_("sacm"), tlp="RED", audience=["SACM/secretariat"])
    before = stored(shared)
    for named, code in ((secret["id"], "link-stricter"), (NOBODYS, "link-unknown")):
        refused = answer(shared.as_("sacm"), open_to, "proposal", proposal({"related": [named]}))
        assert secret["id"] not in shared.as_("analyst").get(f"/v1/alerts/{open_to['id']}/proposals").text
        assert faults_of(refused) == (422, "invalid-content", [("/changes/related/0", code)])
    assert stored(shared) == before


def test_a_proposal_is_for_parties_that_there_are_and_for_a_day_that_is_to_come(shared: Served, open_to: Json):
    before = stored(shared)
    for changes, place, code in (
        ({"audience": ["QQQ"]}, "/changes/audience/0", "code-unknown"),
        ({"retention_until": "2020-01-01"}, "/changes/retention_until", "retention-past"),
    ):
        refused = answer(shared.as_("sacm"), open_to, "proposal", proposal(changes))
        assert faults_of(refused) == (422, "invalid-document", [(place, code)])
    assert stored(shared) == before


def test_a_proposal_changes_something(shared: Served, open_to: Json):
    path = f"/v1/alerts/{open_to['id']}/proposals"
    before, listed = stored(shared), ids(shared.as_("analyst"), path)
    for changes in (
        {"severity": "high"},
        {"nationalities": ["NP", "IN"]},
        {"persons_band": None},
        {"fee": price()},
        {"handling": ["no_onward"]},
    ):
        refused = answer(shared.as_("sacm"), open_to, "proposal", proposal(changes))
        assert faults_of(refused) == (422, "invalid-content", [("/changes", "proposal-empty")]), changes
    nothing = answer(shared.as_("sacm"), open_to, "proposal", {"changes": {}, "explanation": {"en": "x"}})
    assert faults_of(nothing)[2] == [("/changes", "list-too-short")]
    assert stored(shared) == before
    assert ids(shared.as_("analyst"), path) == listed
