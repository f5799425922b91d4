"""One node with a document for each owner, marking and audience, with histories and withdrawals, and callers of every kind."""

import http.client
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bodies import bulletin, cells, revise, withdraw
from route_oracle import Filed
from serving import Served, serving
from visibility_oracle import Client, Document, Marking

from app.access.clients import NewClient, create
from app.settings import Settings
from app.wire.codes import TLP, Role

CALLERS: Mapping[str, Client | None] = {
    "nobody": None,
    "operator": Client("operator", "RCM", None, "RED"),
    "rcm": Client("secretariat", "RCM", None, "RED"),
    "sacm": Client("secretariat", "SACM", None, "RED"),
    "low-sacm": Client("secretariat", "SACM", None, "GREEN"),
    "pan": Client("partner", "RCM", "PAN", "RED"),
    "hnd": Client("partner", "RCM", "HND", "RED"),
    "bra": Client("partner", "SACM", "BRA", "RED"),
    "analyst": Client("analyst", "SACM", None, "GREEN"),
    "amber-analyst": Client("analyst", "SACM", None, "AMBER"),
    "red-analyst": Client("analyst", "RCM", None, "RED"),
    "peer": Client("peer", "SACM", None, "RED"),
    "rcm-peer": Client("peer", "RCM", None, "RED"),
}
MORE = {
    "low-sacm": NewClient(Role.SECRETARIAT, "SACM", ceiling=TLP.GREEN),
    "red-analyst": NewClient(Role.ANALYST, "RCM", ceiling=TLP.RED),
    "rcm-peer": NewClient(Role.PEER, "RCM"),
}
"""What the callers of other tests lack: a ceiling below the role's, one above, the peer of the other conference."""

Sent = tuple[str, tuple[str, ...] | None]
BOTH = ("RCM", "SACM")
IDLE_S = 2.0
"""After this a connection is opened anew: the server closes one that idles for 5 s."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name), "")

    def json(self) -> dict[str, object]:
        return json.loads(self.body)

    @property
    def still(self) -> tuple[object, ...]:
        """All of it that may not differ: without the request's id and date."""
        headers = [pair for pair in self.headers if pair[0] not in {"date", "x-request-id"}]
        return self.status, headers, re.sub(rb'"request_id":"[^"]+"', b"", self.body)


@dataclass
class World:
    """The node, what was filed in the order of the log, and one connection a caller."""

    served: Served
    filed: list[Filed] = field(default_factory=list)
    log: list[tuple[Filed, int]] = field(default_factory=list)
    _open: dict[str, http.client.HTTPConnection] = field(default_factory=dict)
    seen: str = ""
    _used: dict[str, float] = field(default_factory=dict)

    def ask(self, who: str, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """One request of one caller; `body` is sent as JSON, bytes as they are."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who != "nobody":
            sent["Authorization"] = f"Bearer {self.served.keys[who]}"
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        answer = self._send(who, method, path, raw, sent)
        return Answer(answer.status, tuple((name.lower(), value) for name, value in answer.getheaders()), answer.read())

    def _send(self, who: str, method: str, path: str, raw: bytes | None, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        now = time.monotonic()
        if who not in self._open or now - self._used[who] > IDLE_S:
            self.hang_up(who)
            self._open[who] = http.client.HTTPConnection(urlsplit(self.served.url).netloc, timeout=60)
        self._used[who] = now
        self._open[who].request(method, path, raw, dict(headers))
        return self._open[who].getresponse()

    def hang_up(self, *callers: str) -> None:
        """Close the connections of callers."""
        for who in callers:
            if who in self._open:
                self._open[who].close()

    def file(self, writer: str, state: str, *versions: Sent | str) -> Filed:
        """Publish, revise and withdraw: a version is a marking and an audience, or "withdrawn", which keeps both."""
        number = len(self.filed)
        body = {
            "reporting_state": state,
            "publisher": "ONE-PUB",
            "period": f"{2000 + number // 12}-{number % 12 + 1:02}",
            "cells": cells(VEN=1_000_000 + number),
        }
        client, documents, markings = self.served.as_(writer), [], []
        for sent in versions:
            if isinstance(sent, str):
                documents.append(withdraw(client, documents[-1]))
                markings.append(markings[-1])
                continue
            tlp, audience = sent
            marked = {**body, "tlp": tlp, "audience": None if audience is None else list(audience)}
            if documents:
                documents.append(revise(client, documents[-1], **marked))
            else:
                answer = client.post("/v1/bulletins", json=bulletin(**marked))
                assert answer.status_code == 201, answer.text
                documents.append(answer.json())
            markings.append(Marking(tlp, BOTH if audience is None else audience))
        first = documents[0]
        known = Document(first["id"], first["origin"], first["issuer"], state, tuple(markings))
        withdrawals = frozenset(at for at, sent in enumerate(versions, 1) if isinstance(sent, str))
        filed = Filed(known, withdrawals, 1_000_000 + number)
        self.filed.append(filed)
        self.log += [(filed, version) for version in range(1, filed.newest + 1)]
        return filed


def markings(own: str, other: str, named: str, abroad: str) -> Iterator[Sent]:
    """Every colour with every kind of audience that a secretariat may name."""
    yield from (("CLEAR", None), ("GREEN", None), ("GREEN", (own,)))
    yield from (("AMBER", audience) for audience in (BOTH, (own,), (other,), (), (named,), (abroad,)))
    yield from (("AMBER+STRICT", audience) for audience in (BOTH, (own,), (other,), (f"{other}/secretariat", named)))
    yield from (("RED", audience) for audience in (BOTH, (), (f"{own}/secretariat",), (f"{other}/secretariat",), (named,), (abroad,)))


def partner_markings(own: str, named: str) -> Iterator[Sent]:
    """What a partner may choose: its own conference or offices in it."""
    yield from (("CLEAR", None), ("GREEN", None), ("AMBER", (own,)), ("AMBER", (named,)), ("AMBER+STRICT", (own,)), ("RED", (named,)))


def histories(own: str, other: str) -> Iterator[tuple[Sent | str, ...]]:
    """Documents whose newest version is stricter or looser than an earlier one, or takes it back."""
    green, strict, secret = ("GREEN", None), ("AMBER+STRICT", BOTH), ("RED", (f"{own}/secretariat",))
    yield from ((green, secret), (green, strict), (secret, green), (("AMBER", (own,)), ("AMBER", (other,))), (green, secret, green))
    yield from ((green, "withdrawn"), (("AMBER", BOTH), "withdrawn"), (green, "withdrawn", green), (green, secret, "withdrawn"))


def fill(world: World) -> None:
    """A document for each owner, marking and audience."""
    for writer, own, other, named, abroad, states, partner in (
        ("rcm", "RCM", "SACM", "RCM/PAN", "SACM/BRA", ("HND", "CRI"), ("pan", "PAN", "RCM/HND")),
        ("sacm", "SACM", "RCM", "SACM/BRA", "RCM/HND", ("ARG", "ECU"), ("bra", "BRA", "SACM/ARG")),
    ):
        for at, sent in enumerate(markings(own, other, named, abroad)):
            world.file(writer, states[at % 2], sent)
        for sent in partner_markings(own, partner[2]):
            world.file(partner[0], partner[1], sent)
        for sent in histories(own, other):
            world.file(writer, states[0], *sent)


@contextmanager
def filled(settings: Settings, *, judged: bool = True) -> Iterator[World]:
    """A node with all of it; where a fault is planted its answers are not held against the API description."""
    with serving(settings, judged=judged) as served:
        with served.node.db.write() as session:
            served.keys = {**served.keys, **{name: create(session, wanted).api_key for name, wanted in MORE.items()}}
        world = World(served)
        fill(world)
        yield world
        world.hang_up(*CALLERS)
