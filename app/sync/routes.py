"""Routes of the sync: how the peers stand (contract: Routes, exchange)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.access.rules import Overseer
from app.core.declared import SPOKEN
from app.core.http import json_response
from app.core.language import language_of, spoken
from app.core.query import NoQuery
from app.exchange.node import Node
from app.sync.showing import shown
from app.sync.standing import standings
from app.wire.peers import PeerList

router = APIRouter(prefix="/v1/peers", tags=["exchange"])


@router.get("", operation_id="list_peers", response_model=PeerList, responses={200: SPOKEN})
def list_peers(request: Request, caller: Overseer, query: Annotated[NoQuery, Query()]) -> Response:
    """Every peer: last contact, how far each has read the other, what waits since when, and what was not taken, with the reason in words."""
    del caller, query
    node: Node = request.app.state.node
    language = language_of(request)
    with node.db.read() as session:
        items = [shown(standing, language) for standing in standings(session, node)]
    return json_response({"items": items}, headers={"Cache-Control": "private, no-cache", **spoken(language, "Authorization")})
