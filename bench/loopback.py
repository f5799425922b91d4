"""A small HTTP client in a process of its own: the same requests in turn, again and again over a few kept connections, counted.

Reads {port, requests, status, connections, seconds} as JSON from stdin and prints {rate, errors}.
"""

import asyncio
import itertools
import json
import sys
import time

HEAD_END = b"\r\n\r\n"
CHUNKED, LAST_CHUNK = b"transfer-encoding: chunked", b"\r\n0\r\n\r\n"


class Caller(asyncio.Protocol):
    """One connection: asks, reads the whole answer, asks again until the time is over."""

    def __init__(self, requests, status, deadline, over):
        self.requests, self.expected, self.deadline, self.over = requests, f"HTTP/1.1 {status} ".encode(), deadline, over
        self.buffer, self.answers, self.errors = bytearray(), 0, 0

    def connection_made(self, transport):
        self.transport = transport
        transport.write(next(self.requests))

    def data_received(self, data):
        self.buffer += data
        if not is_whole(self.buffer):
            return
        self.answers += 1
        self.errors += not self.buffer.startswith(self.expected)
        self.buffer.clear()
        if time.perf_counter() < self.deadline:
            self.transport.write(next(self.requests))
        else:
            self.transport.close()

    def connection_lost(self, exc):
        self.errors += exc is not None or time.perf_counter() < self.deadline
        self.over.set_result(self)


def is_whole(answer):
    """Whether an answer has come to its end."""
    end = answer.find(HEAD_END)
    if end < 0:
        return False
    head = bytes(answer[:end])
    return answer.endswith(LAST_CHUNK) if CHUNKED in head.lower() else len(answer) >= end + len(HEAD_END) + length_of(head)


def length_of(head):
    lines = head.lower().split(b"\r\n")
    return next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)


async def measured(asked):
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    requests = itertools.cycle([text.encode() for text in asked["requests"]])
    ends = [loop.create_future() for _ in range(asked["connections"])]
    for over in ends:
        caller = Caller(requests, asked["status"], begun + asked["seconds"], over)
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", asked["port"])
    callers = await asyncio.gather(*ends)
    took = time.perf_counter() - begun
    return {"rate": sum(caller.answers for caller in callers) / took, "errors": sum(caller.errors for caller in callers)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measured(json.load(sys.stdin)))))
