"""Taking a carried folder: checked as a whole from its files, then taken in pages like what is pulled (docs: Carried files)."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.core.problems import Problem
from app.documents.kinds import Kinds
from app.exchange import log, merkle
from app.exchange.foreign import foreign_keys
from app.exchange.keys import public_keys
from app.exchange.node import Node
from app.exchange.signatures import PublicKey
from app.exchange.witnesses import keep, require_own, require_witness
from app.sync import carried
from app.sync.carried import Flaw, Flawed, Folder
from app.sync.checking import Doubtful
from app.sync.faults import SyncFault
from app.sync.inspecting import Inspected, described_in, flaws, sum_flaws
from app.sync.models import Peer
from app.sync.peers import Described, believed
from app.sync.receiving import Brought, receive

IMPORT = Attempt("import_folder")
_MOST_TOLD = 100
_QUARANTINED = frozenset(
    {
        *("sync-foreign-origin", "sync-unsigned", "sync-item-form", "sync-key-unknown", "sync-signature"),
        *("sync-document-form", "sync-text-gate"),
    }
)
"""What a pull puts into quarantine and goes on: so does an import."""


@dataclass
class Imported:
    """What an import did: of which peer, versions applied, known before and not taken, witnesses kept, how far the peer's log goes."""

    peer: str
    size: int
    applied: int = 0
    known: int = 0
    witnessed: int = 0
    quarantined: list[Doubtful] = field(default_factory=list)


@dataclass(frozen=True)
class _Place:
    name: str
    node: str
    conferences: tuple[str, ...]
    epoch: str
    size: int
    root: str
    checkpoint: str | None
    keys: tuple[PublicKey, ...]


def take_folder(node: Node, kinds: Kinds, path: Path) -> Imported:
    """Check a folder whole, then take its changes page by page; what is known already is left alone.

    Raises `Flawed` for a folder that fails a check, and `SyncFault` (`carried-stranger`, `carried-gap`, and those of `receive`):
    either way nothing was changed, unless the line to the store broke between two pages; then the same import goes on.
    """
    folder = carried.opened(path)
    told = described_in(folder)
    with node.db.read() as session:
        place = _place_of(session, told, path)
        own = public_keys(session)
    inspected = Inspected(place.keys, place.conferences, {place.node: place.keys, node.settings.node_name: own})
    same_log = folder.stated["epoch"] == place.epoch
    if same_log:
        inspected.roots[min(place.size, folder.stated["size"])] = None
    _require(itertools.chain(sum_flaws(folder), _gap(folder, place, same_log=same_log)))
    _require(flaw for flaw in flaws(folder, inspected) if flaw.code not in _QUARANTINED)
    if same_log and place.size <= folder.stated["size"] and inspected.roots.get(place.size) != place.root:
        raise Flawed(Flaw(carried.LOG, "", "carried-rewritten", {"size": place.size}))
    witnessed = _own_witnesses(node, folder, place)
    done = Imported(place.name, max(place.size, folder.stated["size"]) if same_log else folder.stated["size"])
    _take(node, kinds, folder, place, done)
    done.witnessed = _keep(node, place, witnessed)
    return done


def _place_of(session: Session, told: Described, path: Path) -> _Place:
    peer = session.scalar(select(Peer).where(Peer.node == told.node))
    if peer is None:
        raise SyncFault("carried-stranger", node=told.node, file=path / carried.NODE)
    keys = {key.kid: key for key in (*foreign_keys(session, peer.node), *believed(session, peer.node, told))}
    seen = (peer.epoch, peer.size, peer.root, peer.checkpoint)
    return _Place(peer.name, peer.node, peer.authored, *seen, tuple(keys.values()))


def _gap(folder: Folder, place: _Place, *, same_log: bool) -> Iterator[Flaw]:
    begins, seen = folder.stated["after"], place.size if same_log else 0
    if begins > seen:
        yield Flaw(carried.LIST, "/after", "carried-gap", {"after": begins, "seen": seen})


def _require(found: Iterator[Flaw]) -> None:
    told = list(itertools.islice(found, _MOST_TOLD))
    if told:
        raise Flawed(*told)


def _own_witnesses(node: Node, folder: Folder, place: _Place) -> list[dict[str, Any]]:
    """What the peer signed that it saw of this node's log as it is now; raises `Flawed` where this node's log was never so."""
    with node.db.read() as session:
        epoch, wanted = log.head(session).epoch, []
        for number, item in enumerate(folder.items(carried.WITNESSES)):
            checkpoint = item["checkpoint"]
            if (checkpoint["node"], checkpoint["epoch"], item["witness"]) != (node.settings.node_name, epoch, place.node):
                continue
            try:
                require_own(session, checkpoint)
                require_witness(session, checkpoint, place.node, item["signature"])
            except Problem:
                raise Flawed(Flaw(carried.WITNESSES, f"/items/{number}", "carried-not-ours")) from None
            wanted.append(item)
    return wanted


def _keep(node: Node, place: _Place, witnessed: Sequence[dict[str, Any]]) -> int:
    if witnessed:
        with node.db.write() as session:
            for item in reversed(witnessed):
                keep(session, item["checkpoint"], place.node, item["signature"])
            record(session, IMPORT, "done", [(f"checkpoint-{item['checkpoint']['size']}", None) for item in witnessed])
    return len(witnessed)


def _take(node: Node, kinds: Kinds, folder: Folder, place: _Place, done: Imported) -> None:
    brought = _brought(folder, place)
    # A folder without a change still says how far the log goes.
    for items in (folder.items(name, exact=True) for name in folder.pages) if folder.pages else ([],):
        taken = receive(node, kinds, place.name, replace(brought, items=items), attempt=IMPORT).taken
        done.applied += taken.applied
        done.known += taken.known
        done.quarantined += taken.quarantined
        if brought.proven_from < folder.stated["size"]:
            brought = replace(brought, proven_from=folder.stated["size"], proof=())


def _brought(folder: Folder, place: _Place) -> Brought:
    """What each page comes under: the folder's checkpoint, or where more was seen already the one that says so."""
    description, checkpoint = folder.value(carried.NODE, exact=True), folder.value(carried.CHECKPOINT, exact=True)
    if folder.stated["epoch"] != place.epoch:
        return Brought(description, checkpoint, [])
    if place.size >= folder.stated["size"] and place.checkpoint is not None:
        return Brought(description, orjson.loads(place.checkpoint), [], place.size)
    leaves = [bytes.fromhex(entry["leaf"]) for _, entry in folder.lines(carried.LOG)]
    return Brought(description, checkpoint, [], place.size, [each.hex() for each in merkle.consistency_proof(leaves, place.size)])
