"""Callers: who stands behind a request, read from the client's row at each request (contract: Parties)."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, select

from app.access.jose import signed_by
from app.access.models import Client, SpentId, TokenKey
from app.access.tokens import ISSUER, Token, is_over, read_token
from app.core.clock import utc_now
from app.core.glance import Glance, Source
from app.core.problems import Problem
from app.settings import Settings
from app.wire.codes import Role

_KEY_PARTS = 3
_LONGEST_CREDENTIAL = 512


@dataclass(frozen=True)
class Caller:
    """An authenticated client with the rights of its row now; `proof` is the hash of the secret that it showed, if it showed one."""

    client_id: str
    role: Role
    conference: str
    state: str | None
    ceiling: int
    person: str | None
    proof: str | None = field(default=None, repr=False, compare=False)

    @property
    def office(self) -> str | None:
        """The office that the client writes for: `RCM/secretariat`, `RCM/PAN`; none for the other roles."""
        if self.role is Role.SECRETARIAT:
            return f"{self.conference}/secretariat"
        return f"{self.conference}/{self.state}" if self.role is Role.PARTNER else None

    @property
    def grantees(self) -> tuple[str, ...]:
        """The grantees of `document_access` under which the client reads."""
        own = (self.office,) if self.office else ()
        return ("*", self.conference, *own)

    @property
    def reads_bodies(self) -> bool:
        """An operator sees envelopes only."""
        return self.role is not Role.OPERATOR

    @property
    def rights(self) -> tuple[object, ...]:
        """All of the row that decides what an answer holds: part of every ETag and cursor."""
        return (self.role.value, self.conference, self.state, self.ceiling)


def secret_hash(secret: str) -> str:
    """A generated secret as it is stored: SHA-256, for it has more entropy than any password (guarantees 4)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def credential_of(authorization: str | None) -> tuple[str, str] | None:
    """Client id and secret of an Authorization header: `Bearer istmo_<id>_<secret>` or Basic (RFC 7617); none when it is neither."""
    if not authorization or len(authorization) > _LONGEST_CREDENTIAL or not (authorization.isascii() and authorization.isprintable()):
        return None
    bearer = bearer_of(authorization)
    if bearer is not None:
        parts = bearer.split("_", _KEY_PARTS - 1)
        return (parts[1], parts[2]) if len(parts) == _KEY_PARTS and parts[0] == "istmo" else None
    return basic_of(authorization)


def bearer_of(authorization: str) -> str | None:
    """What follows `Bearer` (RFC 6750 section 2.1); none for other schemes."""
    scheme, _, value = authorization.partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def basic_of(authorization: str) -> tuple[str, str] | None:
    """Name and secret of `Basic` (RFC 7617), ASCII alone, for ours are; none for other schemes and for odd bytes."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    name, colon, secret = text.partition(":")
    return (name, secret) if colon and "\x00" not in text else None


def authenticate(db: Source, authorization: str | None, settings: Settings | None = None) -> Caller:
    """The caller of a request, by API key or, where the issuer's settings are given, by access token; in one glance.

    Raises `unauthenticated` (401), the same for every cause.
    """
    credential = credential_of(authorization)
    if credential is not None:
        return by_secret(db, *credential)
    token = read_token(bearer_of(authorization) or "", settings.public_url) if authorization and settings else None
    if token is None or settings is None:
        raise Problem("unauthenticated")
    return _by_token(db, token, settings)


def by_secret(db: Source, name: str, secret: str) -> Caller:
    """The client whose secret this is, the one before it too while it overlaps; raises `unauthenticated`."""
    row = _BY_ID(db, client=name)
    shown, now = secret_hash(secret), utc_now()
    current = hmac.compare_digest(row.secret_sha256 if row else _NONE, shown)
    previous = hmac.compare_digest((row.previous_sha256 if row else None) or _NONE, shown)
    overlaps = row is not None and row.previous_until is not None and row.previous_until > now
    if row is None or not (current or (previous and overlaps)):
        raise Problem("unauthenticated")
    return caller_of(row, shown)


def caller_of(row: Row[*tuple[Any, ...]], proof: str | None = None) -> Caller:
    """The caller behind a client's row; raises `unauthenticated` for one that is disabled or has expired."""
    if row.disabled_at is not None or (row.expires_at is not None and row.expires_at <= utc_now()):
        raise Problem("unauthenticated")
    return Caller(row.id, Role(row.role), row.conference, row.state, row.ceiling, row.person, proof)


def _by_token(db: Source, token: Token, settings: Settings) -> Caller:
    row = _BY_TOKEN(db, client=token.client_id, kid=token.kid, jti=token.jti)
    if row is None or not _is_good(row, token, settings) or not signed_by(row.public, token.text):
        raise Problem("unauthenticated")
    return caller_of(row)


def _is_good(row: Row[*tuple[Any, ...]], token: Token, settings: Settings) -> bool:
    signs = row.signs_from is not None and not is_over(row.signs_to, settings.token_minutes)
    called_back = row.tokens_from is not None and token.issued_at < row.tokens_from
    return signs and row.spent is None and not called_back


def _by_id() -> Select[*tuple[Any, ...]]:
    return select(*CALLER).where(Client.id == bindparam("client"))


def _by_token_row() -> Select[*tuple[Any, ...]]:
    key = (TokenKey.public, TokenKey.signs_from, TokenKey.signs_to)
    rows = select(*CALLER, Client.tokens_from, *key, SpentId.jti.label("spent")).select_from(Client)
    rows = rows.outerjoin(TokenKey, TokenKey.kid == bindparam("kid"))
    rows = rows.outerjoin(SpentId, and_(SpentId.issuer == ISSUER, SpentId.jti == bindparam("jti")))
    return rows.where(Client.id == bindparam("client"))


_WHO = (Client.id, Client.role, Client.conference, Client.state, Client.ceiling, Client.person)
CALLER = (*_WHO, Client.secret_sha256, Client.previous_sha256, Client.previous_until, Client.disabled_at, Client.expires_at)
"""Columns of a client's row that say who calls and what it may."""
_BY_ID = Glance(_by_id())
_BY_TOKEN = Glance(_by_token_row())
_NONE = "0" * 64  # no secret has this hash
