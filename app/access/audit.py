"""Audit: no change without its row, no refusal and no reading of AMBER or above without one before the answer leaves (guarantees 3)."""

import logging
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.models import AuditRow
from app.core.clock import utc_now
from app.core.db import Database
from app.wire.codes import TLP

_FLUSH_EVERY_S = 1.0
_FULL = 5_000
_LOG = logging.getLogger("istmo")


@dataclass(frozen=True)
class Attempt:
    """What a request tries: the audit's view of it."""

    action: str
    caller: Caller | None = None
    request_id: str | None = None
    address: str | None = None


def _row(
    attempt: Attempt, outcome: str, code: str | None = None, document_id: str | None = None, version: int | None = None
) -> dict[str, object]:
    return {
        "at": utc_now(),
        "client_id": attempt.caller.client_id if attempt.caller else None,
        "action": attempt.action,
        "outcome": outcome,
        "code": code,
        "document_id": document_id,
        "version": version,
        "request_id": attempt.request_id,
        "address": attempt.address,
    }


def record(session: Session, attempt: Attempt, outcome: str, documents: Iterable[tuple[str | None, int | None]] = ((None, None),)) -> None:
    """Write a row a document inside the transaction of the change itself: without them there is no change."""
    session.execute(insert(AuditRow), [_row(attempt, outcome, None, *document) for document in documents])


def record_refusal(db: Database, attempt: Attempt, code: str) -> None:
    """Write the row of a refused write, in a short transaction of its own."""
    with db.write() as session:
        session.execute(insert(AuditRow), [_row(attempt, "refused", code)])


class ReadAudit:
    """Rows of what was read: AMBER and above at once, CLEAR and GREEN in batches of at most a second."""

    def __init__(self, db: Database) -> None:
        """Start with nothing waiting; `start()` runs the writer of batches."""
        self._db = db
        self._waiting: deque[dict[str, object]] = deque()
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, attempt: Attempt, documents: Iterable[tuple[str, int, TLP]]) -> None:
        """Note the documents of an answer before it leaves."""
        sensitive: list[dict[str, object]] = []
        others: list[dict[str, object]] = []
        for document_id, version, tlp in documents:
            row = _row(attempt, "read", None, document_id, version)
            (sensitive if tlp.rank >= TLP.AMBER.rank else others).append(row)
        self._waiting.extend(others)
        if sensitive:
            with self._db.write() as session:
                session.execute(insert(AuditRow), sensitive)
        if len(self._waiting) > _FULL:
            self.flush()

    def flush(self) -> None:
        """Write what waits, in one statement; what the store does not take waits on."""
        with self._writing:
            rows = [self._waiting.popleft() for _ in range(min(len(self._waiting), _FULL))]
            if not rows:
                return
            try:
                with self._db.write() as session:
                    session.execute(insert(AuditRow), rows)
            except BaseException:
                self._waiting.extendleft(reversed(rows))
                raise

    def start(self) -> None:
        """Run the writer of batches beside the requests."""
        self._thread = threading.Thread(target=self._run, name="read-audit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits and end."""
        self._stop.set()
        if self._thread:
            self._thread.join()
        while self._waiting:
            self.flush()

    def _run(self) -> None:
        while not self._stop.wait(_FLUSH_EVERY_S):
            try:
                self.flush()
            except Exception:  # noqa: BLE001 - a busy store is tried again at the next beat
                _LOG.warning("the audit of reads waits for the store")
