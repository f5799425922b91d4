"""How the peers stand: how far each was read, how far each has read here, what was not taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.exchange.behind import Behind, behind
from app.exchange.log import head
from app.exchange.node import Node
from app.exchange.witnesses import Kept, newest_by
from app.sync.models import Peer
from app.sync.quarantine import Waiting, counted, newest

MOST_SHOWN = 100
"""Things in quarantine that are shown of each peer."""


@dataclass(frozen=True)
class Standing:
    """How a peer stands beside this node's log of `size` entries.

    `read`: the last checkpoint of its log up to which everything was taken here; `witnessed`: the last of ours up to which it has
    taken everything; `behind`: what of our own waits for it since then.
    """

    peer: Peer
    size: int
    read: Kept | None
    witnessed: Kept | None
    behind: Behind
    quarantined: Mapping[str, int]
    newest: Sequence[Waiting]


def standings(session: Session, node: Node) -> list[Standing]:
    """How every peer stands, by name."""
    waiting = counted(session)
    peers = session.scalars(select(Peer).order_by(Peer.name)).all()
    return [_standing(session, node, peer, waiting.get(peer.name, {})) for peer in peers]


def _standing(session: Session, node: Node, peer: Peer, quarantined: Mapping[str, int]) -> Standing:
    here = head(session)
    witnessed = newest_by(session, peer.node, here.epoch)
    left = behind(session, node.settings.authored, peer.authored, witnessed.size if witnessed else 0)
    read = newest_by(session, node.settings.node_name, peer.epoch)
    return Standing(peer, here.size, read, witnessed, left, quarantined, newest(session, peer.name, MOST_SHOWN))
