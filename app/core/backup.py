"""A copy of the whole store in one file, the same for SQLite and PostgreSQL: every table as lines of JSON in a ZIP archive.

Members are `tables/<name>.ndjson`, a row a line as a JSON array (bytes in base64, instants in UTC with Z), and `backup.json`: the form, the
schema's revision, of each table its columns with their kinds and its number of rows, and what rooms above state.  The archive's comment is
the SHA-256 (hexadecimal) of all bytes before it, so that no byte can change unseen.
"""

import base64
import hashlib
import io
import os
import secrets
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
from sqlalchemy import Boolean, Connection, Date, DateTime, Integer, LargeBinary, MetaData, String, Table, func, select, text
from sqlalchemy.types import TypeEngine

from app.core.faults import told

FORM = 1
REVISIONS = "alembic_version"
_STATED = "backup.json"
_CHUNK = 2_000
_BLOCK = 1 << 20
_SUM_LENGTH = 64
_JSON = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
_KINDS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    *((LargeBinary, "bytes"), (Boolean, "flag"), (DateTime, "instant"), (Date, "day"), (Integer, "number"), (String, "text")),
)


class BackupFault(Exception):  # noqa: N818 - says what is the matter, as Problem does
    """A backup that cannot be made or may not be restored: nothing was changed."""

    def __init__(self, code: str, **figures: object) -> None:
        """Keep the code of `faults.toml` and its figures; as text it is the English sentence."""
        super().__init__(told(code, figures))
        self.code = code
        self.figures = figures


@dataclass(frozen=True)
class Copy:
    """A backup whose checksum stands: its revision, of each table columns (name, kind) and number of rows, and what else it states."""

    file: Path
    revision: str
    columns: Mapping[str, Sequence[tuple[str, str]]]
    counts: Mapping[str, int]
    stated: Mapping[str, Any]

    def rows(self, table: str) -> Iterator[list[Any]]:
        """Rows of a table as they stand in the file, by primary key; none of a table that it does not hold."""
        if table in self.columns:
            with zipfile.ZipFile(self.file) as archive, io.BufferedReader(archive.open(_member(table)), _BLOCK) as lines:  # type: ignore[type-var]
                yield from map(orjson.loads, lines)

    def records(self, table: str) -> Iterator[dict[str, Any]]:
        """The same as columns by name."""
        names = [name for name, _ in self.columns.get(table, ())]
        return (dict(zip(names, row, strict=True)) for row in self.rows(table))


def _member(table: str) -> str:
    return f"tables/{table}.ndjson"


def write(connection: Connection, file: Path, stated: Mapping[str, object]) -> None:
    """Copy what a connection's transaction sees into a new file (0600): it appears whole, checksum and all, or not at all.

    Memory does not grow with the store.  Raises `BackupFault` (`backup-exists`) for a file that is there, OSError where it cannot be written.
    """
    if file.exists():
        raise BackupFault("backup-exists", file=file)
    spare = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(spare, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as raw:
            _archive(connection, raw, stated)
            _seal(raw)
            os.fsync(raw.fileno())
        _appear(spare, file)
    finally:
        spare.unlink(missing_ok=True)


def _appear(spare: Path, file: Path) -> None:
    try:
        os.link(spare, file)
    except FileExistsError:
        raise BackupFault("backup-exists", file=file) from None
    except OSError:
        # A stick's file system knows no second name of a file.
        spare.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _archive(connection: Connection, raw: IO[bytes], stated: Mapping[str, object]) -> None:
    known = MetaData()
    known.reflect(connection)
    tables: dict[str, object] = {}
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for table in known.sorted_tables:
            if table.name != REVISIONS:
                kinds = [_kind(column.type) for column in table.columns]
                with archive.open(_member(table.name), "w", force_zip64=True) as member:
                    count = _copy(connection, table, kinds, member)
                columns = zip(map(str, table.columns.keys()), kinds, strict=True)
                tables[str(table.name)] = {"columns": list(columns), "rows": count}
        revision = connection.scalar(select(known.tables[REVISIONS].c.version_num))
        archive.writestr(_STATED, orjson.dumps({**stated, "form": FORM, "revision": revision, "tables": tables}))
        archive.comment = b"0" * _SUM_LENGTH


def _kind(column: TypeEngine[Any]) -> str:
    return next(kind for known, kind in _KINDS if isinstance(column, known))


def _copy(connection: Connection, table: Table, kinds: Sequence[str], member: IO[bytes]) -> int:
    packed = [place for place, kind in enumerate(kinds) if kind == "bytes"]
    count = 0
    asked = select(table).order_by(*table.primary_key).execution_options(yield_per=_CHUNK)
    for part in connection.execute(asked).partitions():
        member.write(b"".join(_line(list(row), packed) for row in part))
        count += len(part)
    return count


def _line(row: list[Any], packed: Iterable[int]) -> bytes:
    for place in packed:
        if row[place] is not None:
            row[place] = base64.b64encode(row[place]).decode()
    return orjson.dumps(row, option=_JSON | orjson.OPT_APPEND_NEWLINE)


def _seal(raw: IO[bytes]) -> None:
    raw.flush()
    seal = _digest(raw, raw.seek(0, os.SEEK_END) - _SUM_LENGTH)
    raw.write(seal)
    raw.flush()


def _digest(raw: IO[bytes], length: int) -> bytes:
    """SHA-256 in hexadecimal of the first bytes of a file, which then stands behind them."""
    raw.seek(0)
    digest = hashlib.sha256()
    while length > 0 and (block := raw.read(min(_BLOCK, length))):
        digest.update(block)
        length -= len(block)
    return digest.hexdigest().encode()


def opened(file: Path) -> Copy:
    """A backup, its checksum compared first.

    Raises `BackupFault`: `backup-missing`, `backup-damaged` for what is cut short, changed or no backup, `backup-form` for one of a
    later build.
    """
    try:
        with file.open("rb") as raw:
            seal = _digest(raw, file.stat().st_size - _SUM_LENGTH)
            whole = raw.read() == seal
    except (FileNotFoundError, IsADirectoryError):
        raise BackupFault("backup-missing", file=file) from None
    if not whole:
        raise BackupFault("backup-damaged", file=file)
    return _described(file)


def _described(file: Path) -> Copy:
    try:
        with zipfile.ZipFile(file) as archive:
            stated = orjson.loads(archive.read(_STATED))
        if stated["form"] != FORM:
            raise BackupFault("backup-form", form=stated["form"])
        columns = {name: [(column, kind) for column, kind in table["columns"]] for name, table in stated["tables"].items()}
        counts = {name: int(table["rows"]) for name, table in stated["tables"].items()}
    except (zipfile.BadZipFile, AttributeError, KeyError, TypeError, ValueError):
        raise BackupFault("backup-damaged", file=file) from None
    return Copy(file, str(stated["revision"]), columns, counts, stated)


def fill(connection: Connection, copy: Copy) -> None:
    """Put every row of a backup into the empty tables of a store at its revision; the caller commits.

    Raises `BackupFault` (`backup-tables`) where the tables are not those of the file.
    """
    known = MetaData()
    known.reflect(connection)
    there = {table.name: set(table.columns.keys()) for table in known.sorted_tables if table.name != REVISIONS}
    if there != {name: {column for column, _ in columns} for name, columns in copy.columns.items()}:
        raise BackupFault("backup-tables", revision=copy.revision)
    if connection.dialect.name == "sqlite":
        # 64 MiB: with less, an index that is larger than the cache is written again and again.
        connection.exec_driver_sql("PRAGMA cache_size=-65536")
    put = _put_sqlite if connection.dialect.name == "sqlite" else _put_postgresql
    for table in known.sorted_tables:
        if table.name != REVISIONS:
            connection.execute(table.delete())
            put(connection, table, copy)


def _put_sqlite(connection: Connection, table: Table, copy: Copy) -> None:
    columns = copy.columns[table.name]
    places = ", ".join("?" for _ in columns)
    insert = f"INSERT INTO {table.name} ({_names(columns)}) VALUES ({places})"  # names of our own tables  # noqa: S608  # nosec B608
    read = _reader(columns, {"bytes": base64.b64decode, "instant": _stored_instant})
    rows = map(read, copy.rows(table.name))
    while part := list(islice(rows, _CHUNK)):
        connection.exec_driver_sql(insert, part)


def _put_postgresql(connection: Connection, table: Table, copy: Copy) -> None:
    columns = copy.columns[table.name]
    driver: Any = connection.connection.driver_connection
    read = _reader(columns, {"bytes": base64.b64decode})
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({_names(columns)}) FROM STDIN") as into:
        for row in copy.rows(table.name):
            into.write_row(read(row))
    for column in table.primary_key:
        if isinstance(column.type, Integer):
            own = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
            newest = connection.scalar(select(func.max(column)))
            if own is not None and newest is not None:
                connection.execute(text("SELECT setval(:own, :newest)"), {"own": own, "newest": newest})


def _names(columns: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f'"{name}"' for name, _ in columns)


def _reader(columns: Sequence[tuple[str, str]], readers: Mapping[str, Callable[[str], object]]) -> Callable[[list[Any]], tuple[Any, ...]]:
    """How a row of the file becomes one of the store."""
    told = [(place, readers[kind]) for place, (_, kind) in enumerate(columns) if kind in readers]

    def read(row: list[Any]) -> tuple[Any, ...]:
        for place, reader in told:
            if row[place] is not None:
                row[place] = reader(row[place])
        return tuple(row)

    return read


def _stored_instant(told: str) -> str:
    # As SQLAlchemy writes it: instants are compared as text.
    return f"{told[:10]} {told[11:19]}.{told[20:26] if len(told) > len('2012-11-06T00:00:00Z') else '000000'}"
