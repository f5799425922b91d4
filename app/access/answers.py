"""Clients and credentials as answers: never a stored secret, a new one once (contract: access)."""

from typing import Any

import orjson
from fastapi import Request, Response

from app.access.callers import Caller
from app.access.clients import Credential
from app.access.models import Client
from app.core.clock import rfc3339, utc_now
from app.core.http import json_response
from app.wire.codes import TLP, Role

Shown = dict[str, Any]
PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
SECRET = {"Cache-Control": "no-store"}


def shown_to_itself(client: Client) -> Shown:
    """A client as it sees itself; an overlap that is over is no more told."""
    caller = Caller(client.id, Role(client.role), client.conference, client.state, client.ceiling, client.person)
    overlap = client.previous_until if client.previous_until and client.previous_until > utc_now() else None
    return {
        "client_id": client.id,
        "role": client.role,
        "conference": client.conference,
        "state": client.state,
        "office": caller.office,
        "ceiling": list(TLP)[client.ceiling].value,
        "person": client.person,
        "name": client.name,
        "created_at": rfc3339(client.created_at),
        "expires_at": rfc3339(client.expires_at) if client.expires_at else None,
        "previous_secret_until": rfc3339(overlap) if overlap else None,
    }


def shown_to_operators(client: Client) -> Shown:
    """A client as operators see it."""
    key = orjson.loads(client.public_key) if client.public_key else None
    disabled = rfc3339(client.disabled_at) if client.disabled_at else None
    return {**shown_to_itself(client), "public_key": key, "disabled_at": disabled}


def credential(made: Credential) -> Shown:
    """A new secret, the one time that it is shown."""
    until = rfc3339(made.previous_until) if made.previous_until else None
    return {"client_id": made.client_id, "secret": made.secret, "api_key": made.api_key, "previous_secret_until": until}


def page_response(request: Request, items: list[Shown], cursor: str | None, total: int) -> Response:
    """A page of a list, with its link to the next one (RFC 8288)."""
    headers = dict(PRIVATE)
    if cursor:
        link = request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    return json_response({"items": items, "next_cursor": cursor, "total": total}, headers=headers)
