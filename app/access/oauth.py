"""The forms of /oauth: read within a small limit, and who sends them (RFC 6749 section 2.3; RFC 7523 section 2.2)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Depends, Request

from app.access.assertions import ASSERTION_TYPE, Assertion, by_assertion, read_assertion
from app.access.callers import Caller, basic_of, by_secret
from app.access.rules import admit, authorization_of, counted
from app.core.db import Database
from app.core.http import read_body
from app.core.problems import Problem
from app.settings import Settings
from app.wire.problem import Finding

FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_LIMIT = 16 * 1024
_MOST_FIELDS = 20
_ASSERTED = ("client_assertion", "client_assertion_type")


@dataclass(frozen=True)
class Login:
    """Who asks for or takes back a token, and the assertion that is spent by it, if it was by one."""

    caller: Caller
    assertion: Assertion | None


async def _form(request: Request) -> Mapping[str, str]:
    admit(request)
    return fields_of(await read_body(request, _LIMIT, FORM))


Form = Annotated[Mapping[str, str], Depends(_form)]
"""The parameters of a form; those without a value count as left out (RFC 6749 section 3.2)."""


def fields_of(raw: bytes) -> Mapping[str, str]:
    """The parameters of a form; raises `invalid-request` for one that stands twice and for bytes that are no form."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Problem("invalid-request") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Problem("invalid-request")
    return {name: value for name, value in fields.items() if value}


def take_no_key(request: Request) -> None:
    """Raise `idempotency-key-not-taken` where one was sent: an answer with a secret in it is never kept (contract: Writes)."""
    if "idempotency-key" in request.headers:
        raise Problem("idempotency-key-not-taken", Finding("idempotency-key-not-taken", pointer="Idempotency-Key"))


def takes_form(model: type) -> dict[str, Any]:
    """What the API description says of a route that takes a form."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


def token_address(settings: Settings) -> str:
    """Where tokens are given."""
    return address(settings, "/oauth/token")


def address(settings: Settings, path: str) -> str:
    """The public address of a path of this node."""
    return settings.public_url.rstrip("/") + path


def login(request: Request, form: Mapping[str, str]) -> Login:
    """Know the client by Basic or by its assertion; raises `invalid-client` (401), the same for every cause, and `invalid-request`."""
    authorization, asserted = authorization_of(request), [name for name in _ASSERTED if name in form]
    if asserted and (authorization is not None or len(asserted) < len(_ASSERTED)):
        raise Problem("invalid-request", parameter="client_assertion")
    known = _by_assertion(request, form) if asserted else _by_basic(request, authorization)
    if form.get("client_id", known.caller.client_id) != known.caller.client_id:
        raise Problem("invalid-client")
    return known


@contextmanager
def as_client(request: Request) -> Iterator[None]:
    """Say of whoever is not known inside `invalid-client`, and count it as a failed login."""
    with counted(request):
        try:
            yield
        except Problem as problem:
            if problem.code == "unauthenticated":
                raise Problem("invalid-client") from None
            raise


def _by_basic(request: Request, authorization: str | None) -> Login:
    pair = basic_of(authorization or "")
    if pair is None:
        raise Problem("invalid-client")
    name, secret = map(unquote_plus, pair)
    db: Database = request.app.state.db
    if not (name.isascii() and name.isprintable()):
        raise Problem("invalid-client")
    return Login(by_secret(db, name, secret), None)


def _by_assertion(request: Request, form: Mapping[str, str]) -> Login:
    settings: Settings = request.app.state.settings
    meant = (settings.public_url, token_address(settings), address(settings, request.url.path))
    assertion = read_assertion(form["client_assertion"], meant) if form["client_assertion_type"] == ASSERTION_TYPE else None
    if assertion is None:
        raise Problem("invalid-client")
    db: Database = request.app.state.db
    with db.read() as session:
        return Login(by_assertion(session, assertion), assertion)
