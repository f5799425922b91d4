"""Migrations on both databases: what the models say, up, down, up with data, twice at once, and a changed column that must
not empty another table (guarantees 5; case B047)."""

import hashlib
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.exc import IntegrityError

import app.main  # noqa: F401 - declares the tables of every room
from app.core import schema
from app.core.db import Base, Database
from app.core.parents import lost

KINDS = ("sqlite", "postgresql")
SCRIPTS = Path(__file__).parents[2] / "migrations"
REVISIONS = [script.revision for script in ScriptDirectory(str(SCRIPTS)).walk_revisions()][::-1]
SHELL = '"""made for a test"""\nimport sqlalchemy as sa\nfrom alembic import op\nrevision = {revision!r}\ndown_revision = {before!r}\nbranch_labels = depends_on = None\n'


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def reflected(url: str) -> tuple[sa.Engine, MetaData]:
    engine, found = create_engine(url), MetaData()
    found.reflect(engine)
    return engine, found


def content(url: str) -> dict[str, tuple[int, str]]:
    """Rows and hash of every table but Alembic's own; of bulletins without the column that the made-up revisions add and drop."""
    engine, found = reflected(url)
    told = {}
    with engine.connect() as connection:
        for table in found.sorted_tables:
            columns = [table.columns[name] for name in sorted(table.columns.keys()) if name != "old_column"]
            lines = sorted(repr(tuple(row)) for row in connection.execute(sa.select(*columns)))
            told[table.name] = (len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest())
    engine.dispose()
    told.pop("alembic_version")
    return told


def value_of(column: sa.Column[Any], number: int) -> object:
    """A value for a column, different for each number; two columns of one type have the same, so that a child meets its parent."""
    made = {int: number, str: f"r{number}", bytes: bytes([number]), bool: bool(number % 2)}
    python = column.type.python_type
    if python in made:
        return made[python]
    return sa.literal_column(f"'2024-03-1{number}'" if column.type.__class__.__name__ == "DATE" else f"'2024-03-1{number} 12:00:00.123456'")


def fill(url: str) -> None:
    """Two rows in every table that the store has now, and a third cell: two bulletins, three cells (case B047)."""
    engine, found = reflected(url)
    with engine.begin() as connection:
        for table in found.sorted_tables:
            if table.name != "alembic_version":
                for number in (1, 2):
                    connection.execute(table.insert().values({column.name: value_of(column, number) for column in table.columns}))
        if "cell" in found.tables:
            row = {column.name: value_of(column, 2) for column in found.tables["cell"].columns}
            connection.execute(found.tables["cell"].insert().values(row | {"row": 3}))
        if engine.dialect.name == "postgresql":
            # As where the store itself gave out the numbers.
            numbered = "SELECT setval(pg_get_serial_sequence(:table, 'id'), 2) WHERE pg_get_serial_sequence(:table, 'id') IS NOT NULL"
            for table in found.sorted_tables:
                if "id" in table.columns:
                    connection.execute(sa.text(numbered), {"table": table.name})
    engine.dispose()


def shape(url: str) -> dict[str, object]:
    """What the database itself says of its tables: columns, keys, indexes, constraints."""
    engine = create_engine(url)
    found = inspect(engine)
    told: dict[str, object] = {}
    for table in set(found.get_table_names()) - {"alembic_version"}:
        told[table] = {
            "columns": {column["name"]: (repr(column["type"]), column["nullable"]) for column in found.get_columns(table)},
            "options": found.get_table_options(table) if engine.dialect.name == "sqlite" else {},
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "foreign": sorted(repr(sorted(key.items(), key=str)) for key in found.get_foreign_keys(table)),
            "indexes": sorted(repr((index["name"], index["column_names"], index["unique"], sorted((name, str(option)) for name, option in index["dialect_options"].items()))) for index in found.get_indexes(table)),
            "unique": sorted(repr(unique["column_names"]) for unique in found.get_unique_constraints(table)),
        }  # fmt: skip
    engine.dispose()
    return told


def at(stores, kind: str, revision: str = REVISIONS[-1]) -> str:
    """A store at a revision with rows in every table."""
    url = stores.empty(kind)
    schema.upgrade(url, revision)
    fill(url)
    return url


class Scripts:
    """Our migrations in a folder of their own, where a test adds revisions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, revision: str, before: str, up: str, down: str = "pass") -> None:
        text = SHELL.format(revision=revision, before=before) + f"\ndef upgrade():\n    {up}\n\ndef downgrade():\n    {down}\n"
        (self.folder / "versions" / f"{revision}.py").write_text(text)


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scripts:
    shutil.copytree(SCRIPTS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(schema, "_PACKAGE", tmp_path / "app")
    return Scripts(tmp_path / "migrations")


@pytest.fixture
def column_change(scripts: Scripts) -> Scripts:
    """Two revisions that copy the parent table of cells on SQLite: a column is added, and dropped again as the case says."""
    added = 'batch.add_column(sa.Column("old_column", sa.String(16), server_default="x"))'
    dropped = 'batch.drop_column("old_column")'
    copy = 'with op.batch_alter_table("bulletin", recreate="always" if op.get_bind().dialect.name == "sqlite" else "never") as batch:\n        '
    scripts.add("t2", REVISIONS[-1], copy + added, copy + dropped)
    scripts.add("t3", "t2", copy + dropped, copy + added)
    return scripts


@pytest.mark.parametrize("kind", KINDS)
def test_alembic_finds_nothing_to_change_between_migrations_and_models(stores, kind: str):
    with schema._connection(schema.make_url(stores.ready(kind))) as connection:
        config = schema.config()
        config.attributes["connection"] = connection
        command.check(config)


@pytest.mark.parametrize("kind", KINDS)
def test_the_migrations_build_the_same_database_as_the_models_do(stores, kind: str):
    by_migrations, by_models = stores.ready(kind), stores.empty(kind)
    engine = create_engine(by_models)
    Base.metadata.create_all(engine)
    engine.dispose()
    assert shape(by_migrations) == shape(by_models)
    assert len(shape(by_models)) == len(Base.metadata.tables) > 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("revision", REVISIONS)
def test_up_from_every_past_revision_with_data_down_and_up_again(stores, kind: str, revision: str):
    url = at(stores, kind, revision)
    before = content(url)
    schema.upgrade(url)
    assert schema.current(url) == schema.head() == REVISIONS[-1]
    assert {table: before[table][0] for table in before} == {table: count for table, (count, _) in content(url).items() if table in before}
    schema.downgrade(url, revision)
    assert content(url) == before
    schema.downgrade(url, "base")
    assert (content(url), schema.current(url)) == ({}, None)
    schema.upgrade(url)
    assert shape(url) == shape(stores.ready(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_read_together_has_a_row_a_document_again_in_the_older_store(stores, kind: str):
    url = stores.empty(kind)
    schema.upgrade(url, "0012")
    engine = create_engine(url)
    columns = "at, client_id, action, outcome, request_id, document_id, version, tlp, read_set"
    day = "'2024-03-11 12:00:00.123456'"
    with engine.begin() as connection:
        connection.execute(sa.text(f"INSERT INTO audit ({columns}) VALUES ({day}, 'c', 'get_bulletin', 'read', 'r1', 'x', 1, 0, NULL)"))
        connection.execute(sa.text(f"INSERT INTO audit ({columns}) VALUES ({day}, 'c', 'list_flows', 'read', 'r2', NULL, NULL, 1, 's1')"))
        connection.execute(sa.text(f"INSERT INTO audit ({columns}) VALUES ({day}, NULL, 'send', 'read', NULL, NULL, NULL, 1, 's1')"))
        connection.execute(sa.text("INSERT INTO read_set VALUES ('s1', 'a', 3, 0), ('s1', 'b', 1, 1), ('s2', 'z', 1, 1)"))
    schema.downgrade(url, "0011")
    with engine.connect() as connection:
        asked = "SELECT client_id, action, request_id, document_id, version, tlp FROM audit WHERE outcome = 'read' ORDER BY id"
        assert [tuple(row) for row in connection.execute(sa.text(asked))] == [
            ("c", "get_bulletin", "r1", "x", 1, 0),
            ("c", "list_flows", "r2", "a", 3, 0),
            ("c", "list_flows", "r2", "b", 1, 1),
            (None, "send", None, "a", 3, 0),
            (None, "send", None, "b", 1, 1),
        ]
        assert len(set(connection.scalars(sa.text("SELECT at FROM audit")))) == 1
    engine.dispose()


@pytest.mark.parametrize("kind", KINDS)
def test_b047_a_column_change_of_a_parent_table_keeps_every_row_of_every_table(stores, column_change: Scripts, kind: str):
    url = at(stores, kind)
    before = content(url)
    assert (before["bulletin"][0], before["cell"][0]) == (2, 3)
    for move, revision in ((schema.upgrade, "t2"), (schema.upgrade, "head"), (schema.downgrade, "t2"), (schema.upgrade, "head")):
        move(url, revision)
        assert content(url) == before
    assert "old_column" not in shape(url)["bulletin"]["columns"]
    schema.downgrade(url, REVISIONS[-1])
    assert (content(url), shape(url)) == (before, shape(stores.ready(kind)))
    if kind == "sqlite":
        with closing(sqlite3.connect(file_of(url))) as connection:
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    # Every child still finds its parent; where that is gone the look for it is not blind.
    db = Database(url)
    with db.write() as session:
        assert lost(session.connection()) == {}
        session.execute(sa.text("DELETE FROM bulletin WHERE id = 2"))
        assert lost(session.connection()) == {"cell": 2, "hideout": 1}
        session.execute(sa.text("DELETE FROM alert WHERE id = 1"))
        assert lost(session.connection()) == {"cell": 2, "hideout": 1, "alert_term": 1}
    db.dispose()


def test_b047_the_check_finds_rows_that_lost_their_parent_in_a_copy_and_changes_nothing(stores, scripts: Scripts):
    copy = 'with op.batch_alter_table("bulletin", recreate="always") as batch:\n        batch.add_column(sa.Column("old_column", sa.String(16)))\n    '
    scripts.add("t2", REVISIONS[-1], copy + 'op.execute("DELETE FROM bulletin WHERE id = 2")')
    url = at(stores, "sqlite")
    before, formed = content(url), shape(url)
    with pytest.raises(RuntimeError, match="would leave 3 rows without their parent") as refused:
        schema.upgrade(url)
    assert "nothing was changed" in str(refused.value)
    assert (content(url), shape(url), schema.current(url)) == (before, formed, REVISIONS[-1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE cell SET bulletin_id = 99", (RuntimeError, RuntimeError, "would leave 3 rows without their parent, first in table cell")),
        (
            "UPDATE alert_term SET alert_id = alert_id + 7",
            (RuntimeError, RuntimeError, "would leave 2 rows without .* in table alert_term"),
        ),
        ("UPDATE waiting_place SET item = 'nowhere'", (RuntimeError, IntegrityError, "would leave 2 rows without|waiting_item")),
    ],
    ids=["cell", "alert_term", "waiting_place"],
)
def test_b047_a_migration_that_takes_a_parent_from_rows_fails_and_changes_nothing(stores, scripts: Scripts, kind: str, change: str, told):
    scripts.add("t2", REVISIONS[-1], 'op.execute("CREATE TABLE half (id INTEGER)")')
    scripts.add("t3", "t2", f'op.execute("{change}")')
    url = at(stores, kind)
    before, formed = content(url), shape(url)
    with pytest.raises(told[kind == "postgresql"], match=told[2]):
        schema.upgrade(url)
    assert (content(url), shape(url), schema.current(url)) == (before, formed, REVISIONS[-1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["raise ZeroDivisionError", 'op.execute("SELECT nothing FROM nowhere")'])
def test_a_migration_that_fails_half_way_changes_nothing(stores, scripts: Scripts, kind: str, fault: str):
    scripts.add("t2", REVISIONS[-1], f'op.drop_table("cell")\n    op.execute("DELETE FROM bulletin")\n    {fault}')
    url = at(stores, kind)
    before, formed = content(url), shape(url)
    with pytest.raises((ZeroDivisionError, sa.exc.DBAPIError)):
        schema.upgrade(url)
    assert (content(url), shape(url), schema.current(url)) == (before, formed, REVISIONS[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_two_migrations_at_once_of_an_empty_store_are_no_error(stores, kind: str):
    url = stores.empty(kind)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(schema.upgrade, [url, url])) == [None, None]
    assert (schema.current(url), shape(url)) == (schema.head(), shape(stores.ready(kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_two_migrations_at_once_of_a_full_store_are_no_error_and_the_copy_is_the_old_one(stores, column_change: Scripts, kind: str):
    for _ in range(5 if kind == "sqlite" else 1):
        url = at(stores, kind)
        before = content(url)
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(schema.upgrade, [url] * 4)) == [None] * 4
        assert (content(url), schema.current(url)) == (before, "t3")
        if kind == "sqlite":
            copy = f"sqlite:///{file_of(url).with_suffix('.before-migration')}"
            assert (content(copy), schema.current(copy)) == (before, REVISIONS[-1])


def test_sqlite_is_copied_whole_beside_itself_before_a_change_and_not_otherwise(stores, column_change: Scripts):
    url = at(stores, "sqlite")
    copy = file_of(url).with_suffix(".before-migration")
    db = Database(url)
    with db.write() as session:
        session.execute(sa.text("UPDATE bulletin SET publisher = 'only in the write-ahead log' WHERE id = 1"))
    before = content(url)
    beside = {path.name for path in copy.parent.glob(f"{copy.stem}.*")}
    schema.upgrade(url)
    db.dispose()
    assert {path.name for path in copy.parent.glob(f"{copy.stem}.*")} - beside == {copy.name}
    assert (content(f"sqlite:///{copy}"), schema.current(f"sqlite:///{copy}")) == (before, REVISIONS[-1])
    copy.unlink()
    schema.upgrade(url)
    assert not copy.exists()


def test_a_new_store_and_one_of_postgresql_are_not_copied(stores):
    url = stores.empty("sqlite")
    schema.upgrade(url)
    assert [path.name for path in file_of(url).parent.glob(f"{file_of(url).stem}*")] == [file_of(url).name]


def test_a_build_knows_its_own_revisions_and_not_those_of_a_newer_one(stores, column_change: Scripts, monkeypatch: pytest.MonkeyPatch):
    assert [schema.knows(revision) for revision in (*REVISIONS, "t2", "t3")] == [True] * (len(REVISIONS) + 2)
    url = at(stores, "sqlite", "t3")
    monkeypatch.undo()
    assert (schema.current(url), schema.knows("t3")) == ("t3", False)
