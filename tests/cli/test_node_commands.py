"""The operator's commands in a real process over a real store: migrate, clients, keys, verify, rebuild, serve."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from loopback_port import free_port
from typer.testing import CliRunner

from app.cli import shell

SAMPLE = "period,nationality,value\n2022-01,VEN,40\n2022-02,VEN,50\n"


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


class Installation:
    """One installation in a folder of its own; its commands run in this process, its server in one of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.settings = {"ISTMO_DATABASE_URL": url, "ISTMO_SECRETS_DIR": str(folder / "secrets")}
        self.environment = {**os.environ, **self.settings}

    def run(self, *arguments: str, **more: str) -> Done:
        done = CliRunner().invoke(shell(list(arguments)), list(arguments), env={**self.settings, **more})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, stores, tmp_path: Path) -> Installation:
    return Installation(tmp_path, stores.empty(request.param))


def test_an_operators_day_from_an_empty_store_to_a_verified_log(installation: Installation, tmp_path: Path):
    before = installation.run("verify")
    assert before.returncode == 1
    assert "istmo migrate" in before.stderr
    assert "Traceback" not in before.stderr
    assert installation.run("migrate").returncode == 0
    assert installation.run("migrate").returncode == 0
    made = json.loads(installation.run("clients", "create", "--role", "partner", "--conference", "RCM", "--state", "PAN", "--json").stdout)
    assert made["api_key"] == f"istmo_{made['client_id']}_{made['secret']}"
    assert installation.run("clients", "create", "--role", "partner", "--conference", "RCM", "--state", "COL").returncode == 1
    assert installation.run("clients", "create", "--role", "partner", "--conference", "ABC").returncode == 1
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", str(port)], env=installation.environment, cwd=Path(__file__).parents[2]
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        file = tmp_path / "weeks.csv"
        file.write_text(SAMPLE)
        client = {"ISTMO_URL": url, "ISTMO_KEY": made["api_key"]}
        options = ["push", str(file), "--state", "PAN", "--measure", "rescue", "--unit", "person"]
        assert installation.run(*options, **client).returncode == 0
        again = installation.run(*options, **client)
        assert "kept answer" in again.stderr
        shown = installation.run("bulletins", "list", **client).stdout.splitlines()
        assert all(len(line.split()[0]) == 36 for line in shown[1:])
        rotated = json.loads(installation.run("clients", "rotate", made["client_id"], "--json").stdout)
        assert installation.run("bulletins", "list", **client).returncode == 1
        assert installation.run("bulletins", "list", **{**client, "ISTMO_KEY": rotated["api_key"]}).returncode == 0
        assert installation.run("clients", "disable", made["client_id"]).returncode == 0
        assert installation.run("bulletins", "list", **{**client, "ISTMO_KEY": rotated["api_key"]}).returncode == 1
    finally:
        server.terminate()
        server.wait(20)
    assert installation.run("verify").returncode == 0
    rebuilt = installation.run("rebuild")
    assert "2 entries" in rebuilt.stderr
    kinds = {row["purpose"] for row in json.loads(installation.run("keys", "list", "--json").stdout)}
    assert kinds == {"document-RCM", "document-SACM", "checkpoint", "token"}
    assert installation.run("keys", "rotate", "document-RCM").returncode == 0
    assert installation.run("keys", "rotate", "nonsense").returncode == 1
    assert installation.run("verify").returncode == 0
    listed = json.loads(installation.run("clients", "list", "--json").stdout)
    assert [(row["role"], row["state"], row["disabled_at"] is None) for row in listed] == [("partner", "PAN", False)]


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the server did not come up")


def test_a_changed_byte_is_found_by_the_command(stores, tmp_path: Path):
    installation = Installation(tmp_path, stores.ready("sqlite"))
    installation.run("migrate")
    path = installation.environment["ISTMO_DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE log_head SET checkpoint = replace(checkpoint, 'size\":0', 'size\":1')")
        connection.commit()
    found = installation.run("verify", "--json")
    assert found.returncode == 1
    assert json.loads(found.stdout)["faults"]


def test_a_newer_schema_is_refused_by_serve(stores, tmp_path: Path):
    installation = Installation(tmp_path, stores.ready("sqlite"))
    installation.run("migrate")
    path = installation.environment["ISTMO_DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    refused = installation.run("serve", "--port", str(free_port()))
    assert refused.returncode == 1
    assert "does not know" in refused.stderr


def test_serve_refuses_an_old_schema_on_postgresql_and_missing_secrets(stores, tmp_path: Path):
    installation = Installation(tmp_path, stores.empty("postgresql"))
    refused = installation.run("serve", "--port", str(free_port()))
    assert refused.returncode == 1
    assert "istmo migrate" in refused.stderr
    installation.run("migrate")
    (tmp_path / "secrets" / "disclosure.key").unlink()
    refused = installation.run("serve", "--port", str(free_port()))
    assert refused.returncode == 1
    assert "disclosure.key" in refused.stderr


def test_the_openapi_document_is_the_committed_one(tmp_path: Path):
    root = Path(__file__).parents[2]
    line = ["openapi", "--out", str(tmp_path)]
    assert CliRunner().invoke(shell(line), line).exit_code == 0
    assert json.loads((tmp_path / "openapi.json").read_text()) == json.loads((root / "openapi" / "openapi.json").read_text())
