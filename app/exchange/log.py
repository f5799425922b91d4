"""The exchange log: everything published here or received, one entry a version, gap-free and in the order of commits (guarantees 3).

An append takes the one head row first; its lock orders the writers, so that whoever reads entry n also finds every entry below it.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, bindparam, false, func, literal, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from app.access.callers import Caller
from app.access.models import DocumentAccess
from app.access.visibility import could_see
from app.core.clock import rfc3339, utc_now
from app.core.db import insert_all
from app.core.glance import Glance, Source
from app.exchange import merkle
from app.exchange.keys import Signer, checkpoint
from app.exchange.models import LogEntry, LogHead
from app.exchange.signatures import document_purpose
from app.wire.canonical import DOCUMENT_CONTEXT, canonical, digest_of
from app.wire.codes import Op, Status

ENVELOPE = frozenset(
    {
        *("id", "kind", "version", "status", "origin", "issuer", "tlp", "audience", "handling", "mandate", "lang"),
        *("created_at", "published_at", "publish_at", "reason", "digest", "signature", "reference", "alert"),
    }
)
"""Fields that are left of a document whose body is not served; the salt is not among them: with it a body can be guessed."""

CHUNK = 500
"""Entries fetched at a time where the whole log is read."""

_COVERED = ("number", "kind", "id", "version", "op", "origin", "recorded_at", "digest")
_SALT_BYTES = 16


@dataclass(frozen=True)
class NewEntry:
    """A document to append, envelope and content at one level, without salt, digest and signature."""

    op: Op
    document: dict[str, object]


@dataclass(frozen=True)
class Appended:
    """A document as it now stands in the log: its number, its fields and its canonical text."""

    number: int
    document: dict[str, object]
    text: str


@dataclass(frozen=True)
class Newest:
    """The newest version of a document, as its entry says."""

    kind: str
    version: int
    op: str
    origin: str


@dataclass(frozen=True)
class Receipt:
    """The entry that tells of an erasure: its number, its document, and when it was recorded."""

    number: int
    document_id: str
    version: int
    origin: str
    recorded_at: str


@dataclass(frozen=True)
class Head:
    """How far the log goes: its epoch and its number of entries."""

    epoch: str
    size: int


@dataclass(frozen=True)
class StoredDocument:
    """A version's canonical text (none after an erasure) and whether it was withdrawn, by itself or by a later version."""

    text: str | None
    withdrawn: bool


@dataclass(frozen=True)
class Entry:
    """One entry as it is stored; `text` and `digest` are none after an erasure, and always none of the entry that tells of it."""

    number: int
    kind: str
    id: str
    version: int
    op: str
    origin: str
    recorded_at: str
    text: str | None
    digest: str | None
    leaf: bytes
    root: bytes


def sealed(signer: Signer, document: dict[str, object]) -> dict[str, object]:
    """A document with its salt, its digest and the origin's signature over the digest's text (contract: Envelope).

    Raises KeyError where this node holds no key of the origin.
    """
    salted = {**document, "salt": secrets.token_hex(_SALT_BYTES)}
    digest = digest_of(salted)
    signature = signer.sign(document_purpose(str(document["origin"])), DOCUMENT_CONTEXT, digest.encode())
    return {**salted, "digest": digest, "signature": signature}


def leaf_of(columns: Mapping[str, object]) -> bytes:
    """Leaf of an entry: all its columns are under it, the document by its salted digest."""
    return merkle.leaf_hash(canonical({name: columns[name] for name in _COVERED}))


def append(session: Session, signer: Signer, entries: Sequence[NewEntry]) -> list[Appended]:
    """Seal documents and append them in this order, all or none, with the checkpoint of the longer log.

    Call it after all projections are written: from here to the commit every other writer waits.
    """
    documents = [sealed(signer, entry.document) for entry in entries]
    texts = [canonical(document).decode() for document in documents]
    if not entries:
        return []
    columns = [{**document, "op": entry.op.value} for entry, document in zip(entries, documents, strict=True)]
    rows = grow(session, signer, columns, texts)
    return [Appended(row["number"], document, text) for row, document, text in zip(rows, documents, texts, strict=True)]


def grow(session: Session, signer: Signer, columns: Sequence[Mapping[str, Any]], texts: Sequence[str | None]) -> list[dict[str, Any]]:
    """Take the head, write these entries behind the last one, and state how far the log goes now.

    `columns` name what a leaf covers but number and time; from here to the commit every other writer waits.
    """
    head = session.execute(_TAKE_HEAD, {"more": len(columns)}).one()
    recorded_at = rfc3339(utc_now())
    frontier = merkle.from_text(head.frontier)
    rows = []
    for number, (given, text) in enumerate(zip(columns, texts, strict=True), head.size - len(columns) + 1):
        row = _row({**given, "number": number, "recorded_at": recorded_at}, text)
        frontier = merkle.grown(frontier, number - 1, row["leaf"])
        rows.append({**row, "root": merkle.root_of(frontier)})
    insert_all(session, LogEntry, rows)
    stated = checkpoint(signer, head.node, head.epoch, head.size, rows[-1]["root"])
    session.execute(_KEEP_HEAD, {"grown": merkle.to_text(frontier), "stated": stated})
    return rows


def _row(columns: Mapping[str, Any], text: str | None) -> dict[str, Any]:
    named = {"document_id" if name == "id" else name: columns[name] for name in _COVERED}
    return {**named, "document": text, "leaf": leaf_of(columns)}


def newest(session: Session, document_id: str) -> Newest | None:
    """What the log says of a document's newest version, whoever may see it; none for an id that it does not know."""
    asked = select(LogEntry.kind, LogEntry.version, LogEntry.op, LogEntry.origin).where(LogEntry.document_id == document_id)
    row = session.execute(asked.order_by(LogEntry.version.desc()).limit(1)).first()
    return Newest(*row) if row else None


def erase(session: Session, signer: Signer, document_id: str, version: int | None = None) -> Receipt:
    """Take text and digest from every entry of a document, and append the entry that tells of it: the receipt.

    Its version is the next one, or that which the origin says.  Leaves and roots stay, so that the log stays checkable.  The receipt never had a text: its leaf covers that.  Raises KeyError for
    an id that the log does not know.
    """
    last = newest(session, document_id)
    if last is None:
        raise KeyError(document_id)
    session.execute(update(LogEntry).where(LogEntry.document_id == document_id).values(document=None, digest=None))
    named = {
        "kind": last.kind,
        "id": document_id,
        "version": version or last.version + 1,
        "op": Op.ERASE.value,
        "origin": last.origin,
        "digest": None,
    }
    row = grow(session, signer, [named], [None])[0]
    return Receipt(row["number"], document_id, row["version"], last.origin, row["recorded_at"])


def head(session: Session) -> Head:
    """How far the log goes now, in one small statement."""
    row = session.execute(_HEAD).one()
    return Head(row.epoch, row.size)


def glanced_head(db: Source) -> Head:
    """The same, of what is committed now, at one glance."""
    row = _GLANCED_HEAD(db)
    return Head(row.epoch, row.size)


def has_of(session: Session, conferences: Sequence[str], after: int) -> bool:
    """Whether above a number there is an entry of a document of one of these conferences."""
    above = (LogEntry.number > after, LogEntry.origin.in_(list(conferences)), LogEntry.kind != "audit_digest")
    return session.scalar(select(LogEntry.number).where(*above).limit(1)) is not None


def newest_time(session: Session) -> str | None:
    """When the newest entry was recorded (UTC with Z); none in an empty log."""
    return session.scalar(select(LogEntry.recorded_at).order_by(LogEntry.number.desc()).limit(1))


# Made once: an alias of the log costs as much as all else of a statement.
_LATER = aliased(LogEntry)
_WITHDRAWN = (
    select(_LATER.number)
    .where(_LATER.document_id == LogEntry.document_id, _LATER.version >= LogEntry.version, _LATER.op == Op.WITHDRAW.value)
    .correlate(LogEntry)
    .exists()
)


def withdrawn() -> ColumnElement[bool]:
    """Condition on an entry of the log: this version or a later one of the document takes it back."""
    return _WITHDRAWN


# The ids by themselves too: SQLite looks pairs up by no index, and would read the whole log for a page of it.
_STORED = select(LogEntry.document_id, LogEntry.version, LogEntry.document, withdrawn().label("withdrawn")).where(
    LogEntry.document_id.in_(bindparam("ids", expanding=True)),
    tuple_(LogEntry.document_id, LogEntry.version).in_(bindparam("pairs", expanding=True)),
)


def documents(session: Session, pairs: Sequence[tuple[str, int]]) -> dict[tuple[str, int], StoredDocument]:
    """Stored documents by (id, version), in one statement; what is unknown is left out.

    Who may see them is the caller's question. The body of a withdrawn one is never served: answer with its `envelope`.
    """
    rows = session.execute(_STORED, {"ids": [document_id for document_id, _ in pairs], "pairs": list(pairs)})
    return {(row.document_id, row.version): StoredDocument(row.document, bool(row.withdrawn)) for row in rows}


def is_known(session: Session, document_id: str) -> bool:
    """Whether any version bears this id, whoever may see it: an id is never given twice."""
    return session.scalar(select(LogEntry.number).where(LogEntry.document_id == document_id).limit(1)) is not None


def envelope(text: str, *, withdrawn: bool = False) -> dict[str, object]:
    """The envelope of a stored document, for who may see that it exists but not what it says; a bulletin's body is told as `cells: null`."""
    document = orjson.loads(text)
    kept: dict[str, object] = {name: value for name, value in document.items() if name in ENVELOPE}
    if withdrawn:
        kept["status"] = Status.WITHDRAWN.value
    return {**kept, "cells": None} if document.get("kind") == "bulletin" else kept


def entries(session: Session, after: int = 0, chunk: int = CHUNK) -> Iterator[Entry]:
    """Every entry above number `after`, in order, fetched `chunk` at a time: for rebuilding and verifying."""
    asked = select(*_COLUMNS).where(LogEntry.number > after).order_by(LogEntry.number)
    for row in session.execute(asked.execution_options(yield_per=chunk)):
        yield Entry(*row)


def seen_by(caller: Caller) -> ColumnElement[bool]:
    """Condition on an entry of the log: the caller may see this version now.

    It is `visible_to`, asked of one entry at a time: a page then costs what is on it, not what lies in the log.
    """
    # `coalesce` keeps the planner from the index on `newest`, by which it would walk all documents for each entry.
    newest = could_see(caller).where(DocumentAccess.document_id == LogEntry.document_id, func.coalesce(DocumentAccess.newest, false()))
    return _could_see(caller) & _any(newest)


def hidden_from(caller: Caller) -> ColumnElement[bool]:
    """Condition on an entry of the log: by its marking this version hid from the caller what the version before showed."""
    return _could_see(caller, before=1) & ~_could_see(caller)


def _could_see(caller: Caller, before: int = 0) -> ColumnElement[bool]:
    same = (DocumentAccess.document_id == LogEntry.document_id, DocumentAccess.version == LogEntry.version - before)
    return _any(could_see(caller).where(*same))


def _any(rows: Select[str, int]) -> ColumnElement[bool]:
    # Not EXISTS: PostgreSQL hashes that over every document before it looks at the first entry of a page (40 ms in 20,000).
    return rows.correlate(LogEntry).with_only_columns(literal(1)).limit(1).scalar_subquery().is_not(None)


_HEAD = select(LogHead.epoch, LogHead.size).where(LogHead.id == 1)
_GLANCED_HEAD = Glance(_HEAD)
_TAKE_HEAD = (
    update(LogHead)
    .where(LogHead.id == 1)
    .values(size=LogHead.size + bindparam("more"))
    .returning(LogHead.size, LogHead.frontier, LogHead.node, LogHead.epoch)
    .execution_options(synchronize_session=False)
)
_KEEP_HEAD = (
    update(LogHead)
    .where(LogHead.id == 1)
    .values(frontier=bindparam("grown"), checkpoint=bindparam("stated"))
    .execution_options(synchronize_session=False)
)
_COLUMNS = (
    LogEntry.number,
    LogEntry.kind,
    LogEntry.document_id,
    LogEntry.version,
    LogEntry.op,
    LogEntry.origin,
    LogEntry.recorded_at,
    LogEntry.document,
    LogEntry.digest,
    LogEntry.leaf,
    LogEntry.root,
)
