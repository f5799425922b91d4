"""Officers decide on what waits: a second person, one decision, each against what was seen, nothing of it told to others (guarantees 2)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from bodies import bulletin, codes_of
from waitroom import FOUND, REASON, SECOND, TITLE, Room


def told(room: Room, *actions: str) -> list[tuple[str, str, str | None]]:
    """The audit's rows of these actions."""
    return [row for row in room.served.audit() if row[0] in actions]


def test_a_held_item_is_read_whole_by_its_secretariat_and_published_by_a_second_person_alone(room: Room):
    item = room.hold("ana")
    seen = room.seen(item)
    assert (seen["status"], seen["version"], seen["needs_review"], seen["offices"]) == ("held", 1, True, ["RCM/secretariat"])
    assert [each["title"]["es"] for each in seen["documents"]] == [TITLE]
    assert [(each["pointer"], each["offset"], each["length"], each["kind"]) for each in seen["findings"]] == [("/title/es", 11, 21, "name")]
    assert TITLE[11 : 11 + 21] == "Zapaquilda Ventoquipa"
    for who, code in (("ana", "same-person"), ("ana-too", "same-person"), ("rcm", "person-missing")):
        refused = room.decide(who, "confirm", item, SECOND)
        assert (refused.status_code, refused.json()["code"]) == (403, code), who
    assert room.periods() == []
    done = room.decide("bea", "confirm", item, SECOND)
    assert (done.status_code, done.json()["status"], done.headers["etag"]) == (200, "published", f'"{item}.r2"')
    made = done.json()["published"]
    assert [each["version"] for each in made] == [1]
    assert room("pan").get(f"/v1/bulletins/{made[0]['id']}").json()["title"] == {"es": TITLE}
    after = room.seen(item)
    assert (after["status"], after["documents"], after["findings"], after["published"]) == ("published", [], [], made)
    again = room.decide("caro", "confirm", item, SECOND, version=2)
    assert (again.status_code, again.json()["code"]) == (409, "review-decided")
    assert room.periods() == ["2022-10"]
    assert told(room, "confirm_review") == [
        *[("confirm_review", "refused", code) for code in ("same-person", "same-person", "person-missing")],
        ("confirm_review", "confirmed", None),
        ("confirm_review", "reason_given", "place"),
        ("confirm_review", "created", None),
        ("confirm_review", "released", None),
        ("confirm_review", "refused", "review-decided"),
    ]


def test_every_finding_needs_a_known_reason_and_nothing_else_gets_one(room: Room):
    other = type(FOUND)(FOUND.code, pointer="/narrative/es", params={**FOUND.params, "offset": 3})
    item = room.hold(found=[FOUND, other])
    body = {"findings": [{**REASON, "reason": "guess"}, {**REASON, "offset": 12}]}
    refused = room.decide("bea", "confirm", item, body)
    assert refused.status_code == 422
    assert codes_of(refused) == {
        ("/findings/0/reason", "code-unknown"),
        ("/findings/1", "finding-unknown"),
        ("/findings", "finding-unconfirmed"),
    }
    assert "/narrative/es" in refused.text
    assert "Ventoquipa" not in refused.text
    assert room.decide("bea", "confirm", item, {"findings": [{"pointer": 1}]}).json()["code"] == "invalid-document"
    assert room.seen(item)["version"] == 1
    both = {"findings": [REASON, {"pointer": "/narrative/es", "offset": 3, "reason": "institution"}]}
    assert room.decide("bea", "confirm", item, both).json()["status"] == "published"


def test_a_decision_is_made_against_the_version_that_was_seen(room: Room):
    item = room.hold()
    bare = room("bea").post(f"/v1/reviews/{item}/confirm", json=SECOND)
    assert (bare.status_code, bare.json()["code"]) == (428, "precondition-required")
    assert room.decide("bea", "confirm", item, SECOND, version=9).status_code == 412
    assert room.decide("bea", "reject", item, {"reason": "personal-data"}, version=9).status_code == 412
    assert room.decide("ana", "cancel", item, version=9).status_code == 412
    assert room.seen(item)["status"] == "held"


@pytest.mark.parametrize("alone", [False, True])
def test_where_a_conference_has_one_officer_that_one_confirms_and_the_audit_says_so(room: Room, alone: bool):
    policy = room("rcm").get("/v1/conferences/RCM/policy")
    wanted = {**policy.json(), "single_officer": alone}
    assert room("rcm").put("/v1/conferences/RCM/policy", json=wanted, headers={"If-Match": policy.headers["etag"]}).status_code == 200
    item = room.hold("ana")
    assert room.decide("ana", "confirm", item, SECOND).status_code == (200 if alone else 403)
    assert (
        told(room, "confirm_review")[0] == ("confirm_review", "confirmed_alone", None)
        if alone
        else ("confirm_review", "refused", "same-person")
    )


def test_of_two_officers_at_once_one_wins_and_the_other_is_told_that_it_is_decided(room: Room):
    items = [room.hold(period=f"2021-{month:02}") for month in range(1, 9)]
    for item in items:
        with ThreadPoolExecutor(2) as pool:
            sent = [pool.submit(room.decide, who, "confirm", item, SECOND) for who in ("bea", "caro")]
            codes = sorted(each.result().status_code for each in sent)
        assert codes == [200, 409]
    assert sorted(room.periods()) == [f"2021-{month:02}" for month in range(1, 9)]


def test_what_is_rejected_or_cancelled_is_gone_and_makes_room(room: Room):
    rejected = room.hold("ana", places=["one"])
    assert room.decide("ana", "reject", rejected, {"reason": "nonsense"}).status_code == 422
    done = room.decide("ana", "reject", rejected, {"reason": "personal-data"})
    assert (done.json()["status"], done.json()["reason"], done.json()["expires_at"]) == ("rejected", "personal-data", None)
    cancelled = room.hold("ana", places=["one"], in_s=3600)
    assert room.decide("bea", "cancel", cancelled).json()["status"] == "cancelled"
    for item in (rejected, cancelled):
        seen = room.seen(item)
        assert (seen["documents"], seen["findings"], seen["published"]) == ([], [], [])
        for verb, body in (("confirm", SECOND), ("reject", {"reason": "other"}), ("cancel", None), ("put", {})):
            assert room.decide("bea", verb, item, body, version=2).json()["code"] == "review-decided"
    assert room.periods() == []


def test_who_replaces_an_item_has_written_it_too_and_what_needs_no_waiting_is_published_at_once(room: Room):
    item = room.hold("ana", places=["one"])
    same = {"title": {"es": TITLE}}
    replaced = room.decide("bea", "put", item, same)
    assert (replaced.json()["status"], replaced.headers["etag"]) == ("held", f'"{item}.r2"')
    assert TITLE not in replaced.text
    for who in ("ana", "bea"):
        assert room.decide(who, "confirm", item, SECOND, version=2).json()["code"] == "same-person"
    assert room.decide("caro", "put", item, same, version=1).status_code == 412
    done = room.decide("bea", "put", item, {"title": {"es": "Informe de octubre"}}, version=2)
    assert (done.json()["status"], len(done.json()["published"])) == ("published", 1)
    assert [each["title"]["es"] for each in room("rcm").get("/v1/bulletins").json()["items"]] == ["Informe de octubre"]
    room.hold("ana", period="2022-11", places=["one"])


def test_a_confirmation_under_a_key_is_worked_once_and_its_kept_answer_holds_no_text(room: Room):
    item = room.hold("ana")
    first, again = (room.decide("bea", "confirm", item, SECOND, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert first.content == again.content
    assert "Ventoquipa" not in first.text
    assert room.periods() == ["2022-10"]


def test_a_confirmed_item_whose_minute_has_not_come_waits_for_it_alone(room: Room):
    item = room.hold("ana", in_s=3600)
    done = room.decide("bea", "confirm", item, SECOND).json()
    assert (done["status"], done["version"]) == ("pending", 2)
    assert room.seen(item)["documents"][0]["title"] == {"es": TITLE}
    assert room.decide("caro", "confirm", item, SECOND, version=2).json()["code"] == "review-decided"
    assert room.periods() == []


def test_an_item_that_was_overtaken_is_not_published_and_stays_as_it_was(room: Room):
    item = room.hold("ana")
    taken = room.seen(item)["documents"]
    assert taken
    payload_id = room.payload(item)["id"]
    sent = room("pan").post("/v1/bulletins", json=bulletin(period="2020-01", id=payload_id))
    assert sent.status_code == 201, sent.text
    stale = room.decide("bea", "confirm", item, SECOND)
    assert (stale.status_code, stale.json()["code"]) == (409, "review-stale")
    seen = room.seen(item)
    assert (seen["status"], seen["version"], seen["documents"]) == ("held", 1, taken)
