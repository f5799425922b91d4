"""Alerts, answers to them and acceptances that wait, decided over HTTP: confirmed, rejected, cancelled, replaced, overtaken (guarantees 2)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import alertbook
import httpx
import pytest
from drafts import alert
from held import decide, waits
from serving import Served
from waitroom import Room

NAMED = {"es": "Lo cuenta Zapaquilda Ventoquipa en la frontera."}
CLEAN = {"es": "Lo cuentan quienes vigilan la frontera."}
Json = dict[str, Any]


@dataclass
class Desk(ABC):
    """One form of what may wait: how it is sent with a text, what is sent in its place, and what overtakes it."""

    room: Room
    about: Json

    @abstractmethod
    def send(self, who: str, said: Json) -> httpx.Response:
        """Send it as somebody, with a text."""

    @abstractmethod
    def body(self, said: Json) -> Json:
        """What is sent in its place."""

    def overtake(self) -> None:
        """Take back what it is about."""
        newest = alertbook.told(self.room("rcm"), alertbook.place_of(self.about))
        alertbook.withdraw(self.room("rcm"), newest)


class Alert(Desk):
    path = "/v1/alerts"
    wanted = "019aa4f0-6f80-7c3e-9a51-2d0c6a5f1b11"

    def body(self, said: Json) -> Json:
        return alert(tlp="GREEN", summary=said)

    def send(self, who: str, said: Json) -> httpx.Response:
        return self.room(who).post(self.path, json=self.body(said) | ({"id": self.wanted} if who == "ana" else {}))

    def overtake(self) -> None:
        """Give its id to another one."""
        alertbook.publish(self.room("hnd"), tlp="GREEN", id=self.wanted)


class Batch(Alert):
    path = "/v1/alerts/batch"

    def body(self, said: Json) -> Json:
        return {"alerts": [alert(tlp="GREEN"), alert(tlp="GREEN", summary=said)]}

    def send(self, who: str, said: Json) -> httpx.Response:
        sent = self.body(said)
        sent["alerts"][1] |= {"id": self.wanted} if who == "ana" else {}
        return self.room(who).post(self.path, json=sent)


class Revision(Desk):
    def body(self, said: Json) -> Json:
        return alert(tlp="GREEN", summary=said, reason="more is known")

    def send(self, who: str, said: Json) -> httpx.Response:
        newest = alertbook.told(self.room("rcm"), alertbook.place_of(self.about))
        return self.room(who).put(alertbook.place_of(self.about), json=self.body(said), headers=alertbook.etag(newest))

    def overtake(self) -> None:
        newest = alertbook.told(self.room("rcm"), alertbook.place_of(self.about))
        alertbook.revise(self.room("rcm"), newest, tlp="GREEN", severity="low")


class Answer(Desk):
    kind: str
    form: Callable[..., Json]
    text: str

    def body(self, said: Json) -> Json:
        return type(self).form(**{self.text: said})

    def send(self, who: str, said: Json) -> httpx.Response:
        return alertbook.answer(self.room(who), self.about, self.kind, self.body(said))


class Sighting(Answer):
    kind, form, text = "sighting", alertbook.sighting, "note"


class Opinion(Answer):
    kind, form, text = "opinion", alertbook.opinion, "explanation"


class Proposal(Answer):
    kind, form, text = "proposal", alertbook.proposal, "explanation"


FORMS: Mapping[str, type[Desk]] = {each.__name__: each for each in (Alert, Batch, Revision, Sighting, Opinion, Proposal)}
BY_TURNS = [(form, ("sqlite", "postgresql")[at % 2]) for at, form in enumerate(FORMS)]


@pytest.fixture
def room(served: Served) -> Room:
    return Room(served)


def reasons(room: Room, item: str) -> Json:
    return {
        "findings": [
            {"pointer": each["pointer"], "offset": each["offset"], "reason": "public-official"} for each in room.seen(item)["findings"]
        ]
    }


def gone(room: Room, item: str) -> tuple[str, str | None, list[Json], list[Json]]:
    seen = room.seen(item)
    return seen["status"], seen["reason"], seen["documents"], seen["published"]


@pytest.mark.parametrize(("form", "served"), BY_TURNS, indirect=["served"])
def test_what_waits_of_alerts_is_decided_as_bulletins_are(room: Room, form: str):
    # The office that may write what follows an alert is the one whose alert it is.
    desk = FORMS[form](room, alertbook.publish(room("pan"), tlp="GREEN"))

    def standing() -> int:
        return len(alertbook.feed(room("sacm")))

    before = standing()
    rejected = waits(desk.send("pan", NAMED), "held")
    assert [(each["kind"], each["code"]) for each in room.seen(rejected)["findings"]] == [("name", "text-to-confirm")]
    for who in ("hnd", "sacm", "bra", "south", "analyst", "peer", "operator"):
        assert room(who).get(f"/v1/reviews/{rejected}").status_code in {403, 404}, who
        assert room.decide(who, "cancel", rejected).status_code in {403, 404}, who
    assert room.decide("pan", "confirm", rejected, {"findings": []}).status_code == 403
    assert room.decide("bea", "reject", rejected, {"reason": "personal-data"}).json()["status"] == "rejected"
    cancelled = waits(desk.send("pan", NAMED), "held")
    assert room.decide("pan", "cancel", cancelled).json()["status"] == "cancelled"
    assert [gone(room, each) for each in (rejected, cancelled)] == [("rejected", "personal-data", [], []), ("cancelled", None, [], [])]
    assert standing() == before

    item = waits(desk.send("pan", NAMED), "held")
    assert room.decide("bea", "confirm", item, {"findings": []}).status_code == 422
    replaced = room.decide("pan", "put", item, desk.body(NAMED))
    assert (replaced.status_code, replaced.json()["status"], replaced.json()["version"]) == (200, "held", 2), replaced.text
    said = reasons(room, item)
    assert room.decide("bea", "confirm", item, said, version=1).status_code == 412
    done = room.decide("bea", "confirm", item, said, version=2)
    assert (done.status_code, done.json()["status"]) == (200, "published"), done.text
    made = done.json()["published"]
    texts = [room("sacm").get(each["href"]) for each in made]
    assert [each.status_code for each in texts] == [200] * len(made)
    assert sum("Ventoquipa" in each.text for each in texts) == 1
    assert {each.json()["issuer"] for each in texts} == {"RCM/PAN"}
    assert standing() == before + len(made)
    assert room.decide("caro", "confirm", item, said, version=3).json()["code"] == "review-decided"

    # Another office, where one office says it once: what needs no waiting is published at once in the place of what waited.
    other = "pan" if form == "Revision" else "hnd"
    item = waits(desk.send(other, {"es": NAMED["es"].replace("Lo cuenta", "Lo dice")}), "held")
    done = room.decide(other, "put", item, desk.body(CLEAN))
    assert (done.status_code, done.json()["status"]) == (200, "published"), done.text
    assert "Ventoquipa" not in room("sacm").get(done.json()["published"][-1]["href"]).text

    stale = waits(desk.send("ana", {"es": NAMED["es"].replace("Lo cuenta", "Lo sabe")}), "held")
    said = reasons(room, stale)
    assert room.decide("ana", "confirm", stale, said).json()["code"] == "same-person"
    desk.overtake()
    refused = room.decide("bea", "confirm", stale, said)
    assert (refused.status_code, refused.json()["code"]) == (409, "review-stale"), refused.text
    assert room.seen(stale)["status"] == "held"
    assert room.decide("ana", "cancel", stale).json()["status"] == "cancelled"


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_an_acceptance_that_waits_is_decided_by_the_secretariat_and_overtaken_by_another_version(room: Room):
    document = alertbook.publish(room("pan"), tlp="GREEN")
    offers = [alertbook.proposes(room("sacm"), document, {"severity": step}) for step in ("critical", "low")]
    decide(room.served, partner_release="after_review")
    first = waits(alertbook.decide(room("pan"), offers[0], "accept", reason="as they say"), "held")
    assert room.seen(first)["documents"][0]["severity"] == "critical"
    done = room.decide("bea", "confirm", first, {"findings": []})
    assert (done.status_code, done.json()["status"]) == (200, "published"), done.text
    newest = alertbook.told(room("sacm"), alertbook.place_of(document))
    assert (newest["version"], newest["severity"], newest["credits"][0]["proposal"]) == (2, "critical", offers[0]["id"])
    alertbook.publish(room("rcm"), tlp="GREEN")
    again = alertbook.proposes(room("sacm"), newest, {"severity": "low"})
    second = waits(alertbook.decide(room("pan"), again, "accept"), "held")
    replaced = room.decide("pan", "put", second, {"reason": "as they say"})
    assert (replaced.json()["status"], room.seen(second)["documents"][0]["reason"]) == ("held", "as they say")
    alertbook.revise(room("rcm"), newest, tlp="GREEN", severity="high")
    refused = room.decide("bea", "confirm", second, {"findings": []}, version=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "review-stale")
    rejected = room.decide("bea", "reject", second, {"reason": "not-approved"}, version=2)
    assert rejected.json()["status"] == "rejected"
    assert alertbook.told(room("sacm"), alertbook.place_of(document))["version"] == 3
