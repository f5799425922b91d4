"""A stop finishes what runs, lets nobody else in, loses no row of the audit of reads, and is no failure (issue 4, Build 6)."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import forked
import httpx
import pytest
from bodies import bulletin
from loopback_port import free_port
from serving import settings_for
from sqlalchemy import text

from app.access.clients import NewClient, create
from app.cli.node import prepare_store
from app.core.db import Database
from app.wire.codes import Role

ROOT = Path(__file__).parents[2]
GRACE_S = 15


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> str:
    prepare_store(settings_for(store_url, tmp_path))
    return store_url


def key_of(url: str) -> str:
    db = Database(url)
    with db.write() as session:
        made = create(session, NewClient(Role.PARTNER, "RCM", "PAN"))
    db.dispose()
    return made.api_key


@contextmanager
def serving(url: str, folder: Path, **more: str) -> Iterator[tuple[forked.Process, int]]:
    port = free_port()
    settings = {"ISTMO_DATABASE_URL": url, "ISTMO_SECRETS_DIR": str(folder / "secrets"), "ISTMO_GRACE_S": str(GRACE_S), **more}
    server = forked.start(["serve", "--port", str(port)], {**os.environ, **settings}, ROOT)
    try:
        wait_until(lambda: listens(port))
        yield server, port
    finally:
        server.kill()
        server.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def writers_wait(url: str) -> Iterator[Database]:
    """Whoever writes waits until the block ends."""
    holder = Database(url)
    with holder.write() as session:
        session.execute(text("SELECT 1" if holder.is_sqlite else "LOCK TABLE audit IN EXCLUSIVE MODE"))
        yield holder
    holder.dispose()


def reads(url: str) -> int:
    db = Database(url)
    with db.read() as session:
        count = session.scalar(text("SELECT count(*) FROM audit WHERE outcome = 'read'"))
    db.dispose()
    return int(count or 0)


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_what_runs_is_answered_nobody_else_is_let_in_and_the_audit_of_reads_is_whole(store: str, tmp_path: Path, asked: signal.Signals):
    headers = {"Authorization": f"Bearer {key_of(store)}"}
    answers: list[int] = []
    with (
        serving(store, tmp_path) as (server, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client,
    ):

        def write() -> None:
            answers.append(
                httpx.post(
                    f"{client.base_url}/v1/bulletins", json=bulletin(period="2022-11"), headers=headers, trust_env=False, timeout=30
                ).status_code
            )

        assert client.post("/v1/bulletins", json=bulletin()).status_code == 201
        written = reads(store)
        with writers_wait(store):
            assert client.get("/v1/bulletins").status_code == 200
            writer = threading.Thread(target=write)
            writer.start()
            wait_until(lambda: at_work(port) == 1)
            began = time.monotonic()
            server.send_signal(asked)
            wait_until(lambda: not listens(port))
            assert (server.poll(), answers, reads(store)) == (None, [], written)
        writer.join(30)
        assert answers == [201]
        assert server.wait(GRACE_S) == 0
        assert time.monotonic() - began < GRACE_S
    assert reads(store) == written + 1


def at_work(port: int) -> float:
    shown = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    return next(float(line.split()[1]) for line in shown.splitlines() if line.startswith("istmo_requests_at_work "))


def test_an_idle_node_stops_at_once(store: str, tmp_path: Path):
    with serving(store, tmp_path) as (server, port), httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        assert client.get("/readyz").status_code == 200
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(GRACE_S) == 0
        assert time.monotonic() - began < 5


def test_a_body_that_never_comes_does_not_keep_the_node_from_stopping(stores, tmp_path: Path):
    url = stores.ready("sqlite")
    prepare_store(settings_for(url, tmp_path))
    key = key_of(url)
    with serving(url, tmp_path, ISTMO_GRACE_S="1") as (server, port), socket.create_connection(("127.0.0.1", port)) as line:
        head = f"POST /v1/bulletins HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        line.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        wait_until(lambda: "istmo_bodies_arriving 1.0" in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text)
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
        assert time.monotonic() - began < 6
