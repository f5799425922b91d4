"""GET /v1/me and POST /v1/me/rotate: what the caller is, and a new secret with seven days of overlap (contract: access)."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from serving import CLIENTS, Served
from signing import client_id, me, secret, token
from sqlalchemy import text

from app.access.clients import NewClient, create, rotate
from app.wire.codes import Role


def key(made: dict[str, Any]) -> str:
    return made["api_key"]


def renew(served: Served, bearer: str, **more: Any) -> httpx.Response:
    return served.as_(None).post("/v1/me/rotate", headers={"Authorization": f"Bearer {bearer}"}, **more)


def good(served: Served, *bearers: str) -> list[bool]:
    return [me(served, bearer).status_code == 200 for bearer in bearers]


def later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@pytest.mark.parametrize("who", CLIENTS)
def test_every_client_sees_itself(served: Served, who: str):
    shown = served.as_(who).get("/v1/me").json()
    wanted = CLIENTS[who]
    office = {Role.SECRETARIAT: f"{wanted.conference}/secretariat", Role.PARTNER: f"{wanted.conference}/{wanted.state}"}.get(wanted.role)
    ceiling = wanted.ceiling.value if wanted.ceiling else "GREEN" if wanted.role is Role.ANALYST else "RED"
    expected = {"role": wanted.role.value, "conference": wanted.conference, "state": wanted.state, "office": office, "ceiling": ceiling}
    assert {name: shown.pop(name) for name in expected} == expected
    assert (shown.pop("client_id"), shown.pop("created_at")[-1]) == (client_id(served, who), "Z")
    assert shown == {"person": None, "name": None, "expires_at": None, "previous_secret_until": None}


def test_a_client_sees_what_was_said_of_it(served: Served):
    ends = datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)
    with served.node.db.write() as session:
        made = create(session, NewClient(Role.ANALYST, "RCM", person="Ana", name="boletín", expires_at=ends))
    shown = me(served, made.api_key).json()
    assert (shown["person"], shown["name"], shown["expires_at"]) == ("Ana", "boletín", "2199-12-31T23:59:59.000000Z")


def test_a_new_secret_is_shown_once_and_the_old_one_is_good_for_seven_days(served: Served):
    old = served.keys["pan"]
    answer = renew(served, old)
    made = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert made["api_key"] == f"istmo_{client_id(served, 'pan')}_{made['secret']}"
    until = datetime.fromisoformat(made["previous_secret_until"])
    assert abs(until - later(7)) < timedelta(minutes=1)
    assert good(served, old, key(made)) == [True, True]
    assert me(served, old).json() == me(served, key(made)).json()
    assert me(served, old).json()["previous_secret_until"] == made["previous_secret_until"]
    with time_machine.travel(until - timedelta(seconds=5)):
        assert good(served, old, key(made)) == [True, True]
    with time_machine.travel(until):
        assert good(served, old, key(made)) == [False, True]
        assert me(served, key(made)).json()["previous_secret_until"] is None
    assert served.audit().count(("rotate_own_secret", "done", None)) == 1


def test_asked_again_with_the_old_secret_the_lost_one_is_replaced_and_the_old_ones_date_stays(served: Served):
    old = served.keys["pan"]
    lost = renew(served, old).json()
    with time_machine.travel(later(3)):
        made = renew(served, old).json()
        assert made["previous_secret_until"] == lost["previous_secret_until"]
        assert good(served, old, key(lost), key(made)) == [True, False, True]
    with time_machine.travel(later(7.1)):
        assert good(served, old, key(made)) == [False, True]
        assert renew(served, old).status_code == 401


def test_asked_with_the_new_secret_the_first_one_ends_at_once(served: Served):
    first = served.keys["pan"]
    second = renew(served, first).json()
    third = renew(served, key(second)).json()
    assert good(served, first, key(second), key(third)) == [False, True, True]


def test_a_token_rotates_as_the_current_secret_would_and_stays_good(served: Served):
    bearer, old = token(served), served.keys["pan"]
    made = renew(served, bearer).json()
    assert good(served, bearer, old, key(made)) == [True, True, True]
    next_one = renew(served, bearer).json()
    assert good(served, bearer, old, key(made), key(next_one)) == [True, False, True, True]


def test_an_operators_rotation_ends_the_overlap(served: Served):
    old = served.keys["pan"]
    made = renew(served, old).json()
    with served.node.db.write() as session:
        newest = rotate(session, client_id(served, "pan"))
    assert good(served, old, key(made), newest.api_key) == [False, False, True]
    assert me(served, newest.api_key).json()["previous_secret_until"] is None


def test_of_rotations_at_once_the_old_secret_and_the_last_new_one_are_good(served: Served):
    old, start, made = served.keys["pan"], threading.Barrier(4), []

    def turn() -> None:
        with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client:
            start.wait()
            made.append(client.post("/v1/me/rotate", headers={"Authorization": f"Bearer {old}"}).json()["api_key"])

    threads = [threading.Thread(target=turn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (good(served, old), sorted(good(served, *made))) == ([True], [False, False, False, True])


def test_neither_idempotency_key_nor_parameters_are_taken_and_a_body_is_not_read(served: Served):
    keyed = served.as_("pan").post("/v1/me/rotate", headers={"Idempotency-Key": "1"})
    assert (keyed.status_code, keyed.json()["code"]) == (422, "idempotency-key-not-taken")
    asked = [served.as_("pan").post("/v1/me/rotate?x=1"), served.as_("pan").get("/v1/me?x=1")]
    assert [(answer.status_code, answer.json()["code"]) for answer in asked] == [(422, "invalid-query")] * 2
    with served.node.db.read() as session:
        assert session.execute(text("SELECT count(*) FROM client WHERE previous_sha256 IS NOT NULL")).scalar_one() == 0
    assert served.as_("pan").post("/v1/me/rotate", content=b"nonsense").status_code == 200


def test_the_secret_before_buys_a_token_while_it_is_good(served: Served):
    renew(served, served.keys["pan"])
    auth = (client_id(served, "pan"), secret(served, "pan"))
    form = {"grant_type": "client_credentials"}
    assert served.as_(None).post("/oauth/token", data=form, auth=auth).status_code == 200
    with time_machine.travel(later(7.1)):
        assert served.as_(None).post("/oauth/token", data=form, auth=auth).status_code == 401
