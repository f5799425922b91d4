"""Stores without room: by the store's own limit or its own fault, and on a real file system that is too small."""

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import event, insert, text

from app.access.models import AuditRow
from app.core.clock import utc_now
from app.core.db import Database
from app.core.problems import Problem

_NEW_MOUNTS = 0x00020000
_NO_ROOM = """CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"""


@contextmanager
def no_room(db: Database) -> Iterator[None]:
    """What the node stores finds no room until the block ends: SQLite is held to the pages that it has, PostgreSQL says what it says of a disk."""
    with _no_pages(db) if db.is_sqlite else _no_extension(db):
        yield


@contextmanager
def _no_pages(db: Database) -> Iterator[None]:
    with db.write() as session:
        pages = [session.execute(text("PRAGMA page_count")).scalar_one()]

    def begun(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages[0]}")  # type: ignore[attr-defined]

    event.listen(db.writer, "begin", begun)
    for rows in (64, 16, 4, 1):
        with suppress(Problem):  # no page has room for so many rows, at last not for the smallest one
            for _ in range(100):
                _add_rows(db, rows)
    yield
    pages[0] = 1_000_000


def _add_rows(db: Database, count: int) -> None:
    with db.write() as session:
        session.execute(insert(AuditRow), [{"at": utc_now(), "action": "x", "outcome": "x"}] * count)


@contextmanager
def _no_extension(db: Database) -> Iterator[None]:
    with db.write() as session:
        tables = session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        session.execute(text(_NO_ROOM))
        for table in tables:
            session.execute(text(f"CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION no_room()"))
    yield
    with db.write() as session:
        session.execute(text("DROP FUNCTION no_room CASCADE"))


@dataclass(frozen=True)
class SmallDisk:
    """A file system of its own; a ballast takes the room from whoever writes there."""

    folder: Path

    def fill(self, left: int) -> None:
        """Leave so many bytes."""
        self.make_room()
        free = os.statvfs(self.folder)
        with (self.folder / "ballast").open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max(free.f_bavail * free.f_frsize - left, 1))

    def make_room(self) -> None:
        """Take the ballast away."""
        (self.folder / "ballast").unlink(missing_ok=True)


@contextmanager
def small_disk(size: str) -> Iterator[SmallDisk]:
    """A file system of this size until the block ends, which nobody outside this process sees; fails where the machine lets nobody mount one."""
    _own_mounts()
    with tempfile.TemporaryDirectory(prefix="istmo-small-") as folder:
        Path(folder).chmod(0o755)
        _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder)
        try:
            yield SmallDisk(Path(folder))
        finally:
            _run("umount", "-l", folder)


def _own_mounts() -> None:
    # What is mounted from here on nobody else sees, and it ends with this process.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS) != 0:
        pytest.fail(f"this machine lacks the right to mount a small file system (CAP_SYS_ADMIN): {os.strerror(ctypes.get_errno())}")
    _run("mount", "--make-rprivate", "/")


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"this machine lacks the right to mount a small file system: {' '.join(words)}: {done.stderr.strip()}")
