"""Power cuts: the statements of publish, receive and withdraw, as the product made them, on a disk that forgets what was not synced (guarantees 5)."""

import hashlib
import itertools
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest
from bodies import publish, withdraw
from power_cut_disk import MODES, Disk, PowerCutError
from serving import Nodes, Served
from sqlalchemy import event, text
from sqlalchemy.exc import DatabaseError
from twins import Twins, twins

from app.core.db import Database
from app.core.problems import Problem
from app.exchange.verify import faults

SEED = 20170809
SETTINGS = (
    *("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint", "page_size", "locking_mode", "auto_vacuum", "cache_size"),
    *("cache_spill", "checkpoint_fullfsync", "fullfsync", "journal_size_limit", "mmap_size", "secure_delete", "encoding", "temp_store"),
    *("recursive_triggers", "cell_size_check", "read_uncommitted", "ignore_check_constraints", "defer_foreign_keys"),
)
"""What decides how SQLite writes, and when it syncs."""
PLACES = ("publish", "receive", "withdraw", "fold")
"""In what the power fails; the last one is while SQLite folds its log into the file."""
_NAMES = (f"cut{number}" for number in itertools.count())
Settings = Mapping[str, object]
_FILLED = 900
"""Pages of the log beside the file; SQLite folds it at a thousand."""


@dataclass
class Recorded:
    """What the product did to one store: its files before, what its engine answers of itself, each transaction with its verb, the end."""

    before: Mapping[str, bytes]
    settings: Settings
    writes: list[tuple[str, list[str]]] = field(default_factory=list)
    after: str = ""


@contextmanager
def traced(served: Served, verb: list[str]) -> Iterator[Recorded]:
    """Record what a node's writer says to SQLite while the verb is done.

    The log beside the file is filled first, so that SQLite folds it into the file amid what is recorded.
    """
    db, file, inside = served.node.db, Path(str(served.node.db.url.database)), list[str]()

    def said(statement: str) -> None:
        if statement.startswith("--"):  # of a trigger
            return
        if statement == "COMMIT":
            made.writes.append((verb[0], list(inside)))
        inside.append(statement)
        if statement in {"COMMIT", "ROLLBACK"} or statement.startswith("BEGIN"):
            inside.clear()

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(said)

    with db.write() as session:
        settings = {name: session.execute(text(f"PRAGMA {name}")).scalar_one() for name in SETTINGS}
    db.dispose()
    event.listen(db.writer, "connect", connected)
    with closing(sqlite3.connect(file)) as connection:
        for _ in range(_FILLED * 4096 // file.stat().st_size):
            connection.execute("VACUUM")
        made = Recorded({suffix: Path(f"{file}{suffix}").read_bytes() for suffix in ("", "-wal")}, settings)
        yield made
        made.after = content_of(connection)


def content_of(connection: Any) -> str:
    """What all tables hold, as a digest."""
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    rows = [(table, sorted(map(repr, connection.execute(f'SELECT * FROM "{table}"')))) for table in tables]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def record(nodes: Nodes, folder: Path, rounds: int) -> Recorded:
    """Rounds of what RCM's node publishes and withdraws, and of what it receives of the same from SACM's."""
    verb = ["publish"]
    with twins(nodes, "sqlite", folder, judged=False) as pair:
        pair.meet()
        with traced(pair.rcm, verb) as made:
            for at in range(rounds):
                _round(pair, verb, f"{1990 + at // 12}-{at % 12 + 1:02}")
    return made


def _round(pair: Twins, verb: list[str], period: str) -> None:
    theirs = publish(pair.sacm.as_("sacm"), reporting_state="BRA", period=period)
    verb[0] = "publish"
    ours = publish(pair.rcm.as_("rcm"), period=period)
    verb[0] = "receive"
    pair.pull(pair.rcm)
    verb[0] = "withdraw"
    withdraw(pair.rcm.as_("rcm"), ours)
    withdraw(pair.sacm.as_("sacm"), theirs)
    verb[0] = "receive"
    pair.pull(pair.rcm)


def connect(file: Path, settings: Settings, disk: str) -> apsw.Connection:
    connection = apsw.Connection(str(file), vfs=disk)
    for name, value in settings.items():
        connection.execute(f"PRAGMA {name} = '{value}'")
    return connection


def replayed(made: Recorded, settings: Settings, folder: Path, disk: str) -> Iterator[apsw.Connection]:
    """The connection before the first transaction and after each that it acknowledged.

    Near the end the store is closed and opened anew, and at the end closed: that folds the log into the file too.
    """
    file, last = folder / "store.db", len(made.writes) - 4
    for suffix, content in made.before.items():
        Path(f"{file}{suffix}").write_bytes(content)
    connection = connect(file, settings, disk)
    yield connection
    for at, (_, statements) in enumerate(made.writes):
        if at == last:
            connection.close()
            connection = connect(file, settings, disk)
        for statement in ("BEGIN IMMEDIATE", *statements, "COMMIT"):
            connection.execute(statement)
        yield connection
    connection.close()


@dataclass
class Undisturbed:
    """A replay without a cut: in what each operation on the disk comes, and the contents before the first commit and after each."""

    comes_in: list[str]
    contents: list[str]


def undisturbed(made: Recorded, settings: Settings, folder: Path) -> Undisturbed:
    disk = Disk(name := next(_NAMES))
    folder.mkdir()
    found = Undisturbed([], [])
    for connection in replayed(made, settings, folder, name):
        verb = made.writes[max(len(found.contents) - 1, 0)][0]
        found.contents.append(content_of(connection))
        found.comes_in += [verb if operation.endswith("-wal") else "fold" for operation in disk.seen[len(found.comes_in) :]]
    found.comes_in += ["fold"] * (len(disk.seen) - len(found.comes_in))
    return found


def cut(made: Recorded, plain: Undisturbed, settings: Settings, folder: Path, seed: int) -> tuple[str, str]:
    """One power cut: in what it came, and what is wrong with the store afterwards; nothing is the empty text."""
    chance, acknowledged = random.Random(seed), -1
    came_in = PLACES[seed % len(PLACES)]
    at = chance.choice([at for at, place in enumerate(plain.comes_in) if place == came_in])
    disk = Disk(name := next(_NAMES), at, MODES[seed % len(MODES)], seed)
    (folder / "before").mkdir(parents=True)
    with suppress(PowerCutError):
        for _ in replayed(made, settings, folder / "before", name):
            if disk.left is not None:
                break
            acknowledged += 1
    assert disk.left is not None
    for suffix, content in disk.left.items():
        (folder / f"store.db{suffix}").write_bytes(content)
    return came_in, wrong(Database(f"sqlite:///{folder / 'store.db'}"), made, plain.contents, acknowledged)


def wrong(db: Database, made: Recorded, contents: list[str], acknowledged: int) -> str:
    """Open the store as the product does; what is wrong with it, and whether it goes on."""
    try:
        with db.read() as session:
            found = content_of(session.connection().connection)
            if session.execute(text("PRAGMA integrity_check")).scalars().all() != ["ok"] or list(faults(session)):
                return "not whole"
        if found not in contents:
            return "half"
        if found not in contents[acknowledged : acknowledged + 2]:
            return "lost"
        then = contents.index(found, acknowledged)
        with db.write() as session:
            for statement in made.writes[then][1] if then < len(made.writes) else ():
                session.connection().exec_driver_sql(statement)
        with db.read() as session:
            return "" if content_of(session.connection().connection) == contents[min(then + 1, len(made.writes))] else "does not go on"
    except (DatabaseError, sqlite3.DatabaseError, Problem):
        return "not whole"
    finally:
        db.dispose()


def cuts(made: Recorded, folder: Path, count: int, **others: object) -> Counter[tuple[str, str]]:
    settings = {**made.settings, **others}
    plain = undisturbed(made, settings, folder.with_name(f"{folder.name} undisturbed"))
    assert plain.contents[-1] == made.after
    return Counter(cut(made, plain, settings, folder / str(at), SEED + at) for at in range(count))


def wrongs(done: Counter[tuple[str, str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, what), number in done.items():
        found[what] += number
    return found


@pytest.fixture(scope="module")
def made(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(nodes, tmp_path_factory.mktemp("recorded"), 3)


def test_the_disk_that_forgets_is_written_as_the_engine_of_the_product_writes(made: Recorded, tmp_path: Path):
    disk = Disk(name := next(_NAMES))
    (tmp_path / "store.db").write_bytes(made.before[""])
    connection = connect(tmp_path / "store.db", made.settings, name)
    assert {name: connection.execute(f"PRAGMA {name}").get for name in SETTINGS} == made.settings
    assert [made.settings[name] for name in ("journal_mode", "synchronous", "wal_autocheckpoint")] == ["wal", 2, 1000]
    connection.close()
    assert set(disk.platters) == {""}
    assert {verb for verb, _ in made.writes} == {"publish", "receive", "withdraw"}


def test_twenty_power_cuts_lose_no_acknowledged_commit_and_leave_nothing_half(made: Recorded, tmp_path: Path):
    done = cuts(made, tmp_path / "full", 20)
    assert wrongs(done) == {"": 20}
    assert {came_in for came_in, _ in done} == set(PLACES)


@pytest.mark.parametrize("less", ["OFF", "NORMAL"])
def test_with_fewer_syncs_the_same_power_cuts_lose_acknowledged_commits(made: Recorded, tmp_path: Path, less: str):
    found = wrongs(cuts(made, tmp_path / less, 12, synchronous=less))
    assert found["lost"] > 0
    assert less == "OFF" or set(found) <= {"", "lost"}


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_power_cuts_long_a_thousand(nodes: Nodes, tmp_path: Path):
    made = record(nodes, tmp_path / "recorded", 8)
    verbs = dict(Counter(verb for verb, _ in made.writes))
    print(f"power cuts over {verbs}, seed {SEED}, SQLite {apsw.sqlite_lib_version()}, reopened by {sqlite3.sqlite_version}")
    for name, count in {"FULL": 1_000, "NORMAL": 100, "OFF": 100}.items():
        done = cuts(made, tmp_path / name, count, synchronous=name)
        found = wrongs(done)
        came_in = Counter(came_in for came_in, _ in done.elements())
        print(f"{name}: {count} cuts, in {dict(came_in)}: {found.pop('', 0)} without loss, {dict(found)}")
        assert bool(found) == (name != "FULL")
