import base64

import pytest
from fastapi.routing import APIRoute
from logbook import Logbook
from serving import Served
from sqlalchemy import text

from app.access.rules import Rule
from app.core.secrets import HMAC_KEYS
from app.exchange import feed, keys
from app.exchange.routes import router
from app.wire.canonical import DOCUMENT_CONTEXT, digest_of
from app.wire.codes import TLP, Role

ROUTES = [route for route in router.routes if isinstance(route, APIRoute)]


@pytest.fixture
def node(served: Served) -> Logbook:
    """The log of the node that answers, to publish into beside its routes."""
    running = served.node
    return Logbook(running.db, running.secrets, running.signer, running.cursor_seal)


def changes(served: Served, who: str | None, headers: dict[str, str] | None = None, **query: object):
    return served.as_(who).get("/v1/changes", params=query, headers=headers)


def without_id(answer) -> tuple:
    hidden = {"x-request-id", "date"}
    return answer.status_code, answer.content, {name: value for name, value in answer.headers.items() if name not in hidden}


def test_a_page_has_items_cursor_and_whether_more_wait(served, node):
    documents = [node.publish() for _ in range(3)]
    first = changes(served, "analyst", limit=2).json()
    assert set(first) == {"items", "next_cursor", "has_more"}
    assert [item["id"] for item in first["items"]] == documents[:2]
    assert first["has_more"] is True
    rest = changes(served, "analyst", cursor=first["next_cursor"]).json()
    assert ([item["id"] for item in rest["items"]], rest["has_more"]) == (documents[2:], False)


def test_a_document_can_be_checked_by_what_anyone_may_know_of_the_node(served, node):
    node.publish(origin="RCM")
    document = changes(served, "analyst").json()["items"][0]["document"]
    described = served.as_(None).get("/.well-known/istmo.json").json()
    public = {listed["kid"]: base64.urlsafe_b64decode(listed["key"] + "=") for listed in described["document_keys"]}
    signature = document["signature"]
    assert digest_of(document) == document["digest"]
    assert keys.verify_signature(public[signature["kid"]], signature, DOCUMENT_CONTEXT, document["digest"].encode())


def test_the_node_is_described_to_anyone_with_its_old_keys_too(served, node):
    with node.db.write() as session:
        keys.rotate(session, node.secrets, "document-RCM")
        keys.rotate(session, node.secrets, keys.CHECKPOINT)
    described = served.as_(None).get("/.well-known/istmo.json").json()
    assert set(described) == {"node", "epoch", "conferences", "document_keys", "checkpoint_keys"}
    assert (described["node"], described["conferences"]) == ("RCM-SACM", ["RCM", "SACM"])
    plain = {"kid", "key", "from", "to"}
    documents = [(listed["conference"], listed["to"] is None, set(listed) - plain) for listed in described["document_keys"]]
    assert documents == [("RCM", False, {"conference"}), ("RCM", True, {"conference", "endorsement"}), ("SACM", True, {"conference"})]
    checkpoints = [(listed["to"] is None, set(listed) - plain) for listed in described["checkpoint_keys"]]
    assert checkpoints == [(False, set()), (True, {"endorsement"})]
    old, new = described["checkpoint_keys"]
    assert new["endorsement"]["kid"] == old["kid"]


def test_the_description_holds_no_secret(served, node):
    answer = served.as_(None).get("/.well-known/istmo.json").text
    for name in HMAC_KEYS:
        assert node.secrets.hmac_key(name).hex() not in answer
    assert "PRIVATE" not in answer


def test_the_feed_is_for_known_clients(served):
    assert changes(served, None).status_code == 401


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ({"limit": 0}, "out-of-range", "limit"),
        ({"limit": 1001}, "out-of-range", "limit"),
        ({"limit": "x"}, "not-a-whole-number", "limit"),
        ({"kind": "rumour"}, "code-unknown", "kind"),
        ({"kind": ""}, "parameter-empty", "kind"),
        ({"origin": ""}, "parameter-empty", "origin"),
        ({"cursor": ""}, "parameter-empty", "cursor"),
        ({"since": "2012"}, "parameter-unknown", "since"),
        ({"cursor": "AAAA"}, "cursor-invalid", "cursor"),
    ],
    ids=str,
)
def test_what_is_no_question_is_refused_with_the_parameter_named(served, query, code, parameter):
    answer = changes(served, "analyst", **query)
    assert answer.status_code == 422
    assert [(fault["code"], fault["pointer"]) for fault in answer.json()["errors"]] == [(code, parameter)]


def test_a_cursor_from_before_a_restore_is_gone_with_a_link_to_begin_again(served, node):
    from_before = node.seal.seal(["01890000-0000-7000-8000-000000000000", 1], feed.Question().binding)
    answer = changes(served, "analyst", cursor=from_before)
    assert (answer.status_code, answer.json()["code"]) == (410, "resync-required")
    assert "/v1/snapshot" in answer.headers["link"]


def test_an_unchanged_feed_answers_304_to_who_asks_with_its_tag_only(served, node):
    node.publish()
    first = changes(served, "analyst")
    again = changes(served, "analyst", {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert changes(served, "analyst", {"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"}).status_code == 200
    node.publish()
    assert changes(served, "analyst", {"If-None-Match": first.headers["etag"]}).status_code == 200


def test_a_tag_is_that_of_its_question_and_of_its_readers_rights(served, node):
    node.publish()
    asked = [("analyst", {}), ("analyst", {"limit": 5}), ("analyst", {"kind": "bulletin"}), ("analyst", {"origin": "RCM"})]
    readers = [("amber-analyst", {}), ("rcm", {}), ("operator", {})]
    tags = [changes(served, who, **query).headers["etag"] for who, query in [*asked, *readers]]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize("who", ["analyst", "hnd", "peer"])
def test_a_hidden_document_changes_no_byte_and_no_header_of_an_answer(served, node, who):
    node.publish()
    cursor = changes(served, who).json()["next_cursor"]
    tag = {"If-None-Match": changes(served, who).headers["etag"]}

    def answers() -> list[tuple]:
        asked = [(None, {}), (None, {"limit": 1}), (None, {"cursor": cursor}), (None, {"kind": "bulletin"}), (tag, {})]
        return [without_id(changes(served, who, headers, **query)) for headers, query in asked]

    before = answers()
    hidden = node.publish(TLP.RED, audience=())
    node.revise(hidden, 2, TLP.AMBER_STRICT, audience=())
    assert answers() == before


def test_reading_amber_leaves_its_audit_row_before_the_answer(served, node):
    node.publish(TLP.AMBER)
    changes(served, "rcm")
    with node.db.read() as session:
        rows = session.execute(text("SELECT action, outcome, version FROM audit WHERE action = 'list_changes'")).all()
    assert [tuple(row) for row in rows] == [("list_changes", "read", 1)]


def test_the_feed_asks_who_calls_and_the_description_of_the_node_does_not():
    rules = {route.operation_id: [each.call for each in route.dependant.dependencies if isinstance(each.call, Rule)] for route in ROUTES}
    assert [set(rule.roles) for rule in rules["list_changes"]] == [set(Role)]
    assert rules["describe_node"] == []
