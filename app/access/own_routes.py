"""Routes of the caller itself: what it is, and a new secret (contract: access)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.access.answers import PRIVATE, SECRET, credential, shown_to_itself
from app.access.clients import rotate_own
from app.access.models import Client
from app.access.oauth import take_no_key
from app.access.rules import Reader, attempt_of
from app.core.db import Database
from app.core.http import json_response
from app.core.query import NoQuery
from app.wire.access import ClientCredential, Me

router = APIRouter(prefix="/v1/me", tags=["access"])
Nothing = Annotated[NoQuery, Query()]


@router.get("", operation_id="get_me", responses={200: {"model": Me}})
def get_me(request: Request, caller: Reader, query: Nothing) -> Response:
    """The caller: its role, conference, State, office and ceiling as they are now, and until when its credentials are good."""
    del query
    db: Database = request.app.state.db
    with db.read() as session:
        shown = shown_to_itself(session.get_one(Client, caller.client_id))
    return json_response(shown, headers=PRIVATE)


@router.post("/rotate", operation_id="rotate_own_secret", responses={200: {"model": ClientCredential}})
def rotate_own_secret(request: Request, caller: Reader, query: Nothing) -> Response:
    """Give the caller a new secret, shown this once; the present one stays good for 7 more days.

    Asked with the one before the present one, because the answer was lost: the present one, which nobody has, is replaced, and the
    date of the other stays.  A body is not read.
    """
    del query
    take_no_key(request)
    db: Database = request.app.state.db
    with db.write() as session:
        made = rotate_own(session, caller, attempt_of(request))
    return json_response(credential(made), headers=SECRET)
