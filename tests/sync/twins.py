"""Two real nodes, RCM's and SACM's, each behind its own HTTP server on loopback, each with a key for the other."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from serving import Nodes, Served, serving
from sqlalchemy import select

from app.access.clients import NewClient, create
from app.exchange.log import Entry, entries
from app.main import KINDS
from app.sync import peers
from app.sync.models import Peer, Quarantined
from app.sync.pulling import Pulled, pull
from app.wire.codes import Role

CONFERENCES = ("RCM", "SACM")
ALERT = {
    "title": {"es": "Lanchas de noche"},
    "summary": {"es": "Una red que ofrece el cruce del golfo."},
    "severity": "high",
    "source_reliability": "B",
    "information_credibility": 2,
    "first_seen": "2018-01",
    "last_seen": "2018-03",
    "nationalities": ["NPL"],
    "route": [{"seq": 1, "from": "COL", "to": "PAN", "mode": "sea"}],
    "modus_operandi": ["safe_house"],
    "tlp": "GREEN",
}


@dataclass
class Twins:
    """The two nodes; each knows the other by its conference in small letters."""

    rcm: Served
    sacm: Served

    def other(self, served: Served) -> Served:
        return self.sacm if served is self.rcm else self.rcm

    def pull(self, served: Served) -> Pulled:
        """One node reads the other's changes."""
        return pull(served.node, KINDS, name_of(self.other(served)))

    def meet(self) -> None:
        """Make each a peer of the other, with a key that the other's operator made."""
        for served in (self.rcm, self.sacm):
            introduce(served, self.other(served))


def name_of(served: Served) -> str:
    return served.node.settings.node_name.lower()


def key_for(served: Served, conference: str) -> str:
    """An API key of a node for another conference's node."""
    with served.node.db.write() as session:
        return create(session, NewClient(Role.PEER, conference)).api_key


def introduce(served: Served, other: Served, fingerprint: str | None = None) -> peers.Described:
    """Make the other node known to this one."""
    return peers.add(served.node, name_of(other), other.url, key_for(other, served.node.settings.conferences), fingerprint)


@contextmanager
def twins(nodes: Nodes, kind: str, folder: Path, *, judged: bool = True, other: str | None = None) -> Iterator[Twins]:
    """Two fresh nodes over one kind of store, or SACM's over an `other`, which do not know each other yet.

    `judged`: by the API description of this release.
    """
    with ExitStack() as stack:
        made = []
        for conference, store in zip(CONFERENCES, (kind, other or kind), strict=True):
            settings, keys = nodes.ready(store, folder / conference, conferences=conference, private_peers=True)
            made.append(stack.enter_context(serving(settings, judged=judged, keys=keys)))
        yield Twins(*made)


def peer_row(served: Served, name: str) -> Peer:
    with served.node.db.read() as session:
        return session.get_one(Peer, name)


def quarantine(served: Served) -> list[tuple[str, str, int]]:
    """(code, document id, version) of what was not taken, or not understood, oldest first."""
    with served.node.db.read() as session:
        rows = session.scalars(select(Quarantined).order_by(Quarantined.id))
        return [(row.code, row.document_id, row.version) for row in rows]


def log_of(served: Served, origin: str) -> list[Entry]:
    """Entries of one conference's documents, in the order of the log; the audit's digests are left out."""
    with served.node.db.read() as session:
        return [entry for entry in entries(session) if entry.origin == origin and entry.kind != "audit_digest"]


def held(served: Served, origin: str) -> list[tuple[str, int, str, str | None]]:
    """(id, version, op, digest) of one conference's documents, in the order of the log."""
    return [(entry.id, entry.version, entry.op, entry.digest) for entry in log_of(served, origin)]


def texts(served: Served, origin: str) -> dict[tuple[str, int], Mapping[str, Any]]:
    return {(entry.id, entry.version): orjson.loads(entry.text) for entry in log_of(served, origin) if entry.text}
