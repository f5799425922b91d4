"""Callers: who stands behind a request, read from the client's row at each request (contract: Parties)."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.access.models import Client
from app.core.clock import utc_now
from app.core.problems import Problem
from app.wire.codes import Role

_KEY_PARTS = 3
_LONGEST_CREDENTIAL = 512


@dataclass(frozen=True)
class Caller:
    """An authenticated client with the rights of its row now."""

    client_id: str
    role: Role
    conference: str
    state: str | None
    ceiling: int
    person: str | None

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
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        parts = value.strip().split("_", _KEY_PARTS - 1)
        return (parts[1], parts[2]) if len(parts) == _KEY_PARTS and parts[0] == "istmo" else None
    return _basic(value.strip()) if scheme.lower() == "basic" else None


def _basic(value: str) -> tuple[str, str] | None:
    try:
        text = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    name, colon, secret = text.partition(":")
    return (name, secret) if colon and "\x00" not in text else None


def authenticate(session: Session, authorization: str | None) -> Caller:
    """The caller of a request; raises `unauthenticated` (401), the same for every cause."""
    credential = credential_of(authorization)
    if credential is None:
        raise Problem("unauthenticated")
    name, secret = credential
    row = session.execute(_BY_ID, {"client": name}).one_or_none()
    stored = row.secret_sha256 if row else secret_hash("")
    if not hmac.compare_digest(stored, secret_hash(secret)) or row is None:
        raise Problem("unauthenticated")
    if row.disabled_at is not None or (row.expires_at is not None and row.expires_at <= utc_now()):
        raise Problem("unauthenticated")
    return Caller(row.id, Role(row.role), row.conference, row.state, row.ceiling, row.person)


def _by_id() -> Select[*tuple[Any, ...]]:
    columns = [Client.id, Client.role, Client.conference, Client.state, Client.ceiling, Client.person]
    return select(*columns, Client.secret_sha256, Client.disabled_at, Client.expires_at).where(Client.id == bindparam("client"))


_BY_ID = _by_id()
