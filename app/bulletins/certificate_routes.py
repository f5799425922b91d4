"""Routes beside a bulletin: how it is cited, its certificate for outsiders; for its issuer the report on its protection and who has read it (contract: Routes)."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.rules import BodyReader, Reader, Writer, attempt_of
from app.bulletins.certificates import certificate_text, named_in, readable, visible_among
from app.bulletins.citation import citation_of, named_version
from app.bulletins.models import Bulletin
from app.bulletins.report import report_of
from app.core.conditional import answer_etag, is_fresh
from app.core.declared import CONDITIONAL, SPOKEN
from app.core.http import json_response
from app.core.language import language_of, spoken
from app.core.problems import Problem
from app.core.query import NoQuery, PageQuery
from app.core.query import Query as Asked
from app.documents import reading
from app.documents.edge import DocumentPath, known_form, node_of
from app.documents.readers import readers_answer
from app.documents.reading import Found
from app.wire.citation import Citation
from app.wire.codes import Role, Status
from app.wire.disclosure import Certificate, DisclosureReport
from app.wire.readers import DocumentReaderPage

router = APIRouter(prefix="/v1/bulletins", tags=["bulletins"])

NamedPath = Annotated[str, Path(max_length=64, description="the document's UUIDv7, or `id@vN` for one of its versions")]


class CertificateQuery(Asked):
    """Which version's certificate; the newest one's where none is named."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


@router.get("/{document_id}/certificate", operation_id="get_bulletin_certificate", responses={200: {"model": Certificate}, **CONDITIONAL})
def get_bulletin_certificate(
    request: Request, caller: BodyReader, query: Annotated[CertificateQuery, Query()], document_id: DocumentPath
) -> Response:
    """The certificate of a version: with the documents that it names anyone can check by arithmetic that no small count follows.

    `this` in it is the version itself. Whoever may not read one of the versions that it names gets none: it tells their figures.
    """
    node = node_of(request)
    with node.db.read() as session:
        found, text = readable(session, caller, known_form(document_id), query.version)
    etag = f'"{found.document_id}.v{found.version}.certificate"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    node.read_audit.note(attempt_of(request), [(found.document_id, found.version, found.tlp)])
    if is_fresh(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return json_response(text.encode(), headers=headers)


@router.get(
    "/{document_id}/disclosure-report", operation_id="get_disclosure_report", responses={200: {"model": DisclosureReport, **SPOKEN}}
)
def get_disclosure_report(request: Request, caller: Writer, query: Annotated[NoQuery, Query()], document_id: DocumentPath) -> Response:
    """What of the newest version was shown and withheld, and why, for its issuer and the secretariat of its origin.

    Worked out from published rows alone.
    """
    del query
    node, language = node_of(request), language_of(request)
    with node.db.read() as session:
        found, document = _own(session, caller, known_form(document_id))
        text = certificate_text(session, (found.document_id, found.version))
        beside = visible_among(session, caller, named_in(text) if text else ())
    node.read_audit.note(attempt_of(request), [(found.document_id, found.version, found.tlp)])
    headers = {"Cache-Control": "private, no-cache", **spoken(language, "Authorization")}
    return json_response(report_of(document, beside, language), headers=headers)


@router.get("/{document_id}/readers", operation_id="list_bulletin_readers", response_model=DocumentReaderPage, responses=CONDITIONAL)
def list_bulletin_readers(request: Request, caller: Writer, query: Annotated[PageQuery, Query()], document_id: DocumentPath) -> Response:
    """Which offices have read a bulletin, each version and on which days, the own ones too; for its issuer and its origin's secretariat.

    Operators see envelopes and are not told of. Another node's offices read there: here its node is told of, by role `peer`.
    """
    return readers_answer(request, caller, query, Bulletin, document_id)


@router.get("/{document_id}/citation", operation_id="get_bulletin_citation", responses={200: {"model": Citation}, **CONDITIONAL})
def get_bulletin_citation(request: Request, caller: Reader, query: Annotated[NoQuery, Query()], document_id: NamedPath) -> Response:
    """How a version is cited, in es, pt and en: publisher, title, period, version, day, node, address, digest.

    `id@vN` names a version, a bare id the newest. Of what was withdrawn, and to an operator, nothing is told that the envelope does not say.
    """
    del query
    node = node_of(request)
    with node.db.read() as session:
        found = named(session, caller, document_id)
        newest = reading.standing(session, caller, Bulletin, found.document_id)[1]
    node.read_audit.note(attempt_of(request), [(found.document_id, found.version, found.tlp)])
    settings = node.settings
    answer = citation_of(orjson.loads(found.text), newest, settings.node_name, settings.public_url)
    etag = answer_etag("citation", answer)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if is_fresh(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return json_response(answer, headers=headers)


def named(session: Session, caller: Caller, name: str) -> Found:
    """The version that a name means, `id@vN`, or the newest of a bare id; raises `not-found`."""
    document_id, number = named_version(name)
    if number is None:
        return reading.one(session, caller, Bulletin, known_form(document_id))
    return reading.version(session, caller, Bulletin, known_form(document_id), number)


def _own(session: Session, caller: Caller, document_id: str) -> tuple[Found, dict[str, Any]]:
    """The newest version of a bulletin that the caller issued, or whose origin it is the secretariat of.

    Raises `not-found` for what it may not see and for what was withdrawn, `not-origin` and `not-your-state` (403) for others' bulletins.
    """
    found = reading.one(session, caller, Bulletin, document_id)
    document: dict[str, Any] = orjson.loads(found.text)
    if document["origin"] != caller.conference:
        raise Problem("not-origin")
    if caller.role is not Role.SECRETARIAT and document["issuer"] != caller.office:
        raise Problem("not-your-state")
    if document["status"] == Status.WITHDRAWN.value:
        raise Problem("not-found")
    return found, document
