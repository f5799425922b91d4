"""Killed at durable steps of publish, withdraw, release, receive, migrate, restore and serve: no half document, nothing acknowledged is lost,
and the next start needs no hand (guarantees 3)."""

import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bodies import publish
from graves import LEAST, STARTS_WITHIN_S, Kill, Store, Told, bulletins, every_call, points, rows, watching
from loopback_port import free_port
from mortal import Death, Mortals, mortals
from serving import Nodes, Served, serving, settings_for
from sqlalchemy import func, select, update
from stores import STORES, Stores

from app.access.clients import NewClient, create
from app.cli.node import prepare_store
from app.core import schema
from app.core.idempotency import KeptAnswer
from app.exchange.backup import back_up
from app.exchange.decided import published_by
from app.exchange.models import WaitingItem
from app.main import KINDS
from app.reviews.releasing import release_due
from app.sync import peers
from app.sync.faults import SyncFault
from app.sync.models import Peer
from app.sync.restoring import restore
from app.wire.codes import Role

POINTS = {"sqlite": 12, "postgresql": 8}
"""Kills a path: on PostgreSQL only the client dies, and all that it had begun is taken back by the server."""
RELEASES = 4
HALF_SENT, OLD = (3, *range(9, 24, 2)), "0003"


@pytest.fixture(scope="module")
def mortal() -> Iterator[Mortals]:
    with mortals() as process:
        yield process


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(kind: str, nodes: Nodes, tmp_path: Path) -> Store:
    settings, keys = nodes.ready(kind, tmp_path)
    return Store(settings, keys["rcm"])


def publishes(mortal: Mortals, store: Store, kills: Iterable[Kill]) -> int:
    before, dead = store.opened(), 0
    for number, kill in enumerate(kills):
        death = mortal.do("publish", **store.task, period=f"{1980 + number // 12}-{number % 12 + 1:02}", **kill)
        after = store.opened()
        assert after[: len(before)] == before
        assert [op for _, _, op in after[len(before) :]] in ([], ["publish"])
        assert documents(death) <= {document_id for document_id, *_ in after}
        before, dead = after, dead + death.killed
    with store.node() as node, node.db.read() as session:
        assert session.scalar(select(func.count()).where(KeptAnswer.status.is_not(None))) == len(before)
    store.judge()
    return dead


def documents(death: Death) -> set[str]:
    return {word for word in death.told if isinstance(word, str)}


def test_a_publish_killed_at_any_step_is_whole_or_nothing_and_what_was_acknowledged_is_there(mortal: Mortals, store: Store):
    steps = points(mortal.do("publish", **store.task, period="1979-12"), POINTS[store.kind])
    assert publishes(mortal, store, steps) == POINTS[store.kind]
    assert len(store.opened()) == 3  # the one that nobody killed, and those killed before and after they said it


def withdraws(mortal: Mortals, store: Store, kills: Iterable[Kill]) -> int:
    dead = 0
    for number, kill in enumerate(kills):
        before = store.opened()
        standing = {document_id for document_id, *_ in before} - {document_id for document_id, version, _ in before if version == 2}
        if not standing:
            mortal.do("publish", **store.task, period=f"{1980 + number // 12}-{number % 12 + 1:02}")
            before = store.opened()
            standing = {before[-1][0]}
        document_id = standing.pop()
        death = mortal.do("withdraw", **store.task, id=document_id, **kill)
        after = store.opened()
        assert after[: len(before)] == before
        assert after[len(before) :] in ([], [(document_id, 2, "withdraw")])
        assert documents(death) <= {document_id for document_id, version, _ in after if version == 2}
        dead += death.killed
    store.judge()
    return dead


def test_a_withdrawal_killed_at_any_step_is_whole_or_nothing_and_what_was_acknowledged_is_there(mortal: Mortals, store: Store):
    mortal.do("publish", **store.task, period="1979-12")
    steps = points(mortal.do("withdraw", **store.task, id=store.opened()[0][0]), POINTS[store.kind])
    assert withdraws(mortal, store, steps) == POINTS[store.kind]
    assert [op for *_, op in store.opened()] == ["publish", "withdraw"] * 3


def waiting_item(store: Store, item_id: str) -> tuple[str, Told]:
    """What became of an item, and what came of it."""
    with store.node() as node, node.db.read() as session:
        item = session.get_one(WaitingItem, item_id)
        assert (item.sealed is None) == (item.status == "published")
        return item.status, [(str(each["id"]), int(str(each["version"])), "publish") for each in published_by(item)]


def due_item(mortal: Mortals, store: Store, period: str) -> str:
    """A bulletin that waits for its minute an hour."""
    minute = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return str(mortal.do("publish", **store.task, period=period, publish_at=minute).told[0])


def releases(mortal: Mortals, store: Store, kills: Iterable[Kill]) -> int:
    dead, late = 0, datetime.now(UTC) + timedelta(hours=12)
    for number, kill in enumerate(kills):
        item = due_item(mortal, store, f"{1980 + number // 12}-{number % 12 + 1:02}")
        before = store.opened()
        death = mortal.do("release", **store.task, clock=late.isoformat(), **kill)
        status, made = waiting_item(store, item)
        # Either nothing of it is there, or all: the item is decided in the transaction that publishes it.
        assert (status, len(made)) in {("pending", 0), ("published", 1)}
        assert store.opened() == before + made
        assert status == "published" or 1 not in death.told
        with store.node() as node:
            assert [release_due(node, KINDS, lambda: late) for _ in range(2)] == [1 - len(made), 0]
        assert store.opened() == before + waiting_item(store, item)[1]
        dead += death.killed
    store.judge()
    return dead


def test_a_release_killed_at_any_step_is_whole_or_nothing_and_the_next_start_does_it_once(mortal: Mortals, store: Store):
    due_item(mortal, store, "1979-12")
    late = (datetime.now(UTC) + timedelta(hours=12)).isoformat()
    steps = points(mortal.do("release", **store.task, clock=late), RELEASES)
    assert releases(mortal, store, steps) == RELEASES
    assert [op for *_, op in store.opened()] == ["publish"] * (1 + RELEASES)


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


def receives(mortal: Mortals, reader: Store, author: Served, kills: Iterable[Kill]) -> int:
    dead = 0
    for kill in kills:
        for_two_pages(author, reader)
        death = mortal.do("receive", **reader.task, **kill)
        after = reader.opened()
        assert after == told_of(author)[: len(after)]
        dead += death.killed
    reader.pull()
    assert reader.opened() == told_of(author)
    reader.judge()
    return dead


def for_two_pages(author: Served, reader: Store) -> None:
    while (number := len(told_of(author))) - len(reader.opened()) < 2:
        publish(author.as_("rcm"), period=f"{1980 + number // 12}-{number % 12 + 1:02}")


def test_a_pull_killed_at_any_step_goes_on_where_it_was_and_brings_everything_once(mortal: Mortals, reader: Store, author: Served):
    for_two_pages(author, reader)
    steps = points(mortal.do("receive", **reader.task), POINTS[reader.kind])
    assert receives(mortal, reader, author, steps) == POINTS[reader.kind]


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
        if reads[-1]:
            break
    # First while the node says who it is, then, as soon as one was read, within the pages.
    assert 0 == reads[0] < reads[-1] < 4
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
    for number, kill in enumerate(points(mortal.do("migrate", **whole.task), POINTS[kind] // 2)):
        if schema.current(store.settings.database_url):
            store = Store(settings_for(stores.empty(kind), tmp_path / f"killed-{number}"))
        assert mortal.do("migrate", **store.task, **kill).killed
        assert schema.current(store.settings.database_url) in {None, schema.head()}
    prepare_store(store.settings)
    assert store.opened() == []


@dataclass
class Older:
    """A store of an older release, which is brought back to it where an upgrade was done before the kill."""

    store: Store
    old: dict[str, list[str]]
    new: dict[str, list[str]]
    published: Told

    @property
    def url(self) -> str:
        return self.store.settings.database_url

    def upgrades(self, mortal: Mortals, kills: Iterable[Kill]) -> int:
        dead = 0
        for kill in kills:
            if schema.current(self.url) != OLD:
                schema.downgrade(self.url, OLD)
            dead += mortal.do("migrate", **self.store.task, **kill).killed
            assert rows(self.url) == (self.old if schema.current(self.url) == OLD else self.new)
        began = time.perf_counter()
        prepare_store(self.store.settings)
        assert time.perf_counter() - began < STARTS_WITHIN_S
        assert rows(self.url) == self.new
        assert self.store.opened() == self.published
        if self.store.kind == "sqlite":
            assert rows(self.url.replace(".db", ".before-migration")) == self.old
        self.store.judge()
        return dead


def older(mortal: Mortals, store: Store, **watched: object) -> tuple[Older, Death]:
    """A store of an older release with a bulletin in it, and how an upgrade of it went that nobody killed."""
    mortal.do("publish", **store.task, period="2000-01")
    published = store.opened()
    schema.downgrade(store.settings.database_url, OLD)
    old = rows(store.settings.database_url)
    death = mortal.do("migrate", **store.task, **watched)
    return Older(store, old, rows(store.settings.database_url), published), death


def test_an_upgrade_killed_at_any_step_leaves_the_old_store_or_the_new_one(mortal: Mortals, store: Store):
    made, death = older(mortal, store)
    assert made.upgrades(mortal, points(death, POINTS[store.kind] // 2)) == POINTS[store.kind] // 2


def restores(mortal: Mortals, store: Store, stores: Stores, file: Path, kills: Iterable[Kill]) -> int:
    """Into an empty store each time: until the last step it is nobody's, and the next restore begins again; then all is there."""
    told, kept, dead = store.opened(), rows(store.settings.database_url, "client", "log_entry", "bulletin", "cell"), 0
    for kill in kills:
        target = Store(settings_for(stores.empty(store.kind), store.settings.secrets_dir.parent))
        url = target.settings.database_url
        death = mortal.do("restore", **target.task, file=str(file), **kill)
        dead += death.killed
        if (found := schema.current(url)) != schema.head():
            assert (found in {None, schema.UNFINISHED}, death.told) == (True, [])
            restore(target.settings, KINDS, file)
        assert (target.opened(), rows(url, *kept)) == (told, kept)
        stores.drop(url)
    return dead


def backed_up(mortal: Mortals, store: Store, file: Path) -> None:
    for month in ("2000-01", "2000-02"):
        mortal.do("publish", **store.task, period=month)
    with store.node() as node:
        back_up(node.db, node.secrets, file)


def test_a_restore_killed_at_any_step_is_begun_again_and_ends_whole(mortal: Mortals, store: Store, stores: Stores, tmp_path: Path):
    file = tmp_path / "monday.backup"
    backed_up(mortal, store, file)
    whole = Store(settings_for(stores.empty(store.kind), store.settings.secrets_dir.parent))
    kills = points(mortal.do("restore", **whole.task, file=str(file)), POINTS[store.kind] // 2)
    assert restores(mortal, store, stores, file, kills) == POINTS[store.kind] // 2


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("path", ["publish", "withdraw", "release", "receive", "migrate", "restore"])
def test_kills_long_at_two_hundred_calls_of_a_path_leave_nothing_half(
    mortal: Mortals, store: Store, stores: Stores, request: pytest.FixtureRequest, tmp_path: Path, path: str
):
    file = tmp_path / "calls"
    if path == "publish":
        mortal.do("publish", **store.task, period="1979-12", **watching(file))
        dead = publishes(mortal, store, every_call(file))
    elif path == "withdraw":
        mortal.do("publish", **store.task, period="1979-12")
        mortal.do("withdraw", **store.task, id=store.opened()[0][0], **watching(file))
        dead = withdraws(mortal, store, every_call(file))
    elif path == "release":
        due_item(mortal, store, "1979-12")
        late = (datetime.now(UTC) + timedelta(hours=12)).isoformat()
        mortal.do("release", **store.task, clock=late, **watching(file))
        dead = releases(mortal, store, every_call(file))
    elif path == "receive":
        reader, author = request.getfixturevalue("reader"), request.getfixturevalue("author")
        for_two_pages(author, reader)
        mortal.do("receive", **reader.task, **watching(file))
        dead = receives(mortal, reader, author, every_call(file))
    elif path == "restore":
        backed_up(mortal, store, tmp_path / "monday.backup")
        whole = Store(settings_for(stores.empty(store.kind), store.settings.secrets_dir.parent))
        mortal.do("restore", **whole.task, file=str(tmp_path / "monday.backup"), **watching(file))
        dead = restores(mortal, store, stores, tmp_path / "monday.backup", every_call(file))
    else:
        made, _ = older(mortal, store, **watching(file))
        dead = made.upgrades(mortal, every_call(file))
    print(f"{path}: {dead} kills, the slowest next start {store.longest_s:.2f} s")
    assert dead >= LEAST
