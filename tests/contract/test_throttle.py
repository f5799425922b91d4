"""429 over HTTP: who asks too fast, who guesses keys, and what X-Forwarded-For is worth (contract: Limits)."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Served, serving, settings_for
from signing import client_id, me, secret, token
from sqlalchemy import event, text

from app.access.clients import disable

Headers = list[tuple[str, str]]


@contextmanager
def node(store_url: str, folder: Path, **settings: Any) -> Iterator[Served]:
    with serving(settings_for(store_url, folder, **settings)) as served:
        yield served


def guess(served: Served, headers: Headers = [], path: str = "/v1/me") -> httpx.Response:  # noqa: B006 - never changed
    return served.as_(None).get(path, headers=[("Authorization", "Bearer istmo_nosuchclient_x"), *headers])


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def statements(served: Served) -> list[str]:
    seen: list[str] = []
    for engine in (served.node.db.reader, served.node.db.writer):
        event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: seen.append(statement))
    served.node.db.watchers.append(seen.append)
    return seen


def addresses(served: Served) -> list[str]:
    with served.node.db.read() as session:
        return list(session.scalars(text("SELECT address FROM audit WHERE code = 'unauthenticated' ORDER BY id")))


def test_a_client_that_asks_too_fast_is_told_when_to_go_on_and_costs_the_store_nothing(store_url: str, tmp_path: Path):
    with node(store_url, tmp_path, requests_per_second=1, request_burst=20) as served:
        answers = [served.as_("pan").get("/v1/me") for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}
        seen = statements(served)
        refused = served.as_("pan").get("/v1/me")
        written = served.as_("pan").post("/v1/bulletins", json={})
        assert code(refused) == code(written) == (429, "too-many-requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert [statement for statement in seen if not statement.startswith("BEGIN")] == []
        assert served.as_("hnd").get("/v1/me").status_code == 200


def test_key_basic_and_token_of_one_client_share_its_rate(store_url: str, tmp_path: Path):
    with node(store_url, tmp_path, requests_per_second=1, request_burst=12) as served:
        bearer = token(served)
        auth = (client_id(served, "pan"), secret(served, "pan"))
        for _ in range(3):
            answers = [me(served, bearer), me(served, served.keys["pan"]), served.as_(None).get("/v1/me", auth=auth)]
            assert [answer.status_code for answer in answers] == [200] * 3
        for _ in range(2):
            assert me(served, bearer).status_code == 200
        form = {"grant_type": "client_credentials"}
        refused = served.as_(None).post("/oauth/token", data=form, auth=auth)
        assert code(refused) == code(me(served, bearer)) == code(me(served, served.keys["pan"])) == (429, "too-many-requests")


def test_guessed_keys_are_refused_unread_and_a_known_good_one_still_passes(store_url: str, tmp_path: Path):
    with node(store_url, tmp_path, failed_logins=5) as served:
        known = token(served)
        assert [served.as_("pan").get("/v1/me").status_code, me(served, known).status_code] == [200, 200]
        assert [code(guess(served)) for _ in range(5)] == [(401, "unauthenticated")] * 5
        before, seen = len(served.audit()), statements(served)
        refused = [
            guess(served),
            served.as_("hnd").get("/v1/me"),
            served.as_(None).post("/v1/bulletins", content=b"x" * 1000),
            served.as_(None).post("/v1/bulletins", content=b"{", headers={"Authorization": "Basic AAAA"}),
            served.as_(None).post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("a", "b")),
        ]
        assert {code(answer) for answer in refused} == {(429, "too-many-failed-logins")}
        assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in refused)
        assert [statement for statement in seen if not statement.startswith("BEGIN")] == []
        assert len(served.audit()) == before
        assert [served.as_("pan").get("/v1/me").status_code, me(served, known).status_code] == [200, 200]


def test_wrong_logins_at_oauth_count_too(store_url: str, tmp_path: Path):
    with node(store_url, tmp_path, failed_logins=2) as served:
        form = {"grant_type": "client_credentials", "token": "x"}
        answers = [served.as_(None).post(path, data=form, auth=("a", "b")) for path in ("/oauth/token", "/oauth/revoke", "/oauth/token")]
        assert [code(answer) for answer in answers] == [(401, "invalid-client")] * 2 + [(429, "too-many-failed-logins")]


def test_the_first_question_of_a_browser_is_no_failed_login_and_costs_no_statement(store_url: str, tmp_path: Path):
    with node(store_url, tmp_path, failed_logins=2) as served:
        seen = statements(served)
        assert {code(served.as_(None).get("/v1/me")) for _ in range(5)} == {(401, "unauthenticated")}
        assert seen == []
        assert served.as_("pan").get("/v1/me").status_code == 200
        assert [code(served.as_(None).post("/v1/me/rotate")) for _ in range(3)] == [(401, "unauthenticated")] * 2 + [
            (429, "too-many-failed-logins")
        ]


def test_a_disabled_client_that_was_known_good_is_refused_and_counts_as_a_guess(store_url: str, tmp_path: Path):
    with node(store_url, tmp_path, failed_logins=1) as served:
        assert served.as_("pan").get("/v1/me").status_code == 200
        with served.node.db.write() as session:
            disable(session, client_id(served, "pan"))
        answers = [served.as_("pan").get("/v1/me") for _ in range(2)]
        assert [code(answer) for answer in answers] == [(401, "unauthenticated"), (429, "too-many-failed-logins")]


SPOOFED: list[Headers] = [
    [("X-Forwarded-For", "203.0.113.1")],
    [("X-Forwarded-For", "203.0.113.2, 203.0.113.3")],
    [("Forwarded", "for=203.0.113.4")],
    [("X-Real-IP", "203.0.113.5")],
    [("X-Forwarded-For", "203.0.113.6"), ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")],
]


def test_a_spoofed_x_forwarded_for_changes_neither_the_count_nor_the_audit(store_url: str, tmp_path: Path):
    with node(store_url, tmp_path, failed_logins=5) as served:
        for headers in SPOOFED:
            wrong = [("Authorization", "Bearer istmo_nosuchclient_x"), *headers]
            assert code(served.as_(None).post("/v1/me/rotate", headers=wrong)) == (401, "unauthenticated")
        assert code(guess(served, [("X-Forwarded-For", "203.0.113.99")])) == (429, "too-many-failed-logins")
        assert addresses(served) == ["127.0.0.1"] * 5


@pytest.mark.parametrize(
    ("trusted", "headers", "address"),
    [
        ("127.0.0.1", [("X-Forwarded-For", "198.51.100.7")], "198.51.100.7"),
        ("127.0.0.0/8", [("X-Forwarded-For", "203.0.113.9, 198.51.100.7")], "198.51.100.7"),
        ("127.0.0.1, 10.0.0.0/8", [("X-Forwarded-For", "203.0.113.9, 198.51.100.7, 10.1.2.3")], "198.51.100.7"),
        ("127.0.0.1", [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "198.51.100.7")], "198.51.100.7"),
        ("127.0.0.1", [("X-Forwarded-For", "2001:db8::7")], "2001:db8::7"),
        ("127.0.0.1", [("X-Forwarded-For", "x" * 200)], "x" * 64),
        ("127.0.0.1", [("X-Forwarded-For", "")], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [("Forwarded", "for=203.0.113.4")], "127.0.0.1"),
        ("192.0.2.1", [("X-Forwarded-For", "198.51.100.7")], "127.0.0.1"),
    ],
)
def test_behind_a_trusted_proxy_the_rightmost_untrusted_address_counts(
    store_url: str, tmp_path: Path, trusted: str, headers: Headers, address: str
):
    with node(store_url, tmp_path, failed_logins=1, trusted_proxies=trusted) as served:
        wrong = base64.b64encode(b"a:b").decode()
        first = served.as_(None).post("/v1/me/rotate", headers=[("Authorization", f"Basic {wrong}"), *headers])
        assert code(first) == (401, "unauthenticated")
        assert addresses(served) == [address]
        assert code(guess(served, headers)) == (429, "too-many-failed-logins")
        elsewhere = guess(served, [("X-Forwarded-For", "192.0.2.200")])
        assert code(elsewhere)[0] == (429 if trusted == "192.0.2.1" else 401)


@pytest.mark.parametrize("trusted", ["*", "proxy.example", "10.0.0.0/33", "127.0.0.1,*"])
def test_only_addresses_and_networks_can_be_trusted(tmp_path: Path, trusted: str):
    with pytest.raises(ValueError, match="trusted_proxies"):
        settings_for("sqlite:///x.db", tmp_path, trusted_proxies=trusted)


def test_two_applications_in_one_process_count_apart(stores, tmp_path: Path):
    with (
        node(stores.ready("sqlite"), tmp_path / "a", failed_logins=1) as first,
        node(stores.ready("sqlite"), tmp_path / "b", failed_logins=1) as second,
    ):
        assert [code(guess(served))[0] for served in (first, first, second)] == [401, 429, 401]
