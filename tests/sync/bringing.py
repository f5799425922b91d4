"""What a node gives to a peer, taken from its own answers over HTTP, so that a test can bring it by another way, or change it before."""

from dataclasses import replace
from typing import Any

from serving import Served

from app.exchange import merkle
from app.exchange.keys import checkpoint
from app.exchange.models import LogHead
from app.sync.receiving import Brought
from app.wire.ids import uuid7

ADDED = {"outcome", "population_shown_pct", "warnings"}
"""Fields of an answer that are not in the document."""


def carried(served: Served, proven_from: int = 0, **changes: Any) -> Brought:
    """All that a node gives to a peer, as it stands in its answers; the proof leads from a size of its log."""
    ask = served.as_("peer")
    stated = ask.get("/v1/log/checkpoint").json()
    proof = ask.get("/v1/log/proofs/consistency", params={"from": proven_from, "to": stated["size"]}).json()["proof"]
    items = ask.get("/v1/changes", params={"limit": 500, "origin": served.node.settings.conferences}).json()["items"]
    told = ask.get("/.well-known/istmo.json").json()
    return replace(Brought(told, stated, items, proven_from, proof), **changes)


def as_body(brought: Brought) -> dict[str, Any]:
    """The same as it is sent."""
    given = {"description": dict(brought.description), "checkpoint": dict(brought.checkpoint), "items": list(brought.items)}
    return {**given, "from": brought.proven_from, "proof": list(brought.proof)}


def renewed(served: Served) -> None:
    """Begin a new epoch, as a restored node does."""
    node = served.node
    with node.db.write() as session:
        head = session.get_one(LogHead, 1)
        head.epoch = uuid7()
        head.checkpoint = checkpoint(node.signer, head.node, head.epoch, head.size, merkle.root_of(merkle.from_text(head.frontier)))
