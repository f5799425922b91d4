"""When the worker asks which peer: every minute, less often where it fails, never two at the same moment by design (jitter)."""

import logging
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select

from app.core.clock import utc_now
from app.core.logs import tell
from app.documents.kinds import Kinds
from app.exchange.node import Node
from app.sync.faults import SyncFault
from app.sync.line import LONGEST_WAIT_S
from app.sync.models import Peer
from app.sync.pulling import pull
from app.sync.sending import send

_FIRST_WAIT_S = 60.0
_LONGEST_WAIT_S = 3_600.0
_STEPS = 1_000


def pull_due(node: Node, kinds: Kinds) -> int:
    """Pull from every peer that has an address and whose wait is over; returns how many versions were applied."""
    return sum(_pulled(node, kinds, name) for name in _due(node))


def _due(node: Node) -> list[str]:
    now = utc_now()
    with node.db.read() as session:
        peers = session.scalars(select(Peer).where(Peer.url.is_not(None)).order_by(Peer.name)).all()
        return [peer.name for peer in peers if not waits(peer, now)]


def waits(peer: Peer, now: datetime) -> bool:
    """Whether a peer is not asked now: its failures or its own words keep it waiting."""
    return is_asked_to_wait(peer, now) or not is_due(peer.failures, peer.tried_at, now)


def is_due(failures: int, tried_at: datetime | None, now: datetime, chance: float | None = None) -> bool:
    """Whether a peer is asked again: at once after a success, else after 1, 2, 4 ... 60 minutes, each shortened by up to a half.

    A clock that was set back does not keep a peer waiting: a last try that lies in the future counts as long ago.
    """
    if failures == 0 or tried_at is None or tried_at > now:
        return True
    longest = min(_FIRST_WAIT_S * 2 ** min(failures - 1, 10), _LONGEST_WAIT_S)
    part = secrets.randbelow(_STEPS) / _STEPS if chance is None else chance
    return now - tried_at >= timedelta(seconds=longest * (1 - part / 2))


def is_asked_to_wait(peer: Peer, now: datetime) -> bool:
    """Whether the peer said not to be asked before a later moment; one that lies farther off than it may is of a clock that was set back."""
    until, tried_at = peer.wait_until, peer.tried_at
    if until is None or tried_at is None or tried_at > now:
        return False
    return now < until <= now + timedelta(seconds=LONGEST_WAIT_S)


def send_due(node: Node) -> int:
    """Send to every peer that is not waiting, where this node is to (`ISTMO_SENDS`); returns how many versions were applied there."""
    if not node.settings.sends:
        return 0
    return sum(_sent(node, name) for name in _due(node))


def _sent(node: Node, name: str) -> int:
    try:
        return send(node, name).applied
    except SyncFault as fault:
        tell(logging.DEBUG, "peer waits", {"peer": name, "code": fault.code})
        return 0


def _pulled(node: Node, kinds: Kinds, name: str) -> int:
    try:
        return pull(node, kinds, name).applied
    except SyncFault as fault:
        tell(logging.DEBUG, "peer waits", {"peer": name, "code": fault.code})
        return 0
