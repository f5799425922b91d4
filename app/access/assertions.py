"""private_key_jwt: a client shows who it is by a statement signed with its registered key, used once (RFC 7523, OpenID Connect Core 9)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.callers import CALLER, Caller, caller_of
from app.access.jose import Members, parts_of, signed_by
from app.access.models import Client, SpentId
from app.core.clock import utc_now
from app.core.db import insert_new
from app.core.problems import Problem

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST = 8192
_LONGEST_ID = 255
_LONGEST_LIFE_S = 600
_SKEW_S = 60


@dataclass(frozen=True)
class Assertion:
    """What a client states of itself: who it is, under which id it says so once, until when."""

    text: str
    client_id: str
    jti: str
    expires_at: datetime


def read_assertion(text: str, audiences: Collection[str]) -> Assertion | None:
    """The claims of an assertion meant for this node; None for whatever else. Its signature is not checked yet."""
    found = parts_of(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    claims = found[1]
    who, jti, now = claims.get("sub"), claims.get("jti"), utc_now().timestamp()
    mine = _is_word(who, 32) and claims.get("iss") == who and _is_for(claims.get("aud"), audiences)
    if not mine or not _is_word(jti, _LONGEST_ID) or not _is_timely(claims, now):
        return None
    return Assertion(text, str(who), str(jti), datetime.fromtimestamp(claims["exp"], UTC))


def _is_word(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isascii() and value.isprintable()


def _is_for(audience: object, mine: Collection[str]) -> bool:
    named = audience if isinstance(audience, list) else [audience]
    return any(isinstance(name, str) and name in mine for name in named)


def _is_timely(claims: Members, now: float) -> bool:
    begins = [claims[name] for name in ("iat", "nbf") if name in claims]
    if "exp" not in claims or not all(type(value) in {int, float} for value in (claims["exp"], *begins)):
        return False
    return bool(now < claims["exp"] <= now + _LONGEST_LIFE_S) and all(value <= now + _SKEW_S for value in begins)


def by_assertion(session: Session, assertion: Assertion) -> Caller:
    """The client that an assertion is of; raises `unauthenticated`. It is good only once `spend` has taken it."""
    row = session.execute(select(*CALLER, Client.public_key).where(Client.id == assertion.client_id)).one_or_none()
    if row is None or row.public_key is None or not signed_by(row.public_key, assertion.text):
        raise Problem("unauthenticated")
    return caller_of(row)


def spend(session: Session, issuer: str, jti: str, until: datetime) -> bool:
    """Note that an id is good no more; False where it was noted before. Of two at once one waits for the other and is second."""
    session.execute(delete(SpentId).where(SpentId.issuer == issuer, SpentId.expires_at <= utc_now()))
    return insert_new(session, SpentId, {"issuer": issuer, "jti": jti, "expires_at": until})
