"""Compiled statements, remembered across the databases of a test process: each is made once, not once for each of a thousand stores."""

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_SIZE = 20_000
_shared: LRUCache[object, object] = LRUCache(_SIZE)


def _same(one: DefaultDialect, other: object) -> bool:
    return type(one) is type(other)


def _hash(one: DefaultDialect) -> int:
    return hash(type(one))


def share() -> None:
    """Let engines of one kind of store share what they compiled; the library keeps it for each engine by the identity of its dialect."""
    for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
        dialect.__eq__ = _same  # type: ignore[assignment]
        dialect.__hash__ = _hash  # type: ignore[assignment]
    event.listen(Engine, "engine_connect", _remember_together)


def _remember_together(connection: Connection) -> None:
    connection.engine._compiled_cache = _shared
