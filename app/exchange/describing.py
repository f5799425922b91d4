"""The node's public description: who it is, what it authors, and by which keys that can be checked (contract: Parties)."""

import orjson
from sqlalchemy.orm import Session

from app.core.clock import rfc3339
from app.exchange import log
from app.exchange.keys import CHECKPOINT, public_keys
from app.exchange.node import Node
from app.exchange.signatures import PublicKey, base64url, document_purpose


def description(session: Session, node: Node) -> dict[str, object]:
    """Name, epoch, conferences and the public keys of documents and checkpoints, old keys included."""
    keys = public_keys(session)
    documents = [
        {**_shown(known), "conference": known.purpose.removeprefix(document_purpose(""))} for known in keys if known.purpose != CHECKPOINT
    ]
    named = {"node": node.settings.node_name, "epoch": log.head(session).epoch, "conferences": list(node.settings.authored)}
    checkpoints = [_shown(known) for known in keys if known.purpose == CHECKPOINT]
    return {**named, "document_keys": documents, "checkpoint_keys": checkpoints}


def _shown(known: PublicKey) -> dict[str, object]:
    ends = rfc3339(known.valid_to) if known.valid_to else None
    shown: dict[str, object] = {"kid": known.kid, "key": base64url(known.public), "from": rfc3339(known.valid_from), "to": ends}
    if known.endorsement:
        shown["endorsement"] = orjson.Fragment(known.endorsement)
    return shown
