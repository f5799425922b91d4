"""A hundred analysts at once beside eight writers, on 750,000 cells: nothing fails, nothing is lost, and writing stays quick.

Each analyst asks, reads and thinks for up to a second, with a key of its own; each writer publishes week after week of a series of its
own.  Whoever is refused with 503 waits as long as Retry-After says.  Writers are measured alone first, then beside the analysts.
Node, writers and analysts are processes of their own on loopback.

    python bench/flows_load.py [--store FOLDER] [--database sqlite|postgresql]...
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import run
from figures import line, postgresql
from filling import STATES, copied, draft, sampled, stored, weeks
from flow_questions import kinds
from overload import quantile
from people import driven

from app.access.clients import NewClient, create
from app.exchange.node import open_node
from app.settings import Settings
from app.wire.codes import Role

ANALYSTS, WRITERS, BAR = 100, 8, 2.0
THINKS_S, WRITES_S = 1.0, 0.2


def drive(**task):
    """A process of people who ask; it ends by itself."""
    process = subprocess.Popen(
        [sys.executable, Path(__file__).parent / "people.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process.stdin.write(json.dumps(task))
    process.stdin.close()
    return process


def answers(process):
    said = process.stdout.read()
    assert process.wait() == 0
    return json.loads(said)


def people_of(environment):
    """A key for each analyst and each writer."""
    settings = Settings(_env_file=None, database_url=environment["ISTMO_DATABASE_URL"], secrets_dir=Path(environment["ISTMO_SECRETS_DIR"]))
    node = open_node(settings)
    with node.db.write() as session:
        keys = [
            [create(session, NewClient(role, "RCM")).api_key for _ in range(count)]
            for role, count in ((Role.ANALYST, ANALYSTS), (Role.SECRETARIAT, WRITERS))
        ]
    node.close()
    return keys


def writing(port, keys, form):
    """For each writer the requests that publish a year of a new series."""
    months, drawn = sampled(), random.Random(form)  # noqa: S311 - figures

    def body(number, week):
        state = STATES["RCM"][number % len(STATES["RCM"])]
        return json.dumps(draft(drawn, drawn.choice(months), state, "rescue", week, definition_code=f"{form}{number}"))

    return [
        [run.request(port, "/v1/bulletins", key=key, method="POST", body=body(number, week)) for week in weeks(150)]
        for number, key in enumerate(keys)
    ]


def asking(port, keys):
    """For each analyst all questions, in an order of its own."""
    paths = [question.path for questions in kinds().values() for question in questions]
    drawn = random.Random(1)  # noqa: S311 - an order
    return [[run.request(port, path, key=key) for path in drawn.sample(paths, len(paths))] for key in keys]


def measure(kind, environment, options):
    """Print what writers and analysts met with, alone and together."""
    analysts, writers = people_of(environment)
    os.environ |= environment
    with run.serving("node") as port:
        shared = {"port": port, "seconds": options.seconds}

        def alone(form, seconds):
            return answers(drive(people=writing(port, writers, form), pause=WRITES_S, once=True, port=port, seconds=seconds))

        alone("first", 1)
        before = alone("before", options.seconds / 2)
        reading = drive(people=asking(port, analysts), pause=THINKS_S, once=False, **{**shared, "seconds": options.seconds + 2})
        time.sleep(1)
        beside = answers(drive(people=writing(port, writers, "beside"), pause=WRITES_S, once=True, **shared))
        read = answers(reading)
        lonely = [*before, *alone("after", options.seconds / 2)]
        kept = found(port, writers[0], [told for status, *_, told in [*lonely, *beside] if status == 201])
    show(kind, lonely, beside, read, kept)


def found(port, key, ids):
    """How many bulletins of these ids are served, and how many there were."""
    texts = [run.request(port, f"/v1/bulletins/{each}", key=key) for each in ids]
    noted = asyncio.run(driven({"port": port, "seconds": 300, "pause": 0, "once": True, "people": [texts]}))
    return sum(status == 200 for status, *_ in noted), len(ids)


def show(kind, alone, beside, read, kept):
    print(f"{kind}: {ANALYSTS} analysts beside {WRITERS} writers", flush=True)
    for name, noted, wanted in (("writers alone", alone, 201), ("writers beside", beside, 201), ("analysts", read, 200)):
        taken = [seconds * 1_000 for status, seconds, *_ in noted if status == wanted]
        waited = [seconds * 1_000 for status, _, seconds, _ in noted if status == wanted]
        statuses = ", ".join(f"{count:,} of {status}" for status, count in sorted(Counter(each[0] for each in noted).items()))
        print(
            f"  {name:<15} p50 {quantile(taken, 0.5):>7.0f} ms, p95 {quantile(taken, 0.95):>7.0f} ms, "
            f"with waits p95 {quantile(waited, 0.95):>7.0f} ms; {statuses}"
        )
    everything = [*alone, *beside, *read]
    wrong = [status for status, _, _, told in everything if status not in {200, 201} and not (status == 503 and told)]
    line("neither 200, 201 nor 503 with Retry-After", len(wrong), "0", not wrong)
    line("accepted writes found afterwards", f"{kept[0]} of {kept[1]}", "all", kept[0] == kept[1] > 0)
    first, second = (quantile([seconds for status, seconds, *_ in noted if status == 201], 0.95) for noted in (alone, beside))
    line("writers' p95 beside that of alone", f"{second / first:.2f}x", f"<= {BAR:g}x", second <= first * BAR)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, help="a folder where the filled store is kept between runs")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--seconds", type=float, default=6.0, help="of the writers alone, and again beside the analysts")
    options = parser.parse_args()
    wanted = options.database or ["sqlite", "postgresql"]
    with tempfile.TemporaryDirectory(prefix="istmo-bench-") as scratch:
        kept = (options.store or Path(scratch)) / "whole"
        environment, _ = stored(kept)
        if "sqlite" in wanted:
            # What writers write does not stay in the store that is kept.
            shutil.copyfile(kept / "istmo.db", f"{scratch}/load.db")
            measure("SQLite", {**environment, "ISTMO_DATABASE_URL": f"sqlite:///{scratch}/load.db"}, options)
        if "postgresql" in wanted:
            with postgresql(scratch, "load") as (url,):
                measure("PostgreSQL", copied(environment, url), options)


if __name__ == "__main__":
    main()
