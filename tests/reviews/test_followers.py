"""What waits to follow a document: one new version at a time to those who see it, and none of it left once the document goes (guarantees 2)."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import alertbook
import httpx
import pytest
from bodies import publish, revision, withdraw
from drafts import alert
from held import decide, waits
from serving import Served
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.access.audit import Attempt
from app.access.callers import Caller
from app.alerts.ending import with_answers
from app.alerts.models import Alert, AlertAnswer
from app.alerts.projection import forget_one
from app.alerts.writing import newest_locked
from app.bulletins import released
from app.documents.erasing import erase_received
from app.exchange.waiting import Waiting, hold
from app.wire.codes import Role

NAMED = {"es": "Lo cuenta Zapaquilda Ventoquipa en la frontera."}
Json = dict[str, object]


@pytest.fixture
def minute() -> str:
    return (datetime.now(UTC) + timedelta(days=2)).isoformat()


def tag(document: Json) -> dict[str, str]:
    return {"If-Match": f'"{document["id"]}.v{document["version"]}"'}


def revised(served: Served, who: str, document: Json, **changes: object) -> httpx.Response:
    return served.as_(who).put(f"/v1/bulletins/{document['id']}", json=revision(**changes), headers=tag(document))


def alert_revised(served: Served, who: str, document: Json, **changes: object) -> httpx.Response:
    body = alert(**{"reason": "more is known", "tlp": "GREEN", **changes})
    return served.as_(who).put(f"/v1/alerts/{document['id']}", json=body, headers=tag(document))


def is_told_of(answer: httpx.Response, review_id: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (409, "review-waiting"), answer.text
    assert answer.headers["link"] == f'</v1/reviews/{review_id}>; rel="related"'


def erase(served: Served, document: Json, kind: str = "bulletins") -> None:
    answer = served.as_("rcm").post(f"/v1/{kind}/{document['id']}/erase", json={"reason": "por orden judicial"}, headers=tag(document))
    assert answer.status_code == 200, answer.text


def seen(served: Served, who: str, review_id: str) -> tuple[str, str | None, list[Json]]:
    item = served.as_(who).get(f"/v1/reviews/{review_id}").json()
    return item["status"], item["reason"], item["documents"]


def one(served: Served, statement: str) -> int:
    with served.node.db.read() as session:
        return int(session.execute(text(statement)).scalar_one())


def test_a_second_new_version_of_a_bulletin_is_told_of_the_first_and_an_erasure_purges_what_waits(served: Served, minute: str):
    document, other = publish(served.as_("pan")), publish(served.as_("pan"), period="2022-12")
    apart = waits(revised(served, "pan", other, period="2022-12", publish_at=minute, title={"es": "Cifras de diciembre"}), "pending")
    first = waits(revised(served, "pan", document, title=NAMED), "held")
    for who in ("pan", "rcm"):
        is_told_of(revised(served, who, document, publish_at=minute, title={"es": "Cifras de octubre"}), first)
    assert served.as_("pan").post(f"/v1/reviews/{first}/cancel", headers={"If-Match": f'"{first}.r1"'}).status_code == 200
    own = waits(revised(served, "rcm", document, publish_at=minute, title={"es": "Cifras de octubre"}), "pending")
    # A national office does not see its secretariat's: it is told of none.
    assert served.as_("pan").get(f"/v1/reviews/{own}").status_code == 404
    second = waits(revised(served, "pan", document, title=NAMED), "held")
    assert one(served, "SELECT count(*) FROM waiting_item WHERE sealed IS NOT NULL") == 3
    erase(served, document)
    assert [seen(served, who, each) for who, each in (("pan", second), ("rcm", own))] == [("cancelled", "erased", [])] * 2
    assert one(served, "SELECT count(*) FROM waiting_item WHERE sealed IS NOT NULL") == 1
    assert one(served, f"SELECT count(*) FROM waiting_place WHERE item <> '{apart}'") == 0
    assert [row for row in served.audit() if row[0] == "erase_bulletin"] == [
        *[("erase_bulletin", "cancelled", None)] * 2,
        ("erase_bulletin", "erased", None),
    ]
    withdraw(served.as_("pan"), other)
    assert seen(served, "pan", apart) == ("cancelled", "withdrawn", [])
    assert one(served, "SELECT count(*) FROM waiting_place") == 0


@pytest.mark.parametrize("served", ["postgresql"], indirect=True)
def test_an_erasure_that_is_refused_cancels_nothing(served: Served, minute: str):
    document = publish(served.as_("pan"))
    item = waits(revised(served, "pan", document, publish_at=minute, title={"es": "Cifras de octubre"}), "pending")
    path = f"/v1/bulletins/{document['id']}"
    for who, verb, sent, status in (
        ("rcm", "erase", {"reason": "pasaporte N1234567 de Zapaquilda"}, 422),
        ("sacm", "erase", {"reason": "por orden judicial"}, 403),
        ("pan", "withdraw", {"reason": "pasaporte N1234567 de Zapaquilda"}, 422),
    ):
        assert served.as_(who).post(f"{path}/{verb}", json=sent, headers=tag(document)).status_code == status
    assert seen(served, "pan", item)[0] == "pending"


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_of_an_alert_one_new_version_waits_and_its_answers_that_wait_end_with_it(served: Served):
    pan, document, kept = served.as_("pan"), *(alertbook.publish(served.as_("pan"), tlp="GREEN") for _ in range(2))
    offered, saw = alertbook.proposes(served.as_("sacm"), document), alertbook.seen(served.as_("pan"), document)
    decide(served, partner_release="after_review")
    first = waits(alert_revised(served, "pan", document, summary=NAMED), "held")
    for who in ("pan", "rcm"):
        is_told_of(alert_revised(served, who, document, summary=NAMED), first)
    is_told_of(alertbook.decide(pan, offered, "accept"), first)
    again = alertbook.sighting(note=NAMED, reason="again")
    changed = waits(pan.put(f"/v1/sightings/{saw['id']}", json=again, headers=tag(saw)), "held")
    is_told_of(pan.put(f"/v1/sightings/{saw['id']}", json=again, headers=tag(saw)), changed)
    thinks = waits(alertbook.answer(served.as_("bra"), document, "opinion", alertbook.opinion(explanation=NAMED)), "held")
    other = waits(alertbook.answer(pan, kept, "sighting", alertbook.sighting()), "held")
    accepted = waits(alertbook.decide(pan, alertbook.proposes(served.as_("sacm"), kept), "accept"), "held")
    erase(served, document, "alerts")
    told = [seen(served, who, each) for who, each in (("pan", first), ("pan", changed), ("bra", thinks))]
    assert told == [("cancelled", "erased", [])] * 3
    # So they do with one that its origin's node has erased.
    theirs = alertbook.publish(served.as_("sacm"), tlp="GREEN")
    far = waits(alertbook.answer(pan, theirs, "sighting", alertbook.sighting()), "held")
    with served.node.db.write() as session:
        erase_received(session, served.node, Attempt("pull"), theirs["id"], 2, forget_one, with_answers)
    assert seen(served, "pan", far) == ("cancelled", "erased", [])
    # An answer to an alert that is only withdrawn stays: the alert may stand again.
    alertbook.withdraw(pan, kept)
    assert [seen(served, "pan", each)[:2] for each in (accepted, other)] == [("cancelled", "withdrawn"), ("held", None)]


def sighted(served: Served) -> Json:
    return alertbook.seen(served.as_("pan"), alertbook.publish(served.as_("pan"), tlp="GREEN"))


@pytest.mark.parametrize("served", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "plural", "made", "lock"),
    [
        ("bulletin", "bulletins", lambda served: publish(served.as_("pan")), released.locked),
        (
            "alert",
            "alerts",
            lambda served: alertbook.publish(served.as_("pan"), tlp="GREEN"),
            lambda at, each: newest_locked(at, Alert, each),
        ),
        ("sighting", "sightings", sighted, lambda at, each: newest_locked(at, AlertAnswer, each)),
    ],
)
def test_a_new_version_that_is_kept_while_a_withdrawal_waits_for_the_document_goes_with_it(
    served: Served, kind: str, plural: str, made: Callable[[Served], Json], lock: Callable[[Session, str], object]
):
    document, answers = made(served), []
    caller = Caller("one", Role.PARTNER, "RCM", "PAN", 4, None)
    waits_too = Waiting(kind, "RCM", str(document["issuer"]), [document], {}, needs_review=True, revises=[str(document["id"])])

    def withdrawing() -> None:
        place = f"/v1/{plural}/{document['id']}/withdraw"
        answers.append(served.as_("pan").post(place, json={"reason": "counted twice"}, headers=tag(document)))

    thread = threading.Thread(target=withdrawing)
    with served.node.db.write() as session:
        # As whoever keeps a new version does: the document's lock first, which the withdrawal then waits for.
        lock(session, str(document["id"]))
        thread.start()
        wait_for_lock(served)
        kept = hold(session, served.node.secrets, caller, waits_too)
    thread.join()
    assert [each.status_code for each in answers] == [200], [each.text for each in answers]
    assert one(served, "SELECT count(*) FROM waiting_place") == 0
    with served.node.db.read() as session:
        rows = session.execute(text("SELECT id, status, reason, sealed IS NULL FROM waiting_item")).all()
    assert [tuple(row) for row in rows] == [(kept.id, "cancelled", "withdrawn", True)]


def wait_for_lock(served: Served) -> None:
    """Until another connection to the store waits for a lock."""
    deadline = time.monotonic() + 60
    while not one(served, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
