"""A headless Chromium that is driven over its DevTools protocol; it resolves no name but loopback's address."""

import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--remote-debugging-port=0",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")
WAIT_S = 60


class Tab:
    """One page: sends commands and keeps every event that came."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.events: list[dict] = []
        self._ids = itertools.count(1)
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def command(self, method: str, **params: object) -> dict:
        """The result of a command."""
        wanted = next(self._ids)
        session = {"sessionId": self.session} if getattr(self, "session", None) else {}
        self.connection.send(json.dumps({"id": wanted, "method": method, "params": params, **session}))
        while True:
            message = json.loads(self.connection.recv(timeout=WAIT_S))
            if message.get("id") == wanted:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            self.events.append(message)

    def value(self, expression: str) -> object:
        """What an expression is worth on the page."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, expression: str) -> object:
        """Wait until an expression is true on the page."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if found := self.value(expression):
                return found
            time.sleep(0.05)
        raise AssertionError(expression, self.value("document.body.innerText.slice(0, 2000)"))

    def of(self, method: str) -> list[dict]:
        """What every event of one kind says."""
        return [event["params"] for event in self.events if event.get("method") == method]


@contextmanager
def browser(folder: Path) -> Iterator[Tab]:
    """A tab of a new browser with an empty profile; it ends with the block."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    assert program, f"this machine lacks a browser: install one of {', '.join(NAMES)} (Debian: apt-get install chromium)"
    resolver = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with (folder / "chromium.log").open("wb") as log:
        running = subprocess.Popen(
            [program, *FLAGS, resolver, f"--user-data-dir={folder / 'profile'}", "about:blank"], stdout=log, stderr=log
        )
        try:
            port, path = _address(folder / "profile" / "DevToolsActivePort", running)
            with connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None) as connection:
                yield Tab(connection)
        finally:
            running.terminate()
            running.wait(20)


def _address(file: Path, running: subprocess.Popen) -> list[str]:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and running.poll() is None:
        if file.is_file() and len(lines := file.read_text("utf-8").splitlines()) == 2:
            return lines
        time.sleep(0.05)
    raise AssertionError("the browser did not start", file.parent.parent.joinpath("chromium.log").read_text("utf-8")[-2000:])
