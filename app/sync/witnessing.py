"""Checkpoints of a peer's log: each extends the one before, and both nodes keep both signatures (RFC 6962 section 2.1.2)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.exchange.merkle import HASH_LENGTH, extends
from app.exchange.node import Node
from app.exchange.signatures import PublicKey
from app.exchange.witnesses import counter_signed, is_signed, keep
from app.sync.faults import SyncFault
from app.sync.line import Line
from app.wire.canonical import canonical
from app.wire.ids import UUID7

_EPOCH = re.compile(UUID7)
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

    Raises what `stated_by` raises, and `sync-rewritten` where what was seen before is not what now lies at the start of the log. A
    peer that was restored (another epoch) begins anew.
    """
    now = stated_by(line.get("/v1/log/checkpoint"), node, keys)
    if now.epoch == before.epoch and before.size > 0:
        _require_extension(before, now, _proof(line, before.size, now.size) if now.size > before.size else [])
    return now


def stated_by(checkpoint: Mapping[str, Any], node: str, keys: Mapping[str, PublicKey]) -> Seen:
    """What a checkpoint says, by whatever way it came.

    Raises `SyncFault`: `sync-checkpoint-form`, `sync-checkpoint-signature`.
    """
    stated = {name: value for name, value in checkpoint.items() if name != "signature"}
    now = _seen(stated, node, checkpoint.get("signature"))
    if not is_signed(checkpoint, list(keys.values())):
        raise SyncFault("sync-checkpoint-signature")
    return now


def _seen(stated: Mapping[str, Any], node: str, signature: object) -> Seen:
    epoch, size, root = stated.get("epoch"), stated.get("size"), stated.get("root")
    texts = isinstance(epoch, str) and _EPOCH.fullmatch(epoch) and isinstance(root, str) and isinstance(stated.get("time"), str)
    if set(stated) != {"node", "epoch", "size", "root", "time"} or stated["node"] != node or not texts:
        raise SyncFault("sync-checkpoint-form")
    if not isinstance(size, int) or not 0 <= size <= _LARGEST or not hashes([root]):
        raise SyncFault("sync-checkpoint-form")
    return Seen(str(epoch), size, str(root), canonical({**stated, "signature": signature}).decode())


def require_one_log(before: Seen, now: Seen, proven_from: int, proof: Sequence[str]) -> Seen:
    """Which of two states of one log goes further, where a proof that was brought along shows that it begins with the other.

    `proven_from` is the size from which the bringer believed that it had to lead. Raises `SyncFault`: `sync-behind` with the size
    from which it must lead, `sync-rewritten`.
    """
    earlier, later = sorted((before, now), key=lambda seen: seen.size)
    if earlier.size != later.size and before.size > 0 and proven_from != before.size:
        raise SyncFault("sync-behind", size=before.size)
    same = earlier.size in {0, later.size}
    _require_extension(earlier, later, [] if same else hashes(proof))
    return later if now.size > before.size else before


def _require_extension(before: Seen, now: Seen, proof: Sequence[bytes] | None) -> None:
    roots = bytes.fromhex(before.root), bytes.fromhex(now.root)
    if proof is None or not extends(before.size, roots[0], now.size, roots[1], proof):
        raise SyncFault("sync-rewritten", size=before.size)


def _proof(line: Line, first: int, second: int) -> list[bytes] | None:
    """The hashes that the peer gives, none where they are no hashes."""
    told = line.get("/v1/log/proofs/consistency", {"from": first, "to": second}).get("proof")
    return hashes(told) if isinstance(told, list) else None


def hashes(texts: Sequence[object]) -> list[bytes] | None:
    """The hashes of a proof; none where they are too many or no hashes."""
    found = [_hash(each) for each in texts[:_MOST_HASHES]]
    whole = [each for each in found if each is not None]
    return whole if len(whole) == len(texts) else None


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
