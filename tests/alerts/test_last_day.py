"""After its last day nobody is told of an alert any more, nor of what was answered to it; no day that is over is taken."""

import pytest
import time_machine
from alertbook import (
    NOBODYS,
    Json,
    answer,
    etag,
    faults_of,
    feed,
    ids,
    proposes,
    publish,
    revise,
    seen,
    sighting,
    still,
    stored,
    thinks,
    told,
    withdraw,
)
from drafts import alert
from serving import Served

LAST = "2027-03-10"
EACH_ROLE = ("operator", "rcm", "sacm", "bra", "analyst", "peer")


@pytest.fixture
def ending(served: Served) -> dict[str, Json]:
    """Two alerts of one network, one with a last day and three answers; published nine days before it."""
    with time_machine.travel("2027-03-01T12:00:00Z"):
        stays = publish(served.as_("rcm"), tlp="GREEN")
        ends = publish(served.as_("rcm"), tlp="GREEN", retention_until=LAST)
        answers = seen(served.as_("sacm"), ends), thinks(served.as_("sacm"), ends), proposes(served.as_("sacm"), ends)
    return {"stays": stays, "ends": ends} | {document["kind"]: document for document in answers}


def test_after_its_last_day_an_alert_is_gone_with_its_answers_from_every_route_for_every_role(served: Served, ending: dict[str, Json]):
    stays, ends = ending["stays"], ending["ends"]
    answers = {kind: ending[kind]["id"] for kind in ("sighting", "opinion", "proposal")}
    named = {ends["id"], *answers.values()}
    with time_machine.travel("2027-03-10T23:59:58Z", tick=False):
        for who in EACH_ROLE:
            reader = served.as_(who)
            assert ids(reader) == [stays["id"], ends["id"]]
            assert {item["id"] for item in told(reader, "/v1/changes")["items"]} == {stays["id"], *named}
    own = [f"/v1/alerts/{ends['id']}{part}" for part in ("", "/versions", "/versions/1", *(f"/{kind}s" for kind in answers))]
    own += [f"/v1/{kind}s/{document_id}" for kind, document_id in answers.items()]
    more = [f"/v1/sightings/{answers['sighting']}/versions/1", f"/v1/proposals/{answers['proposal']}/decision"]
    with time_machine.travel("2027-03-11T00:00:00Z", tick=False):
        for who in EACH_ROLE:
            reader = served.as_(who)
            unknown = still(reader.get(f"/v1/alerts/{NOBODYS}"))
            # The two offices that published them are asked about everything.
            asked = own + more if who in {"rcm", "sacm"} else own[::3]
            assert {path for path in asked if still(reader.get(path)) != unknown} == set(), who
            assert feed(reader) == [(stays["id"], 1, "publish")]
            assert ids(reader) == [stays["id"]]
            if who not in {"sacm", "analyst"}:
                continue
            assert told(reader, f"/v1/alerts/{stays['id']}/related") == {"items": []}
            assert reader.get(f"/v1/alerts/{ends['id']}/related").status_code == 404
            assert told(reader, "/v1/alerts/facets")["total"] == len(ids(reader, q="Urabá")) == 1
            for form in ("csv", "ndjson"):
                file = reader.get("/v1/alerts", params={"format": form})
                assert stays["id"] in file.text
                assert not [each for each in named if each in file.text]
                assert "istmo-left-out" not in file.headers


def test_after_its_last_day_nobody_changes_an_alert_or_answers_it_and_no_day_that_is_over_is_taken(served: Served, ending: dict[str, Json]):
    stays, ends, offered = ending["stays"], ending["ends"], ending["proposal"]
    with time_machine.travel("2027-03-11T00:00:00Z"):
        before = stored(served)
        path = f"/v1/alerts/{ends['id']}"
        tried = [
            served.as_("rcm").put(path, json=alert(reason="longer"), headers=etag(ends)),
            served.as_("rcm").post(f"{path}/withdraw", json={"reason": "x"}, headers=etag(ends)),
            answer(served.as_("sacm"), ends, "sighting", sighting()),
            served.as_("sacm").put(
                f"/v1/sightings/{ending['sighting']['id']}", json=sighting(reason="x"), headers=etag(ending["sighting"])
            ),
            served.as_("rcm").post(f"/v1/proposals/{offered['id']}/accept", json={}),
            served.as_("rcm").post(f"/v1/proposals/{offered['id']}/decline", json={"reason": "x"}),
        ]
        assert {faults_of(given)[:2] for given in tried} == {(404, "not-found")}
        named = served.as_("rcm").post("/v1/alerts", json=alert(related=[ends["id"]]))
        assert faults_of(named)[2] == [("/related/0", "link-unknown")]
        past = served.as_("rcm").post("/v1/alerts", json=alert(retention_until=LAST))
        assert faults_of(past) == (422, "invalid-document", [("/retention_until", "retention-past")])
        moved = served.as_("rcm").put(
            f"/v1/alerts/{stays['id']}", json=alert(tlp="GREEN", retention_until=LAST, reason="x"), headers=etag(stays)
        )
        assert faults_of(moved)[2] == [("/retention_until", "retention-past")]
        assert stored(served) == before
        assert publish(served.as_("rcm"), retention_until="2027-03-11")["retention_until"] == "2027-03-11"


def test_a_last_day_holds_for_every_version_and_the_newest_version_says_which(served: Served):
    with time_machine.travel("2027-03-01T12:00:00Z"):
        first = publish(served.as_("rcm"), tlp="GREEN", retention_until=LAST)
        longer = revise(served.as_("rcm"), first, tlp="GREEN", retention_until="2027-03-20", reason="still needed")
        taken = publish(served.as_("rcm"), tlp="GREEN", retention_until=LAST)
        withdraw(served.as_("rcm"), taken)
    with time_machine.travel("2027-03-11T00:00:00Z"):
        assert [item["version"] for item in told(served.as_("hnd"), f"/v1/alerts/{first['id']}/versions")["items"]] == [1, 2]
        # Also the envelope of what was taken back is over with its last day.
        assert ids(served.as_("rcm")) == [first["id"]]
        revise(served.as_("rcm"), longer, tlp="GREEN", reason="for good")
    with time_machine.travel("2027-03-21T00:00:00Z"):
        assert [item["version"] for item in told(served.as_("hnd"), f"/v1/alerts/{first['id']}/versions")["items"]] == [1, 2, 3]
