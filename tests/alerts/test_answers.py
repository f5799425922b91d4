"""What offices answer to an alert: sightings, opinions, proposals and the origin's decision, each a document of its own."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from alertbook import (
    NOBODYS,
    Json,
    answer,
    etag,
    faults_of,
    ids,
    made,
    opinion,
    place_of,
    proposal,
    publish,
    readers,
    revise,
    seen,
    sighting,
    still,
    stored,
    thinks,
    told,
    withdraw,
)
from serving import Served

STEPS = ("strongly_disagree", "disagree", "neutral", "agree", "strongly_agree")


def plain(document: Json) -> Json:
    return {name: value for name, value in document.items() if name != "outcome"}


def test_a_sighting_is_published_read_revised_taken_back_and_reinstated(shared: Served):
    document, writer = publish(shared.as_("rcm"), tlp="GREEN"), shared.as_("sacm")
    body = sighting(where={"state": "PA", "area": "PA-5", "place": "Yaviza"}, seen_to="2018-03-09", note={"es": "Dos grupos."})
    answered = answer(writer, document, "sighting", body)
    first = made(answered)
    path = f"/v1/sightings/{first['id']}"
    assert (answered.headers["location"], answered.headers["etag"]) == (path, f'"{first["id"]}.v1"')
    assert first["where"] == {"state": "PAN", "area": "PA-5", "place": "Yaviza"}
    assert {name: first[name] for name in ("seen_from", "seen_to", "certainty", "note")} == {
        "seen_from": "2018-02", "seen_to": "2018-03-09", "certainty": "probable", "note": {"es": "Dos grupos."},
    }  # fmt: skip
    assert (first["kind"], first["alert"], first["origin"], first["issuer"]) == ("sighting", document["id"], "SACM", "SACM/secretariat")
    assert (
        told(shared.as_("analyst"), path) == plain(first) == told(shared.as_("hnd"), f"/v1/alerts/{document['id']}/sightings")["items"][0]
    )
    before, sure = stored(shared), body | {"certainty": "certain", "reason": "seen again"}
    assert faults_of(writer.put(path, json=sure))[0] == 428
    assert faults_of(writer.put(path, json=sure, headers={"If-Match": f'"{first["id"]}.v2"'}))[0] == 412
    assert faults_of(writer.put(path, json=body, headers=etag(first)))[2] == [("/reason", "field-missing")]
    assert made(writer.put(path, json=body | {"reason": "x"}, headers=etag(first)), 200)["outcome"] == "unchanged"
    assert stored(shared) == before
    second = made(writer.put(path, json=sure, headers=etag(first)), 200)
    assert (second["version"], second["certainty"], second["reason"]) == (2, "certain", "seen again")
    third = withdraw(writer, second)
    envelope = {*first} - {"outcome", "where", "seen_from", "seen_to", "certainty", "note", "salt"}
    items = told(shared.as_("analyst"), f"{path}/versions")["items"]
    assert [set(item) - {"reason"} for item in items] == [envelope] * 3
    assert {item["status"] for item in items} == {"withdrawn"}
    assert faults_of(writer.post(f"{path}/withdraw", json={"reason": "x"}, headers=etag(third)))[:2] == (409, "already-withdrawn")
    fourth = made(writer.put(path, json=sure, headers=etag(third)), 200)
    assert (fourth["version"], fourth["status"]) == (4, "published")
    assert told(shared.as_("operator"), path).keys() == envelope | {"reason"}


def test_an_answer_is_changed_by_its_own_conference_alone_and_asked_for_under_its_own_kind(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    pans = seen(shared.as_("pan"), document)
    path, before = f"/v1/sightings/{pans['id']}", stored(shared)
    for who, code in (("hnd", "not-your-state"), ("sacm", "not-origin"), ("bra", "not-origin"), ("analyst", "role-forbidden")):
        tried = shared.as_(who).put(path, json={}), shared.as_(who).post(f"{path}/withdraw", json={})
        assert {faults_of(given)[:2] for given in tried if given is not None} == {(403, code)}, who
    for kind in ("opinion", "proposal"):
        for part in ("", "/versions", "/versions/1"):
            assert shared.as_("pan").get(f"/v1/{kind}s/{pans['id']}{part}").status_code == 404
        assert shared.as_("pan").put(f"/v1/{kind}s/{pans['id']}", json={}).status_code == 404
    assert shared.as_("pan").get(f"/v1/proposals/{pans['id']}/decision").status_code == 404
    assert shared.as_("rcm").post(f"/v1/proposals/{pans['id']}/accept", json={}).status_code == 404
    assert stored(shared) == before
    revised = shared.as_("rcm").put(path, json=sighting(certainty="certain", reason="checked"), headers=etag(pans))
    assert made(revised, 200)["issuer"] == "RCM/PAN"


def test_nobody_answers_what_it_may_not_see_or_what_was_taken_back(shared: Served):
    secret = publish(shared.as_("rcm"), tlp="RED", audience=["RCM/PAN"])
    gone = publish(shared.as_("rcm"), tlp="GREEN")
    withdraw(shared.as_("rcm"), gone)
    before = stored(shared)
    for kind, body in (("sighting", sighting()), ("opinion", opinion()), ("proposal", proposal())):
        hidden, unknown = (answer(shared.as_("sacm"), {"id": about}, kind, body) for about in (secret["id"], NOBODYS))
        assert (hidden.status_code, still(hidden)) == (404, still(unknown))
        assert answer(shared.as_("sacm"), {"id": "x"}, kind, {}).status_code == 404
        assert faults_of(answer(shared.as_("sacm"), gone, kind, body))[:2] == (409, "already-withdrawn")
        for who in ("operator", "analyst", "peer"):
            assert faults_of(answer(shared.as_(who), gone, kind, body))[:2] == (403, "role-forbidden")
        foreign = answer(shared.as_("pan"), secret, kind, body | {"conference": "SACM"})
        assert faults_of(foreign) == (403, "not-your-state", [("/conference", "not-your-state")])
    assert stored(shared) == before


# By hand: an AMBER answer is for whom its alert is for, its origin's secretariat and the office that issued it; a partner names the
# part of them that is of its own conference; what is GREEN is for everyone, and says so as every GREEN document does.
DEFAULTS = [
    ("rcm", {}, "sacm", ["RCM", "RCM/secretariat", "SACM"]),
    ("rcm", {}, "pan", ["RCM", "RCM/secretariat"]),
    ("rcm", {}, "bra", ["SACM"]),
    ("rcm", {"tlp": "GREEN"}, "sacm", ["RCM", "SACM"]),
    ("rcm", {"tlp": "GREEN"}, "bra", ["RCM", "SACM"]),
    ("rcm", {"audience": []}, "pan", ["RCM", "RCM/secretariat"]),
    ("rcm", {"tlp": "RED", "audience": ["RCM/PAN", "SACM/secretariat"]}, "sacm", ["RCM/PAN", "RCM/secretariat", "SACM/secretariat"]),
    ("rcm", {"tlp": "RED", "audience": ["SACM/secretariat", "SACM/BRA"]}, "bra", ["SACM/BRA", "SACM/secretariat"]),
    ("pan", {"audience": ["RCM"]}, "rcm", ["RCM", "RCM/PAN", "RCM/secretariat"]),
    ("sacm", {"tlp": "AMBER", "audience": ["RCM/PAN", "RCM/secretariat"]}, "pan", ["RCM/PAN", "RCM/secretariat"]),
]


def test_an_answer_that_says_nothing_of_its_marking_is_marked_as_its_alert(shared: Served):
    for owner, marking, who, audience in DEFAULTS:
        document = publish(shared.as_(owner), **marking)
        noticed = seen(shared.as_(who), document)
        assert (noticed["tlp"], noticed["audience"]) == (document["tlp"], audience), (owner, marking, who)
    # The other conference's secretariat and the office that issued the alert see the answer of the alert's secretariat.
    pans = publish(shared.as_("pan"), audience=["RCM"])
    assert readers(shared, place_of(thinks(shared.as_("rcm"), pans)), ("rcm", "pan", "hnd", "sacm", "analyst")) == {"rcm", "pan", "hnd"}
    refused = answer(shared.as_("pan"), pans, "sighting", sighting(audience=["RCM", "SACM"]))
    assert faults_of(refused)[2] == [("/audience", "audience-not-yours")]


def test_an_office_that_an_alert_names_without_its_secretariat_may_answer_it(shared: Served):
    """Its secretariat, which always sees what its offices publish, does not see the alert: "a sighting is visible only with its alert"."""
    document = publish(shared.as_("rcm"), tlp="RED", audience=["SACM/BRA"])
    noticed = made(answer(shared.as_("bra"), document, "sighting", sighting()))
    assert readers(shared, place_of(noticed)) == {"operator", "bra", "peer"}


def counts(shared: Served, who: str, document: Json) -> list[int]:
    found = told(shared.as_(who), f"/v1/alerts/{document['id']}/opinions")["counts"]
    assert set(found) == set(STEPS)
    return [found[step] for step in STEPS]


def test_opinions_are_counted_by_step_over_what_the_caller_may_see_and_each_office_has_one(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    sacms = thinks(shared.as_("sacm"), document, "agree")
    bras = thinks(shared.as_("bra"), document, "strongly_agree")
    thinks(shared.as_("pan"), document, "disagree", tlp="AMBER", audience=["RCM"])
    thinks(shared.as_("rcm"), document, "neutral", tlp="RED", audience=["SACM/secretariat"])
    by_hand = {"rcm": [0, 1, 1, 1, 1], "sacm": [0, 0, 1, 1, 1], "hnd": [0, 1, 0, 1, 1], "bra": [0, 0, 0, 1, 1], "analyst": [0, 0, 0, 1, 1]}
    assert {who: counts(shared, who, document) for who in by_hand} == by_hand
    assert {who: len(ids(shared.as_(who), f"/v1/alerts/{document['id']}/opinions")) for who in by_hand} == {
        who: sum(numbers) for who, numbers in by_hand.items()
    }
    before = stored(shared)
    second = answer(shared.as_("sacm"), document, "opinion", opinion("disagree"))
    link = f"/v1/opinions/{sacms['id']}"
    assert faults_of(second)[:2] == (409, "opinion-exists")
    assert second.headers["link"] == f'<{link}>; rel="related"'
    assert link in second.json()["detail"]
    assert stored(shared) == before
    made(shared.as_("sacm").put(link, json=opinion("strongly_disagree", reason="checked"), headers=etag(sacms)), 200)
    withdraw(shared.as_("bra"), bras)
    assert counts(shared, "analyst", document) == [1, 0, 0, 0, 0]
    # What was taken back is still listed, without what it said.
    assert len(ids(shared.as_("analyst"), f"/v1/alerts/{document['id']}/opinions")) == 2
    thinks(shared.as_("bra"), document, "neutral")
    assert counts(shared, "analyst", document) == [1, 0, 1, 0, 0]
    # Another alert is another question.
    other = publish(shared.as_("rcm"), tlp="GREEN")
    thinks(shared.as_("sacm"), other)
    assert counts(shared, "analyst", other) == [0, 0, 0, 1, 0]


def test_of_opinions_of_one_office_at_once_one_is_published(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    headers = {"Authorization": f"Bearer {shared.keys['sacm']}"}

    def one(step: str) -> int:
        path = f"{shared.url}/v1/alerts/{document['id']}/opinions"
        return httpx.post(path, json=opinion(step), headers=headers, timeout=60, trust_env=False).status_code

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(one, STEPS)) == [201, 409, 409, 409, 409]
    assert sum(counts(shared, "sacm", document)) == 1


def test_an_opinion_that_was_taken_back_is_not_reinstated_beside_the_office_s_new_one(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    gone = withdraw(shared.as_("sacm"), thinks(shared.as_("sacm"), document, "agree"))
    thinks(shared.as_("sacm"), document, "disagree")
    back = shared.as_("sacm").put(place_of(gone), json=opinion("agree", reason="after all"), headers=etag(gone))
    assert sum(counts(shared, "rcm", document)) == 1
    assert faults_of(back)[:2] == (409, "opinion-exists")


def test_an_operator_learns_that_there_are_opinions_and_not_what_they_say(shared: Served):
    """ "An operator sees envelopes, not bodies": which step an office chose is part of the body."""
    document = publish(shared.as_("rcm"), tlp="GREEN")
    thinks(shared.as_("sacm"), document, "strongly_agree")
    page = told(shared.as_("operator"), f"/v1/alerts/{document['id']}/opinions")
    assert (page["total"], "opinion" in page["items"][0]) == (1, False)
    assert not any((page.get("counts") or {}).values())


@pytest.fixture(scope="module")
def about(shared: Served) -> dict[str, Json]:
    """A GREEN alert with three sightings and one with another."""
    first, second = (publish(shared.as_("rcm"), tlp="GREEN") for _ in range(2))
    for month in ("2018-01", "2018-02", "2018-03"):
        seen(shared.as_("sacm" if month == "2018-02" else "pan"), first, seen_from=month)
    return {"first": first, "second": second, "other": seen(shared.as_("pan"), second)}


def test_answers_come_in_pages_in_the_order_of_publication_with_the_filters_of_every_list(shared: Served, about: dict[str, Json]):
    reader, path = shared.as_("analyst"), f"/v1/alerts/{about['first']['id']}/sightings"
    months, cursor = [], None
    while cursor or not months:
        page = told(reader, path, limit=2, **({"cursor": cursor} if cursor else {}))
        assert page["total"] == 3
        months += [item["seen_from"] for item in page["items"]]
        kept, cursor = cursor, page["next_cursor"]
    assert months == ["2018-01", "2018-02", "2018-03"]
    # A cursor belongs to its alert and to its filters.
    for asked in (f"/v1/alerts/{about['second']['id']}/sightings?cursor={kept}", f"{path}?cursor={kept}&origin=SACM"):
        assert faults_of(reader.get(asked))[2] == [("cursor", "cursor-invalid")]
    assert [item["seen_from"] for item in told(reader, path, origin="CSM")["items"]] == ["2018-02"]
    assert (len(ids(reader, path, tlp="GREEN")), ids(reader, path, status="withdrawn")) == (3, [])
    assert ids(reader, f"/v1/alerts/{about['second']['id']}/sightings") == [about["other"]["id"]]
    for wrong, code in (("certainty=certain", "parameter-unknown"), ("limit=0", "out-of-range"), ("tlp=", "parameter-empty")):
        assert faults_of(reader.get(f"{path}?{wrong}"))[2] == [(wrong.split("=")[0], code)]


BAD = [
    ("sighting", sighting(where={"state": "PAN", "area": "CO-NAR"}), "/where/area", "area-elsewhere"),
    ("sighting", sighting(where={"state": "QQQ"}), "/where/state", "code-unknown"),
    ("sighting", sighting(where={"state": "PAN", "place": "8.59, -80.13"}), "/where/place", "place-coordinates"),
    ("sighting", sighting(where={"state": "PAN", "place": "Hotel Central"}), "/where/place", "place-building"),
    ("sighting", sighting(where={"state": "PAN", "place": "Calle 9"}), "/where/place", "place-address"),
    ("sighting", sighting(seen_to="2018-01"), "/seen_to", "days-reversed"),
    ("sighting", sighting(seen_from="2018-13"), "/seen_from", "format"),
    ("sighting", sighting(certainty="sure"), "/certainty", "code-unknown"),
    ("sighting", sighting(certainty=None), "/certainty", "field-missing"),
    ("sighting", sighting(note={}), "/note", "text-missing"),
    ("sighting", sighting(note={"en": "a\u0000b"}), "/note/en", "text-character"),
    ("sighting", sighting(handling=["no-onwards"]), "/handling/0", "code-unknown"),
    ("sighting", sighting(audience=["XYZ"]), "/audience/0", "code-unknown"),
    ("sighting", sighting(persons=7), "/persons", "field-unknown"),
    ("opinion", opinion("quite"), "/opinion", "code-unknown"),
    ("opinion", opinion(explanation={}), "/explanation", "text-missing"),
    ("opinion", {"opinion": "agree"}, "/explanation", "field-missing"),
    ("proposal", {"explanation": {"en": "x"}}, "/changes", "field-missing"),
]


def test_an_answer_that_is_wrong_is_refused_by_its_place_and_nothing_is_written(shared: Served, about: dict[str, Json]):
    before = stored(shared)
    for kind, body, place, code in BAD:
        refused = answer(shared.as_("sacm"), about["first"], kind, body)
        assert faults_of(refused) == (422, "invalid-document", [(place, code)]), body
        assert [row for row in shared.audit() if row[0] == f"publish_{kind}"][-1][1:] == ("refused", "invalid-document")
    assert stored(shared) == before


def test_an_answer_stays_with_its_alert_through_the_alert_s_versions(shared: Served):
    document = publish(shared.as_("rcm"), tlp="GREEN")
    noticed = seen(shared.as_("sacm"), document)
    revise(shared.as_("rcm"), document, tlp="GREEN", severity="low")
    assert ids(shared.as_("analyst"), f"/v1/alerts/{document['id']}/sightings") == [noticed["id"]]
