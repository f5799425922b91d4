"""The upkeep as a command and inside `istmo serve`; what `istmo verify` says of the audit."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import forked
import httpx
import pytest
from loopback_port import free_port
from serving import settings_for
from sqlalchemy import text
from typer.testing import CliRunner

from app.cli import shell
from app.cli.node import prepare_store
from app.core.db import Database

ROOT = Path(__file__).parents[2]


class Installation:
    """A migrated store whose audit is of a day long past."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.environment = {"ISTMO_DATABASE_URL": url, "ISTMO_SECRETS_DIR": str(folder / "secrets"), "ISTMO_LANG": "en"}
        prepare_store(settings_for(url, folder))
        self.change("UPDATE audit SET at = :at", at="2024-03-11 15:00:00.000000" + ("" if "sqlite" in url else "+00:00"))

    def change(self, statement: str, **values: object) -> None:
        db = Database(self.url)
        with db.write() as session:
            session.execute(text(statement), values)
        db.dispose()

    def digests(self) -> int:
        db = Database(self.url)
        with db.read() as session:
            count = session.scalar(text("SELECT count(*) FROM log_entry WHERE kind = 'audit_digest'"))
        db.dispose()
        return int(count or 0)

    def run(self, *arguments: str):
        return CliRunner().invoke(shell(list(arguments)), list(arguments), env=self.environment)

    def start(self, *arguments: str, anew: bool = False) -> "Running":
        return Running(arguments, {**os.environ, **self.environment}, self.folder, anew=anew)


STARTED: list[subprocess.Popen[bytes] | forked.Process] = []


@pytest.fixture(autouse=True)
def nothing_runs_on() -> Iterator[None]:
    """A test that fails leaves no process behind."""
    yield
    for process in STARTED:
        process.kill()
        process.wait()
    STARTED.clear()


class Running:
    """A command in a process of its own, forked or started anew, what it logs in a file."""

    process: subprocess.Popen[bytes] | forked.Process

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], folder: Path, *, anew: bool) -> None:
        self.log = folder / f"{uuid.uuid4()}.log"
        with self.log.open("wb") as file:
            if anew:
                self.process = subprocess.Popen([sys.executable, "-m", "app", *arguments], env=environment, cwd=ROOT, stderr=file)
            else:
                self.process = forked.start(arguments, environment, ROOT, file.fileno())
        STARTED.append(self.process)

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, stores, tmp_path: Path) -> Installation:
    return Installation(stores.ready(request.param), tmp_path)


def wait_until(reached: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_once_does_what_is_due_and_says_it(installation: Installation):
    done = installation.run("worker", "--once")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "audit digests made: 1" in done.stderr
    assert installation.digests() == 1
    assert "audit digests made: 0" in installation.run("worker", "--once").stderr


def test_verify_names_the_day_of_which_a_row_was_changed(installation: Installation):
    assert installation.run("verify").exit_code == 0
    installation.run("worker", "--once")
    assert installation.run("verify").exit_code == 0
    installation.change("UPDATE audit SET action = 'keys.nothing' WHERE id = (SELECT min(id) FROM audit)")
    done = installation.run("verify", "--json")
    (fault,) = json.loads(done.stdout)["faults"]
    assert (done.exit_code, fault["entry"], fault["code"]) == (1, 1, "audit-differs")
    assert "2024-03-11" in fault["fault"]


def test_the_worker_works_until_it_is_asked_to_end_and_two_do_no_harm(installation: Installation):
    workers = [installation.start("worker", anew=True), installation.start("worker")]
    wait_until(lambda: all(worker.lines() for worker in workers) and installation.digests() == 1)
    assert [worker.end() for worker in workers] == [0, 0]
    assert [worker.lines()[0]["event"] for worker in workers] == ["worker started"] * 2
    told = [line for worker in workers for line in worker.lines() if line["event"] == "upkeep"]
    assert sum(int(str(line["digests"])) for line in told) == 1
    assert installation.digests() == 1


def test_the_worker_refuses_a_store_of_another_schema(installation: Installation):
    installation.change("UPDATE alembic_version SET version_num = '0001'")
    done = installation.run("worker", "--once")
    assert done.exit_code == 1
    assert "istmo migrate" in done.stderr
    assert installation.digests() == 0


@pytest.mark.parametrize("with_worker", [True, False])
def test_serve_does_the_upkeep_unless_it_is_told_not_to(stores, tmp_path: Path, with_worker: bool):
    installation, port = Installation(stores.ready("sqlite"), tmp_path), free_port()
    server = installation.start("serve", "--port", str(port), *([] if with_worker else ["--no-worker"]))
    wait_until(lambda: answers(port))
    if with_worker:
        wait_until(lambda: installation.digests() == 1)
    assert server.end() == 0
    assert installation.digests() == int(with_worker)
    assert {line["event"] for line in server.lines()} >= {"request"}


def test_a_stop_waits_for_the_upkeep_at_hand(stores, tmp_path: Path):
    installation, port = Installation(stores.ready("postgresql"), tmp_path), free_port()
    other, waiting = Database(installation.url), text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with other.write() as session:
        # The digest gets as far as its entry in the log.
        session.execute(text("SELECT id FROM log_head FOR UPDATE"))
        server = installation.start("serve", "--port", str(port))
        wait_until(lambda: answers(port) and session.scalar(waiting) == 1)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not answers(port))
        assert (server.process.poll(), installation.digests()) == (None, 0)
    assert server.process.wait(60) == 0
    assert installation.digests() == 1
    other.dispose()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
