"""The largest public file: how long its check takes beside reading it alone, as a ratio in one run (bar 4), and what it keeps in memory.

Read in turns, processor time of this process: the whole file as cells, and the same to bulletins by its profile, all States' and
those of members alone.
"""

import csv
import io
import lzma
import statistics
import time
import tracemalloc
from pathlib import Path

from app.bulletins.files import PLAIN, Reading, read_file
from app.bulletins.queries import FileQuery
from app.directory import codes
from app.intake.book import read_book

FILE = Path(__file__).parents[1] / "tests" / "data" / "files" / "population_asylum_refugee_2009_2024.csv.xz"
TURNS, BAR = 5, 4.0
MEMBERS = frozenset(codes.conferences()[0].members)


def seconds(work):
    started = time.process_time()
    work()
    return time.process_time() - started


def main():
    raw = lzma.decompress(FILE.read_bytes())
    whole, members = (FileQuery(profile="unhcr", members_only=only) for only in (False, True))
    works = {
        "lines of the csv module": lambda: sum(1 for _ in csv.reader(io.StringIO(raw.decode()))),
        "reading alone": lambda: read_book(raw, "unhcr.csv"),
        "members' bulletins": lambda: read_file(raw, members, 200_000, "unhcr.csv", Reading(PLAIN.names, members=MEMBERS)),
        "all bulletins": lambda: read_file(raw, whole, 200_000, "unhcr.csv"),
    }
    taken = {name: [] for name in works}
    for _ in range(TURNS):
        for name, work in works.items():
            taken[name].append(seconds(work))
    alone = statistics.median(taken["reading alone"])
    for name, times in taken.items():
        ratio = statistics.median(times) / alone
        print(f"{name:<26} {statistics.median(times):6.2f} s  {ratio:4.1f}x")
        assert ratio <= BAR, name
    tracemalloc.start()
    read_file(raw, whole, 200_000, "unhcr.csv")
    print(f"{'most memory of the last':<26} {tracemalloc.get_traced_memory()[1] / 2**20:6.1f} MiB")


if __name__ == "__main__":
    main()
