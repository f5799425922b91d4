import pytest
from loopback import Node, Says, problem

from app.client import KINDS, Istmo, Refused, Unreachable
from app.client.alerts import body_of

NOT_FOUND = problem(404, "not-found")
FOUND = Says({"items": [{"id": "a1", "version": 3, "reference": "RCM-2026-7KQ2M"}], "next_cursor": None, "total": 1})


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b' {"a": 1, "a": 2}\n', (b' {"a": 1, "a": 2}\n', False)),
        (b'\n[{"a": 1.0}, {"a": 1, "a": 2}] ', (b'{"alerts":\n[{"a": 1.0}, {"a": 1, "a": 2}] }', True)),
        ('\ufeff["ñ"]'.encode(), ('{"alerts":["ñ"]}'.encode(), True)),
        ('["ñ"]'.encode("utf-16"), ('{"alerts":["ñ"]}'.encode(), True)),
        (b'[{"a": 1,}]', (b'[{"a": 1,}]', False)),
        (b'["\xf1"]', (b'["\xf1"]', False)),
        (b"[" * 100_000, (b"[" * 100_000, False)),
        (b"", (b"", False)),
    ],
    ids=["one", "list", "bom", "utf-16", "torn", "latin-1", "deep", "empty"],
)
def test_what_is_written_in_a_file_is_sent_as_it_stands_and_a_list_becomes_a_batch(raw, body):
    assert body_of(raw) == body


def test_findings_about_a_list_name_the_place_in_the_file():
    places = [("/alerts/1/title", "/1/title"), ("/alerts", ""), ("", ""), ("/alertness", "/alertness")]
    errors = [{"pointer": pointer, "code": "c", "detail": "d"} for pointer, _ in places]
    for raw, expected in ((b"[{}]", [place for _, place in places]), (b"{}", [pointer for pointer, _ in places])):
        with Node(problem(422, "invalid-document", *errors)) as node, Istmo(node.url, "k") as istmo, pytest.raises(Refused) as caught:
            istmo.post_alerts(raw, "once")
        assert [item["pointer"] for item in caught.value.findings] == expected
        assert (caught.value.code, node.asked[0].headers["idempotency-key"]) == ("invalid-document", "once")


def test_one_alert_and_a_list_are_answered_alike_and_a_kept_answer_is_told_apart():
    receipt = {"id": "a1", "version": 1, "reference": "RCM-2026-7KQ2M", "outcome": "created"}
    with Node(Says({**receipt, "title": {"en": "x"}}, status=201)) as node, Istmo(node.url) as istmo:
        posted = istmo.post_alerts(b"{}", None)
    assert (posted.answer, posted.replayed) == ({"alerts": [receipt], "findings": []}, False)
    assert ("idempotency-key" in node.asked[0].headers, node.asked[0].path) == (False, "/v1/alerts")
    kept = Says({"alerts": [receipt], "findings": []}, headers={"Idempotency-Replayed": "true"})
    with Node(problem(503, "busy"), kept) as node, Istmo(node.url) as istmo:
        assert istmo.post_alerts(b"[{}]", "once").replayed
    assert [asked.path for asked in node.asked] == ["/v1/alerts/batch"] * 2


def test_an_alert_is_named_by_its_reference_or_its_id():
    with Node(FOUND) as node, Istmo(node.url) as istmo:
        seen = istmo.alert("rcm-2026-7kq2m")
    assert (seen.document["id"], seen.etag, node.asked[0].query) == ("a1", '"a1.v3"', {"reference": ["rcm-2026-7kq2m"]})
    empty = Says({"items": [], "next_cursor": None, "total": 0})
    with Node(empty, NOT_FOUND) as node, Istmo(node.url) as istmo, pytest.raises(Refused, match="not-found"):
        istmo.alert("RCM-2026-7KQ2M")
    assert node.asked[1].path == "/v1/alerts/RCM-2026-7KQ2M"
    with Node(Says({"id": "a1"}, headers={"ETag": '"a1.v3"'})) as node, Istmo(node.url) as istmo:
        assert istmo.alert("a/1").etag == '"a1.v3"'
    assert node.asked[0].target == "/v1/alerts/a%2F1"


def test_a_document_of_any_kind_is_found_by_its_id():
    for place, kind in enumerate(KINDS):
        with Node(*[NOT_FOUND] * place, Says({"id": "x"}, headers={"ETag": '"x.v1"'})) as node, Istmo(node.url) as istmo:
            found, seen = istmo.find("x")
        assert (found, seen.etag, node.asked[-1].path) == (kind, '"x.v1"', f"/v1/{kind}/x")
    with Node(FOUND) as node, Istmo(node.url) as istmo:
        assert istmo.find("RCM-2026-7KQ2M")[0] == "alerts"
    with Node(NOT_FOUND) as node, Istmo(node.url) as istmo, pytest.raises(Refused, match="not-found"):
        istmo.find("x")
    assert len(node.asked) == len(KINDS)
    with Node(problem(403, "role-forbidden")) as node, Istmo(node.url) as istmo, pytest.raises(Refused, match="role-forbidden"):
        istmo.find("x")
    assert len(node.asked) == 1


def test_an_erasure_names_the_version_that_was_looked_at_and_is_repeated_under_one_key():
    with Node(problem(503, "busy"), Says({"id": "x", "op": "erase"})) as node, Istmo(node.url) as istmo:
        assert istmo.erase("proposals", "x", "wrong person", '"x.v4"') == {"id": "x", "op": "erase"}
    assert {(asked.path, asked.headers["if-match"]) for asked in node.asked} == {("/v1/proposals/x/erase", '"x.v4"')}
    assert len({asked.headers["idempotency-key"] for asked in node.asked}) == 1


def test_a_file_of_alerts_comes_with_what_it_leaves_out():
    says = Says(b'{"id": 1}\n', media_type="application/x-ndjson", headers={"Istmo-Left-Out": "no-onward=2, tlp"})
    with Node(says) as node, Istmo(node.url) as istmo, istmo.alerts_file("ndjson", {"tlp": "AMBER"}) as file:
        assert (b"".join(file.pieces), file.left_out) == (b'{"id": 1}\n', "no-onward=2, tlp")
    assert node.asked[0].query == {"tlp": ["AMBER"], "format": ["ndjson"]}
    for says in (Says(b"<html>", media_type="text/html"), Says(b"tlp\r\n", media_type="text/csv", cut=True)):
        with Node(says) as node, Istmo(node.url) as istmo, pytest.raises(Unreachable), istmo.alerts_file("csv") as file:
            b"".join(file.pieces)
