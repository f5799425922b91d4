"""Routes of alerts: publish, batch, revise, withdraw; list, facets, one, versions, related (contract: Routes)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.access.once import KeepAnswer, once
from app.access.rules import BodyReader, Reader, Secretariat, Writer, attempt_of
from app.alerts import listing, models, projection
from app.alerts.declare import declare, declare_all
from app.alerts.ending import with_answers
from app.alerts.exports import export
from app.alerts.queries import AlertQuery, FacetQuery
from app.alerts.relating import related
from app.alerts.rights import changeable, require_author
from app.alerts.service import publish, revise, withdraw
from app.alerts.writing import Keep, Written
from app.core.accepting import accepted
from app.core.clock import utc_now
from app.core.conditional import answer_etag, document_etag, is_fresh, require_match
from app.core.declared import CONDITIONAL, ONCE, PLACED, REFUSED, SPOKEN, TAGGED, TEXT
from app.core.http import JSON, JsonBody, json_response, takes
from app.core.language import language_of, spoken
from app.core.paging import page_size, unguessable
from app.core.parsing import parse, read_json
from app.core.query import NoQuery
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
    waiting_answer,
)
from app.exchange.log import head
from app.exchange.node import Node
from app.exchange.noticing import highest_visible
from app.wire.alert import AlertBatch, AlertBatchItems, AlertDraft, AlertRevision
from app.wire.alert_published import (
    Alert,
    AlertEnvelope,
    AlertFacets,
    AlertPage,
    AlertReceipts,
    RelatedAlerts,
    WithdrawnAlert,
    WrittenAlert,
)
from app.wire.bulletin import Grounds
from app.wire.changes import Erased
from app.wire.codes import Outcome
from app.wire.published import Waits

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

BODIES = (AlertDraft, AlertBatch, AlertRevision)
"""Bodies that are read by hand, after the caller and its rights are known."""

_MOST_FINDINGS = 100
_DEFAULT_LIMIT = 100
MEDIA = {"json": JSON, "csv": "text/csv", "ndjson": "application/x-ndjson"}
Nothing = Annotated[NoQuery, Query()]
WAITS: dict[int | str, dict[str, Any]] = {202: {"model": Waits, "headers": {**PLACED["headers"], **SPOKEN["headers"]}}}
"""For `responses`: the write may have to wait."""
_WRITTEN: dict[int | str, dict[str, Any]] = {201: {"model": WrittenAlert, **PLACED}, **WAITS}
_READ: dict[int | str, dict[str, Any]] = {200: {"model": Alert | AlertEnvelope}, **CONDITIONAL}


def kept_once(request: Request, node: Node, caller: Writer, raw: bytes, work: Any) -> Response:  # noqa: ANN401 - passed through to `once`
    """A write under its Idempotency-Key."""
    return once(request, db=node.db, secrets=node.secrets, keep_days=node.settings.idempotency_days, caller=caller, raw=raw, work=work)


def kept(keep: KeepAnswer | None, place: str) -> Keep | None:
    """Keep the answer of a write of one document."""
    return (lambda session, results: keep(session, answer(results[0], place))) if keep else None


def answer(done: Written, place: str, language: str | None = None) -> Response:
    """The answer to a write of one document: the document with its `outcome`; `place` is the address of its kind.

    202 where it waits: where, until when, and in its sender's language, where one is given, what another person has to confirm.
    """
    if done.kept is not None:
        return waiting_answer(done.kept, done.to_confirm, language)
    document = done.document
    headers = {"ETag": document_etag(str(document["id"]), int(document["version"]))}
    created = done.outcome == Outcome.CREATED.value
    if created:
        headers["Location"] = f"{place}/{document['id']}"
    return json_response(document | {"outcome": done.outcome}, status=201 if created else 200, headers=headers)


@router.post("", operation_id="publish_alert", status_code=201, responses=_WRITTEN, openapi_extra=takes(AlertDraft) | ONCE)
def publish_alert(request: Request, caller: Writer, raw: JsonBody, query: Nothing) -> Response:
    """Publish an alert: who, what and where of a network, without naming anyone."""
    del query
    node, value = node_of(request), read_json(raw)
    with node.db.read() as session:
        conference = require_author(session, caller, value, node.settings.authored)

    def work(keep: KeepAnswer | None) -> Response:
        declaration = declare(parse(AlertDraft, value), conference)
        done = publish(node, caller, [declaration], attempt=attempt_of(request), keep=kept(keep, router.prefix))[0]
        return answer(done, router.prefix, language_of(request))

    return kept_once(request, node, caller, raw, work)


@router.post(
    "/batch",
    operation_id="publish_alert_batch",
    status_code=201,
    responses={201: {"model": AlertReceipts}, **WAITS},
    openapi_extra=takes(AlertBatch) | ONCE,
)
def publish_alert_batch(request: Request, caller: Writer, raw: JsonBody, query: Nothing) -> Response:
    """Publish alerts together or not at all; every failing item is named."""
    del query
    node, value = node_of(request), read_json(raw)
    items = value.get("alerts") if isinstance(value, dict) else None
    with node.db.read() as session:
        rights = [
            require_author(session, caller, body, node.settings.authored, ("alerts", at))
            for at, body in enumerate(items if isinstance(items, list) else [])
        ]

    def work(keep: KeepAnswer | None) -> Response:
        page_size(len(rights) or 1, node.settings.batch_limit)
        sent = parse(AlertBatchItems, value).alerts
        declared = declare_all(sent, rights)
        keep_it = (lambda session, results: keep(session, _receipts(results))) if keep else None
        return _receipts(publish(node, caller, declared, attempt=attempt_of(request), keep=keep_it), language_of(request))

    return kept_once(request, node, caller, raw, work)


def _receipts(results: list[Written], language: str | None = None) -> Response:
    if results[0].kept is not None:
        return waiting_answer(results[0].kept, results[0].to_confirm, language)
    listed = [{name: each.document[name] for name in ("id", "version", "reference")} | {"outcome": each.outcome} for each in results]
    return json_response({"alerts": listed, "findings": []}, status=201)


@router.put(
    "/{document_id}",
    operation_id="revise_alert",
    responses={200: {"model": WrittenAlert, **TAGGED}, **WAITS},
    openapi_extra=takes(AlertRevision) | ONCE,
)
def revise_alert(
    request: Request, caller: Writer, raw: JsonBody, query: Nothing, document_id: DocumentPath, if_match: IfMatch = None
) -> Response:
    """Publish a whole new version with its reason, against the version that was seen; closes a case, reinstates a withdrawn alert."""
    del query
    node, value = node_of(request), read_json(raw)
    with node.db.read() as session:
        seen = changeable(session, caller, models.Alert, document_id)
        conference = require_author(session, caller, value, node.settings.authored)

    def work(keep: KeepAnswer | None) -> Response:
        revision = parse(AlertRevision, value)
        declaration = declare(revision, conference)
        require_match(if_match, document_etag(document_id, seen.version))
        keep_it = kept(keep, router.prefix)
        done = revise(node, caller, declaration, seen, revision.reason, attempt=attempt_of(request), keep=keep_it)
        return answer(done, router.prefix, language_of(request))

    return kept_once(request, node, caller, raw, work)


@router.post(
    "/{document_id}/withdraw",
    operation_id="withdraw_alert",
    responses={200: {"model": WithdrawnAlert, **TAGGED}},
    openapi_extra=takes(Grounds) | ONCE,
)
def withdraw_alert(
    request: Request, caller: Writer, raw: JsonBody, query: Nothing, document_id: DocumentPath, if_match: IfMatch = None
) -> Response:
    """Take an alert back with a reason; its bodies are never served again."""
    del query
    node, value = node_of(request), read_json(raw)
    with node.db.read() as session:
        seen = changeable(session, caller, models.Alert, document_id)

    def work(keep: KeepAnswer | None) -> Response:
        reason = parse(Grounds, value).reason
        require_match(if_match, document_etag(document_id, seen.version))
        return answer(withdraw(node, seen, reason, attempt=attempt_of(request), keep=kept(keep, router.prefix)), router.prefix)

    return kept_once(request, node, caller, raw, work)


@router.post("/{document_id}/erase", operation_id="erase_alert", responses={200: {"model": Erased}}, openapi_extra=takes(Grounds) | ONCE)
def erase_alert(
    request: Request, caller: Secretariat, raw: JsonBody, query: Nothing, document_id: DocumentPath, if_match: IfMatch = None
) -> Response:
    """Erase an alert for good, with all its versions and all that was answered to it; that it stood stays; it cannot be undone.

    The reason is asked for and then neither published nor stored.
    """
    del query
    return erase_answer(
        request,
        caller,
        raw,
        kind="alert",
        table=models.Alert,
        document_id=document_id,
        if_match=if_match,
        forget=projection.forget_one,
        along=with_answers,
    )


@router.get(
    "",
    operation_id="list_alerts",
    responses={
        200: {
            "model": AlertPage,
            "description": "A page as JSON, or all alerts that answer as a file.",
            "content": {
                MEDIA["csv"]: {"schema": TEXT},
                MEDIA["ndjson"]: {"schema": {"$ref": "#/components/schemas/AlertLine"}, "x-lines": True},
            },
        },
        **CONDITIONAL,
        406: REFUSED,
    },
)
def list_alerts(request: Request, caller: Reader, query: Annotated[AlertQuery, Query()]) -> Response:
    """The newest version of every alert that the caller may see; withdrawn ones as envelopes.

    JSON comes in pages; CSV and NDJSON are files: the whole answer unless `limit` is given, without what may not be passed on.
    """
    form = query.format or accepted(request.headers.get("accept"), MEDIA)
    if form != "json":
        return export(request, caller, query, form)
    return list_answer(
        request,
        caller,
        kinds=("alert",),
        asked=query.model_copy(update={"limit": query.limit or _DEFAULT_LIMIT}),
        listing=listing.listing_of(caller, query),
        # An alert whose last day is over is out of the list without an entry of the log.
        also=(utc_now().date(),),
        vary="Authorization, Accept",
    )


@router.get("/facets", operation_id="list_alert_facets", responses={200: {"model": AlertFacets, **SPOKEN}, **CONDITIONAL})
def list_alert_facets(request: Request, caller: BodyReader, query: Annotated[FacetQuery, Query()]) -> Response:
    """How the alerts that answer spread over codes: of those that the caller may see and that were not withdrawn."""
    node, language = node_of(request), language_of(request)
    with node.db.read() as session:
        at = head(session)
        highest = unguessable(node.cursor_seal, highest_visible(session, caller, "alert", at=at))
        asked = query.model_dump(mode="json")
        etag = answer_etag("facets", at.epoch, highest, asked, caller.rights, language, utc_now().date())
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", **spoken(language, "Authorization")}
        if is_fresh(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        return json_response(listing.facets(session, caller, query, language), headers=headers)


@router.get("/{document_id}", operation_id="get_alert", responses=_READ)
def get_alert(request: Request, caller: Reader, query: Nothing, document_id: DocumentPath) -> Response:
    """The newest version of an alert."""
    del query
    node = node_of(request)
    with node.db.read() as session:
        found = reading.one(session, caller, models.Alert, known_form(document_id))
    return document_answer(request, node, found)


@router.get("/{document_id}/versions", operation_id="list_alert_versions", responses={200: {"model": AlertPage}})
def list_alert_versions(request: Request, caller: Reader, query: Nothing, document_id: DocumentPath) -> Response:
    """Every version of an alert that the caller may see, oldest first."""
    del query
    node = node_of(request)
    with node.db.read() as session:
        found = reading.versions(session, caller, models.Alert, known_form(document_id))
    node.read_audit.note(attempt_of(request), [(item.document_id, item.version, item.tlp) for item in found])
    return json_response(page_of([item.text for item in found], None, len(found)))


@router.get("/{document_id}/versions/{number}", operation_id="get_alert_version", responses=_READ)
def get_alert_version(request: Request, caller: Reader, query: Nothing, document_id: DocumentPath, number: NumberPath) -> Response:
    """One version of an alert."""
    del query
    node = node_of(request)
    with node.db.read() as session:
        found = reading.version(session, caller, models.Alert, known_form(document_id), version_number(number))
    return document_answer(request, node, found)


@router.get("/{document_id}/related", operation_id="list_related_alerts", responses={200: {"model": RelatedAlerts, **SPOKEN}})
def list_related_alerts(request: Request, caller: BodyReader, query: Nothing, document_id: DocumentPath) -> Response:
    """The alerts that this one is related to, the closest first, each with reasons and weights; from visible alerts alone."""
    del query
    node, language = node_of(request), language_of(request)
    with node.db.read() as session:
        found = reading.one(session, caller, models.Alert, known_form(document_id))
        told, read = related(session, caller, found, language)
    node.read_audit.note(attempt_of(request), [(found.document_id, found.version, found.tlp), *read])
    return json_response({"items": told}, headers={"Cache-Control": "private, no-cache", **spoken(language, "Authorization")})
