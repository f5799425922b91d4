"""What a peer brings by itself, by HTTP or in carried files: judged as what is pulled from it, then applied in one write (guarantees 3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.audit import Attempt
from app.core.clock import utc_now
from app.core.db import changed_rows
from app.directory.allow_list import vocabulary_of
from app.documents.kinds import Kinds
from app.exchange.foreign import foreign_keys, learn
from app.exchange.node import Node
from app.exchange.signatures import PublicKey
from app.exchange.witnesses import counter_signed, epochs_of, keep
from app.sync.alarms import refused, tell_of
from app.sync.applying import Taken, take
from app.sync.checking import Rules, judged_all
from app.sync.faults import SyncFault
from app.sync.models import Peer
from app.sync.peers import believed, peer_of, read_description
from app.sync.pulling import PAGE
from app.sync.witnessing import Seen, require_one_log, stated_by

_NO_ALARM = frozenset({"peer-unknown", "sync-behind", "sync-elsewhere"})


@dataclass(frozen=True)
class Brought:
    """What a peer brings: its public description, its signed checkpoint, and changes as its feed shows them.

    `proof` are the hashes (in hexadecimal) by which the smaller of checkpoint and what was last seen here is found again in the
    larger; `proven_from` is the size that was last seen, as the bringer believes; 0 and nothing where nothing was.
    """

    description: Mapping[str, Any]
    checkpoint: Mapping[str, Any]
    items: Sequence[object]
    proven_from: int = 0
    proof: Sequence[str] = ()


@dataclass(frozen=True)
class Receipt:
    """What became of it, and the checkpoint as it was brought with this node's signature that it saw it."""

    checkpoint: Mapping[str, Any]
    witness: str
    signature: Mapping[str, str]
    taken: Taken = field(default_factory=Taken)


@dataclass(frozen=True)
class _Judged:
    peer: Peer
    keys: Sequence[PublicKey]
    """Those that are to be learned."""
    before: Seen
    after: Seen


def _nothing(_session: Session, _receipt: Receipt) -> None:
    """Nobody else has to write."""


def receive(
    node: Node,
    kinds: Kinds,
    name: str,
    brought: Brought,
    *,
    attempt: Attempt,
    along: Callable[[Session, Receipt], None] = _nothing,
) -> Receipt:
    """Apply what a peer brought, whole or not at all, with what `along` writes; what may not be applied is kept in quarantine.

    What comes twice changes nothing. Raises `SyncFault`: `sync-behind` with the size from which the proof must lead,
    `sync-elsewhere` where a pull or another delivery was at work meanwhile, `peer-unknown`; and, kept in the peer's row and
    logged, `sync-no-node`, `sync-other-node`, `sync-page-form`, `sync-checkpoint-form`, `sync-checkpoint-signature`,
    `sync-epoch-over`, `sync-rewritten`.
    """
    try:
        return _receive(node, kinds, name, brought, attempt, along)
    except SyncFault as fault:
        if fault.code not in _NO_ALARM:
            refused(node, name, fault)
        raise


def _receive(node: Node, kinds: Kinds, name: str, brought: Brought, attempt: Attempt, along: Callable[[Session, Receipt], None]) -> Receipt:
    with node.db.read() as session:
        found, known = _judge(session, name, brought)
        vocabulary = vocabulary_of(session)
    rules = Rules(found.peer.authored, {key.kid: key for key in known}, node.settings.authored, vocabulary)
    changes = judged_all(brought.items, rules)
    receipt = Receipt(brought.checkpoint, node.settings.node_name, counter_signed(node.signer, brought.checkpoint))
    with node.db.write() as session:
        _claim(session, found)
        learn(session, found.peer.node, found.keys)
        taken = take(session, node, kinds, name, changes, conferences=found.peer.authored, attempt=attempt)
        session.execute(update(Peer).where(Peer.name == name).values(applied=Peer.applied + taken.applied))
        keep(session, brought.checkpoint, receipt.witness, receipt.signature)
        receipt = Receipt(receipt.checkpoint, receipt.witness, receipt.signature, taken)
        along(session, receipt)
    tell_of(name, taken)
    return receipt


def _judge(session: Session, name: str, brought: Brought) -> tuple[_Judged, list[PublicKey]]:
    """Whose it is and how far its log goes, and the keys by which its documents are checked."""
    peer = peer_of(session, name)
    if len(brought.items) > PAGE:
        raise SyncFault("sync-page-form")
    fresh = believed(session, peer.node, read_description(brought.description))
    known = [*foreign_keys(session, peer.node), *fresh]
    now = stated_by(brought.checkpoint, peer.node, {key.kid: key for key in known})
    before = Seen(peer.epoch, peer.size, peer.root, peer.checkpoint)
    if now.epoch == before.epoch:
        return _Judged(peer, fresh, before, require_one_log(before, now, brought.proven_from, brought.proof)), known
    if now.epoch in epochs_of(session, peer.node):
        raise SyncFault("sync-epoch-over")
    # The peer was restored: its log begins anew, and so does its feed at the next pull.
    return _Judged(peer, fresh, before, now), known


def _claim(session: Session, found: _Judged) -> None:
    """State first how far the peer's log goes; raises `sync-elsewhere` where another one has moved that meanwhile."""
    before, after = found.before, found.after
    unmoved = (Peer.name == found.peer.name, Peer.epoch == before.epoch, Peer.size == before.size, Peer.root == before.root)
    states: dict[str, object] = {"epoch": after.epoch, "size": after.size, "root": after.root, "checkpoint": after.text}
    if after.epoch != before.epoch:
        states |= {"cursor": None, "etag": None}
    if found.peer.url is None:
        states |= {"failure": None}
    moved = update(Peer).where(*unmoved).values(**states, contact_at=utc_now())
    if changed_rows(session.execute(moved)) == 0:
        raise SyncFault("sync-elsewhere", name=found.peer.name)
