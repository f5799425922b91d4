"""The hint that there is something new: given to peers soon after this node's log grew, taken from them to ask them at once."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.logs import tell
from app.exchange import log
from app.exchange.node import Node
from app.sync.faults import SyncFault
from app.sync.line import Line
from app.sync.models import Peer
from app.sync.peers import key_of
from app.sync.schedule import send_due, waits

HINT = "/v1/changes/hint"
BETWEEN_S = 10.0
"""Seconds between two hints to one peer, at least; what comes meanwhile is told by the next."""
_SHORT = httpx.Timeout(3.0)


@dataclass
class _Watched:
    """How far the log went at the last look, which peers are to be told, and when each was told last (monotonic seconds)."""

    head: log.Head | None = None
    to_tell: dict[str, str] = field(default_factory=dict)
    told_at: dict[str, float] = field(default_factory=dict)


def watch() -> Callable[[Node], int]:
    """A look at the log, to be repeated every other second; it gives how many peers were told that there is something new.

    Told are they where the log grew by this node's own: by a hint, or by sending it to them (`ISTMO_SENDS`).
    """
    watched = _Watched()
    return lambda node: _look(node, watched)


def _look(node: Node, watched: _Watched) -> int:
    with node.db.read() as session:
        head, before = log.head(session), watched.head
        if before is not None and head != before and log.has_of(session, node.settings.authored, before.size):
            watched.to_tell |= _reachable(session)
    watched.head = head
    now = time.monotonic()
    due = [name for name in watched.to_tell if now - watched.told_at.get(name, -BETWEEN_S) >= BETWEEN_S]
    for name in due:
        watched.told_at[name] = now
        url = watched.to_tell.pop(name)
        if not node.settings.sends:
            _hint(node, name, url)
    if due and node.settings.sends:
        send_due(node)
    return len(due)


def _reachable(session: Session) -> dict[str, str]:
    """Addresses by name, of the peers that have one and answered last."""
    now = utc_now()
    return {peer.name: peer.url for peer in session.scalars(select(Peer)) if peer.url and not waits(peer, now)}


def _hint(node: Node, name: str, url: str) -> None:
    try:
        with Line(node.settings, url, key_of(node, name), _SHORT) as line:
            line.post_bytes(HINT, b"")
    except SyncFault as fault:
        # It asks by itself within a minute: no failure of the peer.
        tell(logging.DEBUG, "hint lost", {"peer": name, "code": fault.code})


def take_hint(node: Node, name: str) -> None:
    """Let a peer be asked at once, also where its failures or its own words keep it waiting; where nothing does, nothing is written."""
    with node.db.read() as session:
        peer = session.get_one(Peer, name)
        is_waiting = peer.tried_at is not None and (peer.failures > 0 or peer.wait_until is not None)
    if is_waiting:
        with node.db.write() as session:
            session.execute(update(Peer).where(Peer.name == name).values(tried_at=None, wait_until=None))
