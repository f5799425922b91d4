"""Compact signed tokens (RFC 7515) as access knows them: ES256 alone, keys of P-256 alone, taken apart without being believed."""

import base64
import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from app.core.problems import Problem
from app.wire.problem import Finding
from app.wire.strict_json import BodyError, loads

ALGORITHM = "ES256"
_PUBLIC = ("crv", "kty", "x", "y")
_COMPACT = re.compile(r"([A-Za-z0-9_-]{1,700})\.([A-Za-z0-9_-]{1,8000})\.[A-Za-z0-9_-]{86}")

Members = dict[str, Any]


def parts_of(text: str) -> tuple[Members, Members] | None:
    """Header and claims of a compact token that names ES256 and no critical extension; nothing of it is checked yet.

    None for whatever is no such token; a signature of ES256 has 64 bytes, so 86 characters (RFC 7518 section 3.4).
    """
    found = _COMPACT.fullmatch(text)
    if found is None:
        return None
    try:
        header, claims = (loads(base64.urlsafe_b64decode(part + "==")) for part in found.groups())
    except (BodyError, ValueError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") != ALGORITHM or "crit" in header:
        return None
    return header, claims


def signed_by(public: str, text: str) -> bool:
    """Whether a compact token is signed by the private half of this public key."""
    try:
        jws.deserialize_compact(text, _key(public), [ALGORITHM])
    except (JoseError, ValueError):
        return False
    return True


def signed(key: ECKey, header: Members, claims: Members) -> str:
    """A compact token over the claims."""
    return jws.serialize_compact({"alg": ALGORITHM, **header}, json.dumps(claims, separators=(",", ":")), key, [ALGORITHM])


def public_text(key: ECKey) -> str:
    """A key's public half in its one stored form: a JWK with its required members alone, in the order of RFC 7638 section 3.2."""
    members = key.as_dict(private=False)
    return json.dumps({name: members[name] for name in _PUBLIC}, separators=(",", ":"))


def public_key_of(given: str | Mapping[str, object]) -> str:
    """The stored form of a public P-256 key that is given as JWK or as PEM.

    Raises `invalid-document` with `private-key-sent` for a private half, which is to be used no more, and with `public-key-invalid`.
    """
    key = _imported(given)
    if key is None or key.curve_name != "P-256":
        raise _unfit("public-key-invalid")
    return public_text(key)


def _imported(given: str | Mapping[str, object]) -> ECKey | None:
    try:
        members = loads(given.encode()) if isinstance(given, str) and given.lstrip().startswith("{") else given
        if isinstance(members, str):
            return _from_pem(members)
        if isinstance(members, Mapping) and "d" in members:
            raise _unfit("private-key-sent")
        if not isinstance(members, Mapping) or members["kty"] != "EC":
            return None
        return ECKey.import_key({name: members[name] for name in _PUBLIC})
    except (JoseError, BodyError, ValueError, KeyError, UnsupportedAlgorithm):
        return None


def _from_pem(text: str) -> ECKey | None:
    if "PRIVATE KEY" in text:
        raise _unfit("private-key-sent")
    key = load_pem_public_key(text.encode())
    fits = isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    return ECKey.import_key(text) if fits else None


def _unfit(code: str) -> Problem:
    return Problem("invalid-document", Finding(code, pointer="/public_key"))


@functools.lru_cache(maxsize=256)
def _key(public: str) -> ECKey:
    return ECKey.import_key(json.loads(public))
