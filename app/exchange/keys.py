"""Signing keys of the node: Ed25519, one a conference that it authors and one for checkpoints (contract: Envelope, Command line).

Private halves are files `<purpose>.<kid>.pem` (PKCS8) among the secrets; public halves stand in table `signing_key` and stay
there after a rotation, so that what was signed before remains checkable.  At a rotation the old key endorses the new one: whoever
knows the old one may take the new one by that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access import token_keys
from app.access.audit import Attempt, record
from app.core.clock import rfc3339, utc_now
from app.core.db import insert_new
from app.core.problems import Problem
from app.core.secrets import HMAC_KEYS, SecretMissing, Secrets
from app.exchange.merkle import EMPTY_ROOT
from app.exchange.models import LogHead, SigningKey
from app.exchange.signatures import ALGORITHM, PublicKey, base64url, document_purpose, kid_of, verify_signature
from app.settings import Settings
from app.wire.canonical import CHECKPOINT_CONTEXT, KEY_CONTEXT, canonical, signing_input
from app.wire.ids import uuid7

CHECKPOINT = "checkpoint"


@dataclass(frozen=True)
class Signer:
    """The private halves that this node signs with now, by purpose: the key's id and the key."""

    keys: Mapping[str, tuple[str, Ed25519PrivateKey]]

    def sign(self, purpose: str, context: bytes, payload: bytes) -> dict[str, str]:
        """Signature `{kid, alg, value}` over the context and the payload; raises KeyError for a purpose without a key here."""
        kid, key = self.keys[purpose]
        value = key.sign(signing_input(context, payload))
        return {"kid": kid, "alg": ALGORITHM, "value": base64url(value)}


def public_keys(session: Session) -> list[PublicKey]:
    """Public halves of all keys that this node signs or ever signed with, by purpose, the oldest first."""
    rows = session.scalars(select(SigningKey).order_by(SigningKey.purpose, SigningKey.valid_from, SigningKey.kid))
    return [PublicKey(row.kid, row.purpose, row.public, row.valid_from, row.valid_to, row.endorsement) for row in rows]


def endorsed(known: Mapping[str, bytes], key: PublicKey) -> bool:
    """Whether one of the known keys endorses a new one: its id, public half, purpose and beginning, all unchanged.

    `known` are public halves by id, of one node and one purpose: a key speaks for no other node and no other purpose.
    """
    try:
        signature = orjson.loads(key.endorsement or "")
    except ValueError:
        return False
    by = known.get(str(signature.get("kid"))) if isinstance(signature, dict) else None
    return by is not None and key.kid == kid_of(key.public) and verify_signature(by, signature, KEY_CONTEXT, _introduction(key))


def _introduction(key: PublicKey) -> bytes:
    """What an endorsement is signed over."""
    return canonical({"kid": key.kid, "key": base64url(key.public), "purpose": key.purpose, "from": rfc3339(key.valid_from)})


def found_among(secrets: Secrets, purposes: Iterable[str]) -> list[PublicKey]:
    """Public halves of all keys of some purposes whose files are in the folder, whether or not the store knows them."""
    found = []
    for purpose in purposes:
        for file in sorted(secrets.folder.glob(f"{purpose}.*.pem")):
            made = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            key = load_pem_private_key(file.read_bytes(), None)
            if isinstance(key, Ed25519PrivateKey):
                public = key.public_key().public_bytes_raw()
                found.append(PublicKey(kid_of(public), purpose, public, made, None))
    return found


def adopt(session: Session, key: PublicKey) -> bool:
    """Put a key in force that the store had forgotten, in the place of the one before it; false where it knows it."""
    if session.get(SigningKey, key.kid) is not None:
        return False
    _close(session, key.purpose)
    session.add(SigningKey(kid=key.kid, purpose=key.purpose, public=key.public, valid_from=key.valid_from, endorsement=None))
    session.flush()
    _audit(session, "keys.adopt", [key])
    return True


def load_signer(session: Session, secrets: Secrets) -> Signer:
    """The keys in force, read from their files; raises `SecretMissing` where a file is gone or is not the key's."""
    return Signer({known.purpose: (known.kid, _private(secrets, known)) for known in _in_force(session)})


def initialise(session: Session, secrets: Secrets, settings: Settings) -> None:
    """Make what a new database needs: HMAC keys, signing keys, the head of an empty log; what exists stays as it is.

    Raises `SecretMissing` where the database knows a key whose file is gone (a backup holds the database, never the files).
    """
    # The head row comes first: of two migrations at once, the second waits here and then finds the keys of the first.
    insert_new(session, LogHead, {"id": 1, "node": settings.node_name, "epoch": uuid7(), "size": 0, "frontier": "", "checkpoint": None})
    head = session.get_one(LogHead, 1, populate_existing=True)
    if head.checkpoint is None:
        secrets.make_hmac_keys()
    _require_files(session, secrets)
    made = _make_missing(session, secrets, settings)
    head.checkpoint = head.checkpoint or checkpoint(load_signer(session, secrets), head.node, head.epoch, 0, EMPTY_ROOT)
    _audit(session, "keys.init", made)
    token_keys.initialise(session, secrets)


def checkpoint(signer: Signer, node: str, epoch: str, size: int, root: bytes) -> str:
    """The signed statement of how far the log goes now, as canonical text: {node, epoch, size, root, time} and its signature."""
    stated: dict[str, object] = {"node": node, "epoch": epoch, "size": size, "root": root.hex(), "time": rfc3339(utc_now())}
    signature = signer.sign(CHECKPOINT, CHECKPOINT_CONTEXT, canonical(stated))
    return canonical({**stated, "signature": signature}).decode()


def rotate(session: Session, secrets: Secrets, purpose: str) -> PublicKey:
    """Put a new key in force that the old one endorses, and close the old one; its public half stays. Raises `key-purpose-unknown`.

    A process that loaded its `Signer` before goes on with the old key, whose signatures remain good, until it loads anew.
    """
    in_force = {known.purpose: known for known in _in_force(session)}
    if purpose not in in_force:
        raise Problem("key-purpose-unknown", known=[*in_force, token_keys.PURPOSE])
    old = in_force[purpose]
    made = _replace(session, secrets, purpose, Signer({purpose: (old.kid, _private(secrets, old))}))
    _audit(session, "keys.rotate", [made])
    return made


def replace_missing(session: Session, secrets: Secrets, settings: Settings) -> list[PublicKey]:
    """Begin anew where files are gone for good (`istmo keys init --replace`): new keys for those whose files are missing.

    HMAC keys are drawn anew too: cursors given before end, kept answers are found no more.
    """
    secrets.make_hmac_keys()
    lost = [known.purpose for known in _in_force(session) if not is_readable(secrets, known)]
    made = [_replace(session, secrets, purpose) for purpose in lost] + _make_missing(session, secrets, settings)
    _audit(session, "keys.replace", made)
    token_keys.replace_missing(session, secrets)
    return made


def _in_force(session: Session) -> list[PublicKey]:
    return [known for known in public_keys(session) if known.valid_to is None]


def _file_name(known: PublicKey) -> str:
    return f"{known.purpose}.{known.kid}.pem"


def is_readable(secrets: Secrets, known: PublicKey) -> bool:
    """Whether the private half of a key is in its file."""
    try:
        _private(secrets, known)
    except SecretMissing:
        return False
    return True


def _private(secrets: Secrets, known: PublicKey) -> Ed25519PrivateKey:
    name = _file_name(known)
    try:
        key = load_pem_private_key(secrets.read(name), None)
    except SecretMissing:
        raise SecretMissing("key-file-missing", file=secrets.folder / name) from None
    except ValueError:
        raise SecretMissing("key-file-empty", file=secrets.folder / name) from None
    if not isinstance(key, Ed25519PrivateKey) or key.public_key().public_bytes_raw() != known.public:
        raise SecretMissing("key-file-other", file=secrets.folder / name)
    return key


def _require_files(session: Session, secrets: Secrets) -> None:
    load_signer(session, secrets)
    for name in HMAC_KEYS:
        try:
            secrets.hmac_key(name)
        except SecretMissing:
            raise SecretMissing("key-file-missing", file=secrets.folder / f"{name}.key") from None


def _make_missing(session: Session, secrets: Secrets, settings: Settings) -> list[PublicKey]:
    there = {known.purpose for known in _in_force(session)}
    wanted = [*map(document_purpose, settings.authored), CHECKPOINT]
    return [_make(session, secrets, purpose) for purpose in wanted if purpose not in there]


def _replace(session: Session, secrets: Secrets, purpose: str, old: Signer | None = None) -> PublicKey:
    _close(session, purpose)
    return _make(session, secrets, purpose, old)


def _close(session: Session, purpose: str) -> None:
    closing = update(SigningKey).where(SigningKey.purpose == purpose, SigningKey.valid_to.is_(None))
    session.execute(closing.values(valid_to=utc_now()))


def _make(session: Session, secrets: Secrets, purpose: str, old: Signer | None = None) -> PublicKey:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    made = PublicKey(kid_of(public), purpose, public, utc_now(), None)
    if old:
        made = replace(made, endorsement=canonical(old.sign(purpose, KEY_CONTEXT, _introduction(made))).decode())
    # The file first: a row whose file is missing stops the node, a file that no row names does no harm.
    secrets.write(_file_name(made), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    session.add(SigningKey(kid=made.kid, purpose=purpose, public=public, valid_from=made.valid_from, endorsement=made.endorsement))
    session.flush()
    return made


def _audit(session: Session, action: str, made: Iterable[PublicKey]) -> None:
    keys = [(known.kid, None) for known in made]
    if keys:
        record(session, Attempt(action), "done", keys)
