"""What the routes of every kind share: the node, the parameters of a path; one document, a page, an erasure as an answer."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import orjson
from fastapi import Header, Path, Request, Response

from app.access.callers import Caller
from app.access.once import KeepAnswer, once
from app.access.rules import attempt_of
from app.core.clock import rfc3339
from app.core.conditional import answer_etag, document_etag, is_fresh, require_match
from app.core.http import json_response
from app.core.language import spoken
from app.core.paging import binding_of, page_size, unguessable
from app.core.parsing import parse, read_json
from app.core.problems import Problem, as_json
from app.core.query import PageQuery
from app.documents.erasing import Along, Forget, erase
from app.documents.models import VersionRow
from app.documents.reading import NOTHING, Found, Listing, position_of, standing
from app.documents.totals import total_of
from app.exchange.log import Receipt, head
from app.exchange.node import Node
from app.exchange.noticing import highest_visible
from app.exchange.waiting import Kept
from app.wire.bulletin import Grounds
from app.wire.codes import Op
from app.wire.ids import is_uuid7
from app.wire.problem import Finding

_MOST_FINDINGS = 100
DocumentPath = Annotated[str, Path(max_length=64, description="the document's UUIDv7")]
NumberPath = Annotated[str, Path(max_length=12, description="the version, from 1")]
IfMatch = Annotated[str | None, Header(max_length=200, description='the ETag of the version that is changed, `"{id}.v{n}"`')]


def node_of(request: Request) -> Node:
    """The node that serves a request."""
    node: Node = request.app.state.node
    return node


def known_form(document_id: str) -> str:
    """The id as it may be asked for: whatever is no UUIDv7 can be no document of ours, and is asked for like any that does not exist."""
    return document_id if is_uuid7(document_id) else ""


def version_number(text: str) -> int:
    """The version that a path names; 0, which no version has, where it is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0  # noqa: PLR2004 - below 2^31 in any case


def document_answer(request: Request, node: Node, found: Found) -> Response:
    """One version as an answer, with its ETag and its row in the audit of reads; 304 where the caller has it."""
    headers = {"ETag": document_etag(found.document_id, found.version), "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    node.read_audit.note(attempt_of(request), [(found.document_id, found.version, found.tlp)])
    if is_fresh(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return json_response(found.text.encode(), headers=headers)


def list_answer(
    request: Request,
    caller: Caller,
    *,
    kinds: Sequence[str],
    asked: PageQuery,
    listing: Listing,
    also: tuple[object, ...] = (),
    about: str | None = None,
    vary: str = "Authorization",
) -> Response:
    """A page of the documents of a kind; 304 where nothing has changed that the caller may see.

    The ETag is made of what the caller may see of the kind in the log, of the question, and of `also`; `about` is the document that
    all of them are about.  `kinds` are the kind of the list, and that of the documents with which alone it is seen.
    """
    node = node_of(request)
    binding = binding_of(
        f"{kinds[0]}s", asked.model_dump(exclude={"cursor", "limit"}, mode="json"), caller.rights, *([about] if about else [])
    )
    limit = page_size(asked.limit, node.settings.page_limit)
    position = node.cursor_seal.open(asked.cursor, binding) if asked.cursor else None
    with node.db.read() as session:
        at = head(session)
        highest = unguessable(node.cursor_seal, highest_visible(session, caller, *kinds, at=at))
        etag = answer_etag(at.epoch, highest, binding, position, limit, *also)
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": vary}
        if is_fresh(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        after = (str(position[0]), str(position[1])) if position else None
        known = (str(session.get_bind().engine.url), at.epoch, highest, binding, *also)
        total = total_of(known, lambda: listing.count(session))
        found, besides = listing.page(session, after, limit + 1, total), listing.more(session)
    given, is_cut = found[:limit], len(found) > limit
    node.read_audit.note(attempt_of(request), [(item.document_id, item.version, item.tlp) for item in given])
    cursor = node.cursor_seal.seal(position_of(given[-1]), binding) if is_cut else None
    if cursor:
        link = request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    return json_response(page_of([item.text for item in given], cursor, total, besides), headers=headers)


def erase_answer(
    request: Request,
    caller: Caller,
    raw: bytes,
    *,
    kind: str,
    table: type[VersionRow],
    document_id: str,
    if_match: str | None,
    forget: Forget,
    along: Along | None = None,
) -> Response:
    """Erase a document of the caller's conference, against the version that the caller has seen; answers as the feed tells of it.

    Raises `not-found` for what the caller may not see and for what does not exist, `not-origin` (403) for another conference's.
    """
    node, value = node_of(request), read_json(raw)
    etag = _right_to_erase(node, caller, table, document_id)

    def work(keep: KeepAnswer | None) -> Response:
        if etag is None:
            raise Problem("not-found")
        reason = parse(Grounds, value).reason
        require_match(if_match, etag)
        kept = (lambda session, receipt: keep(session, _erased(receipt))) if keep else None
        seen, attempt = int(etag.rsplit(".v", 1)[1].rstrip('"')), attempt_of(request)
        return _erased(
            erase(node, kind, caller, document_id, version=seen, reason=reason, attempt=attempt, forget=forget, along=along, keep=kept)
        )

    return once(request, db=node.db, secrets=node.secrets, keep_days=node.settings.idempotency_days, caller=caller, raw=raw, work=work)


def _right_to_erase(node: Node, caller: Caller, table: type[VersionRow], document_id: str) -> str | None:
    """The ETag of what the caller may erase; none for what does not exist, so that a repeated request still gets its kept answer."""
    try:
        with node.db.read() as session:
            origin, version = standing(session, caller, table, known_form(document_id))
    except Problem as problem:
        if problem.code != "not-found":
            raise
        return None
    if origin != caller.conference:
        raise Problem("not-origin")
    return document_etag(document_id, version)


def _erased(receipt: Receipt) -> Response:
    named = {"id": receipt.document_id, "version": receipt.version, "op": Op.ERASE.value}
    return json_response({**named, "origin": receipt.origin, "time": receipt.recorded_at})


def page_of(texts: Sequence[str], cursor: str | None, total: int, besides: Mapping[str, object] = NOTHING) -> bytes:
    """The body of a page: its documents as they are, where the next page begins, the number of all, and what else a kind tells."""
    tail = orjson.dumps({"next_cursor": cursor, "total": total, **besides})
    return b'{"items":[' + ",".join(texts).encode() + b"]," + tail[1:]


def waiting_answer(
    kept: Kept, findings: Sequence[Finding], language: str | None = None, receipts: Mapping[str, object] | None = None
) -> Response:
    """The answer to a write that has to wait (202): where it waits, until when, and what another person has to confirm.

    Without a language nothing is said of what was found, nor of what only the sender is told: so it is kept under its Idempotency-Key.
    """
    told = [as_json(finding, language) for finding in findings[:_MOST_FINDINGS]] if language else []
    due = rfc3339(kept.due) if kept.due else None
    place = f"/v1/reviews/{kept.id}"
    content = {"outcome": kept.status.value, "review": place, "due": due, **(receipts or {}), "findings": told}
    headers = {"ETag": f'"{kept.id}.r{kept.version}"', "Location": place}
    return json_response(content, status=202, headers=headers | (spoken(language, "Authorization") if language else {}))
