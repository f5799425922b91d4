"""What is said aloud where a sync does not go on, or where a peer brought what may not be taken: once each, with its reason."""

import logging

from sqlalchemy import update

from app.core.clock import utc_now
from app.core.logs import tell
from app.exchange.node import Node
from app.sync.applying import Taken
from app.sync.faults import SyncFault
from app.sync.models import Peer


def failed(node: Node, name: str, fault: SyncFault) -> None:
    """Keep why a peer could not be read, so that it is asked less often, and log it."""
    with node.db.write() as session:
        row = update(Peer).where(Peer.name == name)
        session.execute(row.values(tried_at=utc_now(), failure=fault.code, failures=Peer.failures + 1))
    tell(logging.ERROR, "sync failed", {"peer": name, "code": fault.code, **fault.figures})


def refused(node: Node, name: str, fault: SyncFault) -> None:
    """Keep why nothing was taken of what a peer brought, and log it; when it is asked next stays as it was."""
    with node.db.write() as session:
        session.execute(update(Peer).where(Peer.name == name).values(failure=fault.code))
    tell(logging.ERROR, "sync failed", {"peer": name, "code": fault.code, **fault.figures})


def tell_of(peer: str, taken: Taken) -> None:
    """Log each version that was not taken, or not understood."""
    for doubt in taken.quarantined:
        named = {"kind": doubt.kind, "id": doubt.id, "version": doubt.version}
        tell(logging.ERROR, "sync quarantined", {"peer": peer, "code": doubt.code, **named})
