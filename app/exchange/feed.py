"""The change feed: the log as one caller may see it, page after page, in one statement each (contract: Changes)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Select, and_, case, false, func, literal, null, or_, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.models import DocumentAccess
from app.core.paging import CursorSeal, binding_of
from app.core.problems import Problem
from app.exchange.log import Head, hidden_from, seen_by, withdrawn
from app.exchange.models import LogEntry
from app.wire.codes import TLP, Op, Role

SNAPSHOT = "/v1/snapshot"
_LEARN_NUMBERS = frozenset({Role.OPERATOR, Role.PEER, Role.SECRETARIAT})


@dataclass(frozen=True)
class Question:
    """What a caller asks of the feed: entries after a cursor, of one kind or origin where they are named."""

    cursor: str | None = None
    limit: int = 100
    kind: str | None = None
    origin: str | None = None

    @property
    def binding(self) -> str:
        """What its cursors are bound to: the filters, neither the limit nor the client."""
        return binding_of("changes", self.kind, self.origin)


@dataclass(frozen=True)
class Page:
    """One page: its items, the cursor after the last of them, whether more wait, and the documents whose bodies are in it."""

    items: list[dict[str, object]]
    next_cursor: str
    has_more: bool
    delivered: list[tuple[str, int, TLP]]


def position(seal: CursorSeal, head: Head, asked: Question) -> int:
    """Number of the entry after which the page begins, 0 without a cursor.

    Raises `cursor-invalid`, and `resync-required` (410) for a cursor of the time before a restore.
    """
    if asked.cursor is None:
        return 0
    return opened(seal, head, asked.cursor, asked.binding)[0]


def opened(seal: CursorSeal, head: Head, cursor: str, binding: str) -> list[int]:
    """The numbers that a cursor of this epoch holds; raises what `position` raises."""
    epoch, *numbers = seal.open(cursor, binding)
    if epoch != head.epoch:
        raise Problem("resync-required", headers={"Link": f'<{SNAPSHOT}>; rel="alternate"'}, link=SNAPSHOT)
    return [int(str(number)) for number in numbers]


def page(session: Session, caller: Caller, seal: CursorSeal, head: Head, asked: Question) -> Page:
    """The next page of what the caller sees or is told of; raises what `position` raises.

    The cursor stands at the last item given, never further: were it to run ahead over hidden entries, it would tell of them.
    """
    after = position(seal, head, asked)
    rows = session.execute(_statement(caller, asked, after)).all()
    given = rows[: asked.limit]
    last = given[-1].number if given else after
    items = [item_of(row, caller) for row in given]
    return Page(items, seal.seal([head.epoch, last], asked.binding), len(rows) > asked.limit, delivered(given))


def _statement(caller: Caller, asked: Question, after: int) -> Select[*tuple[Any, ...]]:
    visible = seen_by(caller)
    told = columns_of(caller, visible).where(LogEntry.number > after, *chosen(asked), or_(visible, hidden_from(caller)))
    return told.order_by(LogEntry.number).limit(asked.limit + 1)


def own_changes(session: Session, caller: Caller, origins: Sequence[str], after: int, limit: int) -> list[Row[Any]]:
    """What a caller sees or is told of documents of these conferences above a number, as rows for `item_of`, in one statement."""
    visible = seen_by(caller)
    told = columns_of(caller, visible).where(LogEntry.number > after, LogEntry.origin.in_(list(origins)))
    return list(session.execute(told.where(or_(visible, hidden_from(caller))).order_by(LogEntry.number).limit(limit)))


def chosen(asked: Question) -> list[ColumnElement[bool]]:
    """Conditions on an entry of the log: the filters of a question."""
    return [column == value for column, value in ((LogEntry.kind, asked.kind), (LogEntry.origin, asked.origin)) if value is not None]


def columns_of(caller: Caller, visible: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Of every entry of the log what `item_of` needs; `visible` says which of them the caller may see."""
    # Of its own conference a peer gets what was taken back too: a node that was restored has it from nowhere else.
    own = LogEntry.origin == caller.conference if caller.role is Role.PEER else false()
    served = and_(visible, LogEntry.op != Op.WITHDRAW.value, or_(own, ~withdrawn()))
    body = case((served, LogEntry.document), else_=null()) if caller.reads_bodies else literal(None)
    marking = select(func.max(DocumentAccess.tlp)).where(
        DocumentAccess.document_id == LogEntry.document_id, or_(DocumentAccess.version == LogEntry.version, DocumentAccess.newest)
    )
    # To who syncs: the version that takes a document back holds no body, and without its text nobody could check who wrote it.
    taken_back = and_(visible, LogEntry.op == Op.WITHDRAW.value)
    withdrawal = case((taken_back, LogEntry.document), else_=null()) if caller.role is Role.PEER else literal(None)
    columns = (LogEntry.number, LogEntry.kind, LogEntry.document_id, LogEntry.version, LogEntry.op, LogEntry.origin)
    told: Select[*tuple[Any, ...]] = select(*columns, LogEntry.recorded_at, LogEntry.digest)
    return told.add_columns(
        body.label("body"),
        withdrawal.label("withdrawal"),
        visible.label("visible"),
        marking.correlate(LogEntry).scalar_subquery().label("tlp"),
    )


def item_of(row: Row[Any], caller: Caller) -> dict[str, object]:
    """One change as the caller is told of it (contract: Changes)."""
    numbered: dict[str, object] = {"seq": row.number} if caller.role in _LEARN_NUMBERS else {}
    named = {"id": row.document_id, "version": row.version}
    if not row.visible or row.op == Op.HIDE.value:
        hidden = {"kind": row.kind, **named, "op": Op.HIDE.value, "origin": None, "digest": None, "document": None}
        return {**hidden, **numbered}
    if row.digest is None:
        return {**named, "op": Op.ERASE.value, "origin": row.origin, "time": row.recorded_at, **numbered}
    document = orjson.Fragment(row.body) if row.body is not None else None
    shown = {"kind": row.kind, **named, "op": row.op, "origin": row.origin, "digest": row.digest, "document": document}
    if row.withdrawal is not None:
        shown["withdrawal"] = orjson.Fragment(row.withdrawal)
    return {**shown, **numbered}


def delivered(rows: Sequence[Row[Any]]) -> list[tuple[str, int, TLP]]:
    """The versions whose bodies are in these rows, each with its marking, for the audit of reads."""
    return [(row.document_id, row.version, list(TLP)[row.tlp]) for row in rows if row.body is not None]
