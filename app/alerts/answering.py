"""What an office answers to an alert, judged: its form, its marking beside the alert's, and for a proposal the change it offers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.visibility import grantees_of
from app.alerts.changes import judge_changes
from app.alerts.content import NO_ONWARD, handling_code
from app.alerts.faults import Faults
from app.alerts.places import too_exact
from app.alerts.rights import link_faults
from app.alerts.seen import first_day, last_day
from app.alerts.texts import free_texts
from app.alerts.writing import readers_of
from app.core.problems import Problem
from app.directory import codes
from app.documents.rights import audience_for, conference_code, require_known_parties
from app.documents.texts import texts_of
from app.wire.alert_answers import OpinionDraft, ProposalDraft, SightingDraft
from app.wire.codes import TLP, Role, Status
from app.wire.strict_json import pointer

Draft = SightingDraft | OpinionDraft | ProposalDraft
KINDS: Final[Mapping[type[Draft], str]] = {SightingDraft: "sighting", OpinionDraft: "opinion", ProposalDraft: "proposal"}
_COMMON: Final = {"id", "conference", "reason", "tlp", "audience", "handling", "alert_version"}


@dataclass(frozen=True)
class About:
    """The alert that an answer is about, as its writer sees it."""

    document: Mapping[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        """The alert's id."""
        return str(self.document["id"])

    @property
    def parties(self) -> list[str]:
        """Whom an answer is for, where its writer does not say: whoever the alert is for, its origin and the office that issued it."""
        named = self.document["audience"] or [self.document["origin"]]
        return [*named, f"{self.document['origin']}/secretariat", str(self.document["issuer"])]


def content_of(session: Session, caller: Caller, draft: Draft, conference: str, about: About) -> dict[str, Any]:
    """An answer's content in its published form: what two versions are compared by.

    Raises `invalid-document` with every fault of its form, `audience-not-yours`, `link-stricter` (422) where it is marked less strictly
    than its alert, and `proposal-empty` (422).
    """
    _judge_form(draft, Faults())
    tlp = draft.tlp or TLP(about.document["tlp"])
    audience = _audience(session, caller, draft, tlp, about)
    written = draft.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=_COMMON)
    content = written | {
        "kind": kind_of(draft),
        "status": Status.PUBLISHED.value,
        "origin": conference,
        "alert": about.id,
        "tlp": tlp.value,
        "audience": audience,
        "handling": _handling(draft, about),
    }
    if isinstance(draft, SightingDraft):
        content["where"] = written["where"] | {"state": codes.resolve_state(draft.where.state)}
    if isinstance(draft, ProposalDraft):
        content |= judge_changes(draft, about.document)
    require_links(session, caller, content, str(caller.office))
    return content


def require_links(session: Session, caller: Caller, content: dict[str, Any], issuer: str) -> None:
    """Let an answer pass that is marked as strictly as its alert, and names no document that its readers may not all see."""
    tlp, audience, conference = TLP(content["tlp"]), content["audience"], content["origin"]
    # Its own secretariat, which always reads it, does not count: an answer is seen only with its alert.
    _require_links(session, caller, [("/tlp", content["alert"])], tlp, grantees_of(tlp, audience or [conference], ()))
    if content.get("changes") is not None:
        named = _named_by_changes(session, content["changes"])
        _require_links(session, caller, named, tlp, readers_of(tlp, audience, conference, issuer))


def texts_in(draft: Draft, content: Mapping[str, Any]) -> dict[str, str]:
    """What an answer says in words, by pointer; of a proposal that of the change too, as it is published."""
    return texts_of(draft) | dict(free_texts(content.get("changes", {}), ("changes",)))


def _require_links(session: Session, caller: Caller, named: Sequence[tuple[str, str]], tlp: TLP, readers: Iterable[str]) -> None:
    faults = list(link_faults(session, caller, named, tlp, readers))
    if faults:
        raise Problem("invalid-content", *faults)


def _named_by_changes(session: Session, changes: dict[str, Any]) -> list[tuple[str, str]]:
    """The documents that a proposed change names, by their places; its parties are put in their one form and must be known."""
    if changes.get("audience"):
        changes["audience"] = sorted({conference_code(party) for party in changes["audience"]})
        require_known_parties(session, changes["audience"], ("changes",))
    return [(pointer("changes", "related", at), each) for at, each in enumerate(changes.get("related") or ())]


def _handling(draft: Draft, about: About) -> list[str]:
    """What its writer asks for; what is said of an alert that may not be passed on may not be either."""
    asked = [handling_code(text) for text in draft.handling]
    inherited = NO_ONWARD in about.document["handling"] and NO_ONWARD not in asked
    return [*asked, NO_ONWARD] if inherited else asked


def kind_of(draft: Draft) -> str:
    """The kind of document that a draft becomes."""
    return next(kind for form, kind in KINDS.items() if isinstance(draft, form))


def _audience(session: Session, caller: Caller, draft: Draft, tlp: TLP, about: About) -> list[str]:
    """The audience that its writer names; else whom the alert is for, for a partner the part of them that it may name."""
    if draft.audience is not None:
        return audience_for(session, caller, draft.audience, tlp)
    parties = sorted(set(about.parties))
    if caller.role is not Role.PARTNER or tlp.rank <= TLP.GREEN.rank:
        return parties if tlp.rank > TLP.GREEN.rank else audience_for(session, caller, None, tlp)
    own = [party for party in parties if party.split("/")[0] == caller.conference]
    return own or [str(caller.office)]


def _judge_form(draft: Draft, faults: Faults) -> None:
    known = list(codes.vocabulary("handling").terms)
    for index, text in enumerate(draft.handling):
        if handling_code(text) not in known:
            faults.unknown(text, known, "handling", index)
    for name in ("note", "explanation"):
        texts = getattr(draft, name, None)
        if texts is not None and not any(texts.model_dump().values()):
            faults.add("text-missing", name)
    if isinstance(draft, SightingDraft):
        _judge_sighting(draft, faults)
    if faults.found:
        raise Problem("invalid-document", *faults.found)


def _judge_sighting(draft: SightingDraft, faults: Faults) -> None:
    state = codes.resolve_state(draft.where.state)
    if state is None:
        faults.unknown(draft.where.state, sorted(codes.states()), "where", "state")
    elif draft.where.area and draft.where.area.partition("-")[0] != codes.nationalities()[state].alpha2:
        faults.add("area-elsewhere", "where", "area")
    fault = too_exact(draft.where.place) if draft.where.place else None
    if fault:
        faults.add(fault, "where", "place")
    if draft.seen_to and last_day(draft.seen_to) < first_day(draft.seen_from):
        faults.add("days-reversed", "seen_to")
