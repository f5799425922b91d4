"""A push over a line that is cut for real: in the request, before the answer, within the answer; it counts once."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from serving import Served

from app.client import Istmo, Unreachable

OPTIONS = {"state": "PAN", "measure": "rescue", "unit": "person"}
WHOLE = 1 << 30


def passed(source: socket.socket, target: socket.socket, room: int) -> None:
    """Pass bytes on until the source ends or so many are through; then both ends are closed."""
    with suppress(OSError):
        while room and (piece := source.recv(min(room, 1 << 16))):
            target.sendall(piece)
            room -= len(piece)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_line(upstream: str, *cuts: tuple[int, int]) -> Iterator[str]:
    """A line to a node that lets so many bytes of request and of answer through, connection after connection; the last stays."""
    parts, left, serving = urlsplit(upstream), list(cuts), []

    def pass_on(caller: socket.socket, up: int, down: int) -> None:
        with caller, socket.create_connection((parts.hostname, parts.port)) as node:
            answers = threading.Thread(target=passed, args=(node, caller, down))
            answers.start()
            passed(caller, node, up)
            answers.join()

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                serving.append(threading.Thread(target=pass_on, args=(caller, *(left.pop(0) if len(left) > 1 else left[0]))))
                serving[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept, args=(listener,))
        accepting.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        for thread in (accepting, *serving):
            thread.join()


def test_a_push_that_is_cut_on_its_way_counts_once_and_a_push_cut_off_is_simply_repeated(served: Served, tmp_path):
    file = tmp_path / "two.csv"
    file.write_text("period,nationality,value\n2024-01,VEN,41\n2024-01,HTI,12\n2024-02,VEN,38\n2024-02,HTI,9\n", "utf-8")
    key = served.keys["pan"]
    with cut_line(served.url, (500, WHOLE), (WHOLE, 0), (WHOLE, 400), (WHOLE, WHOLE)) as url, Istmo(url, key) as istmo:
        done = istmo.push(file, **OPTIONS)
    assert [(each["period"], each["outcome"]) for each in done.bulletins] == [("2024-01", "created"), ("2024-02", "created")]
    assert done.replayed
    assert served.counts()["log_entry"] == 2

    file.write_text("period,nationality,value\n2024-03,VEN,41\n2024-03,HTI,12\n", "utf-8")
    with cut_line(served.url, (WHOLE, 400)) as url, Istmo(url, key) as istmo, pytest.raises(Unreachable, match="never counted twice"):
        istmo.push(file, **OPTIONS)
    with Istmo(served.url, key) as istmo:
        again = istmo.push(file, **OPTIONS)
    assert ([each["outcome"] for each in again.bulletins], again.replayed) == (["created"], True)
    assert served.counts()["log_entry"] == 3
