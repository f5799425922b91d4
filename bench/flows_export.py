"""All 750,000 cells as one CSV, NDJSON and Parquet file over HTTP, beside the bare driver that writes the same file.

The bare driver is measured before and after each export.  Memory is what the node holds by itself (RssAnon: the pages of a SQLite
file that it maps are the system's), sampled while it answers, for a tenth of the rows and for all of them.

    python bench/flows_export.py [--store FOLDER] [--database sqlite|postgresql]...
"""

import argparse
import csv
import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path

import run
import sync
from figures import line, postgresql
from filling import WEEKS, copied, stored, weeks
from flow_questions import SHOWN, STANDING
from pyarrow import parquet
from sqlalchemy import make_url

FORMS = ("csv", "ndjson", "parquet")
SPEED, GROWTH = 0.30, 1.10
SELECT = f"SELECT {SHOWN} {STANDING} ORDER BY b.period_start, b.document_id, c.row"
"""Of weeks alone the day on which they begin orders them as both their days do, and an index has them so."""


class Memory(threading.Thread):
    """Looks at what a process holds, MiB, until it is told to end."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.file, self.marks, self.over = Path(f"/proc/{pid}/status"), [], threading.Event()

    def now(self):
        told = dict(each.split(":", 1) for each in self.file.read_text().splitlines())
        return int(told["RssAnon"].split()[0]) / 1024

    def run(self):
        while not self.over.wait(0.02):
            self.marks.append(self.now())

    def most(self):
        """The most of all marks, when the looking has ended."""
        self.over.set()
        self.join()
        return max(self.marks, default=self.now())


def exported(port, key, form, file, first=None):
    """Seconds that an export took; none where the node has no such format."""
    path = f"/v1/flows?totals=true&format={form}" + (f"&period_from={first}" if first else "")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    with Path(file).open("wb") as out:
        while part := answer.read(256 * 1024):
            out.write(part)
    return time.perf_counter() - begun if answer.status == 200 else None


def rows_of(form, file):
    """How many rows a file has, the sum of their values, and the first thousand (bulletin, nationality, value)."""
    if form == "parquet":
        table = parquet.read_table(file, columns=["bulletin", "nationality", "value"]).to_pylist()
    elif form == "csv":
        with Path(file).open(encoding="utf-8-sig", newline="") as held:
            table = [{**row, "value": int(row["value"]) if row["value"] else None} for row in csv.DictReader(held)]
    else:
        table = [json.loads(text) for text in Path(file).read_text().splitlines()]
    first = [(row["bulletin"], row["nationality"], row["value"]) for row in islice(table, 1_000)]
    return len(table), sum(row["value"] or 0 for row in table), first


def measure(kind, environment, bare, key, folder):
    """Print speed and memory of every format."""
    os.environ |= environment
    print(f"{kind}: every cell in one file", flush=True)
    with run.server("node") as (port, pid):
        for form in FORMS:
            ours, theirs = f"{folder}/ours.{form}", f"{folder}/theirs.{form}"
            if exported(port, key, form, ours, weeks(2)[-1]) is None:
                line(f"{form}: the node has no such format", "-", f">= {SPEED:.0%}", met=False)
                continue
            report(port, pid, key, form, (ours, theirs), {"database": bare, "form": form, "file": theirs, "select": SELECT})


def report(port, pid, key, form, files, asked):
    begin = Memory(pid).now()
    looking = Memory(pid)
    looking.start()
    exported(port, key, form, files[0], weeks(WEEKS // 10)[-1])
    tenth = looking.most()
    floors = [sync.run("bare_export.py", **asked)["seconds"]]
    looking = Memory(pid)
    looking.start()
    took = exported(port, key, form, files[0])
    whole = looking.most()
    floors.append(sync.run("bare_export.py", **asked)["seconds"])
    ours, theirs = (rows_of(form, file) for file in files)
    assert ours == theirs, f"{form}: {ours[:2]} beside {theirs[:2]}"
    floor, size = statistics.mean(floors), Path(files[0]).stat().st_size / 2**20
    rest = f"{ours[0]:,} rows, {size:.0f} MiB in {took:.1f} s beside {floor:.1f} s"
    line(f"{form}: of the bare driver's speed", f"{floor / took:.0%}", f">= {SPEED:.0%}", floor / took >= SPEED, rest)
    rest = f"MiB: {begin:.0f} before, {tenth:.0f} at most for a tenth, {whole:.0f} for all"
    line(f"{form}: memory for all beside a tenth", f"{whole / tenth:.2f}x", f"<= {GROWTH:.2f}x", whole <= tenth * GROWTH, rest)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, help="a folder where the filled store is kept between runs")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    options = parser.parse_args()
    wanted = options.database or ["sqlite"]
    with tempfile.TemporaryDirectory(prefix="istmo-bench-") as scratch:
        kept = (options.store or Path(scratch)) / "whole"
        environment, keys = stored(kept)
        if "sqlite" in wanted:
            measure("SQLite", environment, f"{kept}/istmo.db", keys["analyst"], scratch)
        if "postgresql" in wanted:
            with postgresql(scratch, "export") as (url,):
                address = make_url(url)
                bare = f"host={address.query['host']} user=postgres dbname={address.database}"
                measure("PostgreSQL", copied(environment, url), bare, keys["analyst"], scratch)


if __name__ == "__main__":
    main()
