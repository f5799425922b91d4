"""The life of an alert over HTTP: published, revised, closed, withdrawn, reinstated, by whom it may be."""

import re

import time_machine
from alertbook import (
    NOBODYS,
    Json,
    answer,
    etag,
    faults_of,
    feed,
    ids,
    made,
    publish,
    revise,
    sighting,
    still,
    stored,
    told,
    withdraw,
)
from drafts import alert
from serving import Served

CHOSEN = "018e2d5c-0000-7000-8000-000000000001"
ENVELOPE = {"id", "kind", "version", "status", "origin", "issuer", "reference", "tlp", "audience", "handling", "mandate", "lang"}
ENVELOPE |= {"created_at", "published_at", "digest", "signature"}


def test_an_alert_is_published_under_a_reference_that_follows_from_conference_year_and_id(shared: Served):
    with time_machine.travel("2024-12-31T23:59:59Z", tick=False):
        answered = shared.as_("rcm").post("/v1/alerts", json=alert())
    document = answered.json()
    assert (answered.status_code, document["outcome"], document["version"], document["status"]) == (201, "created", 1, "published")
    assert answered.headers["location"] == f"/v1/alerts/{document['id']}"
    assert answered.headers["etag"] == f'"{document["id"]}.v1"'
    assert re.fullmatch("RCM-2024-[0-9A-HJKMNP-TV-Z]{5}", document["reference"])
    assert document["created_at"] == document["published_at"] == "2024-12-31T23:59:59.000000Z"
    assert (document["origin"], document["issuer"], document["kind"]) == ("RCM", "RCM/secretariat", "alert")
    # What nobody said: AMBER, for both conferences, open. A2 deserves the lower of 100 and 70; 6,000 US dollars lie below 10,000.
    assert (document["tlp"], document["audience"], document["case_status"]) == ("AMBER", ["RCM", "SACM"], "open")
    assert (document["confidence"], document["fee"]["band"]) == (70, "5000_to_9999")
    assert told(shared.as_("bra"), f"/v1/alerts/{document['id']}") == {name: document[name] for name in document if name != "outcome"}
    other = publish(shared.as_("sacm"), conference="CSM", title={"pt": "Outra rede"})
    assert re.fullmatch("SACM-20[0-9]{2}-[0-9A-HJKMNP-TV-Z]{5}", other["reference"])
    assert ids(shared.as_("hnd"), reference=other["reference"].lower()) == [other["id"]]


def test_a_revision_needs_the_version_that_it_replaces_and_a_reason_and_changes_only_what_it_says(served: Served):
    first, writer = publish(served.as_("rcm")), served.as_("rcm")
    path, body = f"/v1/alerts/{first['id']}", alert(severity="critical", reason="two more crossings")
    before = stored(served)
    assert faults_of(writer.put(path, json=body))[:2] == (428, "precondition-required")
    stale = writer.put(path, json=body, headers={"If-Match": f'"{first["id"]}.v2"'})
    assert (stale.status_code, stale.headers["etag"]) == (412, f'"{first["id"]}.v1"')
    assert faults_of(writer.put(path, json=alert(), headers=etag(first))) == (422, "invalid-document", [("/reason", "field-missing")])
    same = writer.put(path, json=alert(reason="nothing new"), headers=etag(first))
    assert (same.status_code, same.json()["outcome"], same.json()["version"]) == (200, "unchanged", 1)
    assert "reason" not in same.json()
    assert stored(served) == before
    second = made(writer.put(path, json=body, headers=etag(first)), 200)
    assert (second["version"], second["outcome"], second["severity"], second["reason"]) == (2, "revised", "critical", "two more crossings")
    assert {name for name in second if second[name] != first.get(name)} == {
        *("version", "outcome", "severity", "reason", "published_at", "salt", "digest", "signature")
    }
    assert writer.put(path, json=body, headers=etag(first)).status_code == 412
    assert made(writer.put(path, json=body, headers={"If-Match": "*"}), 200)["outcome"] == "unchanged"
    versions = told(served.as_("bra"), f"{path}/versions")
    assert [item["version"] for item in versions["items"]] == [1, 2]
    assert (
        versions["items"][0] == told(served.as_("bra"), f"{path}/versions/1") == {name: first[name] for name in first if name != "outcome"}
    )
    for missing in ("3", "0", "-1", "x", "1x", "999999999"):
        assert served.as_("bra").get(f"{path}/versions/{missing}").status_code == 404
    assert feed(served.as_("bra")) == [(first["id"], 1, "publish"), (first["id"], 2, "revise")]
    assert [row for row in served.audit() if row[0] == "revise_alert"] == [
        ("revise_alert", "refused", "precondition-required"),
        ("revise_alert", "refused", "precondition-failed"),
        ("revise_alert", "refused", "invalid-document"),
        ("revise_alert", "unchanged", None),
        ("revise_alert", "revised", None),
        ("revise_alert", "refused", "precondition-failed"),
        ("revise_alert", "unchanged", None),
    ]


def test_a_case_is_closed_by_a_version_taken_back_without_a_body_and_reinstated_by_another_version(served: Served):
    writer, reader = served.as_("rcm"), served.as_("bra")
    first = publish(writer, tlp="GREEN")
    path = f"/v1/alerts/{first['id']}"
    closed = revise(writer, first, tlp="GREEN", case_status="closed", reason="sentenced")
    assert [ids(reader, case_status=status) for status in ("open", "closed")] == [[], [first["id"]]]
    answered = writer.post(f"{path}/withdraw", json={"reason": "another network"}, headers=etag(closed))
    gone = made(answered, 200)
    assert (gone["version"], gone["status"], gone["outcome"], gone["reason"]) == (3, "withdrawn", "withdrawn", "another network")
    assert answered.headers["etag"] == f'"{first["id"]}.v3"'
    for version, reason in ((1, set()), (2, {"reason"}), (3, {"reason"})):
        served_now = told(reader, f"{path}/versions/{version}")
        assert (set(served_now), served_now["status"]) == (ENVELOPE | reason, "withdrawn")
    assert told(reader, path) == served_now == told(reader)["items"][0]
    assert faults_of(writer.post(f"{path}/withdraw", json={"reason": "again"}, headers=etag(gone)))[:2] == (409, "already-withdrawn")
    assert faults_of(answer(served.as_("sacm"), first, "sighting", sighting()))[:2] == (409, "already-withdrawn")
    assert reader.get(f"{path}/related").status_code == 404
    # What it said is asked of in vain.
    asked = ({"q": "Urabá"}, {"case_status": "closed"}, {"network_code": "KESTREL-07"}, {"passes": "PAN"}, {"severity_min": "low"})
    assert [ids(reader, **each) for each in asked] == [[]] * 5
    assert (ids(reader, status="withdrawn"), ids(reader, status="published")) == ([first["id"]], [])
    assert told(reader, "/v1/alerts/facets")["total"] == 0
    back = revise(writer, gone, tlp="GREEN", reason="it was this one after all")
    assert (back["version"], back["status"], back["reference"]) == (4, "published", first["reference"])
    assert [set(item) <= ENVELOPE | {"reason"} for item in told(reader, f"{path}/versions")["items"]] == [True, True, True, False]
    assert ids(reader, q="Urabá") == [first["id"]]
    assert feed(reader) == [(first["id"], number, op) for number, op in enumerate(("publish", "revise", "withdraw", "revise"), 1)]
    assert [item["document"] is None for item in told(reader, "/v1/changes")["items"]] == [True, True, True, False]


def test_a_withdrawal_needs_the_version_that_it_takes_back_and_a_reason(shared: Served):
    writer = shared.as_("rcm")
    first = publish(writer)
    path, before = f"/v1/alerts/{first['id']}/withdraw", stored(shared)
    assert faults_of(writer.post(path, json={"reason": "x"}))[:2] == (428, "precondition-required")
    assert faults_of(writer.post(path, json={"reason": "x"}, headers={"If-Match": '"x.v1"'}))[:2] == (412, "precondition-failed")
    assert faults_of(writer.post(path, json={}, headers=etag(first))) == (422, "invalid-document", [("/reason", "field-missing")])
    assert stored(shared) == before


def batch(served: Served, *items: object, who: str = "rcm") -> object:
    return served.as_(who).post("/v1/alerts/batch", json={"alerts": list(items)})


def test_a_batch_is_published_whole_in_its_order_or_not_at_all_with_every_failing_item_named(served: Served):
    answered = batch(served, alert(id=CHOSEN), alert(title={"en": "Second"}))
    receipts = made(answered)
    assert receipts["findings"] == []
    assert [(item["version"], item["outcome"]) for item in receipts["alerts"]] == [(1, "created")] * 2
    listed = told(served.as_("rcm"))["items"]
    assert [(item["id"], item["reference"]) for item in listed] == [(item["id"], item["reference"]) for item in receipts["alerts"]]
    assert (listed[0]["id"], listed[0]["published_at"]) == (CHOSEN, listed[1]["published_at"])
    before = stored(served)
    wrong = batch(served, alert(severity="grave"), alert(), alert(last_seen="2016-12", network_code="Juan Perez"), {})
    assert faults_of(wrong)[:2] == (422, "invalid-document")
    assert set(faults_of(wrong)[2]) >= {
        ("/alerts/0/severity", "code-unknown"), ("/alerts/2/last_seen", "days-reversed"), ("/alerts/2/network_code", "network-code-name"),
        ("/alerts/3/title", "field-missing"),
    }  # fmt: skip
    assert not [place for place, _ in faults_of(wrong)[2] if place.startswith("/alerts/1")]
    assert faults_of(batch(served, alert(id=NOBODYS), alert(id=NOBODYS)))[2] == [("/alerts/1/id", "code-repeated")]
    assert faults_of(batch(served, alert(), alert(id=CHOSEN))) == (409, "id-in-use", [("/alerts/1/id", "id-in-use")])
    assert faults_of(batch(served)) == (422, "invalid-document", [("/alerts", "list-too-short")])
    assert faults_of(batch(served, alert(), 7))[2] == [("/alerts/1", "format")]
    foreign = batch(served, alert(), alert(conference="SACM"))
    assert faults_of(foreign) == (403, "not-your-state", [("/alerts/1/conference", "not-your-state")])
    assert stored(served) == before


def test_a_batch_names_every_item_that_may_not_be_published_and_not_the_first_alone(shared: Served):
    """Contract: "Batches are atomic; every failing item is named." """
    before = stored(shared)
    past = batch(shared, alert(retention_until="2020-01-01"), alert(), alert(retention_until="2020-01-02"))
    assert set(faults_of(past)[2]) == {("/alerts/0/retention_until", "retention-past"), ("/alerts/2/retention_until", "retention-past")}
    named = batch(shared, alert(related=[NOBODYS]), alert(audience=["RCM/XXX"]), alert(related=[NOBODYS]))
    assert {place.split("/")[2] for place, _ in faults_of(named)[2]} == {"0", "1", "2"}
    assert stored(shared) == before


def test_a_repeated_request_under_its_key_writes_once_whatever_it_does(shared: Served):
    before = stored(shared)["log_entry"]

    def twice(who: str, method: str, path: str, body: Json, document: Json | None = None) -> Json:
        headers = {"Idempotency-Key": "k"} | (etag(document) if document else {})
        answers = [shared.as_(who).request(method, path, json=body, headers=headers) for _ in range(2)]
        assert [given.headers.get("idempotency-replayed") for given in answers] == [None, "true"], answers[1].text
        assert answers[0].json() == answers[1].json()
        assert answers[0].headers.get("etag") == answers[1].headers.get("etag")
        return answers[0].json()

    first = twice("rcm", "POST", "/v1/alerts", alert(tlp="GREEN"))
    path = f"/v1/alerts/{first['id']}"
    second = twice("rcm", "PUT", path, alert(tlp="GREEN", severity="low", reason="calmer"), first)
    twice("sacm", "POST", f"{path}/sightings", sighting())
    offered = twice("sacm", "POST", f"{path}/proposals", {"changes": {"severity": "high"}, "explanation": {"en": "No."}})
    third = twice("rcm", "POST", f"/v1/proposals/{offered['id']}/accept", {})
    twice("rcm", "POST", "/v1/alerts/batch", {"alerts": [alert()]})
    twice("rcm", "POST", f"{path}/withdraw", {"reason": "mistaken"}, third)
    assert (second["version"], third["version"]) == (2, 3)
    # An alert in four versions, another one, a sighting, a proposal.
    assert stored(shared)["log_entry"] == before + 7
    other = shared.as_("rcm").post("/v1/alerts", json=alert(tlp="RED"), headers={"Idempotency-Key": "k"})
    assert faults_of(other) == (422, "idempotency-key-reused", [("Idempotency-Key", "idempotency-key-reused")])
    assert shared.as_("sacm").post("/v1/alerts", json=alert(), headers={"Idempotency-Key": "k"}).status_code == 201


def test_a_refused_request_keeps_no_answer_and_a_kept_one_is_given_to_nobody_who_may_not_see_it_any_more(shared: Served):
    headers = {"Idempotency-Key": "another"}
    assert shared.as_("rcm").post("/v1/alerts", json=alert(title={}), headers=headers).status_code == 422
    document = made(shared.as_("rcm").post("/v1/alerts", json=alert(tlp="GREEN"), headers=headers))
    path = f"/v1/alerts/{document['id']}/sightings"
    assert shared.as_("sacm").post(path, json=sighting(), headers=headers).status_code == 201
    revise(shared.as_("rcm"), document, tlp="RED", audience=["RCM/secretariat"])
    assert shared.as_("sacm").post(path, json=sighting(), headers=headers).status_code == 404


def test_a_sender_may_choose_the_id_once(shared: Served):
    assert publish(shared.as_("rcm"), id=CHOSEN)["id"] == CHOSEN
    before = stored(shared)
    for who in ("rcm", "sacm"):
        taken = shared.as_(who).post("/v1/alerts", json=alert(id=CHOSEN))
        assert faults_of(taken) == (409, "id-in-use", [("/id", "id-in-use")])
    taken = answer(shared.as_("sacm"), {"id": CHOSEN}, "sighting", sighting(id=CHOSEN))
    assert faults_of(taken) == (409, "id-in-use", [("/id", "id-in-use")])
    for wrong in ("1", CHOSEN.replace("-7000-", "-4000-"), CHOSEN.upper()):
        assert faults_of(shared.as_("rcm").post("/v1/alerts", json=alert(id=wrong)))[1:] == ("invalid-document", [("/id", "format")])
    assert stored(shared) == before


def test_only_the_secretariat_of_its_origin_and_the_office_that_issued_it_change_an_alert(shared: Served):
    green = publish(shared.as_("rcm"), tlp="GREEN")
    secret = publish(shared.as_("rcm"), tlp="RED", audience=["RCM/secretariat"])
    pans = publish(shared.as_("pan"), audience=["RCM"])
    before = stored(shared)
    wanted = {
        "green": {"pan": "not-your-state", "hnd": "not-your-state", "sacm": "not-origin", "bra": "not-origin"},
        "secret": dict.fromkeys(("pan", "hnd", "sacm", "bra"), "not-found"),
        "pans": {"hnd": "not-your-state", "sacm": "not-found", "bra": "not-found"},
    }
    unknown = still(shared.as_("sacm").put(f"/v1/alerts/{NOBODYS}", json={}))
    for name, document in (("green", green), ("secret", secret), ("pans", pans)):
        path = f"/v1/alerts/{document['id']}"
        for who, code in wanted[name].items():
            # Before the form of the body and before the version is asked for.
            asked = [shared.as_(who).put(path, json={}), shared.as_(who).post(f"{path}/withdraw", json={})]
            assert {faults_of(given)[1] for given in asked} == {code}, (name, who)
            assert (code == "not-found") == (still(asked[0]) == unknown)
    for who in ("operator", "analyst", "peer"):
        assert faults_of(shared.as_(who).put(path, json=alert(reason="x"), headers=etag(pans)))[:2] == (403, "role-forbidden")
    assert stored(shared) == before
    # The office itself, then the secretariat of its conference: the alert stays the office's.
    again = revise(shared.as_("pan"), pans, audience=["RCM"], severity="low")
    assert revise(shared.as_("rcm"), again, audience=["RCM"], severity="critical")["issuer"] == "RCM/PAN"
    assert withdraw(shared.as_("rcm"), green)["status"] == "withdrawn"


def test_nobody_publishes_for_another_conference_and_an_office_restricts_to_its_own(shared: Served):
    before = stored(shared)
    for who, conference in (("rcm", "SACM"), ("sacm", "RCM"), ("bra", "CRM"), ("pan", "ABC")):
        refused = shared.as_(who).post("/v1/alerts", json=alert(conference=conference))
        assert faults_of(refused) == (403, "not-your-state", [("/conference", "not-your-state")])
    for who in ("operator", "analyst", "amber-analyst", "peer"):
        assert faults_of(shared.as_(who).post("/v1/alerts", json=alert()))[:2] == (403, "role-forbidden")
    # AMBER and for both is the default: an office must say whom of its own conference it means.
    for audience in (None, [], ["SACM"], ["RCM", "SACM"], ["RCM", "SACM/BRA"]):
        refused = shared.as_("pan").post("/v1/alerts", json=alert(audience=audience))
        assert faults_of(refused)[2] == [("/audience", "audience-not-yours")], audience
    assert stored(shared) == before
    for changes in ({"tlp": "GREEN"}, {"audience": ["RCM"]}, {"audience": ["CRM"]}, {"tlp": "RED", "audience": ["RCM/HND"]}):
        assert publish(shared.as_("pan"), **changes)["issuer"] == "RCM/PAN"
