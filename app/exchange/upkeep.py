"""Upkeep: the audit's daily digest, and the removal of what has had its time, in short writes that keep nobody waiting."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.access.models import AuditRow, SpentId
from app.access.read_sets import forget_unnamed
from app.core.clock import utc_now
from app.core.db import changed_rows, hold_table
from app.core.idempotency import KeptAnswer
from app.core.logs import tell
from app.core.problems import Problem
from app.exchange.digests import BEGUN, PRUNE, Digest, digest_days, digests, is_passing
from app.exchange.node import Node

EVERY_S = 60.0
GLANCE_S = 2.0
CHUNK = 250
_DONE = "done"


Jobs = Mapping[str, Callable[[Node], int]]
"""What rooms above have the worker do, by name; each gives how many things it did."""
NONE: Jobs = {}


def upkeep(node: Node, jobs: Jobs = NONE, *, whole: bool = True) -> dict[str, int]:
    """Do what is due now; `whole` looks for reads to prune too. Returns how many digests were made and rows removed, by name."""
    made = digest_days(node)
    removed = prune_reads(node) if whole or made else 0
    done = {"digests": made, "reads": removed, "answers": forget_answers(node), "spent_ids": forget_spent(node)}
    return done | {name: job(node) for name, job in jobs.items()}


class Worker:
    """Does the upkeep once a minute until it is stopped; a store that is busy or away is asked again the next minute."""

    def __init__(self, node: Node, jobs: Jobs = NONE, *, woken: Jobs = NONE, glances: Jobs = NONE) -> None:
        """Take the node and what else is to be done; nothing runs yet.

        `woken` is done at once where the node's `called` is set (many times are one), `glances` every other second: each is over soon where there is nothing to do.
        """
        self._node = node
        self._jobs, self._woken, self._glances = jobs, woken, glances
        self._stop, self._called = threading.Event(), node.called
        self._pruned: date | None = None

    def run(self) -> None:
        """Work until `stop`."""
        while True:
            self._beat()
            if self._rests():
                return

    def stop(self) -> None:
        """End after the job at hand."""
        self._stop.set()
        self._called.set()

    def _rests(self) -> bool:
        """Wait for the next upkeep, and do meanwhile what cannot wait; whether it is to end."""
        left = EVERY_S
        while left > 0 and not self._stop.is_set():
            # By what was waited, not by a clock: one that jumps would keep it too long.
            left -= GLANCE_S
            if self._called.wait(min(GLANCE_S, left + GLANCE_S)) and not self._stop.is_set():
                self._called.clear()
                self._do(self._woken)
                self._stop.wait(GLANCE_S)
            if not self._stop.is_set():
                self._do(self._glances)
        return self._stop.is_set()

    def _do(self, jobs: Jobs) -> None:
        done = _outlived(lambda: {name: job(self._node) for name, job in jobs.items()})
        if done and any(done.values()):
            tell(logging.DEBUG, "between upkeeps", dict(done))

    def _beat(self) -> None:
        today = utc_now().date()
        done = _outlived(lambda: upkeep(self._node, self._jobs, whole=self._pruned != today))
        if done is None:
            return
        self._pruned = today
        if any(done.values()):
            tell(logging.INFO, "upkeep", dict(done))


def _outlived(work: Callable[[], dict[str, int]]) -> dict[str, int] | None:
    """What work did; none where it failed, by whatever fault: nobody would notice a worker that has ended until much is missing."""
    try:
        return work()
    except (Problem, DBAPIError) as error:
        tell(logging.WARNING, "upkeep waits for the store", {}, error)
    except Exception as error:  # noqa: BLE001 - logged with its place; the next minute is another try
        tell(logging.ERROR, "upkeep failed", {}, error)
    return None


def prune_reads(node: Node, now: datetime | None = None) -> int:
    """Remove the audit of CLEAR and GREEN reads of days that are older than the setting and whose digest is in the log.

    The audit keeps that it was done, a row a digest when it begins and when it is over. Returns how many rows went.
    """
    oldest_kept = ((now or utc_now()) - timedelta(days=node.settings.read_audit_days)).date()
    with node.db.read() as session:
        over = set(session.scalars(select(AuditRow.document_id).where(AuditRow.action == PRUNE, AuditRow.outcome == _DONE)))
        due = [digest for digest in digests(session) if digest.day < oldest_kept and digest.reads["rows"] and digest.id not in over]
    return sum(_prune(node, digest) for digest in due)


def _prune(node: Node, digest: Digest) -> int:
    removed, after = 0, digest.first - 1
    while after < digest.last:
        with node.db.write() as session:
            hold_table(session, AuditRow)
            if after < digest.first:
                # Before the first row goes: ids are never given anew, for this row is newer than all that go.
                record(session, Attempt(PRUNE), BEGUN, [(digest.id, None)])
            within = (is_passing(), AuditRow.id > after, AuditRow.id <= digest.last)
            rows = session.execute(select(AuditRow.id, AuditRow.read_set).where(*within).order_by(AuditRow.id).limit(CHUNK)).all()
            after = rows[-1].id if len(rows) == CHUNK else digest.last
            removed += changed_rows(session.execute(delete(AuditRow).where(*within[:2], AuditRow.id <= after)))
            forget_unnamed(session, (row.read_set for row in rows if row.read_set))
            if after == digest.last:
                record(session, Attempt(PRUNE), _DONE, [(digest.id, None)])
    return removed


def forget_answers(node: Node, now: datetime | None = None) -> int:
    """Remove the answers that were kept under an Idempotency-Key and whose days are over."""
    old = select(KeptAnswer.scope).where(KeptAnswer.expires_at <= (now or utc_now())).limit(CHUNK)
    return _in_chunks(node, lambda session: changed_rows(session.execute(delete(KeptAnswer).where(KeptAnswer.scope.in_(old)))))


def forget_spent(node: Node, now: datetime | None = None) -> int:
    """Remove the ids of tokens and assertions that have expired by now and would be refused anyway."""
    old = select(SpentId.issuer, SpentId.jti).where(SpentId.expires_at <= (now or utc_now())).limit(CHUNK)
    gone = delete(SpentId).where(tuple_(SpentId.issuer, SpentId.jti).in_(old))
    return _in_chunks(node, lambda session: changed_rows(session.execute(gone)))


def _in_chunks(node: Node, remove: Callable[[Session], int]) -> int:
    total = 0
    while True:
        with node.db.write() as session:
            removed = remove(session)
        total += removed
        if removed < CHUNK:
            return total
