"""Items that wait, and who decides on them: kept as a kind keeps them, published by a kind's own way into projections and log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from bodies import bulletin
from serving import Served
from sqlalchemy.orm import Session

import app.main
from app.access.audit import Attempt, record
from app.access.callers import Caller
from app.access.clients import NewClient, create
from app.bulletins.projection import project
from app.core.clock import utc_now
from app.core.problems import Problem
from app.documents.versions import stamped
from app.exchange import waiting
from app.exchange.log import NewEntry, append, is_known
from app.exchange.models import WaitingItem
from app.exchange.node import Node
from app.exchange.waiting import Waiting
from app.wire.codes import Op, Role
from app.wire.ids import uuid7
from app.wire.problem import Finding

TITLE = "Informe de Zapaquilda Ventoquipa"
FOUND = Finding("text-to-confirm", pointer="/title/es", params={"offset": 11, "length": 21, "kind": "name", "excerpt": "Z… V…"})
REASON = {"pointer": "/title/es", "offset": 11, "reason": "place"}
SECOND = {"findings": [REASON]}
WHO = {
    "ana": NewClient(Role.SECRETARIAT, "RCM", person="Ana Inventada"),
    "ana-too": NewClient(Role.SECRETARIAT, "RCM", person="  ANA   inventada "),
    "bea": NewClient(Role.SECRETARIAT, "RCM", person="Bea Inventada"),
    "caro": NewClient(Role.SECRETARIAT, "RCM", person="Caro Inventada"),
    "south": NewClient(Role.SECRETARIAT, "SACM", person="Dora Inventada"),
}


def release(session: Session, node: Node, payload: Mapping[str, Any], attempt: Attempt) -> Sequence[tuple[str, int]]:
    """Publish what waited unless its id is taken by now."""
    if is_known(session, payload["id"]):
        raise Problem("review-stale")
    now = utc_now()
    document = stamped(payload["content"], document_id=payload["id"], version=1, issuer=payload["issuer"], created_at=now, now=now)
    project(session, document)
    append(session, node.signer, [NewEntry(Op.PUBLISH, document)])
    record(session, attempt, "created", [(payload["id"], 1)])
    return [(payload["id"], 1)]


def resubmit(node: Node, caller: Caller, payload: Mapping[str, Any], body: Any) -> Waiting:
    """What is sent anew waits where its title names somebody, and until `publish_at`."""
    del node, caller
    title = body["title"]["es"]
    due = datetime.fromisoformat(body["publish_at"]) if body.get("publish_at") else None
    content = {**payload["content"], "title": body["title"]}
    found = [FOUND] if title == TITLE else []
    return Waiting(
        "bulletin", "RCM", payload["issuer"], [content], {**payload, "content": content}, found, ["one"], due, needs_review=bool(found)
    )


@dataclass
class Room:
    """A node with officers who are known by name, and items that wait on it."""

    served: Served

    def __post_init__(self) -> None:
        with self.served.node.db.write() as session:
            made = {name: create(session, wanted) for name, wanted in WHO.items()}
        self.served.keys = {**self.served.keys, **{name: each.api_key for name, each in made.items()}}
        self.clients = {name: each.client_id for name, each in made.items()}

    def __call__(self, who: str | None) -> httpx.Client:
        return self.served.as_(who)

    def caller(self, who: str) -> Caller:
        """The caller that one of the officers is."""
        wanted = WHO[who]
        return Caller(self.clients[who], wanted.role, wanted.conference, wanted.state, 4, wanted.person)

    def hold(
        self,
        who: str = "ana",
        *,
        period: str = "2022-10",
        found: Sequence[Finding] = (FOUND,),
        in_s: float | None = None,
        tlp: str = "GREEN",
        issuer: str | None = None,
        places: Sequence[str] = (),
    ) -> str:
        """Keep a bulletin that names somebody, or one that waits for its minute alone; gives its id."""
        sent = bulletin(period=period, title={"es": TITLE}, tlp=tlp)
        content = self(who).post("/v1/bulletins/check", json=sent).json()["bulletin"]
        caller = self.caller(who)
        payload = {"id": uuid7(), "content": content, "issuer": issuer or caller.office}
        due = None if in_s is None else utc_now() + timedelta(seconds=in_s)
        wanted = Waiting("bulletin", "RCM", payload["issuer"], [content], payload, found, places, due, needs_review=bool(found))
        with self.served.node.db.write() as session:
            return waiting.hold(session, self.served.node.secrets, caller, wanted).id

    def payload(self, item: str) -> dict[str, Any]:
        """What an item's release is given."""
        with self.served.node.db.read() as session:
            content = waiting.read(self.served.node.secrets, session.get_one(WaitingItem, item))
        assert content is not None
        return content["payload"]

    def seen(self, item: str, who: str = "rcm") -> dict[str, Any]:
        """The item as somebody sees it."""
        answer = self(who).get(f"/v1/reviews/{item}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def decide(self, who: str, verb: str, item: str, body: Any = None, *, version: int | str = 1, **headers: str) -> httpx.Response:
        """Decide on an item in a version: confirm, reject, cancel; `put` replaces it."""
        tagged = {"If-Match": f'"{item}.r{version}"', **headers}
        if verb == "put":
            return self(who).put(f"/v1/reviews/{item}", json=body, headers=tagged)
        how = {} if body is None else {"json": body}
        return self(who).post(f"/v1/reviews/{item}/{verb}", headers=tagged, **how)

    def periods(self) -> list[str]:
        """Periods of the bulletins that are published."""
        return [each["period"] for each in self("rcm").get("/v1/bulletins").json()["items"]]


@pytest.fixture
def as_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bulletins are released and sent anew as above."""
    kind = replace(app.main.KINDS["bulletin"], release=release, resubmit=resubmit)
    monkeypatch.setitem(app.main.KINDS, "bulletin", kind)  # type: ignore[arg-type]
