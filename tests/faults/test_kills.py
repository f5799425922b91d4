"""Killed at durable steps of publish, withdraw, receive, migrate and serve: no half document, nothing acknowledged is lost, and the next start
needs no hand (guarantees 3)."""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from bodies import publish
from loopback_port import free_port
from mortal import Death, Mortals, mortals
from serving import Nodes, Served, serving, settings_for
from sqlalchemy import MetaData, create_engine, func, select, update
from sqlalchemy.orm import Session
from stores import STORES, Stores

from app.access.clients import NewClient, create
from app.cli.node import prepare_store
from app.core import schema
from app.core.idempotency import KeptAnswer
from app.exchange.log import entries
from app.exchange.node import Node, open_node
from app.exchange.verify import faults
from app.main import KINDS, rebuild
from app.settings import Settings
from app.sync import peers
from app.sync.faults import SyncFault
from app.sync.models import Peer
from app.sync.pulling import pull
from app.wire.codes import Role

SEED, STARTS_WITHIN_S = 19530301, 3
POINTS = {"sqlite": 12, "postgresql": 8}
"""Kills a path: on PostgreSQL only the client dies, and all that it had begun is taken back by the server."""
HALF_SENT, OLD = (3, 11), "0003"
Told = list[tuple[str, int, str]]


@pytest.fixture(scope="module")
def mortal() -> Iterator[Mortals]:
    with mortals() as process:
        yield process


@dataclass
class Store:
    """A store and its folder of secrets, which nobody has open while a child works on it."""

    settings: Settings
    key: str = ""
    longest_s: float = 0.0

    @property
    def kind(self) -> str:
        return self.settings.database_url.split(":")[0].split("+")[0]

    @property
    def task(self) -> dict[str, str]:
        folder = str(self.settings.secrets_dir.parent)
        return {"url": self.settings.database_url, "folder": folder, "conferences": self.settings.conferences, "key": self.key}

    @contextmanager
    def node(self) -> Iterator[Node]:
        opened = open_node(self.settings)
        try:
            yield opened
        finally:
            opened.close()

    def opened(self) -> Told:
        """Open the store anew, as the next start does, and find it whole: (id, version, op) of every document in the order of the log."""
        began = time.perf_counter()
        with self.node() as node, node.db.read() as session:
            found = bulletins(session)
            self.longest_s = max(self.longest_s, time.perf_counter() - began)
            assert list(faults(session)) == []
        return found

    def pull(self) -> None:
        with self.node() as node:
            pull(node, KINDS, "rcm")

    def judge(self) -> None:
        """The tables beside the log are what the log makes of them anew, and the next start was soon enough each time."""
        before = projections(self.settings.database_url)
        with self.node() as node:
            rebuild(node)
        assert projections(self.settings.database_url) == before
        assert self.longest_s < STARTS_WITHIN_S


def bulletins(session: Session) -> Told:
    return [(entry.id, entry.version, entry.op) for entry in entries(session) if entry.kind == "bulletin"]


def rows(url: str, *only: str) -> dict[str, list[str]]:
    """The rows of these tables, or of all, without the numbers that a database gives itself."""
    engine, found = create_engine(url), MetaData()
    found.reflect(engine, only=only or None)
    told = {}
    with engine.connect() as connection:
        for table in found.sorted_tables:
            columns = [each for each in table.c if each.name not in {"id", "bulletin_id"}]
            told[table.name] = sorted(repr(tuple(row)) for row in connection.execute(select(*columns)))
    engine.dispose()
    return told


def projections(url: str) -> dict[str, list[str]]:
    return rows(url, "bulletin", "cell", "hideout", "document_access")


def points(death: Death, count: int) -> list[int]:
    """So many of the steps that a child took which nobody killed: the last two, around the answer, and others by chance."""
    assert not death.killed
    steps = int(death.told[-1]["steps"])
    return [*random.Random(SEED).sample(range(1, steps - 1), count - 2), steps - 1, steps]


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(kind: str, nodes: Nodes, tmp_path: Path) -> Store:
    settings, keys = nodes.ready(kind, tmp_path)
    return Store(settings, keys["rcm"])


def test_a_publish_killed_at_any_step_is_whole_or_nothing_and_what_was_acknowledged_is_there(mortal: Mortals, store: Store):
    steps = points(mortal.do("publish", **store.task, period="1999-12"), POINTS[store.kind])
    before = store.opened()
    for number, at in enumerate(steps):
        death = mortal.do("publish", at, **store.task, period=f"{2000 + number // 12}-{number % 12 + 1:02}")
        after = store.opened()
        assert death.killed
        assert after[: len(before)] == before
        assert [op for _, _, op in after[len(before) :]] in ([], ["publish"])
        assert set(death.told) <= {document_id for document_id, *_ in after}
        before = after
    assert len(before) == 3  # the one that nobody killed, and those killed before and after they said it
    with store.node() as node, node.db.read() as session:
        assert session.scalar(select(func.count()).where(KeptAnswer.status.is_not(None))) == 3
    store.judge()


def test_a_withdrawal_killed_at_any_step_is_whole_or_nothing_and_what_was_acknowledged_is_there(mortal: Mortals, store: Store):
    for month in ("10", "11", "12"):
        mortal.do("publish", **store.task, period=f"2000-{month}")
    standing = [document_id for document_id, *_ in store.opened()]
    steps = points(mortal.do("withdraw", **store.task, id=standing.pop()), POINTS[store.kind])
    before = store.opened()
    for at in steps:
        death = mortal.do("withdraw", at, **store.task, id=standing[-1])
        after = store.opened()
        assert death.killed
        assert after[: len(before)] == before
        assert after[len(before) :] in ([], [(standing[-1], 2, "withdraw")])
        assert set(death.told) <= {document_id for document_id, version, _ in after if version == 2}
        if len(after) > len(before):
            standing.pop()
        before = after
    assert standing == []
    store.judge()


@pytest.fixture
def author(kind: str, nodes: Nodes, tmp_path: Path) -> Iterator[Served]:
    settings, keys = nodes.ready(kind, tmp_path / "author", conferences="RCM", private_peers=True)
    with serving(settings, keys=keys, judged=False) as served:
        yield served


@pytest.fixture
def reader(kind: str, nodes: Nodes, tmp_path: Path, author: Served) -> Store:
    settings, _ = nodes.ready(kind, tmp_path / "reader", conferences="SACM", private_peers=True)
    with author.node.db.write() as session:
        key = create(session, NewClient(Role.PEER, "SACM")).api_key
    store = Store(settings)
    with store.node() as node:
        peers.add(node, "rcm", author.url, key)
    return store


def told_of(author: Served) -> Told:
    with author.node.db.read() as session:
        return bulletins(session)


def test_a_pull_killed_at_any_step_goes_on_where_it_was_and_brings_everything_once(mortal: Mortals, reader: Store, author: Served):
    months = (f"{2000 + number // 12}-{number % 12 + 1:02}" for number in range(100))
    for _ in range(2):
        publish(author.as_("rcm"), period=next(months))
    for at in points(mortal.do("receive", **reader.task), POINTS[reader.kind]):
        while len(told_of(author)) - len(reader.opened()) < 2:
            publish(author.as_("rcm"), period=next(months))
        death = mortal.do("receive", at, **reader.task)
        after = reader.opened()
        assert death.killed
        assert after == told_of(author)[: len(after)]
    reader.pull()
    assert reader.opened() == told_of(author)
    reader.judge()


def test_a_node_killed_in_the_middle_of_a_page_is_read_to_the_end_when_it_is_back(
    mortal: Mortals, reader: Store, author: Served, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.sync.pulling.PAGE", 1)
    mine, port = Store(author.node.settings), free_port()
    for month in range(1, 5):
        publish(author.as_("rcm"), period=f"2000-{month:02}")
    reads = []
    for at in HALF_SENT:
        call(reader, f"http://127.0.0.1:{port}")
        mortal.begin("serve", at, **mine.task, port=port)
        until_it_listens(port)
        with pytest.raises(SyncFault) as cut:
            while True:
                reader.pull()
        assert (cut.value.code, mortal.end().killed) == ("sync-unreachable", True)
        reads.append(len(reader.opened()))
    assert 0 == reads[0] < reads[1] < 4
    call(reader, author.url)
    reader.pull()
    assert reader.opened() == mine.opened() == told_of(author)
    reader.judge()


def call(reader: Store, url: str) -> None:
    with reader.node() as node, node.db.write() as session:
        session.execute(update(Peer).values(url=url))


def until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise AssertionError


def test_a_first_migration_killed_at_any_step_is_finished_by_the_next(mortal: Mortals, stores: Stores, kind: str, tmp_path: Path):
    whole, store = (Store(settings_for(stores.empty(kind), tmp_path / name)) for name in ("whole", "killed"))
    death = mortal.do("migrate", **whole.task)
    for at in points(death, POINTS[kind] // 2):
        if at > 2 and schema.current(store.settings.database_url):
            store = Store(settings_for(stores.empty(kind), tmp_path / f"killed-{at}"))
        killed = mortal.do("migrate", at, **store.task)
        assert (killed.killed, schema.current(store.settings.database_url) in {None, schema.head()}) == (True, True)
    prepare_store(store.settings)
    assert store.opened() == []


def test_an_upgrade_killed_at_any_step_leaves_the_old_store_or_the_new_one(mortal: Mortals, store: Store):
    url = store.settings.database_url
    mortal.do("publish", **store.task, period="2000-01")
    published = store.opened()
    schema.downgrade(url, OLD)
    old = rows(url)
    steps = points(mortal.do("migrate", **store.task), POINTS[store.kind] // 2)
    new = rows(url)
    for at in steps:
        if schema.current(url) != OLD:
            schema.downgrade(url, OLD)
        assert mortal.do("migrate", at, **store.task).killed
        assert rows(url) == (old if schema.current(url) == OLD else new)
    began = time.perf_counter()
    prepare_store(store.settings)
    assert time.perf_counter() - began < STARTS_WITHIN_S
    assert rows(url) == new
    assert store.opened() == published
    if store.kind == "sqlite":
        copy = Path(url.removeprefix("sqlite:///")).with_suffix(".before-migration")
        assert rows(f"sqlite:///{copy}") == old
    store.judge()
