"""Rates of the main routes beside an empty sync route of the same server stack, as ratios in one run.

A SQLite node in a temporary folder, filled by publishing: the demo's series and made-up months.  Node, empty application and
client are three processes on loopback.  Every measurement of a route stands between two of the empty route, and its ratio is taken
to their mean, so that a machine that is busy for a while weighs on both.
"""

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.access.audit import Attempt
from app.access.callers import Caller
from app.bulletins.declare import declare
from app.bulletins.service import Submission, publish
from app.cli.demo import CLIENTS, load_samples
from app.cli.node import prepare_store
from app.cli.sampling import make_demo_clients
from app.exchange.node import open_node
from app.settings import Settings
from app.wire.bulletin import BulletinDraft
from app.wire.codes import TLP, Role

HERE = Path(__file__).parent
CODES = (
    "VEN",
    "HTI",
    "CUB",
    "ECU",
    "COL",
    "NPL",
    "BGD",
    "IND",
    "PAK",
    "SOM",
    "ERI",
    "ETH",
    "CMR",
    "GHA",
    "SEN",
    "NGA",
    "COD",
    "AGO",
    "CHN",
    "LKA",
)
MONTHS = 240
BAR_304 = 0.40
UNTHROTTLED = {"ISTMO_REQUESTS_PER_SECOND": "100000", "ISTMO_REQUEST_BURST": "1000000"}
"""One client asks more than any client may."""


def filled_node(settings):
    """Publish what is asked for later; the keys of an analyst and of a partner."""
    prepare_store(settings)
    node = open_node(settings)
    load_samples(node)
    drawn, caller = random.Random(20121105), Caller("bench", Role.SECRETARIAT, "RCM", None, TLP.RED.rank, None)  # noqa: S311 - figures
    bodies = [made_up("CRI", f"{2005 + month // 12}-{month % 12 + 1:02}", drawn) for month in range(MONTHS)]
    submissions = [Submission(declare(BulletinDraft.model_validate(body), "RCM")) for body in bodies]
    publish(node, caller, submissions, attempt=Attempt("bench.load", caller))
    keys = {wanted.role: credential.api_key for wanted, credential in make_demo_clients(node, CLIENTS)}
    node.close()
    return keys[Role.ANALYST], keys[Role.PARTNER]


def made_up(state, period, drawn):
    cells = [{"nationality": code, "value": int(drawn.lognormvariate(3, 2))} for code in CODES]
    return {"reporting_state": state, "measure": "irregular_entry", "unit": "person", "period": period, "cells": cells}


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@contextmanager
def serving(which, core=None):
    """The port of a server in a process of its own, pinned to a core where one is named, until the block ends."""
    with server(which, core) as (port, _):
        yield port


@contextmanager
def server(which, core=None):
    """The same with the number of its process."""
    port = free_port()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, HERE / "servers.py", which, str(port), *([] if core is None else [str(core)])], stderr=said
        )
        try:
            await_start(process, which, port, said)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(30)


def await_start(server, which, port, said):
    """Wait until a server listens; leave with what it said where it does not."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    said.seek(0)
    sys.exit(f"the {which} server did not start\n{said.read().decode()[-2000:]}")


def request(port, path, *, key=None, method="GET", body="", **headers):
    named = {"Host": f"127.0.0.1:{port}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if key:
        named["Authorization"] = f"Bearer {key}"
    if body:
        named |= {"Content-Type": "application/json", "Content-Length": str(len(body.encode()))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def routes(port, analyst, partner):
    """What is measured: the request and the status that every answer must have."""
    rows = "/v1/flows?reporting_state=CRI&period_from=2010&period_to=2020&limit=100"
    groups = "/v1/flows?reporting_state=PAN&measure=irregular_transit&frequency=month&group_by=period"
    listed = "/v1/bulletins?limit=100"
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {analyst}"}, trust_env=False) as client:
        answers = {path: client.get(path).raise_for_status() for path in (rows, groups, listed)}
    items = {path: len(answer.json()["items"]) for path, answer in answers.items()}
    assert items[rows] == items[listed] == 100
    tags = {path: answer.headers["etag"] for path, answer in answers.items()}
    body = json.dumps(made_up("PAN", "2025-07", random.Random(1)))  # noqa: S311 - figures
    return {
        "flows, 100 rows": (request(port, rows, key=analyst), 200),
        f"flows by period, {items[groups]} groups": (request(port, groups, key=analyst), 200),
        "bulletins, 100": (request(port, listed, key=analyst), 200),
        "304 of flows": (request(port, rows, key=analyst, If_None_Match=tags[rows]), 304),
        "304 of bulletins": (request(port, listed, key=analyst, If_None_Match=tags[listed]), 304),
        f"check, {len(CODES)} cells": (request(port, "/v1/bulletins/check", key=partner, method="POST", body=body), 200),
    }


def rate(port, text, status, seconds, connections):
    """Answers a second to a request, or to several in turn."""
    texts = [text] if isinstance(text, str) else text
    asked = {"port": port, "requests": texts, "status": status, "seconds": seconds, "connections": connections}
    done = subprocess.run([sys.executable, HERE / "loopback.py"], input=json.dumps(asked), capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert said["errors"] == 0, f"{said['errors']} wrong answers to {texts[0].splitlines()[0]}"
    return said["rate"]


def measured(empty_port, node_port, jobs, options):
    """For each route its (rate, ratio) in every round; the empty route's rates."""
    nothing = (empty_port, request(empty_port, "/empty"), 200, options.seconds / 2, options.connections)
    found, empty = {name: [] for name in jobs}, []
    for text, status in [(nothing[1], 200), *jobs.values()]:
        rate(empty_port if text is nothing[1] else node_port, text, status, 0.3, options.connections)
    for _ in range(options.rounds):
        empty.append(rate(*nothing))
        for name, (text, status) in jobs.items():
            got = rate(node_port, text, status, options.seconds, options.connections)
            empty.append(rate(*nothing))
            found[name].append((got, got / statistics.mean(empty[-2:])))
    return found, empty


def show(found, empty, options):
    spread = f"{min(empty):,.0f} / {statistics.median(empty):,.0f} / {max(empty):,.0f}"
    print(f"empty sync route: {spread} requests/s (min / median / max of {len(empty)}), {options.connections} connections\n")
    print(f"{'route':<30} {'requests/s':>10}   {'ratio to the empty route':^26}")
    print(f"{'':<30} {'median':>10}   {'min':>8} {'median':>8} {'max':>8}")
    for name, pairs in found.items():
        rates, ratios = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        median = statistics.median(ratios)
        bar = f"   bar {BAR_304:.0%}: {'met' if median >= BAR_304 else 'missed'}" if name.startswith("304") else ""
        figures = f"{min(ratios):>8.1%} {median:>8.1%} {max(ratios):>8.1%}"
        print(f"{name:<30} {statistics.median(rates):>10,.0f}   {figures}{bar}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one measurement of a route")
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="istmo-bench-") as folder:
        os.environ |= {"ISTMO_DATABASE_URL": f"sqlite:///{folder}/bench.db", "ISTMO_SECRETS_DIR": f"{folder}/secrets", **UNTHROTTLED}
        keys = filled_node(Settings(_env_file=None))
        with serving("empty") as empty_port, serving("node") as node_port:
            found, empty = measured(empty_port, node_port, routes(node_port, *keys), options)
        show(found, empty, options)


if __name__ == "__main__":
    main()
