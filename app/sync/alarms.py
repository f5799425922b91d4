"""What is said aloud where a sync does not go on, or where a peer brought what may not be taken: once each, with its reason."""

import logging
from datetime import timedelta

from sqlalchemy import update

from app.core.clock import utc_now
from app.core.logs import tell
from app.exchange.node import Node
from app.sync.applying import Taken
from app.sync.faults import SyncFault
from app.sync.models import Peer


def answered() -> dict[str, object]:
    """What a peer's row says where it has answered: it may be asked again at once."""
    now = utc_now()
    return {"contact_at": now, "tried_at": now, "failure": None, "failures": 0, "wait_until": None}


def failed(node: Node, name: str, fault: SyncFault) -> None:
    """Keep why a peer could not be read, so that it is asked less often, and log it."""
    with node.db.write() as session:
        now, wait_s = utc_now(), fault.figures.get("wait_s")
        until = now + timedelta(seconds=wait_s) if isinstance(wait_s, int) else None
        row = update(Peer).where(Peer.name == name)
        session.execute(row.values(tried_at=now, failure=fault.code, failures=Peer.failures + 1, wait_until=until))
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
