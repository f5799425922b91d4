"""Clients: made, listed, given a new secret, disabled (contract: access, Command line)."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller, secret_hash
from app.access.models import Client
from app.access.tokens import called_back_from
from app.core.clock import utc_now
from app.core.problems import Problem
from app.wire.codes import TLP, Role

_ID_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_DEFAULT_CEILING = {Role.ANALYST: TLP.GREEN}
OVERLAP = timedelta(days=7)
"""How long the old secret stays good when a client draws itself a new one (contract: access)."""


@dataclass(frozen=True)
class NewClient:
    """What a client is to be: `state` for partners only, `ceiling` by default RED and for analysts GREEN, `public_key` as it is stored."""

    role: Role
    conference: str
    state: str | None = None
    ceiling: TLP | None = None
    person: str | None = None
    name: str | None = None
    expires_at: datetime | None = None
    public_key: str | None = None


@dataclass(frozen=True)
class Credential:
    """What is shown once: the id, the secret, and both as one API key; until when the secret before it stays good."""

    client_id: str
    secret: str
    previous_until: datetime | None = None

    @property
    def api_key(self) -> str:
        """The key as it goes into a Bearer header."""
        return f"istmo_{self.client_id}_{self.secret}"


def create(session: Session, wanted: NewClient, attempt: Attempt | None = None) -> Credential:
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
            public_key=wanted.public_key,
            created_at=utc_now(),
            expires_at=wanted.expires_at,
        )
    )
    record(session, attempt or Attempt("clients.create"), "done", [(client_id, None)])
    return Credential(client_id, secret)


def peer_caller(session: Session, conference: str) -> Caller:
    """Another conference's node as a caller here, where nobody calls: below the lowest ceiling that its clients have, if it has any."""
    of_it = (Client.role == Role.PEER.value, Client.conference == conference, Client.disabled_at.is_(None))
    lowest = session.scalar(select(func.min(Client.ceiling)).where(*of_it))
    return Caller("", Role.PEER, conference, None, TLP.RED.rank if lowest is None else lowest, None)


def listed(session: Session) -> list[Client]:
    """Every client, oldest first; secrets are not among what is kept."""
    return list(session.scalars(select(Client).order_by(Client.created_at, Client.id)))


def rotate(session: Session, client_id: str, attempt: Attempt | None = None) -> Credential:
    """Give a client a new secret; every older one and every access token is refused from the next request on."""
    client = locked(session, client_id)
    secret = _draw(client)
    client.previous_sha256 = client.previous_until = None
    client.tokens_from = called_back_from(client.tokens_from)
    record(session, attempt or Attempt("clients.rotate"), "done", [(client_id, None)])
    return Credential(client_id, secret)


def rotate_own(session: Session, caller: Caller, attempt: Attempt) -> Credential:
    """Give the caller a new secret; the one that was current stays good for 7 days, its access tokens until they end.

    Called with the secret before the current one (the answer with the current one was lost), the current one is replaced and the
    other keeps its date.  Raises `unauthenticated` where the shown secret was replaced meanwhile.
    """
    client = locked(session, caller.client_id)
    if caller.proof is None or caller.proof == client.secret_sha256:
        client.previous_sha256, client.previous_until = client.secret_sha256, utc_now() + OVERLAP
    elif caller.proof != client.previous_sha256:
        raise Problem("unauthenticated")
    secret = _draw(client)
    record(session, attempt, "done", [(caller.client_id, None)])
    return Credential(caller.client_id, secret, client.previous_until)


def disable(session: Session, client_id: str, attempt: Attempt | None = None) -> Client:
    """Refuse a client and its access tokens from the next request on; the row stays for the audit."""
    client = locked(session, client_id)
    client.disabled_at = client.disabled_at or utc_now()
    client.tokens_from = called_back_from(client.tokens_from)
    record(session, attempt or Attempt("clients.disable"), "done", [(client_id, None)])
    return client


def require_other_operator(session: Session, client_id: str) -> None:
    """Raise `last-operator` where no operator would be left; two operators who disable each other wait for one another here."""
    rows = session.execute(
        select(Client.id, Client.disabled_at, Client.expires_at)
        .where(Client.role == Role.OPERATOR.value)
        .order_by(Client.id)
        .with_for_update()
    )
    now = utc_now()
    good = {row.id for row in rows if row.disabled_at is None and (row.expires_at is None or row.expires_at > now)}
    if good == {client_id}:
        raise Problem("last-operator")


def locked(session: Session, client_id: str) -> Client:
    """A client's row, held until the transaction ends; raises `client-unknown`."""
    client = session.get(Client, client_id, with_for_update=True, populate_existing=True) if client_id.isprintable() else None
    if client is None:
        raise Problem("client-unknown")
    return client


def _draw(client: Client) -> str:
    secret = secrets.token_urlsafe(32)
    client.secret_sha256 = secret_hash(secret)
    return secret
