"""Migrations on both databases: up, down, up; twice at once; a column change that must not empty another table (case B047)."""

import hashlib
import sqlite3
import threading
from pathlib import Path

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect, text

from app.core import schema
from app.core.db import Base, Database, UTCDateTime

KINDS = ("sqlite", "postgresql")


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


@pytest.mark.parametrize("kind", KINDS)
def test_the_migrations_build_what_the_models_say(stores, kind: str):
    url = stores.ready(kind)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": lambda *args: not isinstance(args[4], UTCDateTime) and None})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


@pytest.mark.parametrize("kind", KINDS)
def test_up_down_and_up_again_with_data(stores, kind: str):
    url = stores.ready(kind)
    schema.downgrade(url, "base")
    assert tables(url) <= {"alembic_version"}
    schema.upgrade(url)
    assert schema.current(url) == schema.head()
    assert "log_entry" in tables(url)


@pytest.mark.parametrize("kind", KINDS)
def test_two_migrations_at_once_are_no_error(stores, kind: str):
    url, errors = stores.empty(kind), []

    def migrate() -> None:
        try:
            schema.upgrade(url)
        except Exception as error:  # noqa: BLE001 - whatever it is fails the test
            errors.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert schema.current(url) == schema.head()


def test_sqlite_is_copied_beside_itself_before_a_change_and_not_otherwise(stores):
    url = stores.ready("sqlite")
    copy = Path(url.removeprefix("sqlite:///")).with_suffix(".before-migration")
    schema.upgrade(url)
    assert not copy.exists()
    schema.downgrade(url, "base")
    schema.upgrade(url)
    assert copy.exists()


def change_parent(url: str, *, drop_rows: bool = False) -> None:
    """A column change of a parent table by batch mode, run as our migrations are."""
    with schema._connection(schema.make_url(url)) as connection, connection.begin():
        with Operations.context(MigrationContext.configure(connection)), op.batch_alter_table("parent", recreate="always") as batch:
            batch.drop_column("old_column")
        if drop_rows:
            connection.execute(text("DELETE FROM parent"))
        schema._check_foreign_keys(connection)


def family(url: str) -> None:
    db = Database(url)
    with db.write() as session:
        connection = session.connection()
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY, week VARCHAR(10), old_column VARCHAR(10))"))
        connection.execute(
            text("CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id) ON DELETE CASCADE, n INTEGER)")
        )
        for number in (1, 2):
            connection.execute(text("INSERT INTO parent VALUES (:n, '2024-W10', 'x')"), {"n": number})
        for number in (1, 2, 3):
            connection.execute(text("INSERT INTO child VALUES (:n, 1, 12)"), {"n": number})
    db.dispose()


def content(url: str, table: str) -> str:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        rows = connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
    connection.close()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_b047_a_column_change_keeps_every_row_of_the_child_table(stores):
    url = stores.empty("sqlite")
    family(url)
    before = content(url, "child")
    change_parent(url)
    assert content(url, "child") == before
    db = Database(url)
    with db.read() as session:
        assert session.execute(text("SELECT count(*) FROM parent")).scalar_one() == 2
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        assert "old_column" not in {row[1] for row in session.execute(text("PRAGMA table_info(parent)"))}
    db.dispose()


def test_b047_a_migration_that_orphans_a_row_fails_and_changes_nothing(stores):
    url = stores.empty("sqlite")
    family(url)
    before = content(url, "parent")
    with pytest.raises(RuntimeError, match="3 rows without their parent"):
        change_parent(url, drop_rows=True)
    assert content(url, "parent") == before


def test_b047_a_column_change_on_postgresql_keeps_the_children_too(stores):
    url = stores.empty("postgresql")
    family(url)
    with schema._connection(schema.make_url(url)) as connection, connection.begin():
        with Operations.context(MigrationContext.configure(connection)):
            op.drop_column("parent", "old_column")
        assert connection.execute(text("SELECT count(*) FROM child")).scalar_one() == 3
