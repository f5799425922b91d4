"""Rates of the main reads beside an empty sync route on the same server, as ratios in one run (make bench).

Loopback only; every measurement lasts SECONDS, the empty route is measured before and after each of the others.
"""

import http.client
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from app.access.clients import NewClient, create
from app.cli.demo import load_samples
from app.cli.node import prepare_store
from app.exchange.node import open_node
from app.main import create_app
from app.settings import Settings
from app.wire.codes import Role

SECONDS, CONNECTIONS, ROUNDS = 2.0, 4, 3
FLOWS = "/v1/flows?reporting_state=PAN&period_from=2022-01&limit=100"
GROUPED = "/v1/flows?reporting_state=PAN&group_by=period&limit=100"
LISTED = "/v1/bulletins?limit=100"


def empty() -> dict[str, int]:
    """The floor: a sync route that does nothing."""
    return {"ok": 1}


def serve(application: FastAPI) -> tuple[str, Callable[[], None]]:
    """Serve in a thread of this process; gives the address and what ends it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="critical", access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)

    def stop() -> None:
        server.should_exit = True
        thread.join(10)

    return f"http://127.0.0.1:{listener.getsockname()[1]}", stop


def ask(connection: http.client.HTTPConnection, path: str, headers: dict[str, str], expected: int) -> str | None:
    """One request over a kept-alive connection; gives the ETag."""
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == expected, answer.status
    return answer.headers["ETag"]


def rate(address: str, path: str, headers: dict[str, str], expected: int) -> float:
    """Requests a second over CONNECTIONS connections."""
    counts, ending = [0] * CONNECTIONS, time.monotonic() + SECONDS

    def work(at: int) -> None:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
        while time.monotonic() < ending:
            ask(connection, path, headers, expected)
            counts[at] += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(at,)) for at in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def measure(address: str, name: str, path: str, headers: dict[str, str], expected: int) -> None:
    """Measure a route between two measurements of the empty one, ROUNDS times, and print its line."""
    ratios, rates = [], []
    for _ in range(ROUNDS):
        before = rate(address, "/empty", {}, 200)
        rates.append(rate(address, path, headers, expected))
        ratios.append(rates[-1] / ((before + rate(address, "/empty", {}, 200)) / 2))
    print(
        f"{name:<28}{statistics.median(rates):>12.0f}{min(ratios):>15.0%}{statistics.median(ratios):>9.0%}{max(ratios):>7.0%}", flush=True
    )


def main() -> None:
    """Fill a node with the demo's series and print the table of ratios."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, database_url=f"sqlite:///{folder}/bench.db", secrets_dir=Path(folder) / "secrets")
        prepare_store(settings)
        node = open_node(settings)
        load_samples(node)
        with node.db.write() as session:
            key = create(session, NewClient(Role.ANALYST, "SACM")).api_key
        application = create_app(node)
        application.get("/empty")(empty)
        address, stop = serve(application)
        mine = {"Authorization": f"Bearer {key}"}
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
        etags = {path: str(ask(connection, path, mine, 200)) for path in (FLOWS, LISTED)}
        connection.close()
        print(f"{'job':<28}{'requests/s':>12}{'of empty: min':>15}{'median':>9}{'max':>7}")
        measure(address, "flows, 100 filtered rows", FLOWS, mine, 200)
        measure(address, "flows by period, 71 groups", GROUPED, mine, 200)
        measure(address, "bulletins, 100 documents", LISTED, mine, 200)
        measure(address, "304 of flows", FLOWS, mine | {"If-None-Match": etags[FLOWS]}, 304)
        measure(address, "304 of bulletins", LISTED, mine | {"If-None-Match": etags[LISTED]}, 304)
        stop()


if __name__ == "__main__":
    main()
