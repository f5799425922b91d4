"""Who sees a document: the product's one statement against an oracle that is written from contract.md alone (guarantees 4)."""

import functools
import itertools
import random
from collections.abc import Iterator

import pytest
from sqlalchemy import event, text
from visibility_oracle import LADDER, STATES, Client, Document, Marking, sees, sees_marking

from app.access.callers import Caller
from app.access.visibility import could_see, forget_marks, mark_all, visible_documents, visible_to
from app.bulletins.projection import _mark
from app.core.db import Database
from app.wire.codes import Role

# ---- what is compared -------------------------------------------------------------------------------------------------------------
AUDIENCES: tuple[tuple[str, ...], ...] = (
    ("RCM", "SACM"),
    ("RCM",),
    ("SACM",),
    ("RCM/PAN",),
    ("SACM/secretariat",),
    ("RCM/secretariat", "SACM/BRA"),
    ("SACM", "RCM/HND"),
    ("RCM/presidency",),
    (),
)
MARKINGS = [Marking(tlp, audience) for tlp in LADDER for audience in AUDIENCES]
SOME = [Marking(tlp, audience) for tlp in LADDER for audience in (("RCM", "SACM"), ("RCM",), ("RCM/PAN", "SACM/secretariat"), ())]
OWNERS = [(origin, f"{origin}/{office}", state) for origin, states in STATES.items() for office in ("secretariat", states[0]) for state in (None, states[1])]  # fmt: skip
CLIENTS = [
    Client(role, conference, state, ceiling)
    for conference, states in STATES.items()
    for role in ("operator", "secretariat", "partner", "analyst", "peer")
    for state in (states if role == "partner" else (None,))
    for ceiling in LADDER
]


def documents() -> Iterator[Document]:
    """Every marking for every owner; every change between a choice of markings; histories of three versions drawn with a seed."""
    drawn, number = random.Random(20121105), itertools.count()
    for owner, marking in itertools.product(OWNERS, MARKINGS):
        yield Document(f"d{next(number)}", *owner, (marking,))
    for pair in itertools.product(SOME, SOME):
        yield Document(f"d{next(number)}", *drawn.choice(OWNERS), pair)
    for _ in range(300):
        yield Document(f"d{next(number)}", *drawn.choice(OWNERS), tuple(drawn.choices(MARKINGS, k=3)))


DOCUMENTS = list(documents())


def marked(db: Database) -> None:
    with db.write() as session:
        for document in DOCUMENTS:
            envelope = {"id": document.id, "origin": document.origin, "issuer": document.issuer}
            for version, marking in enumerate(document.versions, 1):
                written = envelope | {"version": version, "tlp": marking.tlp, "audience": list(marking.audience)}
                mark_all(session, [_mark(written, document.reporting_state)])


def caller(client: Client) -> Caller:
    return Caller("c", Role(client.role), client.conference, client.state, LADDER.index(client.ceiling), None)


VERSIONS = [(document, version) for document in DOCUMENTS for version in range(1, len(document.versions) + 1)]


@functools.cache
def by_the_contract(client: Client) -> tuple[set[tuple[str, int]], set[str], set[tuple[str, int]]]:
    """Versions that a client sees, documents whose newest it sees, and versions whose marking alone would let it: once for both stores."""
    return (
        {(document.id, version) for document, version in VERSIONS if sees(client, document, version)},
        {document.id for document in DOCUMENTS if sees(client, document, len(document.versions))},
        {(document.id, version) for document, version in VERSIONS if sees_marking(client, document, document.versions[version - 1])},
    )


def test_every_caller_sees_exactly_what_the_contract_says(db: Database):
    marked(db)
    seen_by = {}
    for client in CLIENTS:
        with db.read() as session:
            seen = [tuple(row) for row in session.execute(visible_to(caller(client)))]
            newest = list(session.scalars(visible_documents(caller(client)).distinct()))
            could = [tuple(row) for row in session.execute(could_see(caller(client)))]
        assert len(seen) == len(set(seen)), client
        seen_by[client] = frozenset(seen)
        assert (set(seen), set(newest), set(could)) == by_the_contract(client), client
    # The comparison says something only where callers differ: with each ceiling from AMBER on the two secretariats see different things.
    assert len({seen_by[client] for client in CLIENTS if client.role == "secretariat"}) == 2 + 2 * 3


def test_what_a_higher_ceiling_or_the_peer_of_a_conference_sees_holds_what_a_lower_one_or_an_office_sees():
    # The oracle is judged too: by facts of the contract that it does not spell out.
    for document in DOCUMENTS:
        for version, (conference, states) in itertools.product(range(1, len(document.versions) + 1), STATES.items()):
            peer = sees(Client("peer", conference, None, "RED"), document, version)
            offices = [Client("secretariat", conference, None, "RED"), *(Client("partner", conference, state, "RED") for state in states)]
            assert peer >= any(sees(office, document, version) for office in offices)
            rising = [sees(Client("partner", conference, states[0], ceiling), document, version) for ceiling in LADDER]
            assert rising == sorted(rising)


@pytest.mark.parametrize("sent", [("GREEN", "RED"), ("RED", "GREEN"), ("AMBER", "AMBER+STRICT"), ("AMBER+STRICT", "AMBER")])
def test_by_hand_a_change_of_colour_closes_both_versions_to_a_partner_of_the_other_conference(db: Database, sent: tuple[str, str]):
    with db.write() as session:
        for version, tlp in enumerate(sent, 1):
            document = {"id": "d", "version": version, "tlp": tlp, "origin": "RCM", "issuer": "RCM/PAN", "audience": ["RCM", "SACM"]}
            mark_all(session, [_mark(document, "PAN")])
    stricter_is_newest = sent[1] in {"RED", "AMBER+STRICT"}
    with db.read() as session:
        brazil = Caller("c", Role.PARTNER, "SACM", "BRA", 4, None)
        panama = Caller("c", Role.PARTNER, "RCM", "PAN", 4, None)
        assert [tuple(row) for row in session.execute(visible_to(brazil))] == ([] if stricter_is_newest else [("d", 2)])
        assert sorted(tuple(row) for row in session.execute(visible_to(panama))) == [("d", 1), ("d", 2)]


def test_only_the_last_version_is_the_newest_and_forgetting_leaves_no_mark(db: Database):
    with db.write() as session:
        for version in (1, 2, 3):
            document = {"id": "d", "version": version, "tlp": "AMBER", "origin": "RCM", "issuer": "RCM/PAN", "audience": ["SACM"]}
            mark_all(session, [_mark(document, None)])
    rows = text("SELECT version, grantee, conference, newest FROM document_access ORDER BY version, grantee")
    by_hand = [("RCM/PAN", "RCM"), ("RCM/secretariat", "RCM"), ("SACM", "SACM")]
    with db.read() as session:
        assert [tuple(row) for row in session.execute(rows)] == [
            (version, *party, version == 3) for version in (1, 2, 3) for party in by_hand
        ]
    with db.write() as session:
        forget_marks(session)
    with db.read() as session:
        assert session.execute(rows).all() == []


def test_a_later_version_is_marked_without_a_walk_over_all_documents(db: Database):
    plans: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "

    def note(_connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("UPDATE document_access"):
            beside = cursor.connection.cursor()  # type: ignore[attr-defined]
            beside.execute(explain + statement, parameters)
            plans.append("\n".join(str(row[-1]) for row in beside.fetchall()))

    event.listen(db.writer, "before_cursor_execute", note)
    with db.write() as session:
        if not db.is_sqlite:
            # Of so few rows the planner would rather read all; whether it can do otherwise is what is asked.
            session.execute(text("SET LOCAL enable_seqscan = off"))
        for version in (1, 2):
            documents = [
                {"id": each, "version": version, "tlp": "GREEN", "origin": "RCM", "issuer": "RCM/PAN", "audience": []} for each in "de"
            ]
            mark_all(session, [_mark(each, "PAN") for each in documents])
    assert len(plans) == 1
    assert "ix_document_access_newest_grantee" not in plans[0]
    assert ("PRIMARY KEY (document_id=?)" if db.is_sqlite else "pk_document_access") in plans[0]
