"""Audit of what was read: AMBER and above before the answer leaves, the rest in batches of at most a second (guarantees 3)."""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.access.audit import Attempt, row_of
from app.access.models import AuditRow
from app.access.read_sets import Reading, Shown, Together, keep_sets
from app.core.db import Database, insert_all

_FLUSH_EVERY_S = 1.0
_FULL = 5_000
_LOG = logging.getLogger("istmo")


class _Read(NamedTuple):
    row: dict[str, object]
    shown: Together


class ReadAudit:
    """A row for each answer that shows something: AMBER and above at once, CLEAR and GREEN in batches of at most a second."""

    def __init__(self, db: Database) -> None:
        """Start with nothing waiting; `start()` runs the writer of batches."""
        self._db = db
        self._waiting: deque[_Read] = deque()
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """Rows that are not written yet."""
        return len(self._waiting)

    def takes_at_once(self, reading: Reading) -> bool:
        """Whether to note this waits for no store: nothing of AMBER or above, and room in the batch."""
        return len(self._waiting) < _FULL and reading.sensitive is None

    def note(self, attempt: Attempt, shown: Reading | Iterable[Shown]) -> None:
        """Note what an answer shows before it leaves."""
        reading = shown if isinstance(shown, Reading) else Reading(shown)
        alike = row_of(attempt, "read")
        if reading.passing:
            self._waiting.append(_Read({**alike, **reading.passing.named}, reading.passing))
        if reading.sensitive:
            with self._db.write() as session:
                _write(session, [_Read({**alike, **reading.sensitive.named}, reading.sensitive)])
        if len(self._waiting) > _FULL:
            self.flush()

    def flush(self) -> None:
        """Write what waits, in one transaction; what the store does not take waits on."""
        with self._writing:
            reads = [self._waiting.popleft() for _ in range(min(len(self._waiting), _FULL))]
            if not reads:
                return
            try:
                with self._db.write() as session:
                    _write(session, reads)
            except BaseException:
                self._waiting.extendleft(reversed(reads))
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


def _write(session: Session, reads: Sequence[_Read]) -> None:
    insert_all(session, AuditRow, [each.row for each in reads])
    keep_sets(session, (each.shown for each in reads))
