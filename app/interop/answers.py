"""What offices answer to an alert, in STIX 2.1: sightings of its network, opinions on it, and proposals, which are notes.

An opinion of STIX says how far somebody agrees, in five steps, and cannot say what should be otherwise; a note adds to what another
one published, which is what a proposal does.  Its changes are in our extension.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from app.alerts.seen import first_day, last_day
from app.interop.ids import stix_id
from app.interop.objects import Document, Object, identity, object_of, place_of, whole, words
from app.wire.codes import Certainty, Status
from app.wire.codes import Opinion as OpinionCode

CONFIDENCE: Final[Mapping[str, int]] = {Certainty.POSSIBLE: 50, Certainty.PROBABLE: 70, Certainty.CERTAIN: 100}
"""Certainty in percent, by STIX 2.1, appendix A: "possibly true" of Admiralty Credibility, "probable" and "certain" of WEP."""
_TYPES: Final[Mapping[str, str]] = {"sighting": "sighting", "opinion": "opinion", "proposal": "note"}


def told_of(alert: Document, answers: Sequence[Document]) -> list[Document]:
    """The answers that can be told beside an alert: those that refer to something which is told too.

    A withdrawn alert tells of no network that could be sighted; an opinion that decides a proposal is on that proposal.
    """
    proposals = {each["id"] for each in answers if each["kind"] == "proposal"}
    return [each for each in answers if _refers_inside(each, alert, proposals)]


def answer_objects(answer: Document, alert: Document) -> Iterator[Object]:
    """The objects of an answer: who made it, where something was seen, and the answer itself with the whole document.

    A withdrawn one is revoked and says no more than STIX demands: an opinion is neutral, a note has the reason of the withdrawal.
    """
    kind, withdrawn = answer["kind"], answer["status"] == Status.WITHDRAWN
    yield identity(answer["origin"])
    if kind == "sighting" and not withdrawn:
        yield _where(answer)
    told = _WITHDRAWN[kind](answer, alert) | {"revoked": True} if withdrawn else _PUBLISHED[kind](answer, alert)
    yield object_of(_TYPES[kind], answer) | told | whole(answer)


def _refers_inside(answer: Document, alert: Document, proposals: Collection[str]) -> bool:
    if answer["kind"] == "sighting":
        return bool(alert["status"] != Status.WITHDRAWN)
    decides = answer.get("decides")
    return decides is None or decides["proposal"] in proposals


def _where(sighting: Document) -> Object:
    where = sighting["where"]
    return place_of(sighting, where["state"], where.get("place"), where.get("area"))


def _sighting(sighting: Document, alert: Document) -> Object:
    when = {
        "first_seen": f"{first_day(sighting['seen_from'])}T00:00:00.000Z",
        "last_seen": f"{last_day(sighting.get('seen_to') or sighting['seen_from'])}T23:59:59.999Z",
    }
    said = {"where_sighted_refs": [_where(sighting)["id"]], "confidence": CONFIDENCE[sighting["certainty"]]}
    return _sighted(sighting, alert) | when | said | words(description=sighting.get("note"))


def _sighted(_sighting: Document, alert: Document) -> Object:
    return {"sighting_of_ref": stix_id("threat-actor", alert["id"])}


def _opinion(opinion: Document, alert: Document) -> Object:
    decides = opinion.get("decides")
    on = {"object_refs": [stix_id("note", decides["proposal"])]} if decides else _on(alert)
    return {"opinion": opinion["opinion"].replace("_", "-")} | on | words(explanation=opinion.get("explanation"))


def _neutral(_opinion: Document, alert: Document) -> Object:
    return {"opinion": OpinionCode.NEUTRAL.value} | _on(alert)


def _proposal(proposal: Document, alert: Document) -> Object:
    what = f"v{proposal['alert_version']}: {', '.join(sorted(proposal['changes']))}"
    return {"abstract": what} | _on(alert) | words(content=proposal["explanation"])


def _taken_back(proposal: Document, alert: Document) -> Object:
    return {"content": proposal["reason"]} | _on(alert)


def _on(alert: Document) -> Object:
    return {"object_refs": [stix_id("report", alert["id"])]}


_Told = Callable[[Document, Document], Object]
_PUBLISHED: Final[Mapping[str, _Told]] = {"sighting": _sighting, "opinion": _opinion, "proposal": _proposal}
_WITHDRAWN: Final[Mapping[str, _Told]] = {"sighting": _sighted, "opinion": _neutral, "proposal": _taken_back}
