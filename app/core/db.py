"""The database: explicit transactions, one home (house.md, ADR 0002). No other file commits or rolls back."""

import functools
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import psycopg
from sqlalchemy import (
    Connection,
    CursorResult,
    Date,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Result,
    Table,
    create_engine,
    event,
    literal,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from app.core.clock import day_text, in_utc, instant_text
from app.core.problems import Problem

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
_SQLITE_TRANSIENT = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_INTERRUPT")
_FULL = ("SQLITE_FULL", "53100")
_ENDED = ("SQLITE_INTERRUPT", "57014")
PASSING = frozenset({"busy", "storage-full"})
"""Codes of what the store cannot do now: nothing was changed, or nobody knows yet whether it was."""
_STEPS_BETWEEN_LOOKS = 5_000_000

BY_KEY = {"sqlite_with_rowid": False}
"""Of a table that is read and written by its key alone: SQLite would keep a second tree, of row numbers."""


class Base(DeclarativeBase):
    """Every table; constraint names follow one convention so that migrations can name them."""

    metadata = MetaData(naming_convention=_NAMING)


class UTCDateTime(TypeDecorator[datetime]):
    """An instant, stored in UTC; a naive one is refused, for it would shift by hours on the way."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; SQLite keeps the UTC wall time."""
        if value is None:
            return None
        moment = in_utc(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the instant back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Patience:
    """How long each statement of a read may take, and a way for another thread to end them all, as their reader has gone."""

    def __init__(self, seconds: float) -> None:
        """Begin with somebody who waits."""
        self.seconds = seconds
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._cancel: Callable[[], None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nobody waits any more."""
        return self._over.is_set()

    def end(self) -> None:
        """Nobody waits any more: what runs is ended, and nothing is begun."""
        with self._lock:
            self._over.set()
            if self._cancel:
                self._cancel()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise `query-too-long` {seconds} for a statement that was ended."""
        try:
            yield
        except _Ended as error:
            raise Problem("query-too-long", seconds=f"{self.seconds:g}") from error

    @contextmanager
    def over(self, session: Session) -> Iterator[None]:
        """Let it count for the statements of a session."""
        if self.is_over:
            raise _Ended
        connection = session.connection()
        try:
            if is_sqlite(session):
                connection.info["patience"] = self
            else:
                session.execute(text(f"SET LOCAL statement_timeout = {int(self.seconds * 1000)}"))
                driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
                self._cancel = driver.cancel
            yield
        finally:
            with self._lock:
                self._cancel = None
            if not connection.invalidated:
                connection.info.pop("patience", None)
                if self.is_over:
                    connection.invalidate()  # a cancellation that comes late must not meet another's statement


class _Ended(Exception):  # noqa: N818 - says what happened, as Problem does
    """A statement was ended before it was done."""


class Database:
    """One store, SQLite file or PostgreSQL, with two ways in: `read()` and `write()`.

    Both are context managers used in the body of a sync endpoint, command or step; `write()` commits at its end and rolls back
    on any exception.  Raises `Problem` `busy` (503, Retry-After) when the wait for a lock, connection or statement runs out or
    the connection is lost, and `storage-full` (507, Retry-After) when there is no room on the disk.
    """

    def __init__(
        self, url: str, *, threads: int = 4, readers: int = 0, lock_wait_s: float = 10.0, statement_timeout_s: float = 30.0
    ) -> None:
        """Open the pools, as large as the thread limit, for readers by `readers` more; nothing is connected before the first use."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turn = threading.Lock()
        self._lock_wait_s = lock_wait_s
        self.watchers: list[Callable[[str], object]] = []
        """Who is told the text of each glance (`app.core.glance`); of all other statements SQLAlchemy's events tell."""
        make = self._sqlite_engine if self.is_sqlite else self._postgresql_engine
        self.writer = make(threads=threads, read_only=False, statement_timeout_s=statement_timeout_s)
        self.reader = make(threads=threads + readers, read_only=True, statement_timeout_s=statement_timeout_s)

    def _sqlite_engine(self, *, threads: int, read_only: bool, statement_timeout_s: float) -> Engine:
        if self.url.database and not read_only:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            self.url,
            pool_size=threads,
            max_overflow=0,
            pool_timeout=self._lock_wait_s,
            connect_args={"timeout": self._lock_wait_s},
            hide_parameters=True,
        )
        event.listen(engine, "connect", sqlite_reader if read_only else _sqlite_writer)
        if read_only:
            _limit_statements(engine, statement_timeout_s)
        begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    def _postgresql_engine(self, *, threads: int, read_only: bool, statement_timeout_s: float) -> Engine:
        options = {"statement_timeout": int(statement_timeout_s * 1000), "lock_timeout": int(self._lock_wait_s * 1000), "timezone": "UTC"}
        if read_only:
            options |= {"default_transaction_read_only": "on", "default_transaction_isolation": r"repeatable\ read"}
        joined = " ".join(f"-c {name}={value}" for name, value in options.items())
        return create_engine(
            self.url,
            pool_size=threads,
            max_overflow=0,
            pool_timeout=self._lock_wait_s,
            pool_pre_ping=True,
            connect_args={"options": joined},
            hide_parameters=True,
        )

    @contextmanager
    def read(self, patience: Patience | None = None) -> Iterator[Session]:
        """One consistent view of the store; nothing can be written through it.

        Statements end where `patience` does, with `query-too-long` (422).
        """
        if patience is None:
            with told_where_transient(), Session(self.reader) as session:
                yield session
            return
        with patience.told(), told_where_transient(patient=True), Session(self.reader) as session, patience.over(session):
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that commits at its end; on SQLite it takes the write lock when it begins (BEGIN IMMEDIATE)."""
        with told_where_transient(), self._my_turn(), Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        # SQLite's own wait sleeps up to 100 ms between tries; writers of one process queue here instead.
        if not self._turn.acquire(timeout=self._lock_wait_s):
            raise busy()
        try:
            yield
        finally:
            self._turn.release()

    def dispose(self) -> None:
        """Close every connection."""
        self.writer.dispose()
        self.reader.dispose()


def hold_table(session: Session, table: type[Base]) -> None:
    """Keep every other writer off a small table until the transaction ends; readers go on. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE {table.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))


def insert_new(session: Session, table: type[Base], row: Mapping[str, object]) -> bool:
    """Insert a row unless one with its key stands there; true when it was inserted. Two writers at once are no error."""
    inserting = sqlite_insert if is_sqlite(session) else postgresql_insert
    statement = inserting(table).values(**row).on_conflict_do_nothing().returning(literal(1))
    return session.execute(statement).first() is not None


def insert_all_new(session: Session, model: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert each of many rows, which all name the same columns in the same order, unless one with its key stands there."""
    if not rows:
        return
    if is_sqlite(session):
        _execute_many(session, model, tuple(rows[0]), [tuple(row.values()) for row in rows], " ON CONFLICT DO NOTHING")
        return
    # As one text: row by row they take the driver and the store twice as long.
    named, columns = model.__tablename__, ", ".join(map(_quoted, rows[0]))
    them = f"SELECT {columns} FROM json_populate_recordset(NULL::{named}, %s)"  # names of our own columns  # noqa: S608  # nosec B608
    session.connection().exec_driver_sql(f"INSERT INTO {named} ({columns}) {them} ON CONFLICT DO NOTHING", (orjson.dumps(rows).decode(),))


def insert_all(session: Session, model: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert many rows that all name the same columns, in the same order; raises IntegrityError where a key of theirs is taken."""
    if rows:
        insert_rows(session, model, tuple(rows[0]), [tuple(row.values()) for row in rows])


def insert_rows(session: Session, model: type[Base], columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """Insert many rows, each the values of these columns; raises IntegrityError where a key of theirs is taken.

    Past SQLAlchemy, which takes as long for a row as the store does.
    """
    if not rows:
        return
    if is_sqlite(session):
        _execute_many(session, model, columns, rows)
    else:
        _copy(session, f"COPY {_into(model, columns)} FROM STDIN", rows)


def _execute_many(session: Session, model: type[Base], columns: Sequence[str], rows: Sequence[tuple[object, ...]], else_: str = "") -> None:
    values = f"({', '.join('?' * len(columns))})"
    insert_into = f"INSERT INTO {_into(model, columns)} VALUES {values}{else_}"  # names of our own columns  # noqa: S608  # nosec B608
    session.connection().exec_driver_sql(insert_into, _for_sqlite(model, columns, rows))


def _into(model: type[Base], columns: Sequence[str]) -> str:
    return f"{model.__tablename__} ({', '.join(map(_quoted, columns))})"


def _for_sqlite(model: type[Base], columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Values as SQLite keeps them: days and instants as texts."""
    processes = [_TEXTS.get(type(table_of(model).c[name].type)) for name in columns]
    if not any(processes):
        return list(rows)
    # By columns: most of them stay as they are.
    values = zip(*rows, strict=True)
    return list(zip(*(map(process, column) if process else column for process, column in zip(processes, values, strict=True)), strict=True))


_TEXTS: Mapping[type[object], Callable[[Any], str | None]] = {Date: day_text, UTCDateTime: instant_text}
"""How SQLAlchemy writes values of these types too, in a tenth of the time."""


def _copy(session: Session, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    # Row by row PostgreSQL takes five times as long.
    try:
        driver: psycopg.Connection[Any] = session.connection().connection.driver_connection  # type: ignore[assignment]
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True) from error


def _quoted(name: str) -> str:
    return f'"{name}"'


def table_of(model: type[Base]) -> Table:
    """The table behind a model: for statements of many rows, by which no object is followed."""
    return cast("Table", model.__table__)


def is_sqlite(session: Session) -> bool:
    """Whether a session is one of SQLite."""
    return session.get_bind().dialect.name == "sqlite"


def changed_rows(result: Result[Any]) -> int:
    """How many rows a write changed."""
    return result.rowcount if isinstance(result, CursorResult) else 0


def busy() -> Problem:
    """The store cannot serve now: try again after a second (503)."""
    return Problem("busy", headers={"Retry-After": "1"})


def _sqlite_writer(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def sqlite_reader(connection: sqlite3.Connection, _record: object) -> None:
    """Make a connection one that only reads, and begins no transaction of itself."""
    connection.isolation_level = None
    # Pages are read through the map; the cache is what a statement sorts in, and a reader holds it to its end.
    for pragma in ("foreign_keys=ON", "query_only=ON", "cache_size=-8192", "mmap_size=268435456"):
        connection.execute(f"PRAGMA {pragma}")


def _limit_statements(engine: Engine, seconds: float) -> None:
    """Interrupt a statement of a reader after so many seconds; one that is fetched in parts (`yield_per`) may take its time.

    What a read's own `Patience` says goes before.
    SQLite has no limit of its own.  It looks at the clock every few million steps (about a tenth of a second): each look takes
    Python's lock away from somebody.
    """
    deadlines: dict[int, tuple[float, Patience | None]] = {}

    def is_late(mine: int) -> bool:
        deadline, patience = deadlines.get(mine, (math.inf, None))
        return time.monotonic() > deadline or (patience is not None and patience.is_over)

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_progress_handler(functools.partial(is_late, id(connection)), _STEPS_BETWEEN_LOOKS)

    def executing(connection: Connection, cursor: Any, _statement: object, _parameters: object, context: Any, _many: bool) -> None:  # noqa: ANN401 - SQLAlchemy's own signature
        patience: Patience | None = connection.info.get("patience")
        in_parts = context is not None and context.execution_options.get("yield_per")
        most = patience.seconds if patience else math.inf if in_parts else seconds
        deadlines[id(cursor.connection)] = (time.monotonic() + most, patience)

    event.listen(engine, "connect", connected)
    event.listen(engine, "before_cursor_execute", executing)


@contextmanager
def told_where_transient(*, patient: bool = False) -> Iterator[None]:
    """Raise `busy` or `storage-full` for a fault of the store that passes."""
    try:
        yield
    except PoolTimeout:
        raise busy() from None
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        name = str(getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", ""))
        if patient and name in _ENDED:
            raise _Ended from error
        if name in _FULL:
            raise Problem("storage-full", headers={"Retry-After": "60"}) from error
        if name.startswith(_SQLITE_TRANSIENT) if isinstance(cause, sqlite3.Error) else _is_lost(error):
            raise busy() from error
        raise


def _is_lost(error: Exception) -> bool:
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
