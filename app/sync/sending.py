"""Sending to a peer that cannot dial this node: its own feed page by page, each with the checkpoint and the proof that it grew (guarantees 3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.clients import peer_caller
from app.core.clock import utc_now
from app.core.db import changed_rows
from app.core.problems import Problem
from app.exchange import feed, log
from app.exchange.describing import description
from app.exchange.node import Node
from app.exchange.proofs import consistency
from app.exchange.witnesses import checkpoint_at, is_witness, keep, newest_by
from app.sync.alarms import failed
from app.sync.faults import SyncFault
from app.sync.line import Line
from app.sync.models import Peer
from app.sync.peers import described, key_of, peer_of, refresh_keys
from app.wire.canonical import canonical
from app.wire.codes import TLP

PAGE = 500
LARGEST_BODY = 8 * 1024 * 1024
"""Bytes of one delivery, below the limit that a node has by default."""
_MOST_TRIES = 16
SEND = Attempt("send_to_peer")


@dataclass
class Sent:
    """What a send did: pages given, and what the peer says became of them; how far it has witnessed this node's log now."""

    pages: int = 0
    applied: int = 0
    known: int = 0
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True)
class _Place:
    """How far a peer was sent to, and what it is believed to have seen of this node's log."""

    name: str
    node: str
    url: str
    conference: str
    sent: str | None
    seen: int
    limit: int


@dataclass(frozen=True)
class _Parcel:
    body: bytes
    checkpoint: dict[str, Any]
    cursor: str
    has_more: bool
    delivered: list[tuple[str, int, TLP]]
    count: int


def send(node: Node, name: str) -> Sent:
    """Give a peer what it may see of this node's own documents and was not sent yet; what it took stays where a later page fails.

    Raises `SyncFault`; it is kept in the peer's row, and logged. `sync-elsewhere` says that something else was at work with the
    same peer: it loses nothing and this one ends.
    """
    with node.db.read() as session:
        place = _place_of(session, peer_of(session, name))
    try:
        return _send(node, place)
    except SyncFault as fault:
        if fault.code != "sync-elsewhere":
            failed(node, name, fault)
        raise


def _place_of(session: Session, peer: Peer) -> _Place:
    if peer.url is None:
        raise SyncFault("sync-no-url", name=peer.name)
    here = log.head(session)
    witnessed = newest_by(session, peer.node, here.epoch)
    seen = witnessed.size if witnessed and witnessed.size <= here.size else 0
    return _Place(peer.name, peer.node, peer.url, peer.authored[0], peer.sent, seen, PAGE)


def _send(node: Node, place: _Place) -> Sent:
    done = Sent(size=place.seen)
    parcel = _parcel(node, place)
    if parcel.count == 0:
        return done
    with Line(node.settings, place.url, key_of(node, place.name)) as line:
        told = described(line)
        with node.db.write() as session:
            refresh_keys(session, place.node, told)
        while parcel.count:
            node.read_audit.note(SEND, parcel.delivered)
            answer, place, parcel = _given(node, line, place, parcel)
            _keep(node, place, parcel, answer)
            _count(done, answer, parcel)
            if not parcel.has_more:
                break
            place = replace(place, sent=parcel.cursor, seen=max(place.seen, parcel.checkpoint["size"]))
            parcel = _parcel(node, place)
    return done


def _given(node: Node, line: Line, place: _Place, parcel: _Parcel) -> tuple[dict[str, Any], _Place, _Parcel]:
    """What the peer answers to a page, and the page as it was given in the end: with the proof that it asked for, or halved."""
    for _ in range(_MOST_TRIES):
        try:
            return line.post_bytes("/v1/changes", parcel.body), place, parcel
        except SyncFault as fault:
            place = _otherwise(place, parcel, fault)
        parcel = _parcel(node, place)
    raise SyncFault("sync-loop")


def _otherwise(place: _Place, parcel: _Parcel, fault: SyncFault) -> _Place:
    """How the page is to be given instead; raises the fault where that is no matter of proof or length."""
    seen = fault.figures.get("size")
    if fault.code == "sync-behind" and isinstance(seen, int) and seen != place.seen:
        return replace(place, seen=seen)
    if fault.code == "sync-body-too-large" and parcel.count > 1:
        return replace(place, limit=max(parcel.count // 2, 1))
    raise fault


def _parcel(node: Node, place: _Place) -> _Parcel:
    """The next page in one consistent read, halved until it is short enough.

    Its checkpoint goes as far as its last change, the last page's as far as the log: by its receipt the peer says what it was given.
    """
    with node.db.read() as session:
        head = log.head(session)
        if place.seen > head.size:
            raise SyncFault("sync-ahead", size=place.seen)
        limit, told = place.limit, description(session, node)
        while True:
            page = _page(session, node, head, place, limit)
            numbers = [int(str(item["seq"])) for item in page.items]
            size = max(numbers[-1], place.seen) if page.has_more else head.size
            stated = orjson.loads(checkpoint_at(session, node.signer, size))
            proof = consistency(session, place.seen, size).proof if 0 < place.seen < size else ()
            sent = {"description": told, "checkpoint": stated, "from": place.seen, "proof": [each.hex() for each in proof]}
            body = orjson.dumps({**sent, "items": page.items})
            if len(body) <= LARGEST_BODY or len(numbers) <= 1:
                return _Parcel(body, stated, page.next_cursor, page.has_more, page.delivered, len(numbers))
            limit = len(numbers) // 2


def _page(session: Session, node: Node, head: log.Head, place: _Place, limit: int) -> feed.Page:
    caller, authored = peer_caller(session, place.conference), node.settings.authored
    asked = feed.Question(place.sent, limit, None, authored[0] if len(authored) == 1 else None)
    try:
        page = feed.page(session, caller, node.cursor_seal, head, asked)
    except Problem:
        # This node was restored, or its keys drawn anew: it is sent from the start, and what the peer knows changes nothing.
        page = feed.page(session, caller, node.cursor_seal, head, replace(asked, cursor=None))
    return page


def _keep(node: Node, place: _Place, parcel: _Parcel, answer: Mapping[str, Any]) -> None:
    """Keep the peer's receipt and move on, in one write; raises `sync-receipt` where it is not the peer's of this page."""
    with node.db.write() as session:
        same = isinstance(answer.get("checkpoint"), dict) and canonical(answer["checkpoint"]) == canonical(parcel.checkpoint)
        if not same or not is_witness(session, parcel.checkpoint, place.node, answer.get("signature")):
            raise SyncFault("sync-receipt")
        unmoved = Peer.sent.is_(None) if place.sent is None else Peer.sent == place.sent
        moved = update(Peer).where(Peer.name == place.name, unmoved).values(sent=parcel.cursor, contact_at=utc_now())
        if changed_rows(session.execute(moved)) == 0:
            raise SyncFault("sync-elsewhere", name=place.name)
        keep(session, parcel.checkpoint, place.node, answer["signature"])
        record(session, SEND, "done", [(f"checkpoint-{parcel.checkpoint['size']}", None)])


def _count(done: Sent, answer: Mapping[str, Any], parcel: _Parcel) -> None:
    done.pages += 1
    done.size = parcel.checkpoint["size"]
    done.applied += _number(answer.get("applied"))
    done.known += _number(answer.get("known"))
    told = answer.get("quarantined")
    done.quarantined += [each for each in told if isinstance(each, dict)][:PAGE] if isinstance(told, list) else []


def _number(told: object) -> int:
    return told if isinstance(told, int) else 0
