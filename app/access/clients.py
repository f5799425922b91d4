"""Clients: made, listed, given a new secret, disabled (contract: Command line)."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import secret_hash
from app.access.models import Client
from app.core.clock import utc_now
from app.core.problems import Problem
from app.wire.codes import TLP, Role

_ID_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_DEFAULT_CEILING = {Role.ANALYST: TLP.GREEN}


@dataclass(frozen=True)
class NewClient:
    """What a client is to be; `state` for partners only, `ceiling` by default RED and for analysts GREEN."""

    role: Role
    conference: str
    state: str | None = None
    ceiling: TLP | None = None
    person: str | None = None
    name: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Credential:
    """What is shown once: the id, the secret, and both as one API key."""

    client_id: str
    secret: str

    @property
    def api_key(self) -> str:
        """The key as it goes into a Bearer header."""
        return f"istmo_{self.client_id}_{self.secret}"


def create(session: Session, wanted: NewClient) -> Credential:
    """Make a client; raises `client-invalid` where role and State do not fit. The caller checks conference and State."""
    if (wanted.role is Role.PARTNER) != (wanted.state is not None):
        raise Problem("client-invalid")
    client_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    ceiling = wanted.ceiling or _DEFAULT_CEILING.get(wanted.role, TLP.RED)
    session.add(
        Client(
            id=client_id,
            role=wanted.role.value,
            conference=wanted.conference,
            state=wanted.state,
            ceiling=ceiling.rank,
            person=wanted.person,
            name=wanted.name,
            secret_sha256=secret_hash(secret),
            created_at=utc_now(),
            expires_at=wanted.expires_at,
        )
    )
    record(session, Attempt("clients.create"), "done", [(client_id, None)])
    return Credential(client_id, secret)


def listed(session: Session) -> list[Client]:
    """Every client, oldest first; secrets are not among what is kept."""
    return list(session.scalars(select(Client).order_by(Client.created_at, Client.id)))


def rotate(session: Session, client_id: str) -> Credential:
    """Give a client a new secret; the old one is refused from the next request on."""
    client = _known(session, client_id)
    secret = secrets.token_urlsafe(32)
    client.secret_sha256 = secret_hash(secret)
    record(session, Attempt("clients.rotate"), "done", [(client_id, None)])
    return Credential(client_id, secret)


def disable(session: Session, client_id: str) -> None:
    """Refuse a client from its next request on; the row stays for the audit."""
    client = _known(session, client_id)
    client.disabled_at = client.disabled_at or utc_now()
    record(session, Attempt("clients.disable"), "done", [(client_id, None)])


def _known(session: Session, client_id: str) -> Client:
    client = session.get(Client, client_id)
    if client is None:
        raise Problem("client-unknown")
    return client
