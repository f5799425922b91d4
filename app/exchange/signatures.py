"""Signatures as they are checked, by public keys alone: nothing of a store is needed, nor loaded, for that (contract: Envelope)."""

import base64
import binascii
import functools
import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.wire.canonical import signing_input

ALGORITHM = "EdDSA"
_KID_LENGTH = 16
_SIGNATURE_FIELDS = {"kid", "alg", "value"}


@dataclass(frozen=True)
class PublicKey:
    """Public half of a signing key and the time in which its private half signs (`valid_to` is open while it does).

    `endorsement` is the canonical text of the signature by the key before it; a first key has none, nor one that took the place
    of a lost one.
    """

    kid: str
    purpose: str
    public: bytes
    valid_from: datetime
    valid_to: datetime | None
    endorsement: str | None = None


def document_purpose(conference: str) -> str:
    """Purpose of the key that signs a conference's documents."""
    return f"document-{conference}"


def base64url(value: bytes) -> str:
    """Bytes in base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@functools.lru_cache(maxsize=256)
def kid_of(public: bytes) -> str:
    """A key's id: the first 16 hexadecimal digits of SHA-256 over its 32 raw public bytes."""
    return hashlib.sha256(public).hexdigest()[:_KID_LENGTH]


def verify_signature(public: bytes, signature: object, context: bytes, payload: bytes) -> bool:
    """Whether a signature `{kid, alg, value}` stands: over exactly this context and payload, by this key, in its one spelling."""
    if not isinstance(signature, dict) or set(signature) != _SIGNATURE_FIELDS or signature["alg"] != ALGORITHM:
        return False
    value = _decoded(signature["value"])
    if value is None or signature["kid"] != kid_of(public):
        return False
    try:
        _public(public).verify(value, signing_input(context, payload))
    except (InvalidSignature, ValueError):
        return False
    return True


@functools.lru_cache(maxsize=256)
def _public(raw: bytes) -> Ed25519PublicKey:
    # A whole log is checked by few keys.
    return Ed25519PublicKey.from_public_bytes(raw)


def _decoded(text: object) -> bytes | None:
    try:
        value = base64.urlsafe_b64decode(f"{text}==")
    except (binascii.Error, ValueError):
        return None
    # The last character carries bits that no byte needs: other spellings of the same bytes are refused, or a change goes unseen.
    return value if base64url(value) == text else None
