"""What of the log a caller notices: the last entry that changes what it gets, of all or of what a question can be about."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.core.clock import utc_now
from app.core.glance import Source
from app.exchange.log import Head, head, hidden_from, seen_by
from app.exchange.models import LogEntry

_REMEMBERED = 4096
_TAIL = 256


@dataclass(frozen=True)
class Within:
    """What a question can be about: `key` names it, `facts_of` tells of documents by their ids what `touches` judges.

    A document of which nothing is known any more (none) must touch every question.
    """

    key: Hashable
    facts_of: Callable[[Session, AbstractSet[str]], Mapping[str, object]]
    touches: Callable[[object], bool]


@dataclass(frozen=True)
class _Known:
    """The highest entry noticed while the log had a size; of all entries noticed above `since`, and of what they are about, if at all."""

    size: int = 0
    highest: int = 0
    since: int = 0
    tail: tuple[tuple[int, str], ...] = ()
    facts: dict[int, object] = field(default_factory=dict)

    def followed(self, at: Head, newer: tuple[tuple[int, str], ...]) -> "_Known":
        """The same for a longer log with the entries noticed since, the newest last; of a long tail the newest are kept."""
        tail = (*self.tail, *newer)[-_TAIL:]
        is_whole = len(tail) == len(self.tail) + len(newer) < _TAIL
        facts = {number: self.facts[number] for number, _ in tail if number in self.facts}
        highest = newer[-1][0] if newer else self.highest
        return _Known(at.size, highest, self.since if is_whole else tail[0][0] - 1, tail, facts)


def highest_visible(session: Session, caller: Caller, *kinds: str, at: Head | None = None, within: Within | None = None) -> int:
    """Number of the last entry that changes what the caller gets: one that it sees, or by which something was hidden from it.

    For ETags of lists and feeds; of some `kinds` alone where they are named: of what is seen only with another, of that one too. Nothing below this number changes without an entry above it, so only entries that came since
    the last question are looked at: an unchanged list costs the one small statement of `head` (`at`, where it is known already).
    `within` narrows that to what a question can be about; one that was not asked for long, or never, has the number of all.
    """
    at = at or head(session)
    key = (session.get_bind().engine.url, at.epoch, caller.rights, kinds)
    noticed = _noticed(session, caller, kinds, key, at)
    if within is None:
        return noticed.highest
    known = _recalled((*key, within.key), at.size)
    if known.size != at.size:
        highest = _touching(session, noticed, known, within) if known.size >= noticed.since else noticed.highest
        known = _remember((*key, within.key), _Known(at.size, highest))
    return known.highest


def highest_recalled(db: Source, caller: Caller, *kinds: str, at: Head, within: Within | None = None) -> int | None:
    """The same where no entry came since it was last worked out; else none."""
    key = (db.reader.url, at.epoch, caller.rights, kinds)
    known = _recalled((*key, within.key) if within else key, at.size)
    return known.highest if known.size == at.size else None


def _noticed(session: Session, caller: Caller, kinds: tuple[str, ...], key: tuple[object, ...], at: Head) -> _Known:
    known = _recalled(key, at.size)
    if known.size == at.size:
        return known
    anybody = replace(caller, client_id="", person=None, proof=None)
    asked = _newer(anybody, kinds, utc_now().date())
    newer = session.execute(asked, {"size": known.size, "most": _TAIL if known.size else 1})
    found = known.followed(at, tuple((row.number, row.document_id) for row in newer)[::-1])
    # Of what came before the first question nothing is known but its highest.
    return _remember(key, found if known.size else _Known(at.size, found.highest, at.size))


def _touching(session: Session, noticed: _Known, known: _Known, within: Within) -> int:
    later = [entry for entry in noticed.tail if entry[0] > known.size]
    unknown = [entry for entry in later if entry[0] not in noticed.facts]
    if unknown:
        found = within.facts_of(session, {document_id for _, document_id in unknown})
        noticed.facts.update({number: found.get(document_id) for number, document_id in unknown})
    return max((number for number, _ in later if within.touches(noticed.facts[number])), default=known.highest)


@lru_cache(maxsize=256)
def _newer(caller: Caller, kinds: tuple[str, ...], today: date) -> Select[int, str]:
    """Entries above a size that the caller notices, the newest first; put together once, for that takes longer than asking it."""
    del today  # what is seen for some days alone makes it another statement
    chosen = [LogEntry.kind.in_(kinds)] if kinds else []
    noticed = select(LogEntry.number, LogEntry.document_id).where(
        LogEntry.number > bindparam("size"), *chosen, seen_by(caller) | hidden_from(caller)
    )
    return noticed.order_by(LogEntry.number.desc()).limit(bindparam("most"))


def _recalled(key: tuple[object, ...], size: int) -> _Known:
    with _lock:
        known = _highest.get(key)
        if known is None or known.size > size:
            return _Known()
        _highest.move_to_end(key)
        return known


def _remember(key: tuple[object, ...], known: _Known) -> _Known:
    with _lock:
        if _highest.get(key, _Known()).size <= known.size:
            _highest[key] = known
        while len(_highest) > _REMEMBERED:
            _highest.popitem(last=False)
    return known


_lock = threading.Lock()
_highest: OrderedDict[tuple[object, ...], _Known] = OrderedDict()
