"""Routes of the exchange: the change feed and the node's public description (contract: Routes, Changes, Parties)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.rules import Reader, attempt_of
from app.core.clock import utc_now
from app.core.conditional import answer_etag, is_fresh
from app.core.declared import CONDITIONAL, REFUSED
from app.core.http import json_response
from app.core.paging import page_size, unguessable
from app.core.query import PageQuery, Word
from app.exchange import feed, log, snapshot
from app.exchange.describing import description
from app.exchange.node import Node
from app.exchange.noticing import highest_visible
from app.wire.changes import ChangePage, NodeDescription, SnapshotPage

Kind = Literal[
    "bulletin", "alert", "sighting", "opinion", "proposal", "mandate", "meeting", "invitation", "commitment", "inquiry", "answer"
]

router = APIRouter()


class ChangesQuery(PageQuery):
    """Which changes are asked for; without a cursor, from the start."""

    kind: Kind | None = Field(None, description="changes of documents of this kind only")
    origin: Word | None = Field(None, description="changes of this conference's documents only")


class SnapshotQuery(PageQuery):
    """Which documents are asked for."""

    kind: Kind | None = Field(None, description="documents of this kind only")
    origin: Word | None = Field(None, description="this conference's documents only")


@router.get(
    "/v1/changes", operation_id="list_changes", response_model=ChangePage, responses={**CONDITIONAL, 410: REFUSED}, tags=["exchange"]
)
def list_changes(request: Request, caller: Reader, query: Annotated[ChangesQuery, Query()]) -> Response:
    """What was published, revised, withdrawn, hidden or erased since a cursor, in the order in which it came to this node.

    An empty page gives the cursor that it was asked with.  304 answers If-None-Match only; after a restore a cursor is refused
    with `resync-required` (410).
    """
    node: Node = request.app.state.node
    limit = page_size(query.limit, node.settings.page_limit)
    asked = feed.Question(query.cursor, limit, query.kind, query.origin)
    with node.db.read() as session:
        head = log.head(session)
        after = feed.position(node.cursor_seal, head, asked)
        highest = unguessable(node.cursor_seal, highest_visible(session, caller, at=head))
        etag = answer_etag("changes", head.epoch, highest, caller.rights, after, limit, query.kind, query.origin, utc_now().date())
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
        if is_fresh(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        page = feed.page(session, caller, node.cursor_seal, head, asked)
    node.read_audit.note(attempt_of(request), page.delivered)
    return json_response({"items": page.items, "next_cursor": page.next_cursor, "has_more": page.has_more}, headers=headers)


@router.get(
    "/v1/snapshot", operation_id="get_snapshot", response_model=SnapshotPage, responses={**CONDITIONAL, 410: REFUSED}, tags=["exchange"]
)
def get_snapshot(request: Request, caller: Reader, query: Annotated[SnapshotQuery, Query()]) -> Response:
    """Every document that stands, in its newest version, as it stood when the first page was asked: where to begin, or to begin anew.

    The last page gives the cursor of `/v1/changes` for that moment: what was published, revised, taken back, hidden or erased
    since, while the pages were read too, comes by it. After a restore a cursor is refused with `resync-required` (410).
    """
    node: Node = request.app.state.node
    limit = page_size(query.limit, node.settings.page_limit)
    asked = feed.Question(query.cursor, limit, query.kind, query.origin)
    with node.db.read() as session:
        head = log.head(session)
        at = snapshot.place(session, caller, node.cursor_seal, head, asked)
        highest, upto = (unguessable(node.cursor_seal, number) for number in (highest_visible(session, caller, at=head), at.upto))
        etag = answer_etag(
            "snapshot", head.epoch, highest, upto, caller.rights, at.after, limit, query.kind, query.origin, utc_now().date()
        )
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
        if is_fresh(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        page = snapshot.page(session, caller, node.cursor_seal, head, asked, at)
    node.read_audit.note(attempt_of(request), page.delivered)
    more = {"next_cursor": page.next_cursor, "has_more": page.next_cursor is not None, "changes_cursor": page.changes_cursor}
    return json_response({"items": page.items, **more}, headers=headers)


@router.get("/.well-known/istmo.json", operation_id="describe_node", response_model=NodeDescription, tags=["exchange"])
def describe_node(request: Request) -> Response:
    """The node's name, epoch, conferences and the public keys of their documents and of its checkpoints, old keys included (public)."""
    node: Node = request.app.state.node
    with node.db.read() as session:
        described = description(session, node)
    return json_response(described, headers={"Cache-Control": "public, max-age=60"})
