"""Routes of access tokens: given, taken back, checked by whoever wants to (RFC 6749, 7009, 7517, 8414)."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.access import token_keys
from app.access.assertions import spend
from app.access.audit import record
from app.access.callers import authenticate
from app.access.jose import ALGORITHM
from app.access.oauth import NO_STORE, Form, Login, address, as_client, login, take_no_key, takes_form, token_address
from app.access.rules import attempt_of, knows
from app.access.tokens import ISSUER, Token, read_token
from app.core.db import Database
from app.core.declared import REFUSED, UNKEPT
from app.core.http import json_response
from app.core.problems import Problem
from app.core.query import NoQuery
from app.core.secrets import Secrets
from app.settings import Settings
from app.wire.access import AccessToken, AuthorizationServer, RevocationRequest, TokenKeys, TokenRequest

PUBLIC = frozenset({"issue_token", "revoke_token", "list_token_keys", "describe_authorization"})
"""Operations of this module that anyone may call: the two at /oauth know their client by themselves."""

FORMS = (TokenRequest, RevocationRequest)
"""Forms that are read by hand."""

SCHEME = "Bearer"
router = APIRouter(tags=["access"])
Nothing = Annotated[NoQuery, Query()]
_FRESH = {"Cache-Control": "public, max-age=60"}
_METHODS = ["client_secret_basic", "private_key_jwt"]


@router.post(
    "/oauth/token",
    operation_id="issue_token",
    responses={200: {"model": AccessToken, **UNKEPT}, 400: REFUSED, 401: REFUSED},
    openapi_extra=takes_form(TokenRequest),
)
def issue_token(request: Request, query: Nothing, form: Form) -> Response:
    """Give a client an access token, good at this node for some minutes (public).

    The client shows who it is with its id and secret as Basic, or with an assertion that its registered key signed (private_key_jwt).
    Raises `invalid-client`, `invalid-request`, `invalid-scope`, `unsupported-grant-type`.
    """
    del query
    settings: Settings = request.app.state.settings
    secrets: Secrets = request.app.state.secrets
    db: Database = request.app.state.db
    take_no_key(request)
    with as_client(request):
        known = login(request, form)
        knows(request, known.caller)
        _require_grant(form)
        with db.write() as session:
            _spend(session, known)
            token = token_keys.issue(session, secrets, settings, known.caller.client_id)
            record(session, attempt_of(request), "done", [(known.caller.client_id, None)])
    body = {"access_token": token, "token_type": SCHEME, "expires_in": settings.token_minutes * 60}
    return json_response(body, headers=NO_STORE)


def _require_grant(form: Form) -> None:
    if "grant_type" not in form:
        raise Problem("invalid-request", parameter="grant_type")
    if form["grant_type"] != "client_credentials":
        raise Problem("unsupported-grant-type")
    if "scope" in form:
        raise Problem("invalid-scope")


def _spend(session: Session, known: Login) -> None:
    used = known.assertion
    if used is not None and not spend(session, used.client_id, used.jti, used.expires_at):
        raise Problem("invalid-client")


@router.post(
    "/oauth/revoke",
    operation_id="revoke_token",
    responses={200: {"description": "It is good no more, or never was.", **UNKEPT}, 400: REFUSED, 401: REFUSED},
    response_class=Response,
    openapi_extra=takes_form(RevocationRequest),
)
def revoke_token(request: Request, query: Nothing, form: Form) -> Response:
    """Take back an access token of the client that asks: it is refused on its next request (public).

    The answer is the same for a token that is not its own, that has ended or that never was one; nothing happens then.
    Raises `invalid-client`, `invalid-request`.
    """
    del query
    settings: Settings = request.app.state.settings
    db: Database = request.app.state.db
    take_no_key(request)
    with as_client(request):
        known = login(request, form)
        knows(request, known.caller)
        if "token" not in form:
            raise Problem("invalid-request", parameter="token")
        token = _own_token(db, settings, known, form["token"])
        if known.assertion is not None or token is not None:
            with db.write() as session:
                _spend(session, known)
                if token is not None and spend(session, ISSUER, token.jti, token.expires_at):
                    record(session, attempt_of(request), "done", [(known.caller.client_id, None)])
    return Response(headers=NO_STORE)


def _own_token(db: Database, settings: Settings, known: Login, text: str) -> Token | None:
    token = read_token(text, settings.public_url)
    if token is None or token.client_id != known.caller.client_id:
        return None
    try:
        authenticate(db, f"Bearer {text}", settings)
    except Problem as problem:
        if problem.code != "unauthenticated":
            raise
        return None
    return token


@router.get("/.well-known/jwks.json", operation_id="list_token_keys", responses={200: {"model": TokenKeys}})
def list_token_keys(request: Request, query: Nothing) -> Response:
    """The public keys of access tokens: the one that signs, the next one, and those whose last token may still be good (public)."""
    del query
    settings: Settings = request.app.state.settings
    db: Database = request.app.state.db
    with db.read() as session:
        rows = token_keys.published(session, settings.token_minutes)
        keys = [{**orjson.loads(row.public), "kid": row.kid, "use": "sig", "alg": ALGORITHM} for row in rows]
    return json_response({"keys": keys}, headers=_FRESH)


@router.get(
    "/.well-known/oauth-authorization-server", operation_id="describe_authorization", responses={200: {"model": AuthorizationServer}}
)
def describe_authorization(request: Request, query: Nothing) -> Response:
    """Where and how this node gives tokens (RFC 8414; public)."""
    del query
    settings: Settings = request.app.state.settings
    described = {
        "issuer": settings.public_url,
        "token_endpoint": token_address(settings),
        "revocation_endpoint": address(settings, "/oauth/revoke"),
        "jwks_uri": address(settings, "/.well-known/jwks.json"),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": _METHODS,
        "token_endpoint_auth_signing_alg_values_supported": [ALGORITHM],
        "revocation_endpoint_auth_methods_supported": _METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": [ALGORITHM],
        "service_documentation": address(settings, "/docs"),
    }
    return json_response(described, headers=_FRESH)
