"""A real node behind a real HTTP server on loopback, with a client of every role."""

import asyncio
import functools
import hashlib
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn
from answers import Answers
from direct import Direct
from sqlalchemy import text
from stores import Stores

from app.access.clients import NewClient, create
from app.core.secrets import Secrets
from app.directory.service import seed
from app.exchange.keys import initialise
from app.exchange.node import Node, open_database, open_node
from app.main import create_app
from app.settings import Settings
from app.wire.codes import TLP, Role

CLIENTS: Mapping[str, NewClient] = {
    "operator": NewClient(Role.OPERATOR, "RCM"),
    "rcm": NewClient(Role.SECRETARIAT, "RCM"),
    "sacm": NewClient(Role.SECRETARIAT, "SACM"),
    "pan": NewClient(Role.PARTNER, "RCM", "PAN"),
    "hnd": NewClient(Role.PARTNER, "RCM", "HND"),
    "bra": NewClient(Role.PARTNER, "SACM", "BRA"),
    "analyst": NewClient(Role.ANALYST, "SACM"),
    "rcm-analyst": NewClient(Role.ANALYST, "RCM"),
    "amber-analyst": NewClient(Role.ANALYST, "SACM", ceiling=TLP.AMBER),
    "peer": NewClient(Role.PEER, "SACM"),
}

GENEROUS: Mapping[str, object] = {"requests_per_second": 100_000, "request_burst": 1_000_000, "failed_logins": 100_000, "admission": 10_000}
"""What a test sends is not throttled, unless throttling is what it tests."""

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For no server of tests: a client reads the certificates of the whole world where it is given none, which takes longer than a test."""

# Those are read once a process, for the clients of the product too.
httpx._transports.default.create_ssl_context = functools.cache(httpx._transports.default.create_ssl_context)  # type: ignore[attr-defined]


@dataclass
class Served:
    """A node that answers on loopback; `as_("pan")` speaks as one of its clients."""

    node: Node
    url: str
    keys: Mapping[str, str]
    _open: dict[str, httpx.Client] = field(default_factory=dict)

    def as_(self, who: str | None) -> httpx.Client:
        """An HTTP client with the key of one of CLIENTS; without a name nobody's."""
        name = who or ""
        if name not in self._open:
            headers = {"Authorization": f"Bearer {self.keys[name]}"} if name else {}
            self._open[name] = httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, transport=Direct())
        return self._open[name]

    def counts(self) -> dict[str, int]:
        """Rows of every table that a refused write must leave alone (audit is counted apart)."""
        tables = (
            "log_entry",
            "bulletin",
            "cell",
            "document_access",
            "idempotency_answer",
            "flow",
            "published_table",
            "hideout",
            "certificate",
        )
        with self.node.db.read() as session:
            return {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}

    def audit(self) -> list[tuple[str, str, str | None]]:
        """(action, outcome, code) of every audit row, oldest first; reads that wait are written first."""
        self.node.read_audit.flush()
        with self.node.db.read() as session:
            return [tuple(row) for row in session.execute(text("SELECT action, outcome, code FROM audit ORDER BY id"))]

    def close(self) -> None:
        """Close the HTTP clients."""
        for client in self._open.values():
            client.close()


def draw_alike(secrets: Secrets) -> None:
    """Give a node the key by which decoys and roundings are drawn, the same in every run.

    With a new key each run, any large count that a test asks for by its code is sometimes a decoy and pooled.
    """
    secrets.write("disclosure.key", hashlib.sha512(b"the same draws in every run").digest())


def prepare(settings: Settings) -> dict[str, str]:
    """Give a migrated store the directory, keys and the clients of every role; the API keys of these."""
    db, secrets = open_database(settings), Secrets(settings.secrets_dir)
    draw_alike(secrets)
    with db.write() as session:
        seed(session)
        initialise(session, secrets, settings)
        keys = {name: create(session, wanted).api_key for name, wanted in CLIENTS.items()}
    db.dispose()
    return keys


class Nodes:
    """Makes stores that are ready to serve, by copying one that was prepared once, with its secrets."""

    def __init__(self, stores: Stores, folder: Path) -> None:
        self.stores, self.folder = stores, folder
        self._prepared: dict[str, tuple[Settings, dict[str, str]]] = {}

    def ready(self, kind: str, folder: Path, **others: object) -> tuple[Settings, Mapping[str, str]]:
        """Settings of a new node of a kind of store, its secrets under this folder, and the API keys of CLIENTS."""
        name = f"{kind} {others.get('conferences', '')}".strip()
        if name not in self._prepared:
            settings = settings_for(self.stores.ready(kind), self.folder / name, **others)
            self._prepared[name] = settings, prepare(settings)
        settings, keys = self._prepared[name]
        shutil.copytree(settings.secrets_dir, folder / "secrets")
        return settings_for(self.stores.copy(settings.database_url), folder, **others), keys

    @contextmanager
    def serving(self, kind: str, folder: Path) -> Iterator[Served]:
        """Serve a new node until the block ends; its store goes with it."""
        settings, keys = self.ready(kind, folder)
        with serving(settings, keys=keys) as node:
            yield node
        self.stores.drop(settings.database_url)


@contextmanager
def serving(settings: Settings, *, judged: bool = True, keys: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Serve a migrated store until the block ends; `judged`: its answers are held against the API description.

    `keys` are those of a store that is prepared already.
    """
    keys = prepare(settings) if keys is None else keys
    node = open_node(settings)
    with listening(node, judged=judged) as url:
        served = Served(node, url, keys)
        try:
            yield served
        finally:
            served.close()


class Prompt(uvicorn.Server):
    """The server, ending as soon as it is told to and its requests are answered: the library looks every 0.1 s and waits as long again."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        # The tick 0 writes the date: once a second, as the library does.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._told.wait()

    def end(self) -> None:
        """Tell it to end, from another thread."""
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._told.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - the library's own signature
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - the library keeps sets, no events
            await asyncio.sleep(0.005)
        await self.lifespan.shutdown()


@contextmanager
def listening(node: Node, *, judged: bool = True) -> Iterator[str]:
    """The address of a server over an open node; it ends with the block, which fails if an answer was not as the API description says."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    answers = Answers(create_app(node))
    config = uvicorn.Config(answers, log_level="critical", access_log=False, ws="none", backlog=2048, proxy_headers=False)
    server = Prompt(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.005)
    assert server.started
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.end()
    thread.join(20)
    listener.close()
    if judged:
        answers.report()


def settings_for(url: str, folder: Path, **others: object) -> Settings:
    """Settings of a node over a store, its secrets under a test's own folder."""
    return Settings(_env_file=None, database_url=url, secrets_dir=folder / "secrets", **{**GENEROUS, **others})
