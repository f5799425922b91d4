"""Requests of all kinds at every route: never a 5xx, and every answer is as the API description says (guarantees 5)."""

import http.client
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import pytest
from answers import Seen, faults_of
from bodies import bulletin, cells, withdraw
from serving import CLIENTS, Served, serving, settings_for
from stores import Stores
from wire_cases import Case, Known, draw

from app.access.clients import NewClient, create
from app.main import description_of
from app.settings import Settings
from app.wire.codes import Role

SEED = 20121105
FIXED = "01920000-0000-7000-8000-0000000000{:02}"
LIMITS = {"body_limit": 200_000, "protection_queue": 1000, "batch_limit": 20, "file_rows_limit": 400}
SERVERS_OWN = b"Invalid HTTP request received."
"""What the HTTP server below says of bytes that are no request; no application sees them."""


@dataclass
class Fuzzed:
    """A node under fuzz, one connection to it, and how it answered."""

    served: Served
    known: Known
    statuses: Counter[int] = field(default_factory=Counter)
    _socket: socket.socket | None = None

    def faults(self, case: Case) -> list[str]:
        """Send a case; what is wrong with its answer, in words."""
        key = self.served.keys.get(case.who or "")
        sent = case.sent(b"Bearer " + key.encode() if key else None)
        reply = self._answered(case, sent)
        if reply is None:
            return ["no answer"] if case.framed else []
        self.statuses[reply.status] += 1
        if reply.status == 200 and case.target.startswith(b"/v1/me/rotate"):
            self.served.keys = {**self.served.keys, "spare": re.search(rb"istmo_\w+?_[\w-]+", reply.body or b"").group().decode()}
        if reply.status == 400 and (reply.body or SERVERS_OWN) == SERVERS_OWN:
            return []
        if reply.status >= 500:
            return [f"{reply.status}: {(reply.body or b'')[:300]!r}"]
        return faults_of(reply) if case.framed and case.method.isupper() else []

    def _answered(self, case: Case, sent: bytes) -> Seen | None:
        """The answer; on a connection that the server closed after the answer before, it is asked once more on a new one."""
        for fresh in (False, True):
            if fresh or not case.framed:
                self.hang_up()
            try:
                return self._exchange(case, sent)
            except (ConnectionError, http.client.HTTPException):
                self.hang_up()
                if not case.framed:
                    return None
        return None

    def _exchange(self, case: Case, sent: bytes) -> Seen:
        if self._socket is None:
            parts = urlsplit(self.served.url)
            self._socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(sent)
        if not case.framed:
            self._socket.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(self._socket, method=case.method)
        answer.begin()
        headers: dict[str, str] = {}
        for name, value in answer.getheaders():
            headers[name.lower()] = f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
        body = answer.read()
        closing = answer.will_close or not case.framed
        answer.close()
        if closing:
            self.hang_up()
        path = unquote(case.target.split(b"?")[0].split(b"#")[0].decode("latin-1"))
        return Seen(case.method, path, answer.status, headers, None if case.method == "HEAD" else body)

    def hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@contextmanager
def fuzzed(settings: Settings) -> Iterator[Fuzzed]:
    """A node with documents of some stories, and clients that may be rotated and disabled without harm."""
    with serving(settings) as served:
        with served.node.db.write() as session:
            spare = create(session, NewClient(Role.ANALYST, "RCM")).api_key
            others = [create(session, NewClient(Role.PARTNER, "RCM", "CRI")).client_id for _ in range(3)]
        served.keys = {**served.keys, "spare": spare}
        documents = tuple(FIXED.format(number) for number in range(8))
        for number, identifier in enumerate(documents):
            marked = {"tlp": ("GREEN", "AMBER", "RED")[number % 3], "audience": ["RCM/secretariat"] if number % 3 == 2 else None}
            body = bulletin(id=identifier, period=f"2012-{number + 1:02}", cells=cells(VEN=400, NPL=213, SOM=31), **marked)
            answer = served.as_("rcm").post("/v1/bulletins", json=body)
            assert answer.status_code == 201, answer.text
            if number > 5:
                withdraw(served.as_("rcm"), answer.json())
        callers = {role.value: tuple(name for name, client in CLIENTS.items() if client.role is role) for role in Role}
        made = Fuzzed(served, Known(description_of(), callers, (*documents, FIXED.format(99)), (*others, "nobodysclient")))
        try:
            yield made
        finally:
            made.hang_up()


def run(fuzz: Fuzzed, cases: range) -> None:
    """Every case of a range of seeds; the first that is answered wrongly is told so that it can be sent again."""
    began = time.monotonic()
    for number in cases:
        case = draw(fuzz.known, f"{SEED}/{number}")
        found = fuzz.faults(case)
        if found:
            pytest.fail(f"case {number} by {case.who}: {found}\n{case.curl('$URL')}\n{case.sent(None)[:3000]!r}", pytrace=False)
    took = time.monotonic() - began
    answers = ", ".join(f"{number} of {status}" for status, number in sorted(fuzz.statuses.items()))
    print(f"{len(cases)} cases in {took:.0f} s ({len(cases) / took:.0f}/s): {answers}")
    assert set(fuzz.statuses) >= {200, 201, 304, 400, 401, 403, 404, 405, 409, 412, 415, 422, 428}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_thousand_requests_of_all_kinds_are_answered_as_described_and_never_by_a_5xx(stores: Stores, tmp_path, kind: str):
    with fuzzed(settings_for(stores.ready(kind), tmp_path, **LIMITS)) as fuzz:
        run(fuzz, range(1_000))


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_fuzz_long_fifty_thousand_requests(stores: Stores, tmp_path, kind: str):
    with fuzzed(settings_for(stores.ready(kind), tmp_path, **LIMITS)) as fuzz:
        run(fuzz, range(1_000, 51_000))
