"""`istmo demo --two-nodes` as a newcomer runs it: in an empty folder, and once more on what is there."""

import contextlib
import io
import os
import re
import shlex
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from logging_kept import logging_kept
from loopback_port import free_port
from typer.testing import CliRunner

from app.cli import shell

LAST = "/v1/changes?origin=RCM"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to run in; what the demo sets in the process comes back."""
    monkeypatch.chdir(tmp_path)
    kept = {asked: signal.getsignal(asked) for asked in (signal.SIGINT, signal.SIGTERM)}
    with logging_kept():
        yield tmp_path
    for asked, handler in kept.items():
        signal.signal(asked, handler)


def demo(port: int) -> tuple[str, list[httpx.Response]]:
    """What the demo prints, and what is answered to the requests that it prints, until Ctrl-C."""
    printed, answers = io.StringIO(), list[httpx.Response]()

    def paste() -> None:
        deadline = time.monotonic() + 60
        while LAST not in printed.getvalue() and time.monotonic() < deadline:
            time.sleep(0.02)
        try:
            for line in printed.getvalue().splitlines():
                if line.startswith("curl"):
                    *_, header, url = shlex.split(line)
                    answers.append(httpx.get(url, headers=dict([header.split(": ")]), trust_env=False))
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    reader = threading.Thread(target=paste)
    reader.start()
    words = ["demo", "--two-nodes", "--port", str(port)]
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as left:
        shell(words)(words, prog_name="istmo")
    reader.join()
    assert left.value.code in {None, 0}, printed.getvalue()
    return printed.getvalue(), answers


def test_both_nodes_are_there_equal_and_serve_and_a_second_start_does_nothing_twice(folder: Path):
    port = free_port(together=2)
    said, answers = demo(port)
    assert said.splitlines()[:6] == [
        "RCM publishes 3 bulletins and 1 alert",
        "SACM publishes 2 bulletins and 1 alert",
        "RCM reads SACM: 3 versions taken",
        "SACM reads RCM: 4 versions taken",
        re.search(r"^RCM withdraws \S{36}$", said, re.MULTILINE)[0],
        "SACM reads RCM: 1 versions taken",
    ]
    report = said.split("What arrived:")[1].split("RCM's node serves")[0].split("\n")
    assert [line.strip() for line in report if line] == [
        "RCM has of SACM: alert: 1, withdrawn: 0",
        "RCM has of SACM: bulletin: 2, withdrawn: 0",
        "3 of the 3 versions of SACM at RCM have the digest that SACM signed",
        "RCM signed that it has everything up to entry 3 of SACM's log; 0 versions wait for it",
        "SACM has of RCM: alert: 1, withdrawn: 0",
        "SACM has of RCM: bulletin: 3, withdrawn: 1",
        "5 of the 5 versions of RCM at SACM have the digest that RCM signed",
        "SACM signed that it has everything up to entry 8 of RCM's log; 0 versions wait for it",
        "RCM: the log is whole",
        "SACM: the log is whole",
    ]
    flows, peers, changes = (answer.json()["items"] for answer in answers)
    assert [row["period"] for row in flows] == ["2024-11", "2024-12"]
    assert [(row["name"], row["witnessed"], row["waiting"], row["failure"]) for row in peers] == [("sacm", 8, 0, None)]
    assert {item["origin"] for item in changes} == {"RCM"}
    assert {path.name for path in (folder / "var" / "two-nodes").iterdir() if path.suffix in {".db", ""}} == {
        *("rcm.db", "sacm.db", "rcm-secrets", "sacm-secrets")
    }
    again, answers = demo(port)
    assert again.splitlines()[:3] == [f"{a} reads {b}: 0 versions taken" for a, b in (("RCM", "SACM"), ("SACM", "RCM"), ("SACM", "RCM"))]
    assert again.split("What arrived:")[1].split("RCM's node serves")[0] == said.split("What arrived:")[1].split("RCM's node serves")[0]
    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_a_port_that_is_taken_is_named(folder: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        words = ["demo", "--two-nodes", "--port", str(port)]
        done = CliRunner().invoke(shell(words), words, env={"ISTMO_LANG": "es"})
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"otro programa ya usa el puerto {port}" in done.stderr
    assert not (folder / "var").exists()
