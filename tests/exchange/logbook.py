"""What the tests of the exchange publish and who reads it: real tables, real keys, no mocks."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from app.access.callers import Caller, authenticate
from app.access.clients import NewClient, create
from app.access.visibility import grantees_of, mark
from app.core.db import Database
from app.core.paging import CursorSeal
from app.core.secrets import Secrets
from app.exchange import feed, log, verify
from app.exchange.keys import Signer, initialise, load_signer
from app.settings import Settings
from app.wire.codes import TLP, Op, Role
from app.wire.ids import uuid7

BOTH = ("RCM", "SACM")
MARKER = "Tapachula"


def settings(folder: Path, conferences: str = "RCM,SACM") -> Settings:
    return Settings(_env_file=None, secrets_dir=folder, conferences=conferences, node="test-node")


def bulletin(document_id: str, version: int = 1, *, origin: str = "RCM", tlp: TLP = TLP.GREEN, kind: str = "bulletin") -> dict[str, object]:
    envelope = {"id": document_id, "kind": kind, "version": version, "status": "published", "origin": origin, "issuer": f"{origin}/PAN"}
    cells = [{"nationality": "SOM", "value": 31}, {"nationality": "_T", "value": 244}]
    measured = {"reporting_state": "PAN", "publisher": "PAN-SNM", "measure": "irregular_transit", "unit": "person", "stock_or_flow": "flow"}
    span = {"period": "2022-10", "period_start": "2022-10-01", "period_end": "2022-10-31", "accumulation": "period"}
    figures = {"figure_status": "provisional", "classification": "strict@1", "definition_code": "default", "nil_report": False}
    return {
        **envelope,
        "tlp": tlp.value,
        "audience": list(BOTH),
        "handling": [],
        "mandate": [],
        "lang": ["es"],
        "created_at": "2022-11-10T12:00:00.000000Z",
        "published_at": "2022-11-10T12:00:00.000000Z",
        **measured,
        **span,
        **figures,
        "dimensions": ["nationality"],
        "title": {"es": f"Tránsito por {MARKER} ñ"},
        "cells": cells,
        "route_points": [],
        "disclosure": {"policy": "rule(k)", "k": 5, "method": "pool", "certificate": None, "declared": 2, "shown": 2, "withheld": 0},
    }


@dataclass
class Logbook:
    """One node's log with what is needed to write into it and to read it as somebody."""

    db: Database
    secrets: Secrets
    signer: Signer
    seal: CursorSeal
    callers: dict[tuple[object, ...], Caller] = field(default_factory=dict)

    def write(self, documents: Iterable[tuple[Op, dict[str, object], Iterable[str]]]) -> list[log.Appended]:
        """Append documents in one transaction; each comes with its audience."""
        listed = list(documents)
        with self.db.write() as session:
            for _, document, audience in listed:
                tlp = TLP(str(document["tlp"]))
                always = {f"{document['origin']}/secretariat", str(document["issuer"])}
                grantees = grantees_of(tlp, audience, always)
                mark(session, str(document["id"]), int(str(document["version"])), tlp, grantees)
            return log.append(session, self.signer, [log.NewEntry(op, document) for op, document, _ in listed])

    def publish(self, tlp: TLP = TLP.GREEN, audience: Iterable[str] = BOTH, origin: str = "RCM", kind: str = "bulletin") -> str:
        document_id = uuid7()
        self.write([(Op.PUBLISH, bulletin(document_id, origin=origin, tlp=tlp, kind=kind), audience)])
        return document_id

    def revise(self, document_id: str, version: int, tlp: TLP = TLP.GREEN, audience: Iterable[str] = BOTH) -> None:
        self.write([(Op.REVISE, {**bulletin(document_id, version, tlp=tlp), "reason": "corrected"}, audience)])

    def withdraw(self, document_id: str, version: int, tlp: TLP = TLP.GREEN, audience: Iterable[str] = BOTH) -> None:
        taken_back = {**bulletin(document_id, version, tlp=tlp), "status": "withdrawn", "reason": "wrong table"}
        del taken_back["cells"]
        self.write([(Op.WITHDRAW, taken_back, audience)])

    def erase(self, document_id: str) -> None:
        """What an erasure leaves: the leaf, no body and no digest."""
        with self.db.write() as session:
            session.execute(text("UPDATE log_entry SET document = NULL, digest = NULL WHERE document_id = :id"), {"id": document_id})

    def erase_told(self, document_id: str) -> log.Receipt:
        """An erasure with the entry that tells of it."""
        with self.db.write() as session:
            return log.erase(session, self.signer, document_id)

    def caller(self, role: Role, conference: str = "RCM", state: str | None = None, ceiling: TLP | None = None) -> Caller:
        wanted = (role, conference, state, ceiling)
        if wanted not in self.callers:
            with self.db.write() as session:
                key = create(session, NewClient(*wanted)).api_key
            self.callers[wanted] = authenticate(self.db, f"Bearer {key}")
        return self.callers[wanted]

    def page(self, caller: Caller, cursor: str | None = None, **filters: object) -> feed.Page:
        with self.db.read() as session:
            return feed.page(session, caller, self.seal, log.head(session), feed.Question(cursor, **filters))  # type: ignore[arg-type]

    def pages(self, caller: Caller, limit: int = 100, **filters: object) -> Iterator[feed.Page]:
        """Every page from the start to the end."""
        cursor = None
        for _ in itertools.count():
            page = self.page(caller, cursor, limit=limit, **filters)
            yield page
            if not page.has_more:
                return
            cursor = page.next_cursor

    def items(self, caller: Caller, **filters: object) -> list[dict[str, object]]:
        return [item for page in self.pages(caller, **filters) for item in page.items]

    def faults(self) -> list[verify.Fault]:
        with self.db.read() as session:
            return list(verify.faults(session))

    def entries(self) -> list[log.Entry]:
        with self.db.read() as session:
            return list(log.entries(session))


def begin(db: Database, folder: Path) -> Logbook:
    """A new node that authors both conferences."""
    secrets = Secrets(folder)
    with db.write() as session:
        initialise(session, secrets, settings(folder))
    with db.read() as session:
        return Logbook(db, secrets, load_signer(session, secrets), CursorSeal(secrets.hmac_key("cursor")))
