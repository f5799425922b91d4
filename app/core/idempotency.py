"""One answer for one Idempotency-Key (contract: Writes)."""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import URL, ColumnElement, LargeBinary, String, delete, func, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.clock import utc_now
from app.core.db import PASSING, Base, Database, UTCDateTime, changed_rows, insert_new
from app.core.problems import Problem
from app.wire.problem import Finding

_ABANDONED_AFTER = timedelta(minutes=5)
_LONGEST_KEY = 255
_REMEMBERED = 4096


class KeptAnswer(Base):
    """An answer kept under a key, or the claim of a request that is still in flight (no status yet)."""

    __tablename__ = "idempotency_answer"

    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    claimed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    status: Mapped[int | None]
    headers: Mapped[str | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)


@dataclass(frozen=True)
class Answer:
    """What a write answered: status, headers and body, without figures that depend on unprotected counts."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Claim:
    """The right of one request to work under its key."""

    scope: str
    claimed_at: datetime


def scope_of(client_id: str, method: str, path: str, key: str) -> str:
    """Scope of a key: client, method and path; raises `idempotency-key-invalid` for one that is empty, too long or not ASCII."""
    if not key or len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Problem(
            "idempotency-key-invalid", Finding("idempotency-key-invalid", pointer="Idempotency-Key", params={"limit": _LONGEST_KEY})
        )
    return hashlib.sha256(json.dumps([client_id, method, path, key]).encode()).hexdigest()


def claim(db: Database, scope: str, fingerprint: str, keep_days: int) -> Claim | Answer:
    """Claim a key, or give the answer that it has (a short transaction of its own).

    Raises `idempotency-key-reused` (422) for another body under the key and `request-in-flight` (409) while the first works.
    """
    mine = Claim(scope, utc_now())
    with _given_up_later_where_lost(db, mine), db.write() as session:
        _give_up(session, _lost(db, scope))
        session.execute(delete(KeptAnswer).where(KeptAnswer.scope == scope, _over(mine.claimed_at)))
        expires_at = mine.claimed_at + timedelta(days=keep_days)
        row = {"scope": scope, "fingerprint": fingerprint, "claimed_at": mine.claimed_at, "expires_at": expires_at}
        if insert_new(session, KeptAnswer, row):
            return mine
        kept = session.get(KeptAnswer, scope)
        # None: its claim was given up between the two statements (PostgreSQL); the caller tries again.
        if kept is not None and kept.fingerprint != fingerprint:
            raise Problem("idempotency-key-reused", Finding("idempotency-key-reused", pointer="Idempotency-Key"))
        if kept is None or kept.status is None or kept.body is None:
            raise Problem("request-in-flight", headers={"Retry-After": "1"})
        return Answer(kept.status, json.loads(kept.headers or "{}"), kept.body)


def _over(now: datetime) -> ColumnElement[bool]:
    abandoned = KeptAnswer.status.is_(None) & (KeptAnswer.claimed_at < now - _ABANDONED_AFTER)
    return (KeptAnswer.expires_at <= now) | abandoned


def keep(session: Session, mine: Claim, answer: Answer) -> None:
    """Keep the answer inside the transaction of the write itself; raises `request-in-flight` where the claim was lost."""
    changed = session.execute(
        update(KeptAnswer)
        .where(KeptAnswer.scope == mine.scope, KeptAnswer.claimed_at == mine.claimed_at, KeptAnswer.status.is_(None))
        .values(status=answer.status, headers=json.dumps(answer.headers), body=answer.body)
    )
    if changed_rows(changed) != 1:
        raise Problem("request-in-flight", headers={"Retry-After": "1"})


def forget_naming(session: Session, word: str) -> None:
    """Delete the answers in whose body a word stands; under their keys the next request is a new one."""
    # By name of the store: LIKE does not look into bytes on every SQLite, and only PostgreSQL knows `position`.
    place = func.instr if session.get_bind().dialect.name == "sqlite" else func.pg_catalog.position
    session.execute(delete(KeptAnswer).where(place(KeptAnswer.body, word.encode()) > 0))


def release(db: Database, mine: Claim) -> None:
    """Give up a claim whose request was refused: only 2xx answers are kept.  Where the store is away it is given up when it is back."""
    with _given_up_later_where_lost(db, mine), db.write() as session:
        _give_up(session, mine)


def _give_up(session: Session, claimed: Claim | None) -> None:
    """Delete a claim that holds no answer; one whose answer was committed after all stays."""
    if claimed is not None:
        own = (KeptAnswer.scope == claimed.scope, KeptAnswer.claimed_at == claimed.claimed_at)
        session.execute(delete(KeptAnswer).where(*own, KeptAnswer.status.is_(None)))


@contextmanager
def _given_up_later_where_lost(db: Database, mine: Claim) -> Iterator[None]:
    """Remember a claim of which nobody can say now whether the store holds it: the next request under its key gives it up first."""
    try:
        yield
    except Problem as problem:
        if problem.code in PASSING:
            with _lock:
                _lost_claims[db.url, mine.scope] = mine
                while len(_lost_claims) > _REMEMBERED:
                    _lost_claims.popitem(last=False)
        raise
    else:
        with _lock:
            _lost_claims.pop((db.url, mine.scope), None)


def _lost(db: Database, scope: str) -> Claim | None:
    with _lock:
        return _lost_claims.get((db.url, scope))


_lock = threading.Lock()
_lost_claims: OrderedDict[tuple[URL, str], Claim] = OrderedDict()
