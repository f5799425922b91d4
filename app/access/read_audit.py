"""Audit of what was read: AMBER and above before the answer leaves, the rest in batches of at most a second (guarantees 3)."""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Sequence

from app.access.audit import Attempt, row_of
from app.access.models import AuditRow
from app.core.db import Database, insert_all
from app.wire.codes import TLP

_FLUSH_EVERY_S = 1.0
_FULL = 5_000
_LOG = logging.getLogger("istmo")


class ReadAudit:
    """Rows of what was read: AMBER and above at once, CLEAR and GREEN in batches of at most a second."""

    def __init__(self, db: Database) -> None:
        """Start with nothing waiting; `start()` runs the writer of batches."""
        self._db = db
        self._waiting: deque[dict[str, object]] = deque()
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """Rows that are not written yet."""
        return len(self._waiting)

    def takes_at_once(self, documents: Sequence[tuple[str, int, TLP]]) -> bool:
        """Whether to note these waits for no store: none of AMBER or above, and room for a batch."""
        return len(self._waiting) + len(documents) <= _FULL and all(tlp.rank < TLP.AMBER.rank for _, _, tlp in documents)

    def note(self, attempt: Attempt, documents: Iterable[tuple[str, int, TLP]]) -> None:
        """Note the documents of an answer before it leaves."""
        sensitive: list[dict[str, object]] = []
        others: list[dict[str, object]] = []
        alike = row_of(attempt, "read")
        for document_id, version, tlp in documents:
            row = {**alike, "document_id": document_id, "version": version, "tlp": tlp.rank}
            (sensitive if tlp.rank >= TLP.AMBER.rank else others).append(row)
        self._waiting.extend(others)
        if sensitive:
            with self._db.write() as session:
                insert_all(session, AuditRow, sensitive)
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
                    insert_all(session, AuditRow, rows)
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
