"""The analyst query on 750,000 cells: beside Datasette on SQLite, beside bare SQL on PostgreSQL, unchanged, and with ten times the history.

The node is measured twice: cold, with no answers kept, and warm, with those of a few dozen questions kept.  No question of a
kind is the same as another.  Node, Datasette and client are processes of their own on loopback; every figure is a ratio within one run,
each rate between two of its floor.

    python bench/flows.py [--store FOLDER] [--part datasette|unchanged|bare|history]...
"""

import argparse
import http.client
import json
import os
import re
import statistics
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import run
from figures import line, postgresql
from filling import WEEKS, copied, stored, weeks
from flow_questions import kinds
from peer_datasette import datasette, flattened
from sqlalchemy import make_url

COLD = {"ISTMO_ANSWER_CACHE_BYTES": "0"}
TENTH, DIFFERENT = WEEKS // 10, 12
BARS = {"page": 5.0, "week": 10.0, "bare": 2.5, "history": 1.3}


@contextmanager
def nodes(environment):
    """The ports of two nodes over one store: one that keeps no answers, and one that does."""
    with ExitStack() as held:
        os.environ |= environment | COLD
        cold = held.enter_context(run.serving("node"))
        for name in COLD:
            del os.environ[name]
        yield cold, held.enter_context(run.serving("node"))


@contextmanager
def told_where_it_fails(name, bar):
    """A kind of question that fails is told as missed; the others are measured all the same."""
    try:
        yield
    except (AssertionError, OSError, http.client.HTTPException, psycopg.Error) as error:
        line(name, "failed", bar, met=False, rest=" ".join(str(error).split())[:300])


class Asker:
    """One kept connection to a server, as one analyst has it."""

    def __init__(self, port, key=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def __call__(self, path):
        """The answer and the seconds until its last byte."""
        begun = time.perf_counter()
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - begun
        assert answer.status == 200, f"{answer.status} to {path}: {body[:500]}"
        return body, took


def beside_datasette(ports, peer, key, options):
    """Requests a second of each kind of question, cold and warm, each between two rates of Datasette."""
    print(f"SQLite, {options.connections} connections: requests/s, and times those of Datasette (median of {options.rounds})", flush=True)
    for name, questions in kinds().items():
        bar = BARS[name[:4]]
        with told_where_it_fails(name, f">= {bar:g}x"):
            same_figures(Asker(ports[0], key), Asker(peer), questions[0])
            rates, floors = rates_of(ports, peer, key, questions, options)
            floor = statistics.median(floors)
            for form, found in zip(("cold", "warm"), rates, strict=True):
                rate = statistics.median(found)
                line(f"{name}, {form}", f"{rate / floor:.1f}x", f">= {bar:g}x", rate / floor >= bar, f"{rate:,.0f}/s beside {floor:,.0f}/s")


def rates_of(ports, peer, key, questions, options):
    """Rates of the cold and of the warm node, and those of Datasette around them."""
    theirs = [run.request(peer, each.peer) for each in questions]
    ours = [[run.request(port, each.path, key=key) for each in questions] for port in ports]
    rates, floors = ([], []), []
    # Each was asked once before, or what is called warm would be the first asking of most.
    warm = Asker(ports[1], key)
    for each in questions:
        warm(each.path)
    run.rate(ports[1], ours[1], 200, 0.1, options.connections)
    for _ in range(options.rounds):
        floors.append(run.rate(peer, theirs, 200, options.seconds, options.connections))
        for at in (0, 1):
            rates[at].append(run.rate(ports[at], ours[at], 200, options.seconds, options.connections))
        floors.append(run.rate(peer, theirs, 200, options.seconds, options.connections))
    return rates, floors


def same_figures(ours, theirs, question):
    """Stop where both do not give the same figures of the same weeks; of what was withheld or may be hidden, the least."""
    items = json.loads(ours(question.path)[0])["items"]
    rows = json.loads(theirs(question.peer)[0])
    told = sorted((item["period"], item["lower"] or 0) for item in items)
    peers = sorted((row["period"], row["value"] or 0) for row in rows)
    # A week in which nobody of the nationality is named is a group of ours alone: what of it may be hidden.
    known = {period for period, _ in peers}
    assert peers, question.peer
    assert [each for each in told if each[0] in known] == peers, question.path


def unchanged(port, key, questions, options):
    """304 of a page and of groups, beside an empty sync route."""
    asker = Asker(port, key)
    jobs = {}
    for name, path in (("304 of a page", questions[0].path), ("304 of groups", questions[1].path)):
        asker.connection.request("GET", path, headers=asker.headers)
        answer = asker.connection.getresponse()
        answer.read()
        jobs[name] = (run.request(port, path, key=key, If_None_Match=answer.headers["etag"]), 304)
    with run.serving("empty") as empty:
        found, floors = run.measured(empty, port, jobs, options)
    run.show(found, floors, options)


def timed(asked, options):
    """Milliseconds at p50 of each way of asking, all ways in turn: {name: way}; a way takes the number of its question."""
    taken, deadline = {name: [] for name in asked}, time.perf_counter() + options.patience
    for number in range(-2, options.times):
        if number > 2 and time.perf_counter() > deadline:
            break
        for name, way in asked.items():
            seconds = way(number)
            if number >= 0:
                taken[name].append(seconds * 1_000)
    return {name: statistics.median(each) for name, each in taken.items()}


def bare(connection, questions):
    """What asks in SQL through the driver: the statement alone, and with that of the exact total where an answer has one."""

    def ask(number, statements):
        question = questions[number % len(questions)]
        begun = time.perf_counter()
        for statement in question.statements[:statements]:
            connection.execute(re.sub(r":(\w+)", r"%(\1)s", statement), question.given).fetchall()
        return time.perf_counter() - begun

    return lambda number: ask(number, 1), lambda number: ask(number, 2)


def over_http(port, key, questions):
    asker = Asker(port, key)
    return lambda number: asker(questions[number % len(questions)].path)[1]


def beside_bare(environment, ports, key, options):
    print("PostgreSQL, one client: ms at p50, and times the bare SQL of the same answer (its exact total too)", flush=True)
    address = make_url(environment["ISTMO_DATABASE_URL"])
    with psycopg.connect(dbname=address.database, user="postgres", autocommit=True, **address.query) as connection:
        for name, questions in kinds().items():
            with told_where_it_fails(name, f"<= {BARS['bare']:g}x"):
                told = timed(ways_of(connection, ports, key, questions[:DIFFERENT]), options)
                for form in ("cold", "warm"):
                    ratio = told[form] / told["bare"]
                    rest = f"{told[form]:.2f} beside {told['bare']:.2f}; without the total {told['rows']:.2f}, {told[form] / told['rows']:.2f}x"
                    line(f"{name}, {form}", f"{ratio:.2f}x", f"<= {BARS['bare']:g}x", ratio <= BARS["bare"], rest)


def ways_of(connection, ports, key, questions):
    """In SQL, of a node that keeps no answers, and of one that keeps these, for each was asked before."""
    rows, whole = bare(connection, questions)
    cold, warm = (over_http(port, key, questions) for port in ports)
    for number in range(len(questions)):
        warm(number)
    return {"rows": rows, "bare": whole, "cold": cold, "warm": warm}


def history(kind, tenth, whole, options):
    """The same questions of the last weeks, asked of a store of these alone and of one of ten times the history; nothing is kept."""
    print(f"{kind}: ms at p50 in {TENTH} weeks and in {WEEKS}, answers of the same size, cold", flush=True)
    wanted, bar = weeks(TENTH - 8), BARS["history"]
    for name, questions in kinds((wanted[-1], wanted[0])).items():
        with told_where_it_fails(name, f"<= {bar:g}x"):
            sizes = [len(json.loads(Asker(port, key)(questions[0].path)[0])["items"]) for port, key in (tenth, whole)]
            told = timed({"few": over_http(*tenth, questions), "many": over_http(*whole, questions)}, options)
            ratio = told["many"] / told["few"]
            rest = f"{told['few']:.2f} and {told['many']:.2f}; {sizes[0]} and {sizes[1]} items"
            line(name, f"{ratio:.2f}x", f"<= {bar:g}x", ratio <= bar, rest)


def on_sqlite(folder, options):
    environment, keys = stored(folder / "whole")
    with ExitStack() as held:
        ports = held.enter_context(nodes(environment))
        if "datasette" in options.part:
            flattened(folder / "whole" / "istmo.db", folder / "cells.db")
            with datasette(folder / "cells.db") as peer:
                beside_datasette(ports, peer, keys["analyst"], options)
        if "unchanged" in options.part:
            questions = [each[0] for each in kinds().values()]
            unchanged(ports[1], keys["analyst"], (questions[0], questions[-1]), options)
        if "history" in options.part:
            fewer, few_keys = stored(folder / "tenth", TENTH)
            few = held.enter_context(nodes(fewer))
            history("SQLite", (few[0], few_keys["analyst"]), (ports[0], keys["analyst"]), options)


def on_postgresql(folder, scratch, options):
    environment, keys = stored(folder / "whole")
    with postgresql(scratch, "whole", "tenth") as (address, tenth), ExitStack() as held:
        whole = copied(environment, address)
        ports = held.enter_context(nodes(whole))
        if "bare" in options.part:
            beside_bare(whole, ports, keys["analyst"], options)
        if "history" in options.part:
            fewer, few_keys = stored(folder / "tenth", TENTH)
            few = held.enter_context(nodes(copied(fewer, tenth)))
            history("PostgreSQL", (few[0], few_keys["analyst"]), (ports[0], keys["analyst"]), options)


def main():
    parts = ("datasette", "unchanged", "bare", "history")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, help="a folder where filled stores are kept between runs")
    parser.add_argument("--part", choices=parts, action="append")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one measurement of a rate")
    parser.add_argument("--times", type=int, default=40, help="questions of a kind, one after another")
    parser.add_argument("--patience", type=float, default=2.0, help="seconds for the times of a kind, however few they are")
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    options.part = options.part or parts
    with tempfile.TemporaryDirectory(prefix="istmo-bench-") as scratch:
        folder = options.store or Path(scratch)
        if {"datasette", "unchanged", "history"} & set(options.part):
            on_sqlite(folder, options)
        if {"bare", "history"} & set(options.part):
            on_postgresql(folder, scratch, options)


if __name__ == "__main__":
    main()
