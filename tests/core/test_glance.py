"""A glance finds what a read finds, in no transaction, and leaves its connection as it was."""

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import bindparam, select, text

from app.access.clients import NewClient, create, disable
from app.access.models import Client
from app.core.db import Database
from app.core.glance import Glance, _no_transaction, at_hand_of
from app.core.problems import Problem
from app.wire.codes import Role

COLUMNS = (Client.id, Client.role, Client.ceiling, Client.state, Client.expires_at, Client.disabled_at)
BY_ID = Glance(select(*COLUMNS).where(Client.id == bindparam("client"), Client.conference == "RCM"))
SOON = datetime(2031, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)


def made(db: Database, conference: str = "RCM") -> str:
    with db.write() as session:
        return create(session, NewClient(Role.ANALYST, conference, expires_at=SOON)).client_id


def test_a_row_is_found_as_a_read_finds_it_with_its_instants_in_utc(db: Database):
    client = made(db)
    row = BY_ID(db, client=client)
    with db.read() as session:
        assert tuple(row) == tuple(session.execute(select(*COLUMNS).where(Client.id == client)).one())
    assert (row.id, row.role, row.ceiling, row.state, row.expires_at, row.disabled_at) == (client, "analyst", 1, None, SOON, None)
    assert row.expires_at.utcoffset() == timedelta(0)


def test_none_is_found_where_none_is_whatever_the_text(db: Database):
    foreign = made(db, "SACM")
    for client in (foreign, "", "x' OR '1'='1", "%(client)s", ":client", "é" * 400):
        assert BY_ID(db, client=client) is None


def test_what_was_committed_just_now_is_seen_and_what_is_not_yet_is_not(db: Database):
    client = made(db)
    assert BY_ID(db, client=client).disabled_at is None
    with db.write() as session:
        disable(session, client)
        session.flush()
        assert BY_ID(db, client=client).disabled_at is None
    assert BY_ID(db, client=client).disabled_at is not None


def test_the_connection_is_given_back_and_begins_transactions_as_before(db: Database):
    client = made(db)
    for _ in range(12):
        assert BY_ID(db, client=client) is not None
    assert db.reader.pool.checkedout() == 0  # type: ignore[attr-defined]
    with db.read() as session:
        before = session.scalar(text("SELECT count(*) FROM client"))
        made(db)
        # One view of the store, whatever is committed meanwhile.
        assert session.scalar(text("SELECT count(*) FROM client")) == before


def test_nothing_can_be_written_at_a_glance(db: Database):
    made(db)
    writing = Glance(select(Client.id))
    writing._compiled = lambda _: ("UPDATE client SET state = 'PAN'", {}, [None])  # type: ignore[assignment]
    with pytest.raises(Exception, match=r"read-only|readonly"):
        writing(db)
    with db.read() as session:
        assert session.scalar(text("SELECT count(*) FROM client WHERE state = 'PAN'")) == 0
    assert db.reader.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_who_watches_is_told_each_glance(db: Database):
    seen: list[str] = []
    db.watchers.append(seen.append)
    BY_ID(db, client="x")
    assert len(seen) == 1
    assert seen[0].startswith("SELECT client.id")


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_what_is_at_hand_sees_what_is_committed_writes_nothing_and_waits_for_nobody(db: Database):
    client = made(db)
    at_hand = at_hand_of(db)
    assert at_hand is not None
    seen: list[str] = []
    db.watchers.append(seen.append)
    assert BY_ID(at_hand, client=client) == BY_ID(db, client=client)
    assert len(seen) == 2
    with db.write() as session:
        disable(session, client)
        session.flush()
        # A writer is at work: who only looks sees what was there, at once.
        assert BY_ID(at_hand, client=client).disabled_at is None
    assert BY_ID(at_hand, client=client).disabled_at is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        at_hand.connection.execute("UPDATE client SET state = 'PAN'")
    with closing(sqlite3.connect(str(db.url.database), isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.dispose()
        at_hand.close()
        other.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        assert at_hand_of(db) is None
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_nothing_is_at_hand_that_lies_behind_a_wire(db: Database):
    assert at_hand_of(db) is None


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_ended_is_no_ones_fault(db: Database, postgresql_base: str):
    client = made(db)
    assert BY_ID(db, client=client) is not None
    with psycopg.connect(postgresql_base, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (db.url.database,))
    assert BY_ID(db, client=client).id == client


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_whatever_goes_wrong_at_a_glance_the_next_reader_has_its_transaction(db: Database):
    client, row = made(db), BY_ID._row
    BY_ID._row = lambda *_: 1 / 0  # type: ignore[assignment, misc]
    with pytest.raises(ZeroDivisionError):
        BY_ID(db, client=client)
    BY_ID._row = row  # type: ignore[misc]
    pooled = db.reader.raw_connection()
    with pytest.raises(ValueError, match="odd"), _no_transaction(pooled.driver_connection):
        raise ValueError("odd")
    assert pooled.driver_connection.autocommit is False  # type: ignore[union-attr]
    pooled.close()
    assert db.reader.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_store_that_is_away_is_told_as_busy_and_the_next_glance_goes_on(db: Database, postgresql_base: str):
    client = made(db)
    if db.is_sqlite:
        with db.reader.connect() as one, db.reader.connect(), db.reader.connect(), db.reader.connect():
            db.reader.pool._timeout = 0.05  # type: ignore[attr-defined]
            with pytest.raises(Problem) as refused:
                BY_ID(db, client=client)
            assert one is not None
    else:
        with psycopg.connect(postgresql_base, autocommit=True) as other:
            other.execute(f'ALTER DATABASE "{db.url.database}" ALLOW_CONNECTIONS false')
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (db.url.database,))
            try:
                with pytest.raises(Problem) as refused:
                    BY_ID(db, client=client)
            finally:
                other.execute(f'ALTER DATABASE "{db.url.database}" ALLOW_CONNECTIONS true')
    assert (refused.value.code, refused.value.status) == ("busy", 503)
    assert BY_ID(db, client=client).id == client
