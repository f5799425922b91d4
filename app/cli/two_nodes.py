"""The demo of two nodes: RCM's and SACM's on loopback, each with its store and its secrets, which read each other over HTTP."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer
from sqlalchemy import select

from app.access.clients import NewClient, disable
from app.access.models import Client
from app.cli.node import BACKLOG, prepare_store, server_of, stop_on_signal, words
from app.cli.output import REFUSED, language, outcome, say, tell
from app.cli.sampling import NAME, make_demo_clients
from app.cli.showcase import STATES, Desk, exchange, report, welcome
from app.core import logs
from app.directory.clients import make_client
from app.exchange.node import open_node
from app.main import worker_of
from app.settings import Settings
from app.sync import peers
from app.sync.faults import SyncFault, told
from app.sync.models import Peer
from app.wire.codes import Role

_FOLDER = Path("var/two-nodes")
_HOST = "127.0.0.1"
_LINE = "line"
"""The name of the client with which the other node reads: its key is printed nowhere, and lasts from one demo to the next."""


def two_nodes(port: int) -> None:
    """Run both nodes on this port and the next one, have them exchange what each published and withdrew, and serve until stopped.

    Exits 1 where a port is taken, and where the two did not end equal.
    """
    stopped = threading.Event()
    stop_on_signal(stopped.set)
    with _spoken(), ExitStack() as stack:
        rcm, sacm = [stack.enter_context(_serving(conference, port + number)) for number, conference in enumerate(STATES)]
        for one, other in ((rcm, sacm), (sacm, rcm)):
            _meet(one, other)
        exchange(rcm, sacm)
        if not report(rcm, sacm):
            raise typer.Exit(REFUSED)
        # Only now: a pull of the worker's beside one of the demo's would end the latter.
        for desk in (rcm, sacm):
            stack.enter_context(_kept_up(desk))
        welcome(rcm, sacm)
        logs.configure(rcm.node.settings.log_level, rcm.node.settings.log_format)
        stopped.wait()


@contextmanager
def _spoken() -> Iterator[None]:
    try:
        with words(), outcome(as_json=False):
            yield
    except SyncFault as fault:
        say(told(fault.code, fault.figures, language()))
        raise typer.Exit(REFUSED) from None


def settings_of(conference: str, port: int) -> Settings:
    """The settings of one of the two; where they lie is not asked of the environment, for two nodes share no store."""
    return Settings(
        database_url=f"sqlite:///{_FOLDER}/{conference.lower()}.db",
        secrets_dir=_FOLDER / f"{conference.lower()}-secrets",
        conferences=conference,
        node=conference,
        public_url=f"http://{_HOST}:{port}",
        private_peers=True,
    )


@contextmanager
def _serving(conference: str, port: int) -> Iterator[Desk]:
    """One node that answers until the block ends, with clients whose keys are new."""
    settings = settings_of(conference, port)
    listener = _listener(port)
    prepare_store(settings)
    node = open_node(settings)
    wanted = [NewClient(role, conference, name=NAME, person="demo") for role in (Role.OPERATOR, Role.SECRETARIAT, Role.ANALYST)]
    made = make_demo_clients(node, [*wanted, NewClient(Role.PARTNER, conference, STATES[conference], name=NAME)])
    server = server_of(node, _HOST, port)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield Desk(node, settings.public_url, {client.role: credential.api_key for client, credential in made})
    finally:
        server.should_exit = True
        thread.join(settings.grace_s)


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server((_HOST, port), backlog=BACKLOG)
    except OSError:
        tell("two-port-taken", port=port)
        raise typer.Exit(REFUSED) from None


@contextmanager
def _kept_up(desk: Desk) -> Iterator[None]:
    """The upkeep of a node until the block ends: it pulls from the other once a minute."""
    worker = worker_of(desk.node)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(desk.node.settings.grace_s)


def _meet(one: Desk, other: Desk) -> None:
    """Make the other node known to this one, unless it is known at this address since an earlier demo."""
    with one.node.db.read() as session:
        known = session.get(Peer, other.peer_name)
    if known is not None and known.url == other.url:
        return
    if known is not None:
        peers.remove(one.node, other.peer_name)
    with other.node.db.write() as session:
        for client in session.scalars(select(Client).where(Client.name == _LINE, Client.disabled_at.is_(None))):
            disable(session, client.id)
        key = make_client(session, NewClient(Role.PEER, one.name, name=_LINE)).api_key
    peers.add(one.node, other.peer_name, other.url, key)
