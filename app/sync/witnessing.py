"""Checkpoints of a peer's log: each extends the one before, and both nodes keep both signatures (RFC 6962 section 2.1.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.exchange.keys import PublicKey
from app.exchange.merkle import HASH_LENGTH, extends
from app.exchange.node import Node
from app.exchange.witnesses import counter_signed, is_signed, keep
from app.sync.faults import SyncFault
from app.sync.line import Line
from app.wire.canonical import canonical

_LARGEST = 2**31 - 1
_MOST_HASHES = 64


@dataclass(frozen=True)
class Seen:
    """How far a peer's log went when it was last found whole; `text` is the signed checkpoint that says so."""

    epoch: str
    size: int
    root: str
    text: str | None = None


def grown_from(line: Line, node: str, before: Seen, keys: Mapping[str, PublicKey]) -> Seen:
    """The peer's present checkpoint, signed by a key of its and consistent with the one before.

    Raises `SyncFault`: `sync-checkpoint-form`, `sync-checkpoint-signature`, and `sync-rewritten` where what was seen before is not
    what now lies at the start of the log. A peer that was restored (another epoch) begins anew.
    """
    stated = line.get("/v1/log/checkpoint")
    signature = stated.pop("signature", None)
    now = _seen(stated, node, signature)
    if not is_signed({**stated, "signature": signature}, list(keys.values())):
        raise SyncFault("sync-checkpoint-signature")
    if now.epoch == before.epoch and before.size > 0:
        _require_extension(line, before, now)
    return now


def _seen(stated: Mapping[str, Any], node: str, signature: object) -> Seen:
    epoch, size, root = stated.get("epoch"), stated.get("size"), stated.get("root")
    texts = isinstance(epoch, str) and isinstance(root, str) and isinstance(stated.get("time"), str)
    if set(stated) != {"node", "epoch", "size", "root", "time"} or stated["node"] != node or not texts:
        raise SyncFault("sync-checkpoint-form")
    if not isinstance(size, int) or not 0 <= size <= _LARGEST or _hash(root) is None:
        raise SyncFault("sync-checkpoint-form")
    return Seen(str(epoch), size, str(root), canonical({**stated, "signature": signature}).decode())


def _require_extension(line: Line, before: Seen, now: Seen) -> None:
    proof = _proof(line, before.size, now.size) if now.size > before.size else []
    roots = bytes.fromhex(before.root), bytes.fromhex(now.root)
    if proof is None or not extends(before.size, roots[0], now.size, roots[1], proof):
        raise SyncFault("sync-rewritten", size=before.size)


def _proof(line: Line, first: int, second: int) -> list[bytes] | None:
    """The hashes that the peer gives, none where they are no hashes."""
    told = line.get("/v1/log/proofs/consistency", {"from": first, "to": second}).get("proof")
    found = [_hash(each) for each in told] if isinstance(told, list) and len(told) <= _MOST_HASHES else [None]
    whole = [each for each in found if each is not None]
    return whole if len(whole) == len(found) else None


def _hash(text: object) -> bytes | None:
    try:
        value = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        return None
    return value if len(value) == HASH_LENGTH else None


def witnessed(node: Node, line: Line, seen: Seen) -> None:
    """Sign what was seen of a peer's log, keep it, and give it to the peer as the receipt of what was applied here."""
    if seen.text is None:
        return
    own = node.settings.node_name
    checkpoint = orjson.loads(seen.text)
    signature = counter_signed(node.signer, checkpoint)
    with node.db.write() as session:
        keep(session, checkpoint, own, signature)
    try:
        line.post("/v1/log/witnesses", {"checkpoint": checkpoint, "witness": own, "signature": signature})
    except SyncFault as fault:
        # A peer that does not know us yet takes no witness of ours; the next one that it takes says as much.
        if fault.code not in {"sync-refused", "sync-busy", "sync-unreachable"}:
            raise
