"""Routes of what offices answer to an alert: sightings, opinions, proposals, and the origin's decision on a proposal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.once import KeepAnswer
from app.access.rules import Reader, Secretariat, Writer, attempt_of
from app.access.visibility import visible_documents
from app.alerts.answer_projection import forget_one
from app.alerts.answer_service import publish, revise, withdraw
from app.alerts.deciding import accept, decision_of, decline, require_decider
from app.alerts.models import Alert, AlertAnswer
from app.alerts.queries import AnswerQuery
from app.alerts.rights import Standing, changeable, require_author, standing
from app.alerts.routes import WAITS, Nothing, answer, kept, kept_once
from app.core.clock import utc_now
from app.core.conditional import document_etag, require_match
from app.core.declared import CONDITIONAL, ONCE, PLACED, REFUSED, TAGGED
from app.core.http import JsonBody, json_response, takes
from app.core.language import language_of
from app.core.parsing import parse, read_json
from app.documents import reading
from app.documents.edge import (
    DocumentPath,
    IfMatch,
    NumberPath,
    document_answer,
    erase_answer,
    known_form,
    list_answer,
    node_of,
    page_of,
    version_number,
)
from app.documents.reading import Found, Listing, Order, marking_filters
from app.exchange.node import Node
from app.wire import alert_answers as wire
from app.wire.alert_published import WrittenAlert
from app.wire.bulletin import Grounds
from app.wire.changes import Erased
from app.wire.codes import Opinion as OpinionCode
from app.wire.output import Output

router = APIRouter(prefix="/v1")
_ORDER = Order("published_at", AlertAnswer.published_at)


@dataclass(frozen=True)
class Kind:
    """One kind of answer: its name, its place among the routes, and its forms on the wire."""

    name: str
    draft: Any
    revision: Any
    page: type[Output]
    document: Any
    written: type[Output]
    what: str

    @property
    def plural(self) -> str:
        """The word in its addresses."""
        return f"{self.name}s"

    @property
    def place(self) -> str:
        """The address of its documents."""
        return f"/v1/{self.plural}"


KINDS = (
    Kind("sighting", wire.SightingDraft, wire.SightingRevision, wire.SightingPage, wire.Sighting, wire.WrittenSighting, "a sighting"),
    Kind("opinion", wire.OpinionDraft, wire.OpinionRevision, wire.OpinionPage, wire.AlertOpinion, wire.WrittenOpinion, "an opinion"),
    Kind("proposal", wire.ProposalDraft, wire.ProposalRevision, wire.ProposalPage, wire.Proposal, wire.WrittenProposal, "a proposal"),
)
BODIES = (*(kind.draft for kind in KINDS), *(kind.revision for kind in KINDS), wire.Acceptance)
"""Bodies that are read by hand, after the caller and its rights are known."""


def _add_publishing(kind: Kind) -> None:
    @router.post(
        f"/alerts/{{document_id}}/{kind.plural}",
        operation_id=f"publish_{kind.name}",
        summary=f"Answer an alert with {kind.what}",
        status_code=201,
        responses={201: {"model": kind.written, **PLACED}, 409: REFUSED, **WAITS},
        openapi_extra=takes(kind.draft) | ONCE,
        tags=["alerts"],
    )
    def publish_answer(request: Request, caller: Writer, raw: JsonBody, query: Nothing, document_id: DocumentPath) -> Response:
        """Answer an alert that one may see with a document of its own, marked as the alert is where nothing else is said."""
        del query
        node, value = node_of(request), read_json(raw)
        with node.db.read() as session:
            standing(session, caller, Alert, document_id)
            conference = require_author(session, caller, value, node.settings.authored)

        def work(keep: KeepAnswer | None) -> Response:
            draft, keep_it = parse(kind.draft, value), kept(keep, kind.place)
            done = publish(node, caller, draft, conference, document_id, attempt=attempt_of(request), keep=keep_it)
            return answer(done, kind.place, language_of(request))

        return kept_once(request, node, caller, raw, work)

    @router.get(
        f"/alerts/{{document_id}}/{kind.plural}",
        operation_id=f"list_{kind.name}s",
        summary=f"List the {kind.plural} about an alert",
        responses={200: {"model": kind.page}, **CONDITIONAL},
        tags=["alerts"],
    )
    def list_answers(request: Request, caller: Reader, query: Annotated[AnswerQuery, Query()], document_id: DocumentPath) -> Response:
        """The newest version of every answer of this kind that the caller may see, in the order of publication."""
        node = node_of(request)
        with node.db.read() as session:
            standing(session, caller, Alert, document_id)
        conditions = [AlertAnswer.alert == document_id, AlertAnswer.kind == kind.name, *marking_filters(AlertAnswer, query)]

        def page(session: Session, after: tuple[str, str] | None, limit: int, _total: int) -> list[Found]:
            return reading.page(session, caller, AlertAnswer, conditions, _ORDER, after, limit)

        def more(session: Session) -> Mapping[str, object]:
            told = kind.name == "opinion" and caller.reads_bodies
            return {"counts": _counts(session, caller, document_id)} if told else {}

        shown = Listing(lambda session: reading.count(session, caller, AlertAnswer, conditions), page, more)
        return list_answer(
            request, caller, kinds=(kind.name, "alert"), asked=query, listing=shown, also=(utc_now().date(),), about=document_id
        )


def _counts(session: Session, caller: Caller, alert_id: str) -> dict[str, int]:
    table = AlertAnswer
    seen = (
        table.alert == alert_id,
        table.kind == "opinion",
        table.superseded_at.is_(None),
        table.document_id.in_(visible_documents(caller)),
    )
    asked = (
        select(table.said, func.count().label("number")).where(*seen, table.decided.is_(None), table.said.is_not(None)).group_by(table.said)
    )
    found = {row.said: row.number for row in session.execute(asked)}
    return {step.value: found.get(step.value, 0) for step in OpinionCode}


def _add_reads(kind: Kind) -> None:
    read: dict[int | str, dict[str, Any]] = {200: {"model": kind.document | wire.AnswerEnvelope}, **CONDITIONAL}

    @router.get(
        f"/{kind.plural}/{{document_id}}", operation_id=f"get_{kind.name}", summary=f"Read {kind.what}", responses=read, tags=["alerts"]
    )
    def get_answer(request: Request, caller: Reader, query: Nothing, document_id: DocumentPath) -> Response:
        """The newest version of an answer to an alert; it is seen only with its alert."""
        del query
        node = node_of(request)
        with node.db.read() as session:
            found = reading.one(session, caller, AlertAnswer, _of_kind(session, kind, document_id))
        return document_answer(request, node, found)

    @router.get(
        f"/{kind.plural}/{{document_id}}/versions",
        operation_id=f"list_{kind.name}_versions",
        summary=f"List the versions of {kind.what}",
        responses={200: {"model": wire.AnswerVersions}},
        tags=["alerts"],
    )
    def list_versions(request: Request, caller: Reader, query: Nothing, document_id: DocumentPath) -> Response:
        """Every version of an answer that the caller may see, oldest first."""
        del query
        node = node_of(request)
        with node.db.read() as session:
            found = reading.versions(session, caller, AlertAnswer, _of_kind(session, kind, document_id))
        node.read_audit.note(attempt_of(request), [(item.document_id, item.version, item.tlp) for item in found])
        return json_response(page_of([item.text for item in found], None, len(found)))

    @router.get(
        f"/{kind.plural}/{{document_id}}/versions/{{number}}",
        operation_id=f"get_{kind.name}_version",
        summary=f"Read one version of {kind.what}",
        responses=read,
        tags=["alerts"],
    )
    def get_version(request: Request, caller: Reader, query: Nothing, document_id: DocumentPath, number: NumberPath) -> Response:
        """One version of an answer."""
        del query
        node = node_of(request)
        with node.db.read() as session:
            known = _of_kind(session, kind, document_id)
            found = reading.version(session, caller, AlertAnswer, known, version_number(number))
        return document_answer(request, node, found)


def _of_kind(session: Session, kind: Kind, document_id: str) -> str:
    """The id as it may be asked for: one of another kind is asked for like any that does not exist."""
    asked = select(AlertAnswer.kind).where(AlertAnswer.document_id == known_form(document_id)).limit(1)
    return document_id if session.scalar(asked) == kind.name else ""


def _changeable(node: Node, caller: Caller, kind: Kind, document_id: str) -> Standing:
    with node.db.read() as session:
        return changeable(session, caller, AlertAnswer, _of_kind(session, kind, document_id))


def _add_changes(kind: Kind) -> None:
    @router.put(
        f"/{kind.plural}/{{document_id}}",
        operation_id=f"revise_{kind.name}",
        summary=f"Revise {kind.what}",
        responses={200: {"model": kind.written, **TAGGED}, **WAITS},
        openapi_extra=takes(kind.revision) | ONCE,
        tags=["alerts"],
    )
    def revise_answer(
        request: Request, caller: Writer, raw: JsonBody, query: Nothing, document_id: DocumentPath, if_match: IfMatch = None
    ) -> Response:
        """Publish a whole new version of an answer with its reason, against the version that was seen."""
        del query
        node, value = node_of(request), read_json(raw)
        seen = _changeable(node, caller, kind, document_id)
        with node.db.read() as session:
            require_author(session, caller, value, node.settings.authored)

        def work(keep: KeepAnswer | None) -> Response:
            revision, keep_it = parse(kind.revision, value), kept(keep, kind.place)
            require_match(if_match, document_etag(document_id, seen.version))
            done = revise(node, caller, revision, seen, revision.reason, attempt=attempt_of(request), keep=keep_it)
            return answer(done, kind.place, language_of(request))

        return kept_once(request, node, caller, raw, work)

    @router.post(
        f"/{kind.plural}/{{document_id}}/withdraw",
        operation_id=f"withdraw_{kind.name}",
        summary=f"Withdraw {kind.what}",
        responses={200: {"model": wire.WithdrawnAnswer, **TAGGED}},
        openapi_extra=takes(Grounds) | ONCE,
        tags=["alerts"],
    )
    def withdraw_answer(
        request: Request, caller: Writer, raw: JsonBody, query: Nothing, document_id: DocumentPath, if_match: IfMatch = None
    ) -> Response:
        """Take an answer back with a reason; its bodies are never served again."""
        del query
        node, value = node_of(request), read_json(raw)
        seen = _changeable(node, caller, kind, document_id)

        def work(keep: KeepAnswer | None) -> Response:
            reason, keep_it = parse(Grounds, value).reason, kept(keep, kind.place)
            require_match(if_match, document_etag(document_id, seen.version))
            return answer(withdraw(node, seen, reason, attempt=attempt_of(request), keep=keep_it), kind.place)

        return kept_once(request, node, caller, raw, work)


def _add_erasure(kind: Kind) -> None:
    @router.post(
        f"/{kind.plural}/{{document_id}}/erase",
        operation_id=f"erase_{kind.name}",
        summary=f"Erase {kind.what}",
        responses={200: {"model": Erased}},
        openapi_extra=takes(Grounds) | ONCE,
        tags=["alerts"],
    )
    def erase_one(
        request: Request, caller: Secretariat, raw: JsonBody, query: Nothing, document_id: DocumentPath, if_match: IfMatch = None
    ) -> Response:
        """Erase an answer for good, with all its versions; that it stood stays; it cannot be undone."""
        del query
        return erase_answer(
            request, caller, raw, kind=kind.name, table=AlertAnswer, document_id=document_id, if_match=if_match, forget=forget_one
        )


for _kind in KINDS:
    _add_publishing(_kind)
    _add_reads(_kind)
    _add_changes(_kind)
    _add_erasure(_kind)


@router.get(
    "/proposals/{document_id}/decision",
    operation_id="get_proposal_decision",
    responses={200: {"model": wire.ProposalDecision}},
    tags=["alerts"],
)
def get_proposal_decision(request: Request, caller: Reader, query: Nothing, document_id: DocumentPath) -> Response:
    """What became of a proposal: open, accepted with a version of the alert, or declined for a reason."""
    del query
    node = node_of(request)
    with node.db.read() as session:
        told = decision_of(session, caller, document_id)
    return json_response(told, headers={"Cache-Control": "private, no-cache", "Vary": "Authorization"})


@router.post(
    "/proposals/{document_id}/accept",
    operation_id="accept_proposal",
    responses={200: {"model": WrittenAlert, **TAGGED}, 409: REFUSED, **WAITS},
    openapi_extra=takes(wire.Acceptance) | ONCE,
    tags=["alerts"],
)
def accept_proposal(request: Request, caller: Writer, raw: JsonBody, query: Nothing, document_id: DocumentPath) -> Response:
    """Make what is proposed a new version of the alert, which credits the proposal; for the alert's origin."""
    del query
    node, value = node_of(request), read_json(raw)
    _require_decider(node, caller, document_id)

    def work(keep: KeepAnswer | None) -> Response:
        reason, keep_it = parse(wire.Acceptance, value).reason, kept(keep, "/v1/alerts")
        done = accept(node, caller, document_id, reason, attempt=attempt_of(request), keep=keep_it)
        return answer(done, "/v1/alerts", language_of(request))

    return kept_once(request, node, caller, raw, work)


@router.post(
    "/proposals/{document_id}/decline",
    operation_id="decline_proposal",
    responses={201: {"model": wire.WrittenOpinion, **PLACED}, 409: REFUSED},
    status_code=201,
    openapi_extra=takes(Grounds) | ONCE,
    tags=["alerts"],
)
def decline_proposal(request: Request, caller: Writer, raw: JsonBody, query: Nothing, document_id: DocumentPath) -> Response:
    """Decline a proposal with a reason: an opinion of the alert's origin, which the proposal's office may see."""
    del query
    node, value = node_of(request), read_json(raw)
    _require_decider(node, caller, document_id)

    def work(keep: KeepAnswer | None) -> Response:
        reason, keep_it = parse(Grounds, value).reason, kept(keep, "/v1/opinions")
        return answer(decline(node, caller, document_id, reason, attempt=attempt_of(request), keep=keep_it), "/v1/opinions")

    return kept_once(request, node, caller, raw, work)


def _require_decider(node: Node, caller: Caller, document_id: str) -> None:
    with node.db.read() as session:
        require_decider(session, caller, document_id)
