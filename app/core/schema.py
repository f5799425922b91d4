"""The schema: brought to its head by Alembic, checked before serving (guarantees 5).

SQLite: the file is copied beside itself first; foreign keys are off while tables are copied and checked after, inside the same
transaction.  PostgreSQL: one advisory lock, so that two migrations at once wait for each other.
"""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, MetaData, create_engine, event, make_url, text
from sqlalchemy.pool import NullPool

import app
from app.core.db import told_where_transient
from app.core.parents import lost

UNFINISHED = "restoring"
"""The revision that a store bears while a backup is put into it: no build knows it, so that nothing is served before all is done."""

_LOCK = 0x4953544D4F
_WAIT_S = 600
_PACKAGE = Path(app.__file__).parent


def config() -> Config:
    """Alembic's configuration: the folder beside the package, or the copy inside an installed wheel."""
    beside, inside = _PACKAGE.parent / "migrations", _PACKAGE / "_migrations"
    made = Config()
    made.set_main_option("script_location", str(beside if beside.is_dir() else inside))
    return made


def head() -> str:
    """The newest revision that this build knows."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def current(url: str) -> str | None:
    """The revision of a store; none where nothing was migrated yet."""
    with _connection(make_url(url)) as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """The revision of the store behind a connection."""
    return MigrationContext.configure(connection).get_current_revision()


def knows(revision: str) -> bool:
    """Whether this build knows a revision; it does not know those of newer builds."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(config()).walk_revisions())


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a store to a revision, whole or not at all; twice at once is no error. Raises `busy` and `storage-full`."""
    _run(make_url(url), command.upgrade, revision)


def downgrade(url: str, revision: str) -> None:
    """Take a store back to an earlier revision."""
    _run(make_url(url), command.downgrade, revision)


def remake(url: str, revision: str, may: Callable[[Connection], None], fill: Callable[[Connection], None]) -> None:
    """Make a store anew: at a revision, filled, then brought to the head, whole or not at all; it bears UNFINISHED until `finish`.

    `may` raises where what is there must stay.
    """
    made = config()
    with _connection(make_url(url)) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        may(connection)
        known = MetaData()
        known.reflect(connection)
        known.drop_all(connection)
        made.attributes["connection"] = connection
        command.upgrade(made, revision)
        fill(connection)
        command.upgrade(made, "head")
        _check_parents(connection)
        _stamp(connection, UNFINISHED)


def finish(connection: Connection) -> None:
    """Say that a store that was made anew is done; the caller commits."""
    _stamp(connection, head())


def _stamp(connection: Connection, revision: str) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def _run(target: URL, verb: Callable[[Config, str], None], revision: str) -> None:
    made = config()
    with told_where_transient(), _connection(target) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        elif verb is command.upgrade:
            _copy_beside(target, connection)
        made.attributes["connection"] = connection
        verb(made, revision)
        _check_parents(connection)


def _check_parents(connection: Connection) -> None:
    """Raise RuntimeError where rows would be left without their parent: of foreign keys PostgreSQL itself sees to that."""
    broken = Counter(lost(connection))
    if connection.dialect.name == "sqlite":
        broken += Counter(row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check"))
    if broken:
        message = f"the migration would leave {broken.total()} rows without their parent, first in table {min(broken)}: nothing was changed"
        raise RuntimeError(message)


@contextmanager
def _connection(target: URL) -> Iterator[Connection]:
    is_sqlite = target.get_backend_name() == "sqlite"
    engine = create_engine(target, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": _WAIT_S} if is_sqlite else {})
    if is_sqlite:
        if target.database:
            Path(target.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _without_foreign_keys)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _without_foreign_keys(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    # Copying a table drops the old one, and with foreign keys on "on delete cascade" empties its children (case B047).
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA synchronous=FULL")


def _copy_beside(target: URL, connection: Connection) -> None:
    # Under the write lock of the migration itself: of two at once the second finds the head and keeps the first one's copy.
    source = Path(target.database or "")
    if not source.is_file() or source.stat().st_size == 0 or revision_of(connection) == head():
        return
    copy, spare = source.with_suffix(".before-migration"), source.with_suffix(".before-migration.new")
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(spare)) as new:
            old.backup(new)
        shutil.move(spare, copy)
    finally:
        # Where the disk is full half a copy would keep it so.
        spare.unlink(missing_ok=True)
