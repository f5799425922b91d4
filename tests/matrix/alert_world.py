"""Alerts of every marking and history, and answers to visible and to hidden ones, stricter than their alert and as strict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from alert_oracle import FiledAlert, FiledAnswer, network_of
from visibility_oracle import Document, Marking
from world import BOTH, Sent, World, marking_of, party_of

Json = dict[str, Any]
WORD = "urraca"
"""A word of every alert's title."""
_YESTERDAY = timedelta(days=1)


def leg(seq: int, start: str, end: str, place: str) -> Json:
    return {"seq": seq, "from": start, "to": end, "mode": "land", "place": place}


def alert_body(number: int, **more: object) -> Json:
    """An alert that shares route, methods and time with every other one, and its network code with none."""
    return {
        "title": {"es": f"Red {WORD} {number}"},
        "summary": {"es": "Recibe a personas en la frontera y las lleva de noche."},
        "network_code": network_of(number),
        "severity": "high",
        "source_reliability": "A",
        "information_credibility": 2,
        "first_seen": "2000-01",
        "last_seen": "2007-12",
        "nationalities": ["VEN"],
        "route": [
            *(leg(1, "BRA", "ARG", "Posadas"), leg(2, "ARG", "ECU", "Loja"), leg(3, "ECU", "PAN", "Colón")),
            *(leg(4, "PAN", "CRI", "Limón"), leg(5, "CRI", "HND", "Choluteca")),
        ],
        "modus_operandi": ["safe_house"],
        **more,
    }


BODIES: dict[str, Json] = {
    "sighting": {"where": {"state": "PAN", "place": "Yaviza"}, "seen_from": "2004-05", "certainty": "probable"},
    "opinion": {"explanation": {"es": "Lo vimos también."}},
    "proposal": {"changes": {"severity": "critical"}, "explanation": {"es": "Hubo muertos."}},
}


@dataclass
class Story:
    """A document while it is filed: its writer, its newest version, how each version was marked, and what becomes of it."""

    kind: str
    writer: str
    number: int
    document: Json
    markings: list[Marking]
    more: Json = field(default_factory=dict)
    withdrawals: set[int] = field(default_factory=set)
    alert: "Story | None" = None
    over: bool = False
    gone: bool = False
    decision: tuple[str, Any] | None = None

    @property
    def path(self) -> str:
        return f"/v1/{self.kind}s/{self.document['id']}"


@dataclass
class Filing:
    """The alerts and answers of a world, as they are written down one after the other."""

    world: World
    stories: list[Story] = field(default_factory=list)

    def _tell(self, story: Story, document: Json) -> Story:
        story.document = document
        self.world.log.append((document["id"], document["version"]))
        return story

    def alerts(self, writer: str, wanted: Sequence[Sent]) -> list[Story]:
        """Alerts of one version, together."""
        start = len(self.stories)
        bodies = [alert_body(start + at, **marked(sent)) for at, sent in enumerate(wanted)]
        made = self.world.do(writer, "POST", "/v1/alerts/batch", {"alerts": bodies})["alerts"]
        stories = [Story("alert", writer, start + at, made[at], [marking_of(sent)]) for at, sent in enumerate(wanted)]
        self.stories += stories
        return [self._tell(story, story.document) for story in stories]

    def alert(self, writer: str, sent: Sent, **more: Any) -> Story:
        number = len(self.stories)
        made = self.world.do(writer, "POST", "/v1/alerts", alert_body(number, **marked(sent), **more))
        self.stories.append(Story("alert", writer, number, made, [marking_of(sent)], more))
        return self._tell(self.stories[-1], made)

    def answer(self, kind: str, writer: str, alert: Story, sent: Sent | None, *, becomes: Sent | None = None, **more: Any) -> Story:
        """An answer that says how it is marked, or one that says nothing and `becomes` what the contract makes of that."""
        body = {**BODIES[kind], **(marked(sent) if sent else {}), **more}
        made = self.world.do(writer, "POST", f"{alert.path}/{kind}s", body)
        marking = marking_of(sent or becomes or ("", None))
        assert (made["tlp"], sorted(made["audience"])) == (marking.tlp, sorted(marking.audience)), made
        self.stories.append(Story(kind, writer, len(self.stories), made, [marking], more, alert=alert))
        return self._tell(self.stories[-1], made)

    def revised(self, story: Story, sent: Sent, **more: Any) -> None:
        body = alert_body(story.number, **more) if story.kind == "alert" else {**BODIES[story.kind], **story.more}
        made = self.world.do(story.writer, "PUT", story.path, {**body, **marked(sent), "reason": "x"}, story.document)
        story.markings.append(marking_of(sent))
        self._tell(story, made)

    def withdrawn(self, story: Story) -> None:
        made = self.world.do(story.writer, "POST", f"{story.path}/withdraw", {"reason": "x"}, story.document)
        story.markings.append(story.markings[-1])
        story.withdrawals.add(made["version"])
        self._tell(story, made)

    def erased(self, story: Story, secretariat: str) -> None:
        """Erase a document, and with an alert whatever was answered to it."""
        self.world.do(secretariat, "POST", f"{story.path}/erase", {"reason": "x"}, story.document)
        for each in [story, *(other for other in self.stories if other.alert is story)]:
            each.gone = True
            self.world.log.append((each.document["id"], len(each.markings) + 1))

    def accepted(self, proposal: Story, by: str) -> None:
        """A decision for it: the next version of its alert, marked as the one before."""
        alert = proposal.alert
        assert alert is not None
        made = self.world.do(by, "POST", f"{proposal.path}/accept", {})
        alert.markings.append(alert.markings[-1])
        self._tell(alert, made)
        proposal.decision = ("accepted", made["version"])

    def declined(self, proposal: Story, by: str, becomes: Sent) -> None:
        """A decision against it: an opinion of its alert's origin, marked as the proposal is, for the proposal's office too."""
        made = self.world.do(by, "POST", f"{proposal.path}/decline", {"reason": "x"})
        marking = marking_of(becomes)
        assert (made["tlp"], sorted(made["audience"])) == (marking.tlp, sorted(marking.audience)), made
        self.stories.append(Story("opinion", by, len(self.stories), made, [marking], alert=proposal.alert))
        proposal.decision = ("declined", self._tell(self.stories[-1], made))


def marked(sent: Sent) -> Json:
    tlp, audience = sent
    return {"tlp": tlp} | ({} if audience is None else {"audience": list(audience)})


GREEN: Sent = ("GREEN", None)
AMBER: Sent = ("AMBER", None)
RCM_ALONE: Sent = ("RED", ("RCM/secretariat",))
SACM_ALONE: Sent = ("RED", ("SACM/secretariat",))
MARKED: Sequence[tuple[str, Sequence[Sent]]] = (
    ("rcm", (("CLEAR", None), ("GREEN", ("RCM",)), AMBER, ("AMBER", ("RCM",)), ("AMBER", ("SACM",)), ("AMBER", ()), ("AMBER", ("SACM/BRA",)))),
    ("rcm", (("AMBER+STRICT", BOTH), ("AMBER+STRICT", ("RCM/PAN", "SACM/secretariat")), ("RED", BOTH), RCM_ALONE, ("RED", ("RCM/PAN",)))),
    ("pan", (GREEN, ("AMBER", ("RCM",)), ("RED", ("RCM/HND",)))),
    ("sacm", (GREEN, SACM_ALONE, ("AMBER+STRICT", ("RCM",)), ("AMBER", ("RCM/HND",)))),
    ("bra", (("AMBER", ("SACM",)),)),
)  # fmt: skip
"""Alerts of one version, by their writers."""
CLEAR, SHARED, STRICT, OPEN, SECRET, OF_BRAZIL = 0, 2, 7, 15, 16, 19
"""Places among them of those that are answered: RCM's clear, amber and strict one, SACM's green and red one, Brazil's amber one."""


def fill_alerts(world: World) -> None:
    """Every marking, every history, and answers on either side of every rule."""
    filing = Filing(world)
    stories = [story for writer, wanted in MARKED for story in filing.alerts(writer, wanted)]
    _histories(filing)
    _answer_shared(filing, stories)
    _answer_open(filing, stories[OPEN])
    filing.answer("sighting", "sacm", stories[SECRET], None, becomes=SACM_ALONE)
    filing.answer("sighting", "bra", stories[CLEAR], None, becomes=("CLEAR", BOTH))
    filing.answer("sighting", "sacm", stories[STRICT], None, becomes=("AMBER+STRICT", (*BOTH, "RCM/secretariat")))
    filing.answer("proposal", "sacm", stories[OF_BRAZIL], None, becomes=("AMBER", ("SACM", "SACM/secretariat", "SACM/BRA")))
    _freeze(filing)


def _histories(filing: Filing) -> None:
    tightened = filing.alert("rcm", GREEN)
    for kind, said in (("sighting", {}), ("opinion", {"opinion": "agree"}), ("proposal", {})):
        filing.answer(kind, "sacm", tightened, GREEN, **said)
    filing.revised(tightened, RCM_ALONE)
    loosened = filing.alert("rcm", RCM_ALONE)
    filing.answer("sighting", "rcm", loosened, None, becomes=RCM_ALONE)
    filing.revised(loosened, GREEN)
    filing.revised(filing.answer("sighting", "rcm", loosened, GREEN), RCM_ALONE)
    withdrawn = filing.alert("rcm", GREEN)
    filing.answer("sighting", "sacm", withdrawn, GREEN)
    filing.withdrawn(withdrawn)
    _through_red(filing)
    filing.alert("rcm", GREEN, handling=["no_onward"])
    filing.alert("sacm", ("RED", ("SACM/BRA", "SACM/secretariat")), handling=["no_onward"])
    lasting = filing.alert("sacm", AMBER, retention_until="2099-12-31")
    filing.revised(lasting, ("AMBER", ("SACM",)))
    reinstated = filing.alert("sacm", GREEN)
    filing.withdrawn(reinstated)
    filing.revised(reinstated, GREEN)
    gone = filing.alert("rcm", GREEN)
    filing.answer("sighting", "sacm", gone, GREEN)
    filing.erased(gone, "rcm")
    _over(filing)


def _through_red(filing: Filing) -> None:
    """From green through red, in which a proposal of everybody's was accepted, to amber."""
    alert = filing.alert("rcm", GREEN)
    filing.answer("sighting", "sacm", alert, GREEN)
    proposal = filing.answer("proposal", "rcm", alert, GREEN)
    filing.revised(alert, RCM_ALONE)
    filing.answer("sighting", "rcm", alert, None, becomes=RCM_ALONE)
    filing.accepted(proposal, "rcm")
    filing.revised(alert, AMBER, severity="critical")


def _over(filing: Filing) -> None:
    """Alerts whose last day was yesterday, with answers: they were filed then."""
    now = datetime.now(UTC) - _YESTERDAY
    with time_machine.travel(now):
        past = filing.alert("rcm", GREEN, retention_until=now.date().isoformat())
        for kind, said in (("sighting", {}), ("opinion", {"opinion": "agree"}), ("proposal", {})):
            filing.answer(kind, "sacm", past, GREEN, **said)
        filing.alert("sacm", AMBER, retention_until=now.date().isoformat()).over = True
    past.over = True


def _answer_shared(filing: Filing, stories: Sequence[Story]) -> None:
    """What is answered to an amber alert of both conferences: as strict as it is, stricter, for an office alone."""
    alert, everybody = stories[SHARED], ("AMBER", (*BOTH, "RCM/secretariat"))
    filing.answer("sighting", "sacm", alert, None, becomes=everybody)
    filing.answer("sighting", "bra", alert, None, becomes=("AMBER", ("SACM",)))
    filing.answer("sighting", "pan", alert, ("RED", ("RCM/PAN",)))
    filing.answer("opinion", "sacm", alert, ("AMBER+STRICT", BOTH), opinion="agree")
    filing.answer("opinion", "bra", alert, ("AMBER", ("SACM",)), opinion="disagree")
    filing.answer("opinion", "rcm", alert, None, becomes=everybody, opinion="strongly_agree")
    filing.answer("opinion", "hnd", alert, ("RED", ("RCM/HND",)), opinion="neutral")
    filing.answer("proposal", "bra", alert, ("AMBER", ("SACM",)))
    refused = filing.answer("proposal", "sacm", alert, None, becomes=everybody)
    filing.declined(refused, "rcm", ("AMBER", (*BOTH, "RCM/secretariat", "SACM/secretariat")))


def _answer_open(filing: Filing, alert: Story) -> None:
    """What is answered to a green one: taken back, tightened, erased; a proposal that is accepted, and one that its origin cannot see."""
    filing.withdrawn(filing.answer("sighting", "rcm", alert, GREEN))
    filing.revised(filing.answer("sighting", "hnd", alert, GREEN), ("RED", ("RCM/HND",)))
    filing.erased(filing.answer("sighting", "pan", alert, GREEN), "rcm")
    filing.answer("opinion", "pan", alert, GREEN, opinion="agree")
    filing.answer("opinion", "hnd", alert, ("RED", ("RCM/HND",)), opinion="strongly_disagree")
    filing.answer("proposal", "pan", alert, ("RED", ("RCM/PAN",)))
    filing.accepted(filing.answer("proposal", "hnd", alert, GREEN), "sacm")


def _freeze(filing: Filing) -> None:
    """What was filed, as the oracle takes it: alerts first, then what refers to them."""
    alerts, answers = {}, {}
    for story in filing.stories:
        if story.kind == "alert":
            alerts[id(story)] = FiledAlert(
                _document(story, None), frozenset(story.withdrawals), story.number, "alert", "handling" in story.more
            )
    for story in sorted(filing.stories, key=lambda each: each.kind == "proposal"):
        if story.alert is not None:
            alert = alerts[id(story.alert)]
            word, by = story.decision or ("", None)
            decision = (word, answers[id(by)] if isinstance(by, Story) else by) if story.decision else None
            known = (_document(story, alert.document), frozenset(story.withdrawals), story.number, story.kind)
            answers[id(story)] = FiledAnswer(*known, alert, story.more.get("opinion"), decision)
    filing.world.alerts += alerts.values()
    filing.world.answers += _in_order(filing, answers)


def _in_order(filing: Filing, answers: dict[int, FiledAnswer]) -> Iterator[FiledAnswer]:
    yield from (answers[id(story)] for story in filing.stories if id(story) in answers)


def _document(story: Story, parent: Document | None) -> Document:
    origin, issuer = party_of(story.writer)
    return Document(story.document["id"], origin, issuer, None, tuple(story.markings), parent, story.over, story.gone)
