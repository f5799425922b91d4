"""The route of what looks across kinds: the published flows around an alert."""

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.access.rules import BodyReader, attempt_of
from app.alerts.around import around
from app.core.conditional import answer_etag, is_fresh
from app.core.declared import CONDITIONAL, SPOKEN
from app.core.http import json_response
from app.core.language import language_of, spoken
from app.core.paging import binding_of, page_size, unguessable
from app.documents.edge import DocumentPath, known_form, node_of
from app.exchange.log import head
from app.exchange.noticing import highest_visible
from app.finding.flows import nearby, search_of
from app.finding.queries import AroundQuery
from app.finding.told import notes_of, words_of
from app.wire.finding import NearbyFlows

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])

_BUILD = version("istmo")


@router.get("/{document_id}/flows", operation_id="list_alert_flows", responses={200: {"model": NearbyFlows, **SPOKEN}, **CONDITIONAL})
def list_alert_flows(request: Request, caller: BodyReader, query: Annotated[AroundQuery, Query()], document_id: DocumentPath) -> Response:
    """Published figures of an alert's nationalities from the States of its route, near its time; they prove nothing about its network.

    Rows are those of /v1/flows for the question in `asked`, each with the leg that first touches the State which reports it.
    """
    node, language = node_of(request), language_of(request)
    limit = page_size(query.limit, node.settings.page_limit)
    with node.db.read() as session:
        alert = around(session, caller, known_form(document_id))
        search = search_of(alert, query.months)
        binding = binding_of("alert-flows", alert.document_id, search.asked, caller.rights)
        after = node.cursor_seal.open(query.cursor, binding) if query.cursor else None
        at = head(session)
        highest = unguessable(node.cursor_seal, highest_visible(session, caller, "bulletin", at=at))
        etag = answer_etag("alert-flows", at.epoch, highest, binding, alert.version, after, limit, language, _BUILD)
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", **spoken(language, "Authorization")}
        if is_fresh(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        found = nearby(session, caller, search, alert.corridor, after, limit)
    node.read_audit.note(attempt_of(request), [(alert.document_id, alert.version, alert.tlp), *found.answered])
    cursor = node.cursor_seal.seal(found.position, binding) if found.position else None
    if cursor:
        link = request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    said = {"words": words_of(search, found.total, language), "notes": notes_of(found.series, language)}
    marked = {"tlp": alert.tlp.value, "handling": alert.handling}
    shown = {**marked, "items": found.items, "asked": search.asked, **said, "next_cursor": cursor, "total": found.total}
    return json_response(shown, headers=headers)
