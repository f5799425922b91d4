"""Writing a folder for an officer to carry: what one peer may see of this node's own documents, and the proof of it (docs: Carried files)."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.access.clients import peer_caller
from app.core.clock import rfc3339, utc_now
from app.exchange import feed, log, proofs, witnesses
from app.exchange import keys as exchange_keys
from app.exchange.describing import description
from app.exchange.node import Node
from app.sync import carried
from app.sync.faults import SyncFault
from app.sync.models import Peer
from app.sync.peers import peer_of
from app.sync.pulling import PAGE
from app.wire.canonical import CARRIED_CONTEXT, canonical

EXPORT = Attempt("export_folder")
_ENTRIES = 1_000

Certificates = Callable[[Session, Caller, Sequence[tuple[str, int]]], Iterable[tuple[str, int, str]]]
"""Of these versions those whose certificate the caller may read: id, version, text."""


@dataclass(frozen=True)
class Exported:
    """What was written: for whom, how many changes, and how far the log goes."""

    peer: str
    conference: str
    changes: int
    size: int


class _Writer:
    """The files of a folder as they grow, with their lengths and sums; nothing of them is kept in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, dict[str, object]] = {}

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        summed, length = hashlib.sha256(), 0
        with (self.path / name).open("xb") as file:
            for part in parts:
                file.write(part)
                summed.update(part)
                length += len(part)
            file.flush()
            os.fsync(file.fileno())
        self.files[name] = {"bytes": length, "sha256": summed.hexdigest()}


def export(node: Node, folder: Path, certificates: Certificates, *, peer: str | None = None, after: int = 0) -> Exported:
    """Write the folder, whole or not at all: one view of the store, in parts.

    Raises `SyncFault`: `carried-no-peer`, `carried-which-peer`, `peer-unknown`, `carried-after`, `carried-not-empty`, `carried-write`.
    """
    with node.db.read() as session:
        known = _peer(session, peer)
        name, caller = known.name, peer_caller(session, known.authored[0])
        size, other = log.head(session).size, known.node
        if after > size:
            raise SyncFault("carried-after", after=after, size=size)
        with _beside(folder) as path:
            writer = _Writer(path)
            writer.write(carried.NODE, [orjson.dumps(description(session, node))])
            writer.write(carried.CHECKPOINT, [witnesses.standing(session).encode()])
            writer.write(carried.LOG, _entries(session, caller))
            count = _write_changes(session, node, caller, writer, after, certificates)
            kept = witnesses.between(session, node.settings.node_name, other, carried.MOST_WITNESSES)
            writer.write(carried.WITNESSES, [orjson.dumps({"items": kept})])
            _seal(session, node, writer, caller.conference, after)
    with node.db.write() as session:
        record(session, EXPORT, "done", [(f"log-{size}", None)])
    return Exported(name, caller.conference, count, size)


def _peer(session: Session, name: str | None) -> Peer:
    if name is not None:
        return peer_of(session, name)
    peers = session.scalars(select(Peer).order_by(Peer.name)).all()
    if len(peers) == 1:
        return peers[0]
    raise SyncFault("carried-which-peer", names=[peer.name for peer in peers]) if peers else SyncFault("carried-no-peer")


class _beside:  # noqa: N801 - used like a function
    """A new folder beside the one that is wanted, which takes its place at the end or is gone."""

    def __init__(self, wanted: Path) -> None:
        self.wanted = wanted

    def __enter__(self) -> Path:
        try:
            if self.wanted.exists() and (not self.wanted.is_dir() or any(self.wanted.iterdir())):
                raise SyncFault("carried-not-empty", folder=self.wanted)
            self.made = Path(tempfile.mkdtemp(prefix=f".{self.wanted.name}.", dir=self.wanted.absolute().parent))
        except OSError as error:
            raise SyncFault("carried-write", folder=self.wanted, error=error.strerror) from None
        return self.made

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        try:
            if error is None:
                self.made.replace(self.wanted)
        except OSError as failed:
            error = failed
        if error is not None:
            shutil.rmtree(self.made, ignore_errors=True)
        if isinstance(error, OSError):
            raise SyncFault("carried-write", folder=self.wanted, error=error.strerror) from None


def _entries(session: Session, caller: Caller) -> Iterator[bytes]:
    number = 0
    while page := proofs.told(session, caller, number, _ENTRIES):
        yield b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in page)
        number += len(page)


def _write_changes(session: Session, node: Node, caller: Caller, writer: _Writer, after: int, certificates: Certificates) -> int:
    """Files of changes, each of at most a page and 8 MiB or one change, and beside them the certificates; how many changes."""
    state = {"count": 0, "pages": 0}

    def told() -> Iterator[bytes]:
        waiting: list[bytes] = []
        for item, proven in _changes(session, node, caller, after, certificates):
            if waiting and (len(waiting) == PAGE or sum(map(len, waiting)) + len(item) > carried.LARGEST_PAGE):
                finish(waiting)
                waiting = []
            waiting.append(item)
            state["count"] += 1
            yield from proven
        if waiting:
            finish(waiting)

    def finish(items: list[bytes]) -> None:
        state["pages"] += 1
        writer.write(carried.page_name(state["pages"]), [b'{"items":[', b",".join(items), b"]}"])

    writer.write(carried.CERTIFICATES, told())
    return state["count"]


def _changes(
    session: Session, node: Node, caller: Caller, after: int, certificates: Certificates
) -> Iterator[tuple[bytes, Sequence[bytes]]]:
    while rows := feed.own_changes(session, caller, node.settings.authored, after, PAGE):
        node.read_audit.note(EXPORT, feed.delivered(rows))
        pairs = [(row.document_id, row.version) for row in rows if row.kind == "bulletin" and row.body is not None]
        proven = {(document_id, version): text for document_id, version, text in certificates(session, caller, pairs)}
        for row in rows:
            text = proven.get((row.document_id, row.version))
            named = {"id": row.document_id, "version": row.version, "certificate": orjson.Fragment(text or b"")}
            yield orjson.dumps(feed.item_of(row, caller)), [] if text is None else [orjson.dumps(named, option=orjson.OPT_APPEND_NEWLINE)]
        after = rows[-1].number


def _seal(session: Session, node: Node, writer: _Writer, conference: str, after: int) -> None:
    head = log.head(session)
    named: dict[str, Any] = {"format": carried.FORMAT, "node": node.settings.node_name, "epoch": head.epoch, "size": head.size}
    stated = {**named, "conference": conference, "after": after, "time": rfc3339(utc_now()), "files": dict(writer.files)}
    signature = node.signer.sign(exchange_keys.CHECKPOINT, CARRIED_CONTEXT, canonical(stated))
    writer.write(carried.LIST, [canonical({**stated, "signature": signature})])
    sums = {name: str(each["sha256"]) for name, each in writer.files.items()}
    writer.write(carried.SUMS, [carried.sums_text(sums)])
