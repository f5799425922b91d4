"""People who ask a node, each over a connection of their own: one thing after another with pauses, until the time is over.

Reads {port, seconds, pause, once, people} as JSON from stdin, where `people` has the requests of each, and prints
[status, seconds, seconds with all waits, Retry-After or id] of each answer.
"""

import asyncio
import json
import random
import sys
import time

import orjson
import uvloop


class Line:
    """A kept connection of one person, opened anew where the node ended it."""

    def __init__(self, port):
        self.port, self.streams = port, None

    async def ask(self, text):
        """Status, headers and body of the answer."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        writer.write(text.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            writer.close()
            self.streams = None
        return int(head[0].split()[1]), headers, body


async def insisting(line, text, deadline, noted):
    """Ask until the answer is no 503 or the time is over, waiting as it says."""
    begun = asked = time.perf_counter()
    while asked < deadline or asked == begun:
        status, headers, body = await line.ask(text)
        now = time.perf_counter()
        told = orjson.loads(body)["id"] if status == 201 else headers.get("retry-after")
        noted.append((status, now - asked, now - begun, told))
        if status != 503 or told is None:
            break
        await asyncio.sleep(float(told))
        asked = time.perf_counter()


async def person(task, requests, seed, noted):
    """Ask one thing after another until the time is over, with a pause between."""
    drawn, line, deadline = random.Random(seed), Line(task["port"]), time.perf_counter() + task["seconds"]  # noqa: S311 - pauses
    at = 0
    while time.perf_counter() < deadline and at < len(requests) * (1 if task["once"] else 1_000):
        await asyncio.sleep(drawn.random() * task["pause"])
        await insisting(line, requests[at % len(requests)], deadline, noted)
        at += 1


async def driven(task):
    noted = []
    await asyncio.gather(*(person(task, requests, seed, noted) for seed, requests in enumerate(task["people"])))
    return noted


if __name__ == "__main__":
    print(json.dumps(uvloop.run(driven(json.load(sys.stdin)))))
