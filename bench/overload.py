"""What a node answers when it is asked more than it can: at once, twice and ten times its capacity (guarantees 5).

A SQLite node pinned to one core, an open-loop generator pinned to another: requests leave by a schedule that was drawn before
(exponential gaps, seeded) whether or not answers come, over connections that are kept, and a latency runs from the scheduled
instant to the answer's last byte.  Capacity is what a closed loop of as many connections as the node has threads gets.  The rounds
are interleaved and medians are judged, so that a machine that is busy for a while weighs on all figures.

With `--generate` this file is the generator: it reads its task as JSON from stdin and prints [scheduled, latency, status] of each.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import uvloop

sys.path.insert(0, str(Path(__file__).parent))
from loopback import HEAD_END, length_of
from run import UNTHROTTLED, filled_node, request, serving

from app.settings import Settings

HERE = Path(__file__)
SERVER_CORE, GENERATOR_CORE = 0, 1
LOADS = (1, 2, 10)
LEAST_SERVICE_MS, MOST_TIMES_SLOWER, MOST_BEHIND_IDLE_MS = 20, 2.0, 100
REFUSALS = (429, 503)
ROUTE = "/v1/flows?reporting_state=MEX&measure=apprehension&group_by=period,nationality&frequency=month&limit=100"
"""The named route: a page of the months of one State by nationality."""


class Line(asyncio.Protocol):
    """A kept connection: one request at a time, its answer told to who waits for it."""

    def connection_made(self, transport):
        self.transport, self.buffer, self.waiting = transport, bytearray(), None

    def data_received(self, data):
        self.buffer += data
        end = self.buffer.find(HEAD_END)
        if end < 0 or len(self.buffer) < end + len(HEAD_END) + length_of(bytes(self.buffer[:end])):
            return
        status = int(self.buffer[9:12])
        self.buffer.clear()
        self._tell(status)

    def connection_lost(self, exc):
        del exc
        self._tell(0)

    def _tell(self, status):
        told, self.waiting = self.waiting, None
        if told is not None and not told.done():
            told.set_result(status)


class Generator:
    """Sends by a schedule and notes when each answer came."""

    def __init__(self, port, text):
        self.port, self.text = port, text.encode()
        self.idle, self.noted = [], []

    async def line(self):
        while self.idle:
            line = self.idle.pop()
            if not line.transport.is_closing():
                return line
        _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", self.port)
        return line

    async def ask(self, scheduled, begun):
        line = await self.line()
        line.waiting = asyncio.get_running_loop().create_future()
        line.transport.write(self.text)
        status = await line.waiting
        self.noted.append((scheduled, time.perf_counter() - begun - scheduled, status))
        if status:
            self.idle.append(line)

    async def open_loop(self, rate, seconds, seed):
        drawn, at, tasks = random.Random(seed), 0.0, []  # noqa: S311 - a schedule
        begun = time.perf_counter()
        while (at := at + drawn.expovariate(rate)) < seconds:
            await asyncio.sleep(max(0.0, begun + at - time.perf_counter()))
            tasks.append(asyncio.create_task(self.ask(at, begun)))
        await asyncio.gather(*tasks)

    async def closed_loop(self, connections, seconds):
        begun = time.perf_counter()

        async def again():
            while (now := time.perf_counter() - begun) < seconds:
                await self.ask(now, begun)

        await asyncio.gather(*(again() for _ in range(connections)))


async def generated(task):
    generator = Generator(task["port"], task["request"])
    if task.get("connections"):
        await generator.closed_loop(task["connections"], task["seconds"])
    else:
        await generator.open_loop(task["rate"], task["seconds"], task["seed"])
    return generator.noted


def generate(**task):
    """(scheduled, latency, status) of every request of one run of the generator on its own core."""
    done = subprocess.run([sys.executable, HERE, "--generate"], input=json.dumps(task), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def milliseconds(answers, *, refused=False, share=0.99):
    """A quantile of the latencies of what was accepted, or of what was refused."""
    wanted = [latency for _, latency, status in answers if (status in REFUSALS) == refused]
    return quantile(wanted, share) * 1000


def one_round(port, texts, options, seed):
    """Idle latency, capacity, service time, and the answers at every load."""
    idle = milliseconds(generate(port=port, request=texts["/livez"], rate=50, seconds=2, seed=seed))
    alone = milliseconds(generate(port=port, request=texts[ROUTE], connections=1, seconds=2), share=0.5)
    worked = generate(port=port, request=texts[ROUTE], connections=options.threads, seconds=options.seconds / 2)
    capacity = len(worked) / max(scheduled + latency for scheduled, latency, _ in worked)
    loads = {times: generate(port=port, request=texts[ROUTE], rate=capacity * times, seconds=options.seconds, seed=seed) for times in LOADS}
    return idle, alone, capacity, loads


def judged(rounds):
    """Print the figures; every bar that is missed."""
    idle, alone, capacity = (statistics.median(each[at] for each in rounds) for at in range(3))
    print(
        f"{ROUTE}\nalone {alone:.1f} ms, capacity {capacity:.1f}/s, /livez of the idle node p99 {idle:.1f} ms; medians of {len(rounds)} rounds\n"
    )
    print(
        f"{'load':>5} {'accepted p50':>13} {'accepted p99':>13} {'accepted/s':>11} {'refused':>8} {'refused p50':>12} {'refused p99':>12} {'others':>7}"
    )
    missed, at_capacity = [], 0.0
    if alone < LEAST_SERVICE_MS:
        missed.append(f"the route takes {alone:.1f} ms, less than {LEAST_SERVICE_MS} ms")
    for times in LOADS:
        runs = [each[3][times] for each in rounds]
        p50, p99 = (statistics.median(milliseconds(run, share=share) for run in runs) for share in (0.5, 0.99))
        away50, away99 = (statistics.median(milliseconds(run, refused=True, share=share) for run in runs) for share in (0.5, 0.99))
        statuses = [status for run in runs for _, _, status in run]
        refused, others = sum(map(statuses.count, REFUSALS)), [status for status in statuses if status not in {200, *REFUSALS}]
        took = sum(max(scheduled + latency for scheduled, latency, _ in run) for run in runs)
        figures = f"{p50:>10.1f} ms {p99:>10.1f} ms {statuses.count(200) / took:>11.1f} {refused / len(statuses):>8.1%}"
        print(f"{times:>4}x {figures} {away50:>9.1f} ms {away99:>9.1f} ms {len(others):>7}")
        at_capacity = at_capacity or p99
        if p99 > at_capacity * MOST_TIMES_SLOWER:
            missed.append(f"accepted p99 at {times}x is {p99 / at_capacity:.2f} times that at capacity")
        if away99 > idle + MOST_BEHIND_IDLE_MS:
            missed.append(f"refusals at {times}x take {away99:.0f} ms at p99, {away99 - idle:.0f} ms more than an idle answer")
        if others:
            missed.append(f"{len(others)} answers at {times}x are neither 200 nor 429 nor 503: {sorted(set(others))}")
    return missed


def main(options):
    with tempfile.TemporaryDirectory(prefix="istmo-overload-") as folder:
        os.environ |= {"ISTMO_DATABASE_URL": f"sqlite:///{folder}/bench.db", "ISTMO_SECRETS_DIR": f"{folder}/secrets", **UNTHROTTLED}
        analyst, _ = filled_node(Settings(_env_file=None))
        with serving("node", core=SERVER_CORE) as port:
            texts = {ROUTE: request(port, ROUTE, key=analyst), "/livez": request(port, "/livez")}
            httpx.get(f"http://127.0.0.1:{port}{ROUTE}", headers={"Authorization": f"Bearer {analyst}"}, trust_env=False).raise_for_status()
            rounds = [one_round(port, texts, options, seed) for seed in range(options.rounds)]
    missed = judged(rounds)
    print("\n" + ("\n".join(f"missed: {bar}" for bar in missed) or "every bar is met"))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generate", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="of one load")
    parser.add_argument("--threads", type=int, default=Settings.model_fields["threads"].default)
    chosen = parser.parse_args()
    if chosen.generate:
        os.sched_setaffinity(0, {GENERATOR_CORE})
        print(json.dumps(uvloop.run(generated(json.load(sys.stdin)))))
    else:
        main(chosen)
