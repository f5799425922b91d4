"""The client as a script holds it: writes and their keys, the feed and its cursor, refusals by their kind, nothing told of a credential."""

import socket

import pytest
from loopback import Node, Says, problem

from app.client import (
    Conflict,
    Exists,
    Forbidden,
    Invalid,
    Istmo,
    NotFound,
    Refused,
    ResyncRequired,
    Stale,
    Throttled,
    Unauthenticated,
    Unreachable,
    Unusable,
    idempotency_key,
)

DRAFT = {"reporting_state": "PAN", "measure": "rescue", "unit": "person", "period": "2024-01", "nil_report": True}
MADE = Says({"id": "b1", "version": 1, "outcome": "created"}, status=201, headers={"ETag": '"b1.v1"'})


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_push_of_a_file_has_the_name_that_the_command_gives_it(tmp_path):
    file, options = tmp_path / "oct.csv", {"state": "PAN", "column": ["mes=period"], "sum_duplicates": True}
    file.write_bytes(b"period,value\n")
    with Node(Says({"bulletins": [{"id": "b1"}], "findings": []})) as node:
        for login in ({"key": "istmo_a_b"}, {"key": "istmo_a_c"}):
            with Istmo(node.url, **login) as istmo:
                done = istmo.push(str(file), **options, publisher=None)
        with Istmo(node.url, "istmo_a_b") as istmo:
            istmo.push(file, **options, dry_run=True)
    assert (done.bulletins, done.findings, done.waiting) == ([{"id": "b1"}], [], None)
    first, second, dry = node.asked
    assert first.headers["idempotency-key"] == idempotency_key("istmo_a_b", options, b"period,value\n")
    assert second.headers["idempotency-key"] != first.headers["idempotency-key"]
    assert "idempotency-key" not in dry.headers
    assert dry.query == {"state": ["PAN"], "column": ["mes=period"], "sum_duplicates": ["true"], "dry_run": ["true"]}


def test_writes_carry_a_key_each_of_their_own_which_every_try_reuses():
    with Node(problem(503, "busy"), Says({}, cut=True), MADE) as node, Istmo(node.url, "k") as istmo:
        done = istmo.publish(DRAFT, protect="withhold")
        istmo.publish(DRAFT)
        istmo.publish(DRAFT, idempotency_key="mine")
        istmo.publish_all([DRAFT, DRAFT])
        istmo.revise("b1", DRAFT, "late", '"b1.v1"')
        istmo.check(DRAFT)
    assert (done.answer["id"], done.etag, done.replayed) == ("b1", '"b1.v1"', False)
    *firsts, second, third, batch, revised, checked = node.asked
    assert len({asked.headers["idempotency-key"] for asked in firsts}) == 1
    assert len(firsts) == 3
    assert firsts[0].query == {"protect": ["withhold"]}
    assert len({asked.headers["idempotency-key"] for asked in (firsts[0], second, third, batch, revised)}) == 5
    assert third.headers["idempotency-key"] == "mine"
    assert (batch.path, batch.body.count(b'"period"')) == ("/v1/bulletins/batch", 2)
    assert (revised.method, revised.path, revised.headers["if-match"]) == ("PUT", "/v1/bulletins/b1", '"b1.v1"')
    assert b'"reason":"late"' in revised.body.replace(b": ", b":")
    assert (checked.path, "idempotency-key" in checked.headers) == ("/v1/bulletins/check", False)


def test_what_waits_is_told_apart():
    waits = Says({"outcome": "held", "review": "/v1/reviews/r1", "due": None, "findings": [{"code": "text-to-confirm"}]}, status=202)
    with Node(waits) as node, Istmo(node.url, "k") as istmo:
        done = istmo.publish(DRAFT)
    assert (done.waiting.outcome, done.waiting.id, done.findings) == ("held", "r1", [{"code": "text-to-confirm"}])


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid-request", Invalid),
        (401, "unauthenticated", Unauthenticated),
        (403, "not-your-state", Forbidden),
        (404, "not-found", NotFound),
        (409, "bulletin-exists", Exists),
        (409, "review-stale", Stale),
        (409, "id-in-use", Conflict),
        (410, "resync-required", ResyncRequired),
        (412, "precondition-failed", Stale),
        (413, "body-too-large", Invalid),
        (415, "unsupported-media-type", Refused),
        (422, "invalid-document", Invalid),
        (428, "precondition-required", Stale),
        (429, "too-many-requests", Throttled),
        (500, "internal", Unreachable),
        (503, "busy", Throttled),
        (507, "storage-full", Unreachable),
    ],
)
def test_a_refusal_comes_in_its_kind(status, code, kind):
    refused = problem(status, code, {"code": "c", "pointer": "/p"})
    refused.headers = {"Retry-After": "7"}
    with Node(refused) as node, Istmo(node.url, "k") as istmo, pytest.raises((Refused, Unreachable)) as caught:
        istmo.check(DRAFT)
    assert type(caught.value) is kind
    if issubclass(kind, Refused):
        assert (caught.value.code, caught.value.findings) == (code, [{"code": "c", "pointer": "/p"}])
    if kind is Throttled:
        assert caught.value.retry_after == 7


def test_a_long_wait_that_a_node_asks_for_is_cut_short(monkeypatch):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    hour = problem(503, "busy")
    hour.headers = {"Retry-After": "3600"}
    with Node(hour) as node, Istmo(node.url) as istmo, pytest.raises(Throttled) as caught:
        istmo.me()
    assert (sum(slept), len(node.asked), caught.value.retry_after) == (30, 3, 3600)


def test_the_cursor_of_the_feed_moves_on_once_the_items_of_its_page_are_taken():
    pages = [Says({"items": [n, n + 1], "next_cursor": f"c{n}", "has_more": n < 5}) for n in (1, 3, 5)]
    with Node(*pages) as node, Istmo(node.url) as istmo:
        feed = istmo.changes("c0", kind="bulletin")
        kept = [(item, feed.cursor) for item in feed]
    assert kept == [(1, "c0"), (2, "c0"), (3, "c1"), (4, "c1"), (5, "c3"), (6, "c3")]
    assert feed.cursor == "c5"
    assert [asked.query for asked in node.asked] == [{"cursor": [c], "kind": ["bulletin"]} for c in ("c0", "c1", "c3")]


def test_a_list_is_asked_for_anew_each_time_it_is_gone_through():
    with Node(Says({"items": [1], "next_cursor": None, "total": 1})) as node, Istmo(node.url) as istmo:
        reviews = istmo.reviews(status="held")
        assert [list(reviews), list(reviews), reviews.page()["total"]] == [[1], [1], 1]
    assert len(node.asked) == 3


def test_a_proxy_may_be_named_or_left_out(monkeypatch):
    with Node(Says({"role": "analyst"})) as proxy, Node(Says({"role": "partner"})) as node:
        with Istmo("http://node.invalid", proxy=proxy.url) as istmo:
            assert istmo.me()["role"] == "analyst"
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with Istmo(node.url, proxy="") as istmo:
            assert istmo.me()["role"] == "partner"


def test_an_answer_that_does_not_begin_in_time_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as queue:
        url = f"http://127.0.0.1:{queue.getsockname()[1]}"
        with Istmo(url, timeout=0.2) as istmo, pytest.raises(Unreachable):
            istmo.me()


@pytest.mark.parametrize(
    "login",
    [
        {"secret": "s"},
        {"private_key": "p"},
        {"client_id": "a"},
        {"client_id": "a", "key": "istmo_a_b"},
        {"client_id": "a", "secret": "s", "private_key": "p"},
        {"client_id": "a", "secret": "s", "key": "istmo_a_b"},
    ],
    ids="+".join,
)
def test_a_login_that_is_none_or_two_is_said_at_once(login):
    with pytest.raises(Unusable, match="give an API key, or"):
        Istmo("https://node.example", **login)


def test_no_credential_shows_in_what_the_client_says_of_itself(caplog):
    caplog.set_level("DEBUG")
    key = "istmo_a_Zq7secretZq7"
    with Node(problem(401, "unauthenticated")) as node, Istmo(node.url, key) as istmo, pytest.raises(Unauthenticated) as caught:
        istmo.publish(DRAFT)
    with Istmo("http://127.0.0.1:1", key) as lost, pytest.raises(Unreachable) as away:
        lost.check(DRAFT)
    said = [repr(istmo), repr(vars(istmo)), repr(caught.value), repr(away.value), str(away.value.__cause__), caplog.text]
    assert "127.0.0.1" in caplog.text
    assert [text for text in said if "Zq7secret" in text] == []
