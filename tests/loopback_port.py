"""A port on loopback that nobody listens on."""

import random
import socket
from contextlib import ExitStack

_CHANCE = random.SystemRandom()


def free_port(together: int = 1) -> int:
    """The first of so many ports in a row that were free a moment ago, and that the system gives to nobody who asks for any."""
    while True:
        first = _CHANCE.randrange(10_000, 32_000)
        with ExitStack() as stack:
            try:
                for port in range(first, first + together):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
