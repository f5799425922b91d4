"""What the library finds out anew for each of a thousand stores, remembered across those of a test process: statements, and what the server is."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_SIZE = 20_000
_OWN = {"_type_memos", "default_isolation_level"}
"""Not the server's: readers and writers begin their transactions otherwise, and nothing here ever sets that back to a default."""
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
    PGDialect_psycopg.initialize = _asked_once(PGDialect_psycopg.initialize)  # type: ignore[method-assign]
    event.listen(Engine, "engine_connect", _remember_together)


def _remember_together(connection: Connection) -> None:
    connection.engine._compiled_cache = _shared


def _asked_once(ask: Callable[[PGDialect_psycopg, Connection], None]) -> Callable[[PGDialect_psycopg, Connection], None]:
    """Of one server only the first connection is asked for its version and abilities: five questions of either engine of a store."""
    told: dict[str, object] = {}

    def initialize(dialect: PGDialect_psycopg, connection: Connection) -> None:
        if not told:
            known = set(vars(dialect))
            ask(dialect, connection)
            told.update({name: value for name, value in vars(dialect).items() if name not in known | _OWN})
        vars(dialect).update(told)

    return initialize
