"""Proofs from the log as it is stored: that an entry is in it, that it only grew; and its entries as a caller may know them (guarantees 3)."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.core.problems import Problem
from app.exchange import log, merkle
from app.exchange.models import LogEntry
from app.wire.problem import Finding


@dataclass(frozen=True)
class Inclusion:
    """By which hashes an entry's leaf is found again in the root of the log at a size."""

    number: int
    size: int
    leaf: bytes
    root: bytes
    proof: Sequence[bytes]


@dataclass(frozen=True)
class Consistency:
    """By which hashes the log at one size is found again in the log at a later one."""

    first: int
    second: int
    first_root: bytes
    second_root: bytes
    proof: Sequence[bytes]


def inclusion(session: Session, number: int, size: int | None = None) -> Inclusion:
    """That entry `number` is in the log at `size`, by default as it is now; raises `log-number-unknown` (422)."""
    reach = log.head(session).size
    size = reach if size is None else size
    _require_within("size", size, 1, reach)
    _require_within("number", number, 1, size)
    leaf = _leaves(session, number - 1, number)[0]
    return Inclusion(number, size, leaf, root_at(session, size), merkle.inclusion_path(size, number - 1, _roots(session)))


def consistency(session: Session, first: int, second: int | None = None) -> Consistency:
    """That the log at size `second`, by default as it is now, begins with all of it at `first`; raises `log-number-unknown` (422)."""
    reach = log.head(session).size
    second = reach if second is None else second
    _require_within("to", second, 0, reach)
    _require_within("from", first, 0, second)
    proof = merkle.consistency_path(second, first, _roots(session))
    return Consistency(first, second, root_at(session, first), root_at(session, second), proof)


def root_at(session: Session, size: int) -> bytes:
    """Root of the log as it was at a size that it had; raises NoResultFound for any other."""
    return merkle.EMPTY_ROOT if size == 0 else session.execute(select(LogEntry.root).where(LogEntry.number == size)).scalar_one()


def _leaves(session: Session, after: int, upto: int) -> Sequence[bytes]:
    within = (LogEntry.number > after, LogEntry.number <= upto)
    return session.scalars(select(LogEntry.leaf).where(*within).order_by(LogEntry.number)).all()


def _roots(session: Session) -> merkle.RootOver:
    """Roots of parts of this log; those of whole parts, which never change, are remembered: no pull reads the whole log again."""
    key = (session.get_bind().engine.url, log.head(session).epoch)

    def root_over(low: int, high: int) -> bytes:
        size = high - low
        if size < _PART:
            return merkle.tree_root(_leaves(session, low, high))
        is_whole = size.bit_count() == 1
        known = _recalled((*key, low, high)) if is_whole else None
        if known is not None:
            return known
        middle = low + merkle.split(size)
        found = merkle.node_hash(root_over(low, middle), root_over(middle, high))
        if is_whole:
            _remember((*key, low, high), found)
        return found

    return root_over


def _recalled(key: tuple[object, ...]) -> bytes | None:
    with _lock:
        if key in _known:
            _known.move_to_end(key)
        return _known.get(key)


def _remember(key: tuple[object, ...], root: bytes) -> None:
    with _lock:
        _known[key] = root
        while len(_known) > _REMEMBERED:
            _known.popitem(last=False)


_PART = 1_024
_REMEMBERED = 16_384
"""Roots of parts of so many leaves and more that are kept: those of eight million entries."""
_lock = threading.Lock()
_known: OrderedDict[tuple[object, ...], bytes] = OrderedDict()


def _require_within(name: str, number: int, minimum: int, maximum: int) -> None:
    if not minimum <= number <= maximum:
        raise Problem("log-number-unknown", Finding("log-number-unknown", pointer=name, params={"maximum": maximum}), maximum=maximum)


def told(session: Session, caller: Caller, after: int, limit: int) -> list[dict[str, object]]:
    """Entries above number `after`, in order: of what the caller may not see only that it is there."""
    columns = (LogEntry.number, LogEntry.leaf, LogEntry.recorded_at, LogEntry.kind, LogEntry.document_id, LogEntry.version)
    asked: Select[*tuple[Any, ...]] = select(*columns, LogEntry.op, LogEntry.origin, LogEntry.digest)
    asked = asked.add_columns(log.seen_by(caller).label("seen")).where(LogEntry.number > after)
    return [_told(row) for row in session.execute(asked.order_by(LogEntry.number).limit(limit))]


def _told(row: Row[Any]) -> dict[str, object]:
    bare = {"number": row.number, "leaf": row.leaf.hex(), "recorded_at": row.recorded_at}
    if not row.seen:
        return bare
    named = {"kind": row.kind, "id": row.document_id, "version": row.version, "op": row.op, "origin": row.origin}
    return {**bare, **named, **({"digest": row.digest} if row.digest is not None else {})}
