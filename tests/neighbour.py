"""Another node, as far as its keys go: made and signed with by cryptography alone, not by the product's own signer."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.core.db import Database
from app.exchange.foreign import learn
from app.exchange.signatures import PublicKey

EPOCH = "019b7c5e-0d88-7aaa-8000-000000000001"
SINCE = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def kid_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def signature(key: Ed25519PrivateKey, context: bytes, value: object) -> dict[str, str]:
    """{kid, alg, value} over the context, a zero byte and the canonical JSON of a value; of bytes, over these."""
    payload = value if isinstance(value, bytes) else rfc8785.dumps(value)  # type: ignore[arg-type]
    signed = key.sign(context + b"\x00" + payload)
    return {"kid": kid_of(key.public_key().public_bytes_raw()), "alg": "EdDSA", "value": base64url(signed)}


@dataclass
class Neighbour:
    """A node with one key a purpose."""

    name: str = "SACM"
    keys: dict[str, Ed25519PrivateKey] = field(default_factory=dict)

    def key(self, purpose: str) -> Ed25519PrivateKey:
        return self.keys.setdefault(purpose, Ed25519PrivateKey.generate())

    def public(self, purpose: str) -> PublicKey:
        raw = self.key(purpose).public_key().public_bytes_raw()
        return PublicKey(kid_of(raw), purpose, raw, SINCE, None)

    def known_to(self, db: Database, *purposes: str) -> None:
        """Have a node learn the public halves of these keys."""
        with db.write() as session:
            learn(session, self.name, [self.public(purpose) for purpose in purposes])

    def describes(self, conference: str) -> dict[str, object]:
        """What the node says of itself in public, as the author of one conference."""
        shown = {
            purpose: {"kid": key.kid, "key": base64url(key.public), "from": SINCE.isoformat().replace("+00:00", "Z"), "to": None}
            for purpose in (f"document-{conference}", "checkpoint")
            for key in [self.public(purpose)]
        }
        named = {"node": self.name, "epoch": EPOCH, "conferences": [conference]}
        documents = [{**shown[f"document-{conference}"], "conference": conference}]
        return {**named, "document_keys": documents, "checkpoint_keys": [shown["checkpoint"]]}

    def states(self, size: int, root: str) -> dict[str, object]:
        """A signed checkpoint of its log."""
        stated = {"node": self.name, "epoch": EPOCH, "size": size, "root": root, "time": "2026-01-02T03:04:05Z"}
        return {**stated, "signature": signature(self.key("checkpoint"), b"istmo checkpoint", stated)}

    def witnesses(self, checkpoint: object, purpose: str = "checkpoint", context: bytes = b"istmo witness") -> dict[str, object]:
        """The body by which the node says that it saw a checkpoint."""
        return {"checkpoint": checkpoint, "witness": self.name, "signature": signature(self.key(purpose), context, checkpoint)}
