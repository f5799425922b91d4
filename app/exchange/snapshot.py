"""A consistent start: what stood in the log at one place, page after page, and the cursor of the feed at that place (contract: Routes)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select
from sqlalchemy.orm import Session, aliased

from app.access.callers import Caller
from app.core.paging import CursorSeal, binding_of
from app.exchange.feed import Question, chosen, columns_of, delivered, item_of, opened
from app.exchange.log import Head, seen_by, withdrawn
from app.exchange.models import LogEntry
from app.exchange.noticing import highest_visible
from app.wire.codes import TLP, Op


@dataclass(frozen=True)
class Place:
    """Between which entries a page lies: after the last one given before, up to the one at which the first page was asked."""

    after: int
    upto: int


@dataclass(frozen=True)
class Page:
    """One page: its items and either the cursor of the next or, at the end, that of the feed; the documents whose bodies are in it."""

    items: list[dict[str, object]]
    next_cursor: str | None
    changes_cursor: str | None
    delivered: list[tuple[str, int, TLP]]


def place(session: Session, caller: Caller, seal: CursorSeal, head: Head, asked: Question) -> Place:
    """Where a page begins and where the whole ends; raises `cursor-invalid`, and `resync-required` (410) after a restore.

    It ends at the last entry that means something to the caller, not at the end of the log: that would tell of hidden ones.
    """
    if asked.cursor is None:
        return Place(0, highest_visible(session, caller, at=head))
    return Place(*opened(seal, head, asked.cursor, _binding(asked)))


def page(session: Session, caller: Caller, seal: CursorSeal, head: Head, asked: Question, at: Place) -> Page:
    """Of each document that stands and that the caller may see the version that was the newest at that place, as the feed shows it.

    What was taken back, hidden or erased since is left out: the feed tells of it from that place on.
    """
    rows = session.execute(_statement(caller, asked, at)).all()
    given = rows[: asked.limit]
    items = [item_of(row, caller) for row in given]
    if len(rows) > asked.limit:
        return Page(items, seal.seal([head.epoch, given[-1].number, at.upto], _binding(asked)), None, delivered(given))
    return Page(items, None, seal.seal([head.epoch, at.upto], asked.binding), delivered(given))


def _binding(asked: Question) -> str:
    return binding_of("snapshot", asked.kind, asked.origin)


def _statement(caller: Caller, asked: Question, at: Place) -> Select[*tuple[Any, ...]]:
    visible = seen_by(caller)
    stands = (LogEntry.op != Op.WITHDRAW.value, LogEntry.digest.is_not(None), ~withdrawn(), ~_superseded(at.upto))
    within = (LogEntry.number > at.after, LogEntry.number <= at.upto)
    told = columns_of(caller, visible).where(*within, *chosen(asked), visible, *stands)
    return told.order_by(LogEntry.number).limit(asked.limit + 1)


def _superseded(upto: int) -> ColumnElement[bool]:
    later = aliased(LogEntry)
    same = (later.document_id == LogEntry.document_id, later.version > LogEntry.version, later.number <= upto)
    # Not EXISTS: PostgreSQL hashes that over the whole log before it looks at the first entry of a page.
    return select(literal(1)).where(*same).correlate(LogEntry).limit(1).scalar_subquery().is_not(None)
