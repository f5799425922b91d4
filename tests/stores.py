"""Databases for tests, of both kinds: copies of a template that the migrations built once."""

import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from app.core import schema
from app.core.db import Database
from app.directory.service import seed

STORES = ("sqlite", "postgresql")
_COUNTER = itertools.count()


def memory(room: int) -> str | None:
    """A folder that lives in memory, where there is one with so many bytes free: a disk writes down what is thrown away a second later."""
    folder = "/dev/shm"  # noqa: S108 - the name that Linux gives it
    return folder if os.path.isdir(folder) and shutil.disk_usage(folder).free > room else None  # noqa: PTH112 - the setting is a text


def alchemy_url(uri: str, name: str) -> str:
    """SQLAlchemy's form of a server address on a Unix socket."""
    host = uri.split("host=")[1]
    return f"postgresql+psycopg://postgres@/{name}?host={host}"


class Stores:
    """Makes empty, migrated and seeded databases by copying a template that the migrations built once, over one connection to the server."""

    def __init__(self, folder: Path, postgresql: str, server: psycopg.Connection) -> None:
        self.folder = folder
        self.postgresql = postgresql
        self._tell = server.execute
        self._templates: dict[str, str] = {}

    def _template(self, kind: str) -> str:
        if kind not in self._templates:
            url = self.empty(kind)
            schema.upgrade(url)
            db = Database(url)
            with db.write() as session:
                seed(session)
            db.dispose()
            self._templates[kind] = url
        return self._templates[kind]

    @contextmanager
    def lent(self, kind: str) -> Iterator[str]:
        """Address of a database as `ready` makes it, which goes with the block."""
        url = self.ready(kind)
        yield url
        self.drop(url)

    def drop(self, url: str) -> None:
        """Throw a database away: left to the end, a thousand of them are ten gigabytes that are written down first."""
        if url.startswith("sqlite"):
            for end in ("", "-wal", "-shm"):
                Path(url.removeprefix("sqlite:///") + end).unlink(missing_ok=True)
            return
        self._tell(f"DROP DATABASE {_name_of(url)} WITH (FORCE)")

    def empty(self, kind: str) -> str:
        """Address of a database without any table."""
        name = f"t{os.getpid()}_{next(_COUNTER)}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        self._tell(f"CREATE DATABASE {name}")
        return alchemy_url(self.postgresql, name)

    def ready(self, kind: str) -> str:
        """Address of a database at the newest revision, with the directory seeded."""
        return self.copy(self._template(kind))

    def copy(self, template: str) -> str:
        """Address of a copy of a database that nobody has open."""
        name = f"t{os.getpid()}_{next(_COUNTER)}"
        if template.startswith("sqlite"):
            fold_write_ahead_log(template)
            shutil.copyfile(template.removeprefix("sqlite:///"), self.folder / f"{name}.db")
            return f"sqlite:///{self.folder / name}.db"
        self._tell(f"CREATE DATABASE {name} TEMPLATE {_name_of(template)} STRATEGY FILE_COPY")
        return alchemy_url(self.postgresql, name)


def _name_of(url: str) -> str:
    return url.split("/")[3].split("?", maxsplit=1)[0]


def fold_write_ahead_log(url: str) -> None:
    """Fold the write-ahead log into the file, so that the file alone is the database."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
