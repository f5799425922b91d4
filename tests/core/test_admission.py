"""Admission: how many are inside, what gives a place back, how long a body and a reader may take (guarantees 5)."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx
import pytest
from bodies import bulletin
from serving import Served, serving, settings_for
from sqlalchemy import text
from starlette.types import Message, Receive, Scope, Send

from app.core.admission import Admission, ReaderStalled, Rooms
from app.core.gate import Gate
from app.core.problems import Problem
from app.main import create_app

SLOW = 0.3


def scope(path: str = "/work", *, body: bool = False) -> Scope:
    headers = [(b"content-length", b"4")] if body else []
    return {"type": "http", "method": "POST" if body else "GET", "path": path, "headers": headers, "state": {}}


class Line:
    """One connection: what comes in, what went out, and a reader that can be made to wait."""

    def __init__(self, *parts: Message) -> None:
        self.incoming = asyncio.Queue[Message]()
        self.sent: list[Message] = []
        self.takes = anyio.Event()
        self.takes.set()
        for part in parts:
            self.incoming.put_nowait(part)

    async def receive(self) -> Message:
        return await self.incoming.get()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            await self.takes.wait()
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])


def part(body: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


class Hall:
    """An application behind the gate whose every request stays until it is let go."""

    def __init__(self, places: int = 2, uploads: int = 2, patience_s: float = SLOW) -> None:
        self.rooms, self.leave, self.at_work = Rooms(places, uploads), anyio.Event(), 0
        self.gate = Admission(self.app, self.rooms, patience_s)
        self.heavy = Gate(1, 10)

    async def app(self, asked: Scope, receive: Receive, send: Send) -> None:
        if asked["path"] == "/heavy":
            async with self.heavy.passage():
                self.at_work += 1
                await self.leave.wait()
        while any(name == b"content-length" for name, _ in asked["headers"]) and (await receive()).get("more_body"):
            pass
        if asked["path"] in {"/work", "/livez", "/metrics"}:
            self.at_work += 1
            await self.leave.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for more in (True, True, False):
            await send({"type": "http.response.body", "body": b"x", "more_body": more})

    async def ask(self, path: str = "/work", line: Line | None = None, *, body: bool = False) -> Line:
        line = line or Line()
        await self.gate(scope(path, body=body), line.receive, line.send)
        return line


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def within_its_time() -> None:
        with anyio.fail_after(10):
            await story()

    anyio.run(within_its_time)


@contextmanager
def raised(code: str) -> Iterator[None]:
    with pytest.raises(Problem) as caught:
        yield
    assert caught.value.code == code


def test_as_many_as_there_are_places_work_and_the_next_is_refused_at_once():
    async def story() -> None:
        hall = Hall(places=2)
        async with anyio.create_task_group() as group:
            group.start_soon(hall.ask)
            group.start_soon(hall.ask)
            await anyio.wait_all_tasks_blocked()
            refused = await hall.ask()
            assert (refused.status, hall.at_work, hall.rooms.inside.taken) == (503, 2, 2)
            assert (b"retry-after", b"1") in refused.sent[0]["headers"]
            assert json.loads(refused.sent[1]["body"])["code"] == "overloaded"
            hall.leave.set()
        assert hall.rooms.inside.taken == 0
        assert (await hall.ask()).status == 200

    run(story)


def test_livez_is_always_let_in_and_metrics_and_docs_have_places_of_their_own():
    async def story() -> None:
        hall = Hall(places=1)
        async with anyio.create_task_group() as group:
            group.start_soon(hall.ask)
            for _ in range(9):
                group.start_soon(hall.ask, "/livez")
            for _ in range(4):
                group.start_soon(hall.ask, "/metrics")
            await anyio.wait_all_tasks_blocked()
            assert hall.at_work == 14
            assert [(await hall.ask(path)).status for path in ("/metrics", "/docs/x", "/livezz", "/v1/flows")] == [503] * 4
            hall.leave.set()
        assert (hall.rooms.inside.taken, hall.rooms.aside.taken) == (0, 0)

    run(story)


def test_a_body_on_its_way_in_holds_no_place_and_then_does_not_queue_anew():
    async def story() -> None:
        hall = Hall(places=1, uploads=2)
        slow = Line(part(b"ab", more=True))
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: hall.ask(line=slow, body=True))
            await anyio.wait_all_tasks_blocked()
            assert (hall.rooms.inside.taken, hall.rooms.arriving.taken, hall.at_work) == (0, 1, 0)
            group.start_soon(hall.ask)
            await anyio.wait_all_tasks_blocked()
            slow.incoming.put_nowait(part(b"cd"))
            await anyio.wait_all_tasks_blocked()
            assert (hall.rooms.inside.taken, hall.rooms.arriving.taken, hall.at_work) == (2, 0, 2)
            assert (await hall.ask()).status == 503
            hall.leave.set()
        assert (slow.status, hall.rooms.inside.taken) == (200, 0)

    run(story)


def test_who_brings_something_is_among_those_that_write_while_it_works_and_a_reader_never():
    async def story() -> None:
        hall = Hall(places=4, patience_s=10)
        line = Line()

        async def writers_gone() -> bool:
            with anyio.move_on_after(0.1) as waited:
                await hall.rooms.bringing.gone(10)
            return not waited.cancelled_caught

        async with anyio.create_task_group() as group:
            group.start_soon(hall.ask)
            await anyio.wait_all_tasks_blocked()
            assert await writers_gone()
            group.start_soon(hall.gate, scope(body=True), line.receive, line.send)
            await anyio.wait_all_tasks_blocked()
            assert await writers_gone()  # its body is on the way
            line.incoming.put_nowait(part(b"body"))
            await anyio.wait_all_tasks_blocked()
            assert not await writers_gone()
            hall.leave.set()
        assert await writers_gone()
        assert (line.status, hall.rooms.inside.taken) == (200, 0)

    run(story)


def test_more_bodies_than_may_be_on_their_way_are_refused():
    async def story() -> None:
        hall = Hall(places=9, uploads=2, patience_s=5)
        lines = [Line(), Line()]
        async with anyio.create_task_group() as group:
            for line in lines:
                group.start_soon(lambda line=line: hall.ask(line=line, body=True))
            await anyio.wait_all_tasks_blocked()
            with raised("overloaded"):
                await hall.ask(body=True)
            assert (hall.rooms.arriving.taken, hall.rooms.inside.taken) == (2, 0)
            hall.leave.set()
            assert (await hall.ask()).status == 200
            for line in lines:
                line.incoming.put_nowait(part())
        assert hall.rooms.arriving.taken == 0

    run(story)


def test_a_body_that_does_not_end_in_its_time_is_refused_however_many_parts_come():
    async def story() -> None:
        hall = Hall()
        line = Line()

        async def drip() -> None:
            while True:
                await line.incoming.put(part(b"x", more=True))
                await anyio.sleep(SLOW / 5)

        async with anyio.create_task_group() as group:
            group.start_soon(drip)
            began = anyio.current_time()
            with pytest.raises(Problem) as caught:
                await hall.gate(scope(body=True), line.receive, line.send)
            assert SLOW <= anyio.current_time() - began < SLOW * 3
            group.cancel_scope.cancel()
        assert (caught.value.code, caught.value.status, caught.value.headers["Connection"]) == ("body-timeout", 408, "close")
        assert (hall.rooms.inside.taken, hall.rooms.arriving.taken) == (0, 0)

    run(story)


def test_a_reader_that_takes_nothing_holds_no_place_and_is_cut_off_in_time():
    async def story() -> None:
        hall = Hall(places=1)
        line = Line()
        line.takes = anyio.Event()
        async with anyio.create_task_group() as group:

            async def stalled() -> None:
                with pytest.raises(ReaderStalled):
                    await hall.ask("/answer", line)

            group.start_soon(stalled)
            await anyio.wait_all_tasks_blocked()
            assert hall.rooms.inside.taken == 0
            assert (await hall.ask("/answer")).status == 200
        assert hall.rooms.inside.taken == 0

    run(story)


def test_who_waits_for_heavy_work_holds_no_place():
    async def story() -> None:
        hall = Hall(places=2)
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(hall.ask, "/heavy")
                await anyio.wait_all_tasks_blocked()
            assert (hall.rooms.inside.taken, hall.heavy.inside, hall.at_work) == (1, 6, 1)
            assert (await hall.ask("/answer")).status == 200
            hall.leave.set()
        assert (hall.rooms.inside.taken, hall.heavy.inside, hall.at_work) == (0, 0, 6)

    run(story)


def test_a_place_is_given_back_after_an_exception_and_by_who_goes_away():
    async def story() -> None:
        hall = Hall(places=1)

        async def fails(_asked: Scope, _receive: Receive, _send: Send) -> None:
            raise ZeroDivisionError

        broken = Admission(fails, hall.rooms, SLOW)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await broken(scope(), Line().receive, Line().send)
        for body in (False, True):
            async with anyio.create_task_group() as group:
                group.start_soon(lambda body=body: hall.ask(body=body))
                await anyio.wait_all_tasks_blocked()
                group.cancel_scope.cancel()
            assert (hall.rooms.inside.taken, hall.rooms.arriving.taken) == (0, 0)

    run(story)


def test_every_route_aside_works_without_a_request_thread():
    aside = [
        route
        for route in create_app(None).routes[1:]
        if route.path in {"/", "/docs", "/metrics", "/livez"} or route.path.startswith("/docs/")
    ]
    assert len(aside) >= 4
    assert [route.path for route in aside if not getattr(route, "is_coroutine", False) and not iscoroutine(route)] == []


def iscoroutine(route: object) -> bool:
    code = getattr(route, "endpoint").__code__  # noqa: B009 - any kind of route
    return bool(code.co_flags & 0x80)


@pytest.fixture
def narrow(stores, tmp_path: Path) -> Iterator[Served]:
    """A node with two places and two threads, one body on its way at a time, and little patience."""
    settings = settings_for(stores.ready("sqlite"), tmp_path, admission=2, threads=2, uploads=1, body_timeout_s=0.5, body_limit=100_000)
    with serving(settings) as node:
        yield node


@contextmanager
def full(node: Served) -> Iterator[None]:
    """Both places are held by writes that wait for the store."""
    answers: list[int] = []

    def write(period: str) -> None:
        client = httpx.Client(base_url=node.url, headers=node.as_("pan").headers, trust_env=False, timeout=30)
        answers.append(client.post("/v1/bulletins", json=bulletin(period=period)).status_code)
        client.close()

    threads = [threading.Thread(target=write, args=(f"2020-0{number}",)) for number in (1, 2)]
    with node.node.db.write() as session:
        session.execute(text("SELECT 1"))
        for thread in threads:
            thread.start()
        wait_until(lambda: metric(node, "istmo_requests_inside") == 2 and metric(node, "istmo_requests_at_work") == 2)
        yield
    for thread in threads:
        thread.join(20)
    assert answers == [201, 201]


def metric(node: Served, name: str) -> float:
    answer = httpx.get(f"{node.url}/metrics", trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    return next(float(line.split()[-1]) for line in answer.text.splitlines() if line.startswith(name))


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_full_node_refuses_the_next_without_thread_or_store_and_still_lives_and_counts(narrow: Served):
    with full(narrow):
        audited = len_of_audit(narrow)
        for who, method, path in ((None, "GET", "/readyz"), ("analyst", "GET", "/v1/bulletins"), ("pan", "POST", "/v1/bulletins")):
            began = time.perf_counter()
            answer = narrow.as_(who).request(method, path)
            # Far below the ten seconds that a request waits for the store.
            assert time.perf_counter() - began < 4
            assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "overloaded", "1")
            assert answer.headers["x-request-id"] == answer.json()["request_id"]
        assert narrow.as_(None).get("/livez").status_code == 200
        assert metric(narrow, 'istmo_refused_total{code="overloaded"}') == 3
        assert len_of_audit(narrow) == audited
    assert narrow.as_("analyst").get("/v1/bulletins").status_code == 200


def len_of_audit(node: Served) -> int:
    with node.node.db.read() as session:
        return int(session.scalar(text("SELECT count(*) FROM audit")))


def upload(node: Served, length: int) -> socket.socket:
    """A connection that has sent the head of a body and its first bytes."""
    host, port = node.url.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)), timeout=10)
    head = f"POST /v1/bulletins HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {node.keys['pan']}\r\n"
    line.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{".encode())
    return line


def test_a_slow_upload_takes_no_place_is_refused_in_time_with_a_problem_and_its_connection_closed(narrow: Served):
    before = narrow.counts()
    line = upload(narrow, 1000)
    wait_until(lambda: metric(narrow, "istmo_bodies_arriving") == 1)
    assert metric(narrow, "istmo_requests_inside") == 0
    refused = narrow.as_("pan").post("/v1/bulletins", json=bulletin())
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert narrow.as_("analyst").get("/v1/bulletins").status_code == 200
    answer = b""
    while chunk := line.recv(65536):
        answer += chunk
    line.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 408 " in head.splitlines()[0]
    assert b"connection: close" in head.lower()
    assert json.loads(body)["code"] == "body-timeout"
    assert narrow.counts() == before
    assert ("publish_bulletin", "refused", "body-timeout") in narrow.audit()
    assert metric(narrow, "istmo_bodies_arriving") == 0
    assert narrow.as_("pan").post("/v1/bulletins", json=bulletin()).status_code == 201


def test_a_sender_that_hangs_up_gives_everything_back(narrow: Served):
    line = upload(narrow, 1000)
    wait_until(lambda: metric(narrow, "istmo_bodies_arriving") == 1)
    line.close()
    wait_until(lambda: metric(narrow, "istmo_bodies_arriving") == 0)
    assert metric(narrow, "istmo_requests_inside") == 0
    assert metric(narrow, 'istmo_requests_total{method="POST",operation="publish_bulletin",status="499"}') == 1
    assert narrow.as_("pan").post("/v1/bulletins", json=bulletin()).status_code == 201
