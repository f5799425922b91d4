"""Routes of bulletins: check, publish, batch, revise, withdraw, erase; list, one, versions (contract: Routes)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.access.once import KeepAnswer, once
from app.access.rules import Reader, Secretariat, Writer, attempt_of
from app.bulletins import models
from app.bulletins.certificate_routes import NamedPath, named
from app.bulletins.declare import declare, declare_all
from app.bulletins.edge import Passage, answer, findings_of, kept, outcome_of, right_to_change, right_to_write, rights_to_write
from app.bulletins.listing import listing_of
from app.bulletins.preparing import Submission
from app.bulletins.projection import forget_one
from app.bulletins.queries import ListQuery, ProtectQuery
from app.bulletins.service import check, publish, withdraw
from app.bulletins.writing import Published
from app.core.clock import rfc3339
from app.core.conditional import require_match
from app.core.declared import CONDITIONAL, ONCE, PLACED, REFUSED, SPOKEN, TAGGED
from app.core.http import JsonBody, json_response, takes
from app.core.language import language_of, spoken
from app.core.paging import page_size
from app.core.parsing import parse, read_json
from app.core.problems import as_json
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
from app.exchange.node import Node
from app.wire.bulletin import Batch, BatchItems, BulletinDraft, BulletinRevision, Grounds
from app.wire.changes import Erased
from app.wire.codes import Outcome
from app.wire.problem import Finding
from app.wire.published import (
    Bulletin,
    BulletinEnvelope,
    BulletinPage,
    Judgement,
    Receipts,
    WaitingReceipts,
    Waits,
    WithdrawnBulletin,
    WrittenBulletin,
)
from app.wire.strict_json import pointer

router = APIRouter(prefix="/v1/bulletins", tags=["bulletins"])

BODIES = (BulletinDraft, Batch, BulletinRevision, Grounds)
"""Bodies that are read by hand, after the caller and its rights are known."""

_MOST_FINDINGS = 100
Protection = Annotated[ProtectQuery, Query()]
Nothing = Annotated[NoQuery, Query()]
_TOLD = {"headers": {**TAGGED["headers"], **SPOKEN["headers"]}}
_MADE = {"headers": {**PLACED["headers"], **SPOKEN["headers"]}}
_WRITTEN: dict[int | str, dict[str, Any]] = {200: {"model": WrittenBulletin, **_TOLD}, 201: {"model": WrittenBulletin, **_MADE}}
_WAITS: dict[int | str, dict[str, Any]] = {202: {"model": Waits, **_MADE}}
_READ: dict[int | str, dict[str, Any]] = {200: {"model": Bulletin | BulletinEnvelope}, **CONDITIONAL}


def _once(request: Request, node: Node, caller: Writer, raw: bytes, work: Any) -> Response:  # noqa: ANN401 - passed through to `once`
    return once(request, db=node.db, secrets=node.secrets, keep_days=node.settings.idempotency_days, caller=caller, raw=raw, work=work)


@router.post(
    "/check",
    operation_id="check_bulletin",
    responses={200: {"model": Judgement, **SPOKEN}, 409: REFUSED},
    openapi_extra=takes(BulletinDraft),
)
def check_bulletin(request: Request, caller: Writer, raw: JsonBody, query: Protection, _: Passage) -> Response:
    """Judge a bulletin as publishing it would, and store nothing: the protected table, or the findings of the refusal."""
    node, value = node_of(request), read_json(raw)
    conference = right_to_write(node, caller, value)
    prepared = check(node, caller, Submission(declare(parse(BulletinDraft, value), conference), query.protect))
    language = language_of(request)
    findings = [as_json(finding, language) for finding in findings_of(prepared)[:_MOST_FINDINGS]]
    due = prepared.wait.due
    judged = {
        "outcome": outcome_of(prepared),
        "due": rfc3339(due) if due else None,
        "bulletin": prepared.ready.content,
        "findings": findings,
    }
    return json_response(judged, headers=spoken(language, "Authorization"))


@router.post("", operation_id="publish_bulletin", status_code=201, responses=_WRITTEN | _WAITS, openapi_extra=takes(BulletinDraft) | ONCE)
def publish_bulletin(request: Request, caller: Writer, raw: JsonBody, query: Protection, _: Passage) -> Response:
    """Publish a bulletin: 201; 200 with `outcome: unchanged` where its protected form stands already; 409 for any other under its natural key.

    202 where it has to wait: `pending` until its minute (`publish_at`, or what the conference decided for its national offices), `held`
    until another person of the secretariat has confirmed it.
    """
    node, value = node_of(request), read_json(raw)
    conference = right_to_write(node, caller, value)

    def work(keep: KeepAnswer | None) -> Response:
        submission = Submission(declare(parse(BulletinDraft, value), conference), query.protect)
        done = publish(node, caller, [submission], attempt=attempt_of(request), keep=kept(keep))[0]
        return answer(done, language_of(request))

    return _once(request, node, caller, raw, work)


@router.post(
    "/batch",
    operation_id="publish_batch",
    status_code=201,
    responses={200: {"model": Receipts, **SPOKEN}, 201: {"model": Receipts, **SPOKEN}, 202: {"model": WaitingReceipts, **_MADE}},
    openapi_extra=takes(Batch) | ONCE,
)
def publish_batch(request: Request, caller: Writer, raw: JsonBody, query: Protection, _: Passage) -> Response:
    """Publish bulletins together or not at all; every failing item is named.  202 where one of them has to wait: then all do."""
    node, value = node_of(request), read_json(raw)
    items = value.get("bulletins") if isinstance(value, dict) else None
    rights = rights_to_write(node, caller, items if isinstance(items, list) else [], "bulletins")

    def work(keep: KeepAnswer | None) -> Response:
        page_size(len(rights) or 1, node.settings.batch_limit)
        sent = parse(BatchItems, value).bulletins
        declared = declare_all(
            [partial(parse, BulletinDraft, item, at=("bulletins", at)) for at, item in enumerate(sent)], rights, "bulletins"
        )
        submissions = [Submission(declaration, query.protect) for declaration in declared]
        keep_it = (lambda session, results: keep(session, receipts(results))) if keep else None
        done = publish(node, caller, submissions, attempt=attempt_of(request), keep=keep_it)
        return receipts(done, language_of(request))

    return _once(request, node, caller, raw, work)


def receipts(results: list[Published], language: str | None = None) -> Response:
    """The answer to a batch: a receipt a bulletin; in its sender's language, where one is given, with the warnings."""
    listed = [_receipt(result) for result in results]
    findings, kept_at = warnings_in(results), next((result.kept for result in results if result.kept), None)
    if kept_at is not None:
        return waiting_answer(kept_at, findings, language, {"bulletins": listed})
    told = [as_json(warning, language) for warning in findings] if language else []
    status = 201 if any(result.outcome == Outcome.CREATED.value for result in results) else 200
    headers = spoken(language, "Authorization") if language else None
    return json_response({"bulletins": listed, "findings": told}, status=status, headers=headers)


def _receipt(result: Published) -> dict[str, object]:
    known = result.document or {"id": None, "version": None}
    return {"id": known["id"], "version": known["version"], "period": result.period, "outcome": result.outcome}


def warnings_in(results: Sequence[Published]) -> list[Finding]:
    """What another person has to confirm of a batch, and its warnings, each at the cells of its bulletin, as many as an answer takes."""
    found = [
        replace(warning, pointer=pointer("bulletins", at, "cells")) for at, result in enumerate(results) for warning in result.warnings
    ]
    return [*(each for result in results for each in result.to_confirm), *found][:_MOST_FINDINGS]


@router.put(
    "/{document_id}",
    operation_id="revise_bulletin",
    responses={200: {"model": WrittenBulletin, **_TOLD}, **_WAITS},
    openapi_extra=takes(BulletinRevision) | ONCE,
)
def revise_bulletin(
    request: Request, caller: Writer, raw: JsonBody, query: Protection, document_id: DocumentPath, _: Passage, if_match: IfMatch = None
) -> Response:
    """Publish a whole new version with its reason, against the version that the sender has seen; reinstates a withdrawn one."""
    node, value = node_of(request), read_json(raw)
    etag = right_to_change(node, caller, document_id)
    conference = right_to_write(node, caller, value)

    def work(keep: KeepAnswer | None) -> Response:
        revision = parse(BulletinRevision, value)
        declaration = declare(revision, conference)
        require_match(if_match, etag)
        seen = int(etag.rsplit(".v", 1)[1].rstrip('"'))
        submission = Submission(declaration, query.protect, reason=revision.reason, target=document_id, etag_version=seen)
        done = publish(node, caller, [submission], attempt=attempt_of(request), keep=kept(keep))[0]
        return answer(done, language_of(request))

    return _once(request, node, caller, raw, work)


@router.post(
    "/{document_id}/withdraw",
    operation_id="withdraw_bulletin",
    responses={200: {"model": WithdrawnBulletin, **TAGGED}},
    openapi_extra=takes(Grounds) | ONCE,
)
def withdraw_bulletin(
    request: Request, caller: Writer, raw: JsonBody, query: Nothing, document_id: DocumentPath, if_match: IfMatch = None
) -> Response:
    """Take a bulletin back with a reason; its bodies are never served again."""
    del query
    node, value = node_of(request), read_json(raw)
    etag = right_to_change(node, caller, document_id)

    def work(keep: KeepAnswer | None) -> Response:
        reason = parse(Grounds, value).reason
        require_match(if_match, etag)
        seen = int(etag.rsplit(".v", 1)[1].rstrip('"'))
        done = withdraw(node, caller, document_id, version=seen, reason=reason, attempt=attempt_of(request), keep=kept(keep))
        return answer(done)

    return _once(request, node, caller, raw, work)


@router.post("/{document_id}/erase", operation_id="erase_bulletin", responses={200: {"model": Erased}}, openapi_extra=takes(Grounds) | ONCE)
def erase_bulletin(
    request: Request, caller: Secretariat, raw: JsonBody, query: Nothing, document_id: DocumentPath, if_match: IfMatch = None
) -> Response:
    """Erase a bulletin for good, with all its versions: body, digest and signature go, that it stood stays; it cannot be undone.

    The reason is asked for and then neither published nor stored.
    """
    del query
    return erase_answer(
        request, caller, raw, kind="bulletin", table=models.Bulletin, document_id=document_id, if_match=if_match, forget=forget_one
    )


@router.get("", operation_id="list_bulletins", responses={200: {"model": BulletinPage}, **CONDITIONAL})
def list_bulletins(request: Request, caller: Reader, query: Annotated[ListQuery, Query()]) -> Response:
    """The newest version of every bulletin that the caller may see, in the order of publication; withdrawn ones as envelopes."""
    return list_answer(request, caller, kinds=("bulletin",), asked=query, listing=listing_of(caller, query))


@router.get("/{document_id}", operation_id="get_bulletin", responses=_READ)
def get_bulletin(request: Request, caller: Reader, query: Nothing, document_id: NamedPath) -> Response:
    """The newest version of a bulletin; or the one that `id@vN` names, as every row of flows names where it comes from."""
    del query
    node = node_of(request)
    with node.db.read() as session:
        found = named(session, caller, document_id)
    return document_answer(request, node, found)


@router.get("/{document_id}/versions", operation_id="list_bulletin_versions", responses={200: {"model": BulletinPage}})
def list_bulletin_versions(request: Request, caller: Reader, query: Nothing, document_id: DocumentPath) -> Response:
    """Every version of a bulletin that the caller may see, oldest first."""
    del query
    node = node_of(request)
    with node.db.read() as session:
        found = reading.versions(session, caller, models.Bulletin, known_form(document_id))
    node.read_audit.note(attempt_of(request), [(item.document_id, item.version, item.tlp) for item in found])
    return json_response(page_of([item.text for item in found], None, len(found)))


@router.get("/{document_id}/versions/{number}", operation_id="get_bulletin_version", responses=_READ)
def get_bulletin_version(request: Request, caller: Reader, query: Nothing, document_id: DocumentPath, number: NumberPath) -> Response:
    """One version of a bulletin."""
    del query
    node = node_of(request)
    with node.db.read() as session:
        found = reading.version(session, caller, models.Bulletin, known_form(document_id), version_number(number))
    return document_answer(request, node, found)
