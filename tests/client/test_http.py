import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from loopback import HANGS_UP, NDJSON, Node, Says, problem

from app.client import Exists, Istmo, IstmoError, Refused, Throttled, Unreachable, idempotency_key

DONE = {"bulletins": [{"id": "b1", "period": "2022-10", "outcome": "created"}], "findings": []}
OPTIONS = {"state": "PAN", "column": ["mes=period", "total=value"], "dry_run": True, "publisher": None}


def push(node, key="k1", told=None):
    with Istmo(node.url, "istmo_a_b") as istmo:
        return istmo.push_file("oct.csv", b"period,value\n2022-10,12\n", OPTIONS, key, told)


def page(*items, cursor=None, **more):
    return Says({"items": list(items), "next_cursor": cursor, "total": len(items), **more})


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_push_sends_the_file_its_options_and_its_key():
    with Node(Says(DONE)) as node:
        assert push(node).answer == DONE
    (asked,) = node.asked
    assert (asked.method, asked.path) == ("POST", "/v1/bulletins/files")
    assert asked.query == {"state": ["PAN"], "column": ["mes=period", "total=value"], "dry_run": ["true"]}
    assert asked.headers["authorization"] == "Bearer istmo_a_b"
    assert asked.headers["accept"] == NDJSON
    assert asked.headers["idempotency-key"] == "k1"
    assert b'name="file"; filename="oct.csv"' in asked.body
    assert b"period,value\n2022-10,12\n" in asked.body


def test_progress_lines_come_before_the_answer():
    steps = [{"progress": {"done": n, "of": 2, "period": "2022-10\u2028"}} for n in (1, 2)]
    told = []
    with Node(Says([*steps, {"answer": DONE}])) as node:
        assert push(node, told=told.append).answer == DONE
    assert [step["done"] for step in told] == [1, 2]
    assert told[0]["period"] == "2022-10\u2028"


def test_a_last_line_without_a_line_end_is_read():
    with Node(Says(b'{"progress": {"done": 1}}\n\n{"answer": {"bulletins": []}}', media_type=f"{NDJSON}; charset=utf-8")) as node:
        assert push(node).answer == {"bulletins": []}


def test_a_kept_answer_is_told_apart():
    with Node(Says(DONE, headers={"Idempotency-Replayed": "true"})) as node:
        assert push(node).replayed
    with Node(Says(DONE)) as node:
        assert not push(node).replayed


def test_a_problem_among_the_lines_is_a_refusal():
    body = problem(422, "invalid-file", {"row": 3, "column": "sexo", "code": "code-unknown", "detail": "d"}).body
    with Node(Says([{"progress": {"done": 0, "of": 1}}, {"problem": body}])) as node, pytest.raises(Refused) as caught:
        push(node)
    refused = caught.value
    assert (refused.status, refused.code, refused.detail) == (422, "invalid-file", "words about invalid-file")
    assert refused.findings == [{"row": 3, "column": "sexo", "code": "code-unknown", "detail": "d"}]
    assert len(node.asked) == 1


def test_a_server_fault_among_the_lines_is_no_refusal():
    with Node(Says([{"problem": problem(503, "busy").body}])) as node, pytest.raises(Unreachable):
        push(node)


@pytest.mark.parametrize("status", [401, 403, 404, 409, 413, 422])
def test_a_problem_answer_is_a_refusal(status):
    with Node(problem(status, "some-code")) as node, pytest.raises(Refused) as caught:
        push(node)
    assert (caught.value.status, caught.value.code, caught.value.findings) == (status, "some-code", [])
    assert len(node.asked) == 1


@pytest.mark.parametrize(
    "says",
    [
        Says(b"[1, 2]", media_type="application/json"),
        Says(b"<html>Welcome to the guest network</html>", media_type="text/html"),
        Says(b"<html>denied</html>", status=403, media_type="text/html"),
        Says({"message": "proxy authentication required"}, status=407),
        Says(b"", status=302, headers={"Location": "/elsewhere"}),
        problem(500, "internal", request_id="0190"),
    ],
    ids=["list", "portal", "html-403", "foreign-json", "redirect", "fault"],
)
def test_what_is_no_answer_of_a_node_is_unreachable(says):
    with Node(says) as node, pytest.raises(Unreachable) as caught:
        push(node)
    assert caught.value.reason
    assert len(node.asked) == 1


@pytest.mark.parametrize(
    "says",
    [
        Says([{"progress": {"done": 1, "of": 2}}]),
        Says(b'{"progress": {"done": 1}}\n{"answ', media_type=NDJSON),
        Says([{"progress": {"done": 1, "of": 2}}], cut=True),
        Says(DONE, cut=True),
    ],
    ids=["no-answer", "torn-line", "cut", "cut-whole"],
)
def test_a_push_whose_answer_breaks_off_is_made_again_under_its_key_and_a_dry_run_is_not(says):
    with Node(says, says, Says(DONE)) as node:
        assert push(node).answer == DONE
    assert [asked.headers["idempotency-key"] for asked in node.asked] == ["k1"] * 3
    for key, tries in (("k1", 3), (None, 1)):
        with Node(says) as node, pytest.raises(Unreachable, match="never counted twice"):
            push(node, key)
        assert len(node.asked) == tries


def test_a_read_whose_answer_breaks_off_is_asked_again():
    with Node(Says({"items": [1]}, cut=True), page(2)) as node, Istmo(node.url) as istmo:
        assert list(istmo.bulletins()) == [2]
    assert len(node.asked) == 2


def test_while_the_same_is_still_at_work_the_client_waits_and_in_the_end_says_so(monkeypatch):
    busy = problem(409, "request-in-flight")
    in_lines = Says([{"progress": {"done": 0, "of": 1}}, {"problem": busy.body}])
    busy.headers = {"Retry-After": "2"}
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with Node(busy, in_lines, Says(DONE)) as node:
        assert push(node).answer == DONE
    assert (len(node.asked), slept) == (3, [2, 1])
    monkeypatch.setattr(time, "monotonic", lambda: 7.0 + sum(slept))
    with Node(busy) as node, pytest.raises(Throttled, match="request-in-flight") as caught:
        push(node)
    assert (len(node.asked), caught.value.problem, caught.value.retry_after) == (16, "request-in-flight", 2)
    with Node(problem(409, "bulletin-exists")) as node, pytest.raises(Exists):
        push(node)
    assert len(node.asked) == 1


def test_a_fault_of_the_node_names_its_request():
    with (
        Node(problem(500, "internal", request_id="0190-abc")) as node,
        Istmo(node.url) as istmo,
        pytest.raises(Unreachable, match="0190-abc"),
    ):
        istmo.flows().page()


def test_a_busy_node_is_asked_again_with_the_same_key_and_file():
    busy = problem(503, "busy")
    with Node(busy, Says(DONE)) as node:
        assert push(node).answer == DONE
    first, second = node.asked
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert all(b"2022-10,12" in asked.body for asked in node.asked)


def test_a_write_without_a_key_is_never_repeated():
    with Node(problem(503, "busy"), Says(DONE)) as node, pytest.raises(Unreachable):
        push(node, key=None)
    assert len(node.asked) == 1
    assert "idempotency-key" not in node.asked[0].headers


def test_retry_after_is_kept_to():
    limit = problem(429, "too-many")
    limit.headers = {"Retry-After": "1"}
    started = time.monotonic()
    with Node(limit, page()) as node, Istmo(node.url) as istmo:
        assert istmo.flows().page()["items"] == []
    assert time.monotonic() - started >= 1
    assert len(node.asked) == 2


def test_a_lost_connection_is_tried_again():
    with Node(HANGS_UP, HANGS_UP, page({"value": 1})) as node, Istmo(node.url) as istmo:
        assert istmo.flows().page()["items"] == [{"value": 1}]
    assert len(node.asked) == 3


def test_the_tries_are_few():
    with Node(problem(503, "busy")) as node, Istmo(node.url) as istmo, pytest.raises(Unreachable, match="words about busy"):
        istmo.flows().page()
    assert len(node.asked) == 4


def test_nobody_at_the_address_is_unreachable():
    with Node(page()) as node:
        url = node.url
    with Istmo(url) as istmo, pytest.raises(Unreachable):
        istmo.flows().page()


def test_flags_lists_and_absent_values_cross_as_the_contract_writes_them():
    with Node(page()) as node, Istmo(node.url) as istmo:
        istmo.flows(nationality=["SOM", "NPL"], extra_continental=False, totals=True, unit=None, limit=5).page()
    assert node.asked[0].query == {"nationality": ["SOM", "NPL"], "extra_continental": ["false"], "totals": ["true"], "limit": ["5"]}
    assert "authorization" not in node.asked[0].headers


def test_following_the_cursor_keeps_the_filters():
    with Node(page(1, 2, cursor="c2"), page(3, cursor="c3"), page(4)) as node, Istmo(node.url) as istmo:
        assert list(istmo.flows(unit="person")) == [1, 2, 3, 4]
    assert [asked.query.get("cursor") for asked in node.asked] == [None, ["c2"], ["c3"]]
    assert {asked.query["unit"][0] for asked in node.asked} == {"person"}


def test_a_cursor_that_stands_still_ends_the_list():
    with Node(page(1, cursor="c"), page(2, cursor="c")) as node, Istmo(node.url) as istmo:
        assert list(istmo.bulletins()) == [1, 2]


def test_changes_are_read_until_the_feed_is_empty():
    pages = page(1, cursor="c1", has_more=True), page(2, cursor="c2", has_more=False)
    with Node(*pages) as node, Istmo(node.url) as istmo:
        assert [(p["items"], p["next_cursor"]) for p in istmo.changes("c0", limit=50).pages()] == [([1], "c1"), ([2], "c2")]
    assert [asked.query for asked in node.asked] == [{"cursor": [c], "limit": ["50"]} for c in ("c0", "c1")]


def test_csv_is_passed_on_as_it_is():
    with Node(Says(b"period,value\n2022-10,12\n", media_type="text/csv; charset=utf-8")) as node, Istmo(node.url) as istmo:
        assert b"".join(istmo.flows(unit="person").csv()) == b"period,value\n2022-10,12\n"
    assert node.asked[0].query == {"unit": ["person"], "format": ["csv"]}


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (problem(422, "invalid-query"), Refused),
        (Says(b"<html>", media_type="text/html"), Unreachable),
        (Says(b"period,value\n", media_type="text/csv", cut=True), Unreachable),
    ],
)
def test_csv_that_is_none_is_never_taken_for_figures(says, error):
    with Node(says) as node, Istmo(node.url) as istmo, pytest.raises(error):
        list(istmo.flows().csv())


def test_a_withdrawal_names_the_version_that_was_looked_at():
    with Node(Says({"id": "b1"}, headers={"ETag": '"b1.v2"'}), Says({"id": "b1", "version": 3})) as node, Istmo(node.url, "k") as istmo:
        seen = istmo.bulletin("b1")
        assert istmo.withdraw("b1", "wrong month", seen.etag) == {"id": "b1", "version": 3}
    assert node.asked[1].path == "/v1/bulletins/b1/withdraw"
    assert node.asked[1].headers["if-match"] == '"b1.v2"'
    assert node.asked[1].headers["idempotency-key"]
    assert node.asked[1].body in (b'{"reason":"wrong month"}', b'{"reason": "wrong month"}')


def test_an_identifier_cannot_leave_its_place_in_the_path():
    with Node(problem(404, "not-found")) as node, Istmo(node.url) as istmo, pytest.raises(Refused):
        istmo.bulletin("../clients?x=1")
    assert node.asked[0].target == "/v1/bulletins/" + quote("../clients?x=1", safe="")


def test_a_node_below_a_path_is_reached():
    with Node(page()) as node, Istmo(f"{node.url}/istmo/") as istmo:
        istmo.bulletins().page()
    assert node.asked[0].path == "/istmo/v1/bulletins"


def test_the_ministrys_proxy_is_used_and_may_be_passed_by(monkeypatch):
    with Node(page()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with Istmo("http://node.invalid") as istmo:
            istmo.flows().page()
        assert proxy.asked[0].target == "http://node.invalid/v1/flows"
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with Node(page()) as node, Istmo(node.url) as istmo:
            istmo.flows().page()
        assert len(node.asked) == len(proxy.asked) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ministry")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


def test_a_ministrys_own_certificate_is_trusted_only_where_it_is_named(certificate):
    with Node(page(), certificate=certificate) as node:
        with Istmo(node.url, ca_file=str(certificate)) as istmo:
            assert istmo.flows().page()["items"] == []
        with Istmo(node.url) as istmo, pytest.raises(Unreachable):
            istmo.flows().page()


@pytest.mark.parametrize("url", ["", "node.example", "ftp://node.example", "https://", "file:///etc/hosts"])
def test_an_address_that_is_none_is_said_at_once(url):
    with pytest.raises(ValueError, match="address"):
        Istmo(url)


def test_a_key_that_was_copied_wrongly_is_said_at_once():
    for key in ("istmo_a_b\n", "ключ"):
        with pytest.raises(ValueError, match="ASCII"):
            Istmo("https://node.example", key)


def test_a_missing_ca_file_is_said_at_once(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        Istmo("https://node.example", ca_file=str(tmp_path / "none.pem"))


def test_both_errors_are_caught_as_one():
    assert issubclass(Refused, IstmoError)
    assert issubclass(Unreachable, IstmoError)


texts = st.text(max_size=8)
options = st.dictionaries(texts, texts | st.booleans() | st.lists(texts, max_size=3), max_size=4)


@given(key=texts, given_options=options, raw=st.binary(max_size=20), data=st.data())
def test_the_same_push_has_one_key_in_any_order(key, given_options, raw, data):
    order = data.draw(st.permutations(list(given_options)))
    turned = {name: given_options[name][::-1] if isinstance(given_options[name], list) else given_options[name] for name in order}
    assert idempotency_key(key, given_options, raw) == idempotency_key(key, turned, raw)


@given(st.tuples(texts, options, st.binary(max_size=20)), st.tuples(texts, options, st.binary(max_size=20)))
def test_another_key_option_or_byte_is_another_push(one, other):
    def canonical(push):
        key, given_options, raw = push
        # HMAC fills a short key with zero bytes.
        return (
            key.encode().rstrip(b"\0"),
            {name: tuple(sorted(v)) if isinstance(v, list) else (type(v), v) for name, v in given_options.items()},
            raw,
        )

    assert (idempotency_key(*one) == idempotency_key(*other)) == (canonical(one) == canonical(other))


def test_the_key_is_no_plain_digest_of_the_file():
    key = idempotency_key("istmo_a_b", {"state": "PAN"}, b"x")
    assert len(key) == 64
    assert key != idempotency_key("istmo_a_c", {"state": "PAN"}, b"x")
    assert idempotency_key("k", {"a": "b"}, b"c") != idempotency_key("k", {"a": "bc"}, b"")
