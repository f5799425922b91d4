"""Access tokens (RFC 9068): ES256, good at this node alone and for minutes; they say who asks, never what it may (contract: Parties)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from joserfc.jwk import ECKey

from app.access.jose import Members, parts_of, signed
from app.core.clock import utc_now
from app.wire.ids import is_uuid7, uuid7

TYPE = "at+jwt"
ISSUER = "token"
"""Under this name revoked tokens stand in `spent_id`, beside the clients' own assertions."""
_LONGEST = 4096
_HEADER = {"alg", "typ", "kid"}
_CLAIMS = {"iss", "aud", "sub", "client_id", "iat", "exp", "jti"}
_KID = re.compile(r"[0-9a-f]{16}")
_CLIENT = re.compile(r"[A-Za-z0-9]{1,32}")


@dataclass(frozen=True)
class Token:
    """What an access token claims; it is to be believed only with the signature of the key that it names."""

    text: str
    kid: str
    client_id: str
    jti: str
    issued_at: datetime
    expires_at: datetime


def read_token(text: str, issuer: str) -> Token | None:
    """The claims of an access token of this issuer that has not expired; None for whatever else, and nothing says why."""
    found = parts_of(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    header, claims = found
    if not _is_whole(header, claims) or not _in_form(header, claims) or not _is_mine(claims, issuer):
        return None
    if claims["exp"] <= utc_now().timestamp():
        return None
    issued, expires = (datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "exp"))
    return Token(text, header["kid"], claims["sub"], claims["jti"], issued, expires)


def _is_mine(claims: Members, issuer: str) -> bool:
    return bool(claims["iss"] == claims["aud"] == issuer and claims["sub"] == claims["client_id"])


def _is_whole(header: Members, claims: Members) -> bool:
    return set(header) == _HEADER and header["typ"] == TYPE and set(claims) == _CLAIMS


def _in_form(header: Members, claims: Members) -> bool:
    texts = [(header["kid"], _KID), (claims["sub"], _CLIENT)]
    fits = all(isinstance(text, str) and form.fullmatch(text) for text, form in texts)
    instants = all(type(claims[name]) is int and 0 <= claims[name] < 2**33 for name in ("iat", "exp"))
    return fits and instants and isinstance(claims["jti"], str) and is_uuid7(claims["jti"])


def make_token(kid: str, key: ECKey, client_id: str, issuer: str, minutes: int, not_before: datetime | None) -> str:
    """A new access token; `not_before` is the instant before which every token of the client was called back."""
    issued = max(int(utc_now().timestamp()), int(not_before.timestamp()) if not_before else 0)
    claims = {"iss": issuer, "aud": issuer, "sub": client_id, "client_id": client_id, "iat": issued, "exp": issued + minutes * 60}
    return signed(key, {"typ": TYPE, "kid": kid}, {**claims, "jti": uuid7()})


def called_back_from(previous: datetime | None) -> datetime:
    """The whole second from which tokens are good again when all that were issued until now are called back.

    Tokens tell their issue in whole seconds: one of the second that runs cannot be told from one made after the call.
    """
    now = utc_now().replace(microsecond=0)
    return max(now, previous or now) + timedelta(seconds=1)


def is_over(signs_to: datetime | None, minutes: int) -> bool:
    """Whether the last token of a key that was retired at an instant has ended."""
    return signs_to is not None and signs_to + timedelta(minutes=minutes) <= utc_now()
