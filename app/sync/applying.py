"""From judged changes into this node's log and projections, in the order in which the peer gives them (house.md: journey, step 4)."""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.core.logs import tell
from app.core.planner import tell_planner
from app.documents.erasing import erase_received
from app.documents.kinds import Kinds
from app.exchange.log import newest as newest_of
from app.exchange.node import Node
from app.exchange.received import Held, Received, append_received, held, is_erased
from app.sync.checking import Doubtful, Item
from app.sync.models import Quarantined
from app.sync.quarantine import FULL, NOT_UNDERSTOOD, keep
from app.sync.replaying import mark_hidden, project, replay
from app.wire.codes import Op

FORK = "sync-fork"
TAKEN_ID = "sync-id-taken"
FOREIGN_STATE = "sync-foreign-state"
OWN_UNKNOWN = "sync-own-unknown"
TAKEN_PLACE = "sync-place-taken"


@dataclass
class Taken:
    """What became of a page: versions applied, versions that were known, and those that were not taken."""

    applied: int = 0
    known: int = 0
    quarantined: list[Doubtful] = field(default_factory=list)


@dataclass
class _Page:
    session: Session
    node: Node
    kinds: Kinds
    attempt: Attempt
    log: dict[str, dict[int, Held]]
    fresh: list[dict[str, Item]] = field(default_factory=list)
    """Newest versions that wait for their projections, by document, those that follow on another behind it: a page costs as much as a few."""
    places: dict[tuple[str, int], str] = field(default_factory=dict)
    """By id and version, what of the page's documents only one may stand for."""
    holders: dict[str, str] = field(default_factory=dict)
    waiting: list[Received] = field(default_factory=list)
    late: dict[str, str] = field(default_factory=dict)
    taken: Taken = field(default_factory=Taken)


def take(
    session: Session,
    node: Node,
    kinds: Kinds,
    peer: str,
    changes: Sequence[Item | Doubtful],
    *,
    conferences: Sequence[str],
    attempt: Attempt,
) -> Taken:
    """Apply what was judged, whole or not at all, and keep what may not be applied in quarantine; it never blocks the rest.

    What is known already is left alone: a page that comes twice changes nothing.
    """
    wanted = [change.id for change in changes if change.id]
    page = _Page(session, node, kinds, attempt, held(session, wanted))
    _see_places(page, changes)
    for change in _last_erasures(changes):
        if isinstance(change, Doubtful):
            page.taken.quarantined.append(change)
            if change.instead:
                _apply(page, change.instead, conferences)
        else:
            _apply(page, change, conferences)
    _flush(page)
    for document_id, kind in page.late.items():
        replay(session, kinds, kind, document_id)
    if keep(session, peer, page.taken.quarantined):
        tell(logging.ERROR, "sync quarantined", {"peer": peer, "code": FULL})
    return page.taken


def _see_places(page: _Page, changes: Iterable[Item | Doubtful]) -> None:
    told: dict[str, list[Item]] = {}
    for change in changes:
        if isinstance(change, Item) and change.document is not None and change.kind in page.kinds:
            told.setdefault(change.kind, []).append(change)
    for name, items in told.items():
        kind = page.kinds[name]
        places = {(each.id, each.version): place for each in items for place in kind.places_of([each.document or {}]).values()}
        page.places.update(places)
        if places:
            page.holders.update(kind.holders(page.session, set(places.values())))


def _last_erasures(changes: Iterable[Item | Doubtful]) -> list[Item | Doubtful]:
    """The changes, of several that tell of one erasure (a feed names every version) only the last."""
    kept: dict[object, Item | Doubtful] = {}
    for number, change in enumerate(changes):
        is_erasure = isinstance(change, Item) and change.op == Op.ERASE.value
        key: object = change.id if is_erasure else number
        kept.pop(key, None)
        kept[key] = change
    return list(kept.values())


def _apply(page: _Page, item: Item, conferences: Sequence[str]) -> None:
    known = page.log.get(item.id, {})
    before = known.get(item.version)
    if item.origin in page.node.settings.authored and item.origin not in conferences:
        _come_back(page, item, known)
    elif is_erased(known) or (known and next(iter(known.values())).origin not in conferences):
        _known_or_foreign(page, item, known)
    elif item.op in {Op.HIDE.value, Op.ERASE.value}:
        _end(page, item, known)
    elif before is not None:
        _again(page, item, before)
    elif item.document is None:
        # Its body is served no more: what took it back follows, and is all that this node needs.
        page.taken.known += 1
    else:
        _add(page, item, known)


def _known_or_foreign(page: _Page, item: Item, known: dict[int, Held]) -> None:
    """What was erased stays erased; a document of another origin under this id is somebody else's."""
    if is_erased(known) or item.op in {Op.HIDE.value, Op.ERASE.value}:
        page.taken.known += 1
    else:
        page.taken.quarantined.append(_doubt(TAKEN_ID, item))


def _come_back(page: _Page, item: Item, known: dict[int, Held]) -> None:
    """A document of this node's own that a peer passes on: it is what this node published, or somebody made another of it."""
    before = known.get(item.version)
    if is_erased(known) or item.op in {Op.HIDE.value, Op.ERASE.value}:
        page.taken.known += 1
    elif before is None:
        page.taken.quarantined.append(_doubt(OWN_UNKNOWN, item))
    else:
        _again(page, item, before)


def _again(page: _Page, item: Item, before: Held) -> None:
    if before.digest in {None, item.digest}:
        page.taken.known += 1
    else:
        page.taken.quarantined.append(_doubt(FORK, item))


def _end(page: _Page, item: Item, known: dict[int, Held]) -> None:
    """A hide or an erasure: of what never came here there is nothing to end."""
    if not known or item.version in known:
        page.taken.known += 1
        return
    origin = next(iter(known.values())).origin
    kind = item.kind or _kind_of(page, item.id)
    if item.op == Op.ERASE.value:
        _flush(page)
        one = page.kinds.get(kind)
        forget = one.forget_one if one else _nothing
        erase_received(page.session, page.node, page.attempt, item.id, item.version, forget, one.along if one else None)
        page.holders = {place: holder for place, holder in page.holders.items() if holder != item.id}
    else:
        _project(page)
        mark_hidden(page.session, item.id, item.version, origin)
        page.waiting.append(Received(kind, item.id, item.version, item.op, origin, None, None))
        if item.version < max(known):
            page.late[item.id] = kind
    _count(page, item, Held(origin, item.op, None))


def _nothing(_session: Session, _document_id: str) -> None:
    """A kind that this release does not know has no projections."""


def _kind_of(page: _Page, document_id: str) -> str:
    from_waiting = [each.kind for each in page.waiting if each.id == document_id]
    if from_waiting:
        return from_waiting[0]
    newest = newest_of(page.session, document_id)
    return newest.kind if newest else ""


def _add(page: _Page, item: Item, known: dict[int, Held]) -> None:
    if item.document is None or item.origin is None:
        return
    kind = page.kinds.get(item.kind)
    if kind is not None and not kind.is_of_origin(page.session, item.document):
        page.taken.quarantined.append(_doubt(FOREIGN_STATE, item))
        return
    place = page.places.get((item.id, item.version))
    if place is not None and page.holders.setdefault(place, item.id) != item.id:
        page.taken.quarantined.append(_doubt(TAKEN_PLACE, item))
        return
    if known and item.version < max(known):
        page.late[item.id] = item.kind
    else:
        _line_up(page, item)
    page.waiting.append(Received(item.kind, item.id, item.version, item.op, item.origin, item.digest, item.text))
    _count(page, item, Held(item.origin, item.op, item.digest))


def _line_up(page: _Page, item: Item) -> None:
    """Let a newest version wait behind those of its document that wait."""
    ahead = [each[item.id] for each in page.fresh if item.id in each]
    place, left = (page.places.get((each.id, each.version)) for each in (item, ahead[-1] if ahead else item))
    if place and left and place != left:
        # What it stood for is free for another document only when that is written.
        _project(page)
        page.holders.pop(left, None)
        ahead = []
    if len(ahead) == len(page.fresh):
        page.fresh.append({})
    page.fresh[len(ahead)][item.id] = item


def _count(page: _Page, item: Item, now: Held) -> None:
    page.log.setdefault(item.id, {})[item.version] = now
    page.taken.applied += 1


def _project(page: _Page) -> None:
    for fresh in page.fresh:
        documents = [each.document for each in fresh.values() if each.document is not None]
        strange = project(page.session, page.kinds, documents, {each.id for each in fresh.values() if each.is_formed})
        for each in fresh.values():
            if each.id in strange:
                page.taken.quarantined.append(Doubtful(NOT_UNDERSTOOD, each.kind, each.id, each.version, each.digest or ""))
    page.fresh = []


def _flush(page: _Page) -> None:
    _project(page)
    if not page.waiting:
        return
    size = append_received(page.session, page.node.signer, page.waiting)
    record(page.session, page.attempt, "applied", [(each.id, each.version) for each in page.waiting])
    tell_planner(page.session, size - len(page.waiting), size)
    page.waiting = []


def forget_understood(session: Session, still: Collection[str]) -> None:
    """Take from quarantine what this release understands: all that was not understood but these documents."""
    waiting = session.scalars(select(Quarantined).where(Quarantined.code == NOT_UNDERSTOOD)).all()
    for row in waiting:
        if row.document_id not in still:
            session.delete(row)


def _doubt(code: str, item: Item) -> Doubtful:
    return Doubtful(code, item.kind, item.id, item.version, item.digest or "", item.text)
