"""Pulling from a peer: pages fetched outside any transaction, judged, then applied with their cursor in one write (guarantees 3)."""

import gc
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from app.access.audit import Attempt
from app.core.db import changed_rows
from app.directory.allow_list import vocabulary_of
from app.documents.kinds import Kinds
from app.exchange.node import Node
from app.exchange.signatures import PublicKey
from app.sync.ahead import gathered_ahead, one_ahead
from app.sync.alarms import answered, failed, tell_of
from app.sync.applying import Taken, take
from app.sync.checking import Doubtful, Item, Rules
from app.sync.faults import SyncFault
from app.sync.judging import Judge
from app.sync.line import Answer, Line
from app.sync.models import Peer
from app.sync.peers import described, key_of, peer_of, refresh_keys
from app.sync.witnessing import Seen, grown_from, witnessed

PAGE = 500
_LONGEST_CURSOR = 2_048
_BETWEEN_LOOKS = 10_000, 5, 5
"""How many objects are made before a look for garbage, and how many looks before one that goes deeper."""
_TOGETHER, _BARE = 2_000_000, 1_000
"""Letters of judged pages that wait before no more are judged, and what a change without any counts for: two usual pages.

What waits is written at once: each then costs a fifth less, and whoever else writes waits no longer than a second.
"""
PULL = Attempt("pull_peer")


@dataclass
class Pulled:
    """What a pull did: pages read, versions applied, known before and not taken, and how far the peer's log goes."""

    pages: int = 0
    applied: int = 0
    known: int = 0
    quarantined: list[Doubtful] = field(default_factory=list)
    size: int = 0

    def add(self, taken: Taken, pages: int) -> None:
        """Count what was applied together, of so many pages."""
        self.pages += pages
        self.applied += taken.applied
        self.known += taken.known
        self.quarantined += taken.quarantined


@dataclass(frozen=True)
class _Place:
    """What of a peer's row a pull goes by."""

    name: str
    node: str
    url: str
    conferences: tuple[str, ...]
    seen: Seen
    cursor: str | None
    etag: str | None
    kept: tuple[str | None, str, int]
    """Cursor, epoch and size in the row: who moves them on compares them, so that of two that read or are sent to one goes on."""


def pull(node: Node, kinds: Kinds, name: str) -> Pulled:
    """Read a peer's feed until it is empty, and apply it; what was applied stays where a later page fails.

    Raises `SyncFault`; it is kept in the peer's row for whoever looks, and logged. `sync-elsewhere` says that another pull of the
    same peer was at work: it loses nothing and this one ends.
    """
    with node.db.read() as session:
        place = _place_of(peer_of(session, name))
    try:
        return _pull(node, kinds, place)
    except SyncFault as fault:
        if fault.code != "sync-elsewhere":
            failed(node, name, fault)
        raise


def _place_of(peer: Peer) -> _Place:
    if peer.url is None:
        raise SyncFault("sync-no-url", name=peer.name)
    seen = Seen(peer.epoch, peer.size, peer.root)
    return _Place(peer.name, peer.node, peer.url, peer.authored, seen, peer.cursor, peer.etag, (peer.cursor, peer.epoch, peer.size))


def _pull(node: Node, kinds: Kinds, place: _Place) -> Pulled:
    done = Pulled(size=place.seen.size)
    with Line(node.settings, place.url, key_of(node, place.name)) as line:
        place, page = _first(line, place)
        if page is None or (not items_of(page.value) and page.value.get("has_more") is not True and place.seen.epoch):
            _contacted(node, place, page.etag if page else place.etag)
            return done
        told = described(line)
        with node.db.write() as session:
            keys = {known.kid: known for known in refresh_keys(session, place.node, told)}
        seen = grown_from(line, place.node, place.seen, keys)
        place = _pages(node, kinds, line, replace(place, seen=seen), page.value, keys, done)
        done.size = seen.size
        if done.pages > 1 or _is_read(line, place):
            witnessed(node, line, seen)
    return done


def _first(line: Line, place: _Place) -> tuple[_Place, Answer | None]:
    """The first page after the cursor, none where nothing came; of a peer that was restored the first of all."""
    try:
        return place, line.changed("/v1/changes", _question(place), place.etag)
    except SyncFault as fault:
        if fault.code != "sync-epoch":
            raise
    # The peer was restored: its feed begins anew; what is known here already is left alone.
    place = replace(place, cursor=None, etag=None, seen=Seen("", 0, place.seen.root))
    return place, line.changed("/v1/changes", _question(place), None)


def _is_read(line: Line, place: _Place) -> bool:
    """Whether nothing came between the page and the checkpoint: who counter-signs says that everything up to there is applied."""
    page = line.get("/v1/changes", _question(place))
    return not items_of(page) and page.get("has_more") is not True


@dataclass(frozen=True)
class _Page:
    """One page of a peer's feed as it came: its items, where the next one begins, whether there is one."""

    items: list[Any]
    cursor: str
    more: bool


@dataclass(frozen=True)
class _JudgedPage:
    """What of a page may be applied, and where the next one begins."""

    cursor: str
    changes: Sequence[Item | Doubtful]

    def weight(self) -> int:
        """How long its documents are together; a page without any is not for nothing."""
        return _BARE + sum(_BARE + len(change.text or "") for change in self.changes)


def _pages(
    node: Node, kinds: Kinds, line: Line, place: _Place, first: Mapping[str, Any], keys: Mapping[str, PublicKey], done: Pulled
) -> _Place:
    with node.db.read() as session:
        models = {name: kind.model for name, kind in kinds.items()}
        rules = Rules(place.conferences, keys, node.settings.authored, vocabulary_of(session), models)
    # Of its growth the peer may tell no more than a part; where the first page is not whole, it is over.
    coming = place.seen.size - place.kept[2] if len(items_of(first)) == PAGE else 0
    # While pages are written the next ones are judged and the one after them fetched, and no further.
    with (
        _set_aside(),
        Judge(rules, coming) as judge,
        closing(one_ahead(_fetched(line, place, first))) as fetched,
        closing(gathered_ahead(_judged(judge, fetched), _JudgedPage.weight, _TOGETHER)) as judged,
    ):
        for pages in judged:
            cursor = pages[-1].cursor
            done.add(_taken(node, kinds, place, cursor, [change for page in pages for change in page.changes]), len(pages))
            place = replace(place, cursor=cursor, kept=(cursor, place.seen.epoch, place.seen.size))
    return place


def _fetched(line: Line, place: _Place, first: Mapping[str, Any]) -> Generator[_Page, None, None]:
    told, last = first, 0
    while True:
        page = _Page(items_of(told), cursor_of(told), told.get("has_more") is True)
        last = require_progress(page.items, last, moved=page.cursor != place.cursor or not page.more)
        yield page
        if not page.more:
            return
        place = replace(place, cursor=page.cursor)
        told = line.get("/v1/changes", _question(place))


def _judged(judge: Judge, pages: Iterable[_Page]) -> Generator[_JudgedPage, None, None]:
    for page in pages:
        yield _JudgedPage(page.cursor, judge.changes(page.items))


@contextmanager
def _set_aside() -> Iterator[None]:
    """What this process holds already is not looked through for garbage page after page: that takes a fifth of the time of a long pull.

    Nor is a page itself many times while it is written: nearly all of it goes without a look.
    Where it set aside at its start what stays to its end, that is left so: taking it back would take back all.
    """
    if gc.get_freeze_count():
        yield
        return
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_BETWEEN_LOOKS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _taken(node: Node, kinds: Kinds, place: _Place, cursor: str, changes: Sequence[Item | Doubtful]) -> Taken:
    with node.db.write() as session:
        _claim(session, place, cursor)
        taken = take(session, node, kinds, place.name, changes, conferences=place.conferences, attempt=PULL)
        session.execute(update(Peer).where(Peer.name == place.name).values(applied=Peer.applied + taken.applied))
    tell_of(place.name, taken)
    return taken


def _question(place: _Place) -> dict[str, str | int]:
    asked: dict[str, str | int] = {"limit": PAGE}
    if len(place.conferences) == 1:
        asked["origin"] = place.conferences[0]
    return asked | ({"cursor": place.cursor} if place.cursor else {})


def items_of(page: Mapping[str, Any]) -> list[Any]:
    """The items of a page of a feed; raises `SyncFault` (`sync-page-form`)."""
    items = page.get("items")
    if not isinstance(items, list) or len(items) > PAGE:
        raise SyncFault("sync-page-form")
    return items


def cursor_of(page: Mapping[str, Any]) -> str:
    """Where the next page of a feed begins; raises `SyncFault` (`sync-page-form`)."""
    cursor = page.get("next_cursor")
    if not isinstance(cursor, str) or not 0 < len(cursor) <= _LONGEST_CURSOR:
        raise SyncFault("sync-page-form")
    return cursor


def require_progress(items: list[Any], last: int, *, moved: bool) -> int:
    """The number of the last item; raises `sync-loop` where a feed that says that more waits does not move, or moves backwards."""
    numbers = [item["seq"] for item in items if isinstance(item, dict) and isinstance(item.get("seq"), int)]
    if not moved or any(after <= before for before, after in zip([last, *numbers], numbers, strict=False)):
        raise SyncFault("sync-loop")
    return numbers[-1] if numbers else last


def _claim(session: Session, place: _Place, cursor: str) -> None:
    """Move the cursor on from where this pull began; raises `sync-elsewhere` where another one has moved it meanwhile."""
    seen = place.seen
    moved = update(Peer).where(*_unmoved(place)).values(cursor=cursor, etag=None, **answered())
    moved = moved.values(epoch=seen.epoch, size=seen.size, root=seen.root, checkpoint=seen.text)
    if changed_rows(session.execute(moved)) == 0:
        raise SyncFault("sync-elsewhere", name=place.name)


def _unmoved(place: _Place) -> tuple[ColumnElement[bool], ...]:
    cursor, epoch, size = place.kept
    there = Peer.cursor.is_(None) if cursor is None else Peer.cursor == cursor
    return Peer.name == place.name, there, Peer.epoch == epoch, Peer.size == size


def _contacted(node: Node, place: _Place, etag: str | None) -> None:
    with node.db.write() as session:
        session.execute(update(Peer).where(*_unmoved(place)).values(etag=etag, **answered()))
