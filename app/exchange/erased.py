"""The journal of erasures beside the keys, outside the database and its backups: what was erased stays so after a restore (guarantees 3)."""

import logging
from dataclasses import dataclass

import orjson

from app.core.logs import tell
from app.core.secrets import SecretMissing, Secrets
from app.exchange.log import Receipt
from app.exchange.node import Node

JOURNAL = "erased.ndjson"


@dataclass(frozen=True)
class Noted:
    """One erasure of this node's own: which document, and the version that tells of it."""

    kind: str
    id: str
    version: int
    origin: str
    time: str


def note(node: Node, kind: str, receipt: Receipt) -> None:
    """Note an erasure after its commit and before it is answered; where the disk refuses, the erasure stands and the log says so."""
    noted = Noted(kind, receipt.document_id, receipt.version, receipt.origin, receipt.recorded_at)
    try:
        node.secrets.add_line(JOURNAL, orjson.dumps(noted))
    except OSError as error:
        tell(logging.ERROR, "erasure not noted", {"id": noted.id, "version": noted.version}, error)


def noted(secrets: Secrets) -> list[Noted]:
    """Every erasure that was noted, the oldest first; a line that was cut off is passed over."""
    try:
        lines = secrets.read(JOURNAL).splitlines()
    except SecretMissing:
        return []
    return [found for line in lines if (found := _parsed(line)) is not None]


def _parsed(line: bytes) -> Noted | None:
    try:
        return Noted(**orjson.loads(line))
    except (ValueError, TypeError):
        return None
