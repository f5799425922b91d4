"""Routes of what waits to be published: list, one, replace, confirm, reject, cancel (contract: Routes, reviews)."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response

from app.access.once import KeepAnswer, once
from app.access.rules import Secretariat, Writer, attempt_of
from app.bulletins.edge import Passage
from app.core.conditional import answer_etag, is_fresh
from app.core.declared import CONDITIONAL, ONCE, REFUSED, SPOKEN, TAGGED
from app.core.http import JsonBody, json_response, takes, takes_any
from app.core.language import language_of, spoken
from app.core.paging import binding_of, page_size
from app.core.parsing import parse, read_json
from app.core.query import NoQuery
from app.documents.edge import node_of
from app.documents.kinds import Kinds
from app.exchange.waiting import Item
from app.exchange.waiting_list import listed
from app.reviews import deciding
from app.reviews.queries import ReviewQuery, states_asked
from app.reviews.rights import is_alone, one
from app.reviews.showing import etag_of, shown, shown_whole
from app.wire.codes import TLP
from app.wire.review import Confirmation, Rejection, Review, ReviewItem, ReviewPage

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])

BODIES = (Confirmation, Rejection)
"""Bodies that are read by hand, after the caller and its rights are known."""

ReviewPath = Annotated[str, Path(max_length=64, description="the item's UUIDv7")]
IfMatch = Annotated[str | None, Header(max_length=200, description='the ETag of the item that is decided on, `"{id}.r{n}"`')]
Nothing = Annotated[NoQuery, Query()]
_DECIDED: dict[int | str, dict[str, Any]] = {200: {"model": ReviewItem, **TAGGED}, 409: REFUSED}
_SENT = (
    *("BulletinDraft", "Batch", "BulletinRevision", "AlertDraft", "AlertBatch", "AlertRevision"),
    *(f"{kind}{form}" for kind in ("Sighting", "Opinion", "Proposal") for form in ("Draft", "Revision")),
)
"""Models of what may wait, by name: in an item's place the form is sent that was sent first."""
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
Decide = Callable[[deciding.Keep], Item]


@router.get("", operation_id="list_reviews", responses={200: {"model": ReviewPage}, **CONDITIONAL})
def list_reviews(request: Request, caller: Writer, query: Annotated[ReviewQuery, Query()]) -> Response:
    """What waits or waited to be published, of your office, and for a secretariat of its whole conference; the oldest first."""
    node = node_of(request)
    binding = binding_of("reviews", query.model_dump(exclude={"cursor", "limit"}), caller.rights)
    limit = page_size(query.limit, node.settings.page_limit)
    position = node.cursor_seal.open(query.cursor, binding) if query.cursor else None
    after = str(position[0]) if position else None
    with node.db.read() as session:
        items, total = listed(session, caller, status=states_asked(query), kind=query.kind, after=after, limit=limit + 1)
    page = [shown(item) for item in items[:limit]]
    headers = {"ETag": answer_etag(page, total, len(items) > limit), **_PRIVATE}
    if is_fresh(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    cursor = node.cursor_seal.seal([page[-1]["id"]], binding) if len(items) > limit else None
    if cursor:
        link = request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    return json_response({"items": page, "next_cursor": cursor, "total": total}, headers=headers)


@router.get(
    "/{review_id}",
    operation_id="get_review",
    responses={200: {"model": Review, "headers": {**TAGGED["headers"], **SPOKEN["headers"]}}, **CONDITIONAL},
)
def get_review(request: Request, caller: Writer, query: Nothing, review_id: ReviewPath) -> Response:
    """One item whole: the documents as they would be published, and what in their texts is to be confirmed."""
    del query
    node, language = node_of(request), language_of(request)
    with node.db.read() as session:
        item, content = one(session, node, caller, review_id)
    if content:
        node.read_audit.note(attempt_of(request), [(item.id, item.version, [*TLP][item.tlp])])
    headers = {"ETag": etag_of(item), **_PRIVATE, **spoken(language, "Authorization")}
    if is_fresh(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return json_response(shown_whole(item, content, language), headers=headers)


@router.put("/{review_id}", operation_id="replace_review", responses=_DECIDED, openapi_extra=takes_any(*_SENT) | ONCE)
def replace_review(
    request: Request, caller: Writer, raw: JsonBody, query: Nothing, review_id: ReviewPath, _: Passage, if_match: IfMatch = None
) -> Response:
    """Send something else in the item's place, in the form that was sent first: a bulletin, a batch, a revision, an alert.

    It is published at once where it need not wait.
    """
    del query
    node, value, attempt = node_of(request), read_json(raw), attempt_of(request)
    _require_seen(request, caller, review_id)
    return _once(
        request, caller, raw, lambda keep: deciding.replace(node, _kinds(request), caller, review_id, value, if_match, attempt, keep)
    )


@router.post("/{review_id}/confirm", operation_id="confirm_review", responses=_DECIDED, openapi_extra=takes(Confirmation) | ONCE)
def confirm_review(
    request: Request, caller: Secretariat, raw: JsonBody, query: Nothing, review_id: ReviewPath, if_match: IfMatch = None
) -> Response:
    """Confirm as a second person that every finding is no person, each with a reason; the item is published, or waits for its minute."""
    del query
    node, value, attempt = node_of(request), read_json(raw), attempt_of(request)
    with node.db.read() as session:
        is_alone(session, caller, one(session, node, caller, review_id)[0])

    def decide(keep: deciding.Keep) -> Item:
        findings = parse(Confirmation, value).findings
        return deciding.confirm(node, _kinds(request), caller, review_id, findings, if_match, attempt, keep)

    return _once(request, caller, raw, decide)


@router.post("/{review_id}/reject", operation_id="reject_review", responses=_DECIDED, openapi_extra=takes(Rejection) | ONCE)
def reject_review(
    request: Request, caller: Secretariat, raw: JsonBody, query: Nothing, review_id: ReviewPath, if_match: IfMatch = None
) -> Response:
    """Refuse that the item is published, with a reason; what it held is purged."""
    del query
    node, value, attempt = node_of(request), read_json(raw), attempt_of(request)
    _require_seen(request, caller, review_id)
    return _once(
        request,
        caller,
        raw,
        lambda keep: deciding.reject(node, caller, review_id, parse(Rejection, value).reason, if_match, attempt, keep),
    )


@router.post("/{review_id}/cancel", operation_id="cancel_review", responses=_DECIDED, openapi_extra=ONCE)
def cancel_review(request: Request, caller: Writer, query: Nothing, review_id: ReviewPath, if_match: IfMatch = None) -> Response:
    """Take the item back before it is published; what it held is purged."""
    del query
    _require_seen(request, caller, review_id)
    node, attempt = node_of(request), attempt_of(request)
    return _once(request, caller, b"", lambda keep: deciding.cancel(node, caller, review_id, if_match, attempt, keep))


def _kinds(request: Request) -> Kinds:
    kinds: Kinds = request.app.state.kinds
    return kinds


def _require_seen(request: Request, caller: Writer, review_id: str) -> None:
    node = node_of(request)
    with node.db.read() as session:
        one(session, node, caller, review_id)


def _once(request: Request, caller: Writer, raw: bytes, decide: Decide) -> Response:
    """The answer to a decision, without texts: it may be kept in the clear."""
    node = node_of(request)

    def work(keep: KeepAnswer | None) -> Response:
        return _answer(decide((lambda session, item: keep(session, _answer(item))) if keep else deciding.nothing))

    return once(request, db=node.db, secrets=node.secrets, keep_days=node.settings.idempotency_days, caller=caller, raw=raw, work=work)


def _answer(item: Item) -> Response:
    return json_response(shown(item), headers={"ETag": etag_of(item), **_PRIVATE})
