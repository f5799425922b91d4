"""Clients: made with one role, shown their secret once, given a new one, disabled; each act audited (contract: Parties, Command line)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from app.access.clients import NewClient, create, disable, listed, rotate
from app.core.db import Database
from app.core.problems import Problem
from app.wire.codes import TLP, Role

NOW = datetime(2024, 3, 11, 12, tzinfo=UTC)


def audited(db: Database) -> list[tuple[str, str, str | None]]:
    with db.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT action, outcome, document_id FROM audit ORDER BY id"))]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", [None, "PAN"])
def test_a_partner_has_one_state_and_nobody_else_has_any(db: Database, role: Role, state: str | None):
    wanted = NewClient(role, "RCM", state)
    if (role is Role.PARTNER) == (state is not None):
        with db.write() as session:
            create(session, wanted)
        with db.read() as session:
            assert [(client.role, client.conference, client.state) for client in listed(session)] == [(role.value, "RCM", state)]
        return
    with pytest.raises(Problem) as refused, db.write() as session:
        create(session, wanted)
    with db.read() as session:
        assert (refused.value.code, refused.value.status, listed(session)) == ("client-invalid", 422, [])
    assert audited(db) == []


def test_the_ceiling_is_green_for_analysts_and_red_for_the_others_unless_named(db: Database):
    wanted = [NewClient(role, "RCM", "PAN" if role is Role.PARTNER else None) for role in Role]
    wanted += [NewClient(Role.ANALYST, "RCM", ceiling=TLP.AMBER), NewClient(Role.SECRETARIAT, "RCM", ceiling=TLP.CLEAR)]
    with db.write() as session:
        ids = [create(session, each).client_id for each in wanted]
    with db.read() as session:
        found = {client.id: (client.role, client.ceiling) for client in listed(session)}
    assert [found[client] for client in ids] == [
        ("operator", 4),
        ("secretariat", 4),
        ("partner", 4),
        ("analyst", 1),
        ("peer", 4),
        ("analyst", 2),
        ("secretariat", 0),
    ]


def test_id_and_secret_are_drawn_and_make_one_key(db: Database):
    with db.write() as session:
        made = [create(session, NewClient(Role.ANALYST, "RCM")) for _ in range(20)]
    assert all(re.fullmatch(r"[a-km-np-z2-9]{12}", key.client_id) for key in made)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", key.secret) for key in made)
    assert len({key.client_id for key in made} | {key.secret for key in made}) == 40
    assert all(key.api_key == f"istmo_{key.client_id}_{key.secret}" for key in made)


def test_clients_are_listed_oldest_first_with_what_was_said_of_them(db: Database):
    for age, name in ((3, "old"), (1, "new"), (2, "middle")):
        with time_machine.travel(NOW - timedelta(days=age), tick=False), db.write() as session:
            create(session, NewClient(Role.ANALYST, "SACM", name=name, person="Ana", expires_at=NOW))
    with db.read() as session:
        found = [(client.name, client.person, client.expires_at, client.created_at, client.disabled_at) for client in listed(session)]
    assert found == [(name, "Ana", NOW, NOW - timedelta(days=age), None) for age, name in ((3, "old"), (2, "middle"), (1, "new"))]


def test_a_new_secret_replaces_the_old_one_and_nothing_else(db: Database):
    with db.write() as session:
        first, other = (create(session, NewClient(Role.ANALYST, "RCM", person="Ana")) for _ in range(2))
    with db.read() as session:
        before = {row.id: row for row in session.execute(text("SELECT * FROM client"))}
    with db.write() as session:
        second = rotate(session, first.client_id)
    with db.read() as session:
        after = {row.id: row for row in session.execute(text("SELECT * FROM client"))}
    assert (second.client_id, second.secret != first.secret) == (first.client_id, True)
    assert after[other.client_id] == before[other.client_id]
    changed = {
        name
        for name, old, new in zip(before[first.client_id]._fields, before[first.client_id], after[first.client_id], strict=True)
        if old != new
    }
    assert changed == {"secret_sha256", "tokens_from"}


def test_a_disabled_client_keeps_its_row_and_its_first_instant(db: Database):
    with db.write() as session:
        key = create(session, NewClient(Role.ANALYST, "RCM"))
    for days in (0, 1):
        with time_machine.travel(NOW + timedelta(days=days), tick=False), db.write() as session:
            disable(session, key.client_id)
    with db.read() as session:
        assert [(client.id, client.disabled_at) for client in listed(session)] == [(key.client_id, NOW)]


def test_every_act_leaves_its_audit_row_and_a_failed_one_none(db: Database):
    with db.write() as session:
        key = create(session, NewClient(Role.ANALYST, "RCM"))
    with db.write() as session:
        rotate(session, key.client_id)
        disable(session, key.client_id)
    expected = [
        ("clients.create", "done", key.client_id),
        ("clients.rotate", "done", key.client_id),
        ("clients.disable", "done", key.client_id),
    ]
    assert audited(db) == expected
    with pytest.raises(ZeroDivisionError), db.write() as session:
        create(session, NewClient(Role.ANALYST, "RCM"))
        raise ZeroDivisionError
    for act in (rotate, disable):
        with pytest.raises(Problem) as refused, db.write() as session:
            act(session, "nosuchclient")
        assert refused.value.code == "client-unknown"
    assert audited(db) == expected
