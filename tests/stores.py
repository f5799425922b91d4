"""Databases for tests, of both kinds: copies of a template that the migrations built once."""

import itertools
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

from app.core import schema
from app.core.db import Database
from app.directory.service import seed

STORES = ("sqlite", "postgresql")
_COUNTER = itertools.count()


def alchemy_url(uri: str, name: str) -> str:
    """SQLAlchemy's form of a server address on a Unix socket."""
    host = uri.split("host=")[1]
    return f"postgresql+psycopg://postgres@/{name}?host={host}"


class Stores:
    """Makes empty, migrated and seeded databases by copying a template that the migrations built once."""

    def __init__(self, folder: Path, postgresql: str) -> None:
        self.folder = folder
        self.postgresql = postgresql
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

    def empty(self, kind: str) -> str:
        """Address of a database without any table."""
        name = f"t{os.getpid()}_{next(_COUNTER)}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        with psycopg.connect(self.postgresql, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
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
        source = template.split("/")[3].split("?", maxsplit=1)[0]
        with psycopg.connect(self.postgresql, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
        return alchemy_url(self.postgresql, name)


def fold_write_ahead_log(url: str) -> None:
    """Fold the write-ahead log into the file, so that the file alone is the database."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
