"""Alerts and answers that wait: kept whole until their minute or another person's word, and judged once more before they are published."""

from datetime import UTC, datetime, timedelta

import held
import pytest
from alertbook import Json, answer, decide, etag, faults_of, made, opinion, place_of, proposes, publish, sighting, stored, told, withdraw
from drafts import alert
from held import item_of, items, release, waits
from serving import Served

from app.core.problems import Problem
from app.main import KINDS

NAMED = {"es": "María Zapaquilda Ventoquipa cobra en la frontera."}


def later(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


def require_stale(served: Served, review_id: str) -> None:
    before = stored(served)
    with pytest.raises(Problem) as refused:
        release(served, review_id)
    assert (refused.value.code, stored(served)) == ("review-stale", before)


def revise(served: Served, who: str, document: Json, **changes: object):
    body = alert(**{"reason": "more is known", "tlp": "GREEN", **changes})
    return served.as_(who).put(place_of(document), json=body, headers=etag(document))


def test_an_alert_under_embargo_is_kept_until_its_minute_and_then_published_under_its_id(served: Served):
    before, minute, wanted = stored(served), later(days=2), "018e2d5c-0000-7000-8000-0000000000aa"
    got = served.as_("pan").post("/v1/alerts", json=alert(tlp="GREEN", publish_at=minute, id=wanted))
    review_id = waits(got, "pending")
    assert datetime.fromisoformat(got.json()["due"]) == datetime.fromisoformat(minute)
    assert (stored(served), told(served.as_("rcm"))["total"]) == (before, 0)
    item, content = item_of(served, review_id)
    assert (item.kind, item.issuer, content["documents"][0]["id"]) == ("alert", "RCM/PAN", wanted)
    assert release(served, review_id) == [(wanted, 1)]
    document = told(served.as_("sacm"), f"/v1/alerts/{wanted}")
    assert (document["issuer"], document["reference"][:3], "publish_at" in document) == ("RCM/PAN", "RCM", False)
    assert document["created_at"] < document["published_at"] < minute
    require_stale(served, review_id)


def test_an_embargo_ends_within_a_year_and_before_the_last_day_of_its_alert(served: Served):
    for changes, place, code in (
        ({"publish_at": later(days=367)}, "/publish_at", "embargo-too-long"),
        ({"publish_at": later(days=9), "retention_until": later(days=3)[:10]}, "/retention_until", "retention-past"),
    ):
        refused = served.as_("rcm").post("/v1/alerts", json=alert(**changes))
        assert faults_of(refused)[2] == [(place, code)]
    assert items(served) == 0


def test_where_a_conference_reviews_its_national_offices_all_that_they_write_of_alerts_waits_but_no_withdrawal(served: Served):
    document, own = publish(served.as_("rcm"), tlp="GREEN"), publish(served.as_("pan"), tlp="GREEN")
    offered = proposes(served.as_("sacm"), own, {"severity": "critical"})
    held.decide(served, partner_release="after_review")
    pan = served.as_("pan")
    batch = waits(pan.post("/v1/alerts/batch", json={"alerts": [alert(tlp="GREEN"), alert(tlp="GREEN")]}), "held")
    saw, thinks = (waits(answer(pan, document, kind, body), "held") for kind, body in (("sighting", sighting()), ("opinion", opinion())))
    accepted = waits(decide(pan, offered, "accept", reason="as they say"), "held")
    assert (told(served.as_("rcm"))["total"], told(served.as_("rcm"), f"{place_of(document)}/sightings")["total"]) == (2, 0)
    assert len(release(served, batch)) == 2
    assert [item_of(served, each)[0].kind for each in (saw, thinks, accepted)] == ["sighting", "opinion", "alert"]
    for review_id in (saw, thinks):
        ((answer_id, version),) = release(served, review_id)
        kind = item_of(served, review_id)[0].kind
        assert (told(served.as_("bra"), f"/v1/{kind}s/{answer_id}")["issuer"], version) == ("RCM/PAN", 1)
    assert release(served, accepted) == [(own["id"], 2)]
    second = told(served.as_("bra"), place_of(own))
    assert (second["severity"], second["issuer"], second["credits"][0]["office"]) == ("critical", "RCM/PAN", "SACM/secretariat")
    revised = waits(revise(served, "pan", second, severity="low"), "held")
    assert withdraw(pan, second)["version"] == 3
    item = told(pan, f"/v1/reviews/{revised}")
    assert (item["status"], item["reason"], item["documents"]) == ("cancelled", "withdrawn", [])
    # Its secretariat waits for nobody.
    made(revise(served, "rcm", document, severity="low"), 200)


def test_an_answer_is_overtaken_where_its_alert_is_marked_otherwise_or_gone_and_not_where_it_only_says_more(served: Served):
    document = publish(served.as_("rcm"), tlp="GREEN")
    held.decide(served, partner_release="after_review")
    first, second, third, fourth = (waits(answer(served.as_("pan"), document, "sighting", sighting()), "held") for _ in range(4))
    more = made(revise(served, "rcm", document, severity="low"), 200)
    assert len(release(served, first)) == 1
    closed = made(revise(served, "rcm", more, handling=["no_onward"]), 200)
    require_stale(served, fourth)
    stricter = made(revise(served, "rcm", closed, tlp="AMBER", audience=["RCM"]), 200)
    require_stale(served, second)
    withdraw(served.as_("rcm"), stricter)
    require_stale(served, third)


def test_an_alert_is_overtaken_where_a_document_that_it_names_became_stricter_or_its_writers_state_left(served: Served):
    named = publish(served.as_("rcm"), tlp="GREEN")
    sent = alert(tlp="GREEN", publish_at=later(days=1), related=[named["id"]])
    review_id = waits(served.as_("rcm").post("/v1/alerts", json=sent), "pending")
    made(revise(served, "rcm", named, tlp="AMBER", audience=["RCM"]), 200)
    require_stale(served, review_id)
    review_id = waits(served.as_("pan").post("/v1/alerts", json=alert(tlp="GREEN", publish_at=later(days=1))), "pending")
    with served.node.db.write() as session:
        session.connection().exec_driver_sql("DELETE FROM membership WHERE state = 'PAN'")
    require_stale(served, review_id)


def test_a_text_that_may_name_a_person_is_held_and_what_stands_in_its_place_is_published_under_the_same_id(served: Served):
    got = served.as_("rcm").post("/v1/alerts", json=alert(tlp="GREEN", summary=NAMED), headers={"Idempotency-Key": "n"})
    review_id = waits(got, "held")
    (finding,) = got.json()["findings"]
    assert (finding["pointer"], finding["code"], finding["kind"]) == ("/summary/es", "text-to-confirm", "name")
    assert (finding["offset"], finding["length"]) == (0, 27)
    assert "Zapaquilda" not in got.text
    again = served.as_("rcm").post("/v1/alerts", json=alert(tlp="GREEN", summary=NAMED), headers={"Idempotency-Key": "n"})
    assert again.json() == got.json() | {"findings": []}
    item, content = item_of(served, review_id)
    resubmit, caller = KINDS[item.kind].resubmit, held.caller_of(served, "rcm")
    assert resubmit is not None
    waiting = resubmit(served.node, caller, content["payload"], alert(tlp="GREEN"))
    assert (waiting.is_ready, waiting.issuer) == (True, "RCM/secretariat")
    assert waiting.documents[0]["id"] == content["documents"][0]["id"]
    still = resubmit(served.node, caller, content["payload"], alert(tlp="GREEN", publish_at=later(days=2), summary=NAMED))
    assert (still.is_ready, still.needs_review, still.due is None) == (False, True, False)
