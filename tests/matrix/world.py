"""One node with a document for each owner, marking and audience, with histories and withdrawals, and callers of every kind."""

import http.client
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alert_oracle import FiledAlert, FiledAnswer
from bodies import bulletin, cells, revise, withdraw
from route_oracle import Filed
from serving import Served, serving
from visibility_oracle import Client, Document, Marking

from app.access.clients import NewClient, create
from app.core.backup import fill as put
from app.core.db import Base
from app.exchange.backup import back_up
from app.exchange.node import open_database
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
    """The node, what was filed, the log by (id, version) in its order, and one connection a caller."""

    served: Served
    filed: list[Filed] = field(default_factory=list)
    alerts: list[FiledAlert] = field(default_factory=list)
    answers: list[FiledAnswer] = field(default_factory=list)
    log: list[tuple[str, int]] = field(default_factory=list)
    waiting: list[Any] = field(default_factory=list)
    seen: str = ""
    _open: dict[str, http.client.HTTPConnection] = field(default_factory=dict)
    _used: dict[str, float] = field(default_factory=dict)

    def served_by(self, served: Served) -> "World":
        """The same documents, asked of another server over the same node."""
        return World(served, self.filed, self.alerts, self.answers, self.log, self.waiting, self.seen)

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

    def do(self, who: str, method: str, path: str, body: object, document: Mapping[str, object] | None = None) -> dict[str, object]:
        """One write that is done, against the version that is given."""
        match = {"If_Match": f'"{document["id"]}.v{document["version"]}"'} if document else {}
        answer = self.ask(who, method, path, body, **match)
        assert answer.status in {200, 201}, (who, method, path, body, answer.body)
        return answer.json()

    def _body(self, state: str, number: int, sent: Sent) -> dict[str, object]:
        tlp, audience = sent
        return bulletin(
            reporting_state=state,
            publisher="ONE-PUB",
            period=f"{2000 + number // 12}-{number % 12 + 1:02}",
            cells=cells(VEN=1_000_000 + number),
            tlp=tlp,
            audience=None if audience is None else list(audience),
        )

    def file_all(self, writer: str, wanted: Sequence[tuple[str, Sent]]) -> None:
        """Publish bulletins of one version each, together: (State, marking)."""
        start = len(self.filed)
        bodies = [self._body(state, start + at, sent) for at, (state, sent) in enumerate(wanted)]
        made = self.do(writer, "POST", "/v1/bulletins/batch", {"bulletins": bodies})["bulletins"]
        for (state, sent), receipt in zip(wanted, made, strict=True):
            self._keep(writer, state, receipt["id"], [marking_of(sent)], frozenset(), gone=False)

    def file(self, writer: str, state: str, *versions: Sent | str) -> None:
        """Publish, revise, withdraw and erase: a version is a marking and an audience, or "withdrawn" and "erased", which keep both."""
        number, client = len(self.filed), self.served.as_(writer)
        first, *others = versions
        document = self.do(writer, "POST", "/v1/bulletins", self._body(state, number, first))
        markings = [marking_of(first)]
        for sent in others:
            if sent == "erased":
                self.do(writer, "POST", f"/v1/bulletins/{document['id']}/erase", {"reason": "x"}, document)
            elif sent == "withdrawn":
                document = withdraw(client, document)
                markings.append(markings[-1])
            else:
                document = revise(client, document, **self._body(state, number, sent))
                markings.append(marking_of(sent))
        withdrawals = frozenset(at for at, sent in enumerate(versions, 1) if sent == "withdrawn")
        self._keep(writer, state, document["id"], markings, withdrawals, gone="erased" in versions)

    def _keep(self, writer: str, state: str, document_id: str, markings: list[Marking], withdrawals: frozenset[int], *, gone: bool) -> None:
        origin, issuer = party_of(writer)
        known = Document(document_id, origin, issuer, state, tuple(markings), gone=gone)
        filed = Filed(known, withdrawals, 1_000_000 + len(self.filed))
        self.filed.append(filed)
        self.log += [(document_id, version) for version in range(1, filed.newest + 1 + gone)]


def marking_of(sent: Sent) -> Marking:
    """A marking as it was sent: without an audience it is for both conferences."""
    tlp, audience = sent
    return Marking(tlp, BOTH if audience is None else audience)


def party_of(writer: str) -> tuple[str, str]:
    """The conference and the office for which a caller writes."""
    client = CALLERS[writer]
    assert client is not None
    return client.conference, f"{client.conference}/{client.state or 'secretariat'}"


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
    """Documents whose newest version is stricter or looser than an earlier one, or takes it back, or that are gone for good."""
    green, strict, secret = ("GREEN", None), ("AMBER+STRICT", BOTH), ("RED", (f"{own}/secretariat",))
    yield from ((green, secret), (green, strict), (secret, green), (("AMBER", (own,)), ("AMBER", (other,))), (green, secret, green))
    yield from ((green, "withdrawn"), (("AMBER", BOTH), "withdrawn"), (green, "withdrawn", green), (green, secret, "withdrawn"))
    yield (("AMBER", (own,)), green, ("AMBER", (other,)), "erased")


def fill(world: World) -> None:
    """A bulletin for each owner, marking and audience."""
    for writer, own, other, named, abroad, states, partner in (
        ("rcm", "RCM", "SACM", "RCM/PAN", "SACM/BRA", ("HND", "CRI"), ("pan", "PAN", "RCM/HND")),
        ("sacm", "SACM", "RCM", "SACM/BRA", "RCM/HND", ("ARG", "ECU"), ("bra", "BRA", "SACM/ARG")),
    ):
        world.file_all(writer, [(states[at % 2], sent) for at, sent in enumerate(markings(own, other, named, abroad))])
        world.file_all(partner[0], [(partner[1], sent) for sent in partner_markings(own, partner[2])])
        for sent in histories(own, other):
            world.file(writer, states[0], *sent)


@contextmanager
def peopled(settings: Settings) -> Iterator[World]:
    """A node with a client of every kind and no document yet."""
    with serving(settings) as served:
        with served.node.db.write() as session:
            served.keys = {**served.keys, **{name: create(session, wanted).api_key for name, wanted in MORE.items()}}
        world = World(served)
        yield world
        world.hang_up(*CALLERS)


@contextmanager
def carried(world: World, url: str, file: Path) -> Iterator[World]:
    """The same documents in another store, at the revision that the first one has: a backup, the new `file`, brings them there row by row."""
    node = world.served.node
    settings = node.settings.model_copy(update={"database_url": url})
    copy, db = back_up(node.db, node.secrets, file), open_database(settings)
    with db.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
        put(session.connection(), copy)
    db.dispose()
    with serving(settings, keys=world.served.keys) as served:
        made = world.served_by(served)
        yield made
        made.hang_up(*CALLERS)
