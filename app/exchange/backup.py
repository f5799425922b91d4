"""Backups of a node: the store with its log checked, without its secrets; what a restored node needs to go on."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
from sqlalchemy import Connection, inspect, select
from sqlalchemy.orm import Session

from app.access import token_keys
from app.access.models import TokenKey
from app.core import backup, schema
from app.core.backup import BackupFault, Copy
from app.core.db import Database
from app.core.secrets import HMAC_KEYS, SecretMissing, Secrets
from app.exchange import merkle
from app.exchange.keys import Signer, checkpoint, is_readable
from app.exchange.models import LogHead
from app.exchange.signatures import PublicKey
from app.wire.ids import uuid7

_CODES = ("without-document", "without-checkpoint", "without-token", "without-cursor", "without-disclosure", "without-fingerprint")
WITHOUT = {code.removeprefix("without-"): code for code in _CODES}
"""What is lost without each kind of secret, by the first word of its file's name."""
_PRINTED = b"istmo backup"


@dataclass(frozen=True)
class Lost:
    """A secret that a restored node needs and that is not there as it was: its file, and what is the matter by its code."""

    file: str
    code: str


def back_up(db: Database, secrets: Secrets, file: Path) -> Copy:
    """Copy a node's store to a new file while it goes on, then read the file again: it is done when its log is found whole there.

    One view of the store: what is committed later is not in it.  Keys are not in it either, only by which a restored node finds that
    its keys are those.  Raises `BackupFault`: `backup-exists`, `backup-log`.
    """
    prints = {name: printed for name in HMAC_KEYS if (printed := _print(secrets, name))}
    with db.read() as session:
        backup.write(session.connection(), file, {"prints": prints})
    try:
        copy = backup.opened(file)
        require_whole(copy)
    except BackupFault:
        file.unlink()
        raise
    return copy


def _print(secrets: Secrets, name: str) -> str | None:
    """By what a key is known again without being told; none where it is missing."""
    try:
        return hmac.new(secrets.hmac_key(name), _PRINTED, hashlib.sha256).hexdigest()
    except SecretMissing:
        return None


def require_whole(copy: Copy) -> Mapping[str, object]:
    """The checkpoint of a backup's log, every entry's leaf under its root; raises `BackupFault` (`backup-log`)."""
    frontier: merkle.Frontier = ()
    size = 0
    for size, entry in enumerate(copy.records("log_entry"), 1):
        if entry["number"] != size:
            raise BackupFault("backup-log", entry=size)
        frontier = merkle.grown(frontier, size - 1, base64.b64decode(entry["leaf"]))
    head = next(copy.records("log_head"), None)
    stated: dict[str, object] = orjson.loads(head["checkpoint"]) if head and head["checkpoint"] else {}
    found = (size, merkle.to_text(frontier), merkle.root_of(frontier).hex())
    if head is None or (head["size"], head["frontier"], stated.get("root")) != found:
        raise BackupFault("backup-log", entry=size)
    return stated


def lost(copy: Copy, secrets: Secrets) -> Iterator[Lost]:
    """What of the secrets a node restored from this backup would lack: keys in force without their files, other keys than it was made with."""
    for row in copy.records("signing_key"):
        if row["valid_to"] is None:
            public = base64.b64decode(row["public"])
            known = PublicKey(row["kid"], row["purpose"], public, datetime.fromisoformat(row["valid_from"]), None)
            if not is_readable(secrets, known):
                yield Lost(f"{known.purpose}.{known.kid}.pem", WITHOUT[known.purpose.split("-")[0]])
    for row in copy.records("token_key"):
        if row["signs_to"] is None and not token_keys.is_readable(secrets, TokenKey(kid=row["kid"], public=row["public"])):
            yield Lost(f"{token_keys.PURPOSE}.{row['kid']}.pem", WITHOUT[token_keys.PURPOSE])
    prints = copy.stated.get("prints", {})
    for name in HMAC_KEYS:
        if _print(secrets, name) != prints.get(name, _print(secrets, name)) or _print(secrets, name) is None:
            yield Lost(f"{name}.key", WITHOUT[name])


def require_room(connection: Connection) -> None:
    """Let a store pass in which nothing was published: empty, just migrated, or left by a restore that did not end.

    Raises `BackupFault` (`restore-not-empty`).
    """
    if not inspect(connection).has_table(LogHead.__tablename__):
        return
    size = connection.scalar(select(LogHead.size))
    if size and schema.revision_of(connection) != schema.UNFINISHED:
        raise BackupFault("restore-not-empty", count=size)


def begin_epoch(session: Session, signer: Signer) -> str:
    """A new epoch of the log, its checkpoint signed anew: whoever reads it by a cursor of before begins again."""
    head = session.get_one(LogHead, 1, populate_existing=True)
    head.epoch = uuid7()
    root = merkle.root_of(merkle.from_text(head.frontier))
    head.checkpoint = checkpoint(signer, head.node, head.epoch, head.size, root)
    session.flush()
    return head.epoch
