"""A glance: one small statement that nearly every request asks, past what SQLAlchemy does for it (ADR 0020)."""

import functools
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Dialect, Engine, PoolProxiedConnection, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError

from app.core.db import Database, sqlite_reader, told_where_transient


class AtHand:
    """A connection of one thread's own to a store in a file, for glances that wait for nobody: an event loop may take them itself.

    SQLite's readers wait for no writer; where the file cannot be read at once after all, `busy` is raised, never waited for.
    """

    is_sqlite = True

    def __init__(self, db: Database) -> None:
        """Open it in the thread that will use it; who watches the database is told of its glances too."""
        self.reader, self.watchers = db.reader, db.watchers
        self.connection = sqlite3.connect(str(db.url.database), timeout=0)
        sqlite_reader(self.connection, None)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def at_hand_of(db: Database) -> AtHand | None:
    """What of a store is at hand for this thread: none of one behind a wire, nor of a file that somebody holds for himself."""
    if not db.is_sqlite:
        return None
    try:
        return AtHand(db)
    except sqlite3.OperationalError:
        return None


Source = Database | AtHand
"""What can be asked at a glance."""


class Glance:
    """A statement that finds one row by texts, compiled once a kind of store and asked in no transaction: it sees what is committed.

    For what is asked at nearly every request and looked up by a key; SQLAlchemy takes ten times as long around such a statement as the
    store does for it.  No limit of time is set for it.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        """Take a statement whose values are `bindparam`s; its columns name what is found."""
        self._statement = statement
        self._row = namedtuple("Glanced", [column.name for column in statement.selected_columns])  # type: ignore[misc]  # noqa: PYI024
        self._compiled = functools.cache(self._compile)

    def __call__(self, source: Source, /, **given: str) -> Any:  # noqa: ANN401 - a row of columns that the statement names
        """The row as a named tuple, none where there is none; raises as `Database.read` does."""
        text, fixed, kinds = self._compiled(source.is_sqlite)
        for told in source.watchers:
            told(text)
        with told_where_transient(), _connection(source, text) as connection:
            found = connection.cursor().execute(text, {**fixed, **given}).fetchone()
        if found is None:
            return None
        return self._row(*(kind(value) if kind else value for kind, value in zip(kinds, found, strict=True)))

    def _compile(self, is_sqlite: bool) -> tuple[str, dict[str, Any], list[Callable[[Any], Any] | None]]:
        dialect: Dialect = SQLiteDialect_pysqlite(paramstyle="named") if is_sqlite else PGDialect_psycopg()  # type: ignore[no-untyped-call]
        types = [column.type.dialect_impl(dialect) for column in self._statement.selected_columns]
        compiled = self._statement.compile(dialect=dialect)
        return str(compiled), compiled.params, [each.result_processor(dialect, None) for each in types]


@contextmanager
def _connection(source: Source, text: str) -> Iterator[Any]:
    if isinstance(source, AtHand):
        yield source.connection
        return
    with _pooled(source.reader, text) as pooled:
        yield pooled


@contextmanager
def _pooled(engine: Engine, text: str) -> Iterator[PoolProxiedConnection]:
    """A reader's connection for one statement, given back as it was; a fault of PostgreSQL's driver is told as SQLAlchemy tells it."""
    try:
        pooled = engine.raw_connection()
        try:
            with _no_transaction(pooled.driver_connection):
                yield pooled
        except psycopg.Error as error:
            pooled.invalidate(error)
            raise
        finally:
            pooled.close()
    except psycopg.Error as error:
        raise DBAPIError.instance(text, None, error, psycopg.Error, hide_parameters=True) from error


@contextmanager
def _no_transaction(driver: object) -> Iterator[None]:
    # SQLite's readers begin none of themselves; for PostgreSQL's it would be two more ways to the server and back.
    if not isinstance(driver, psycopg.Connection):
        yield
        return
    driver.autocommit = True
    try:
        yield
    finally:
        # Whatever went wrong: the next reader of this connection counts on a transaction.
        driver.autocommit = False
