"""GET /v1/audit: what callers did, read and were refused, the newest first, for operators (contract: access)."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from bodies import codes_of, publish
from serving import Served
from signing import client_id, secret
from sqlalchemy import event, text

from app.access.audit import Attempt, row_of
from app.access.callers import Caller
from app.access.models import AuditRow
from app.wire.codes import TLP, Role


def page(served: Served, query: str = "") -> dict[str, Any]:
    answer = served.as_("operator").get(f"/v1/audit{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def planted(served: Served, *rows: tuple[str, str, str, str | None, datetime]) -> None:
    """Rows of (client, action, outcome, document, at), as they would have been written then."""
    with served.node.db.write() as session:
        session.execute(text("DELETE FROM audit"))
        for who, action, outcome, document, at in rows:
            caller = Caller(who, Role.PARTNER, "RCM", "PAN", 4, None)
            session.add(AuditRow(**{**row_of(Attempt(action, caller), outcome, None, document), "at": at}))


def day(number: int) -> datetime:
    return datetime(2024, 3, number, 12, tzinfo=UTC)


def actions(found: dict[str, Any]) -> list[str]:
    return [item["action"] for item in found["items"]]


def test_a_write_and_a_refusal_are_told_with_who_what_how_and_from_where(served: Served):
    document = publish(served.as_("pan"))
    refused = served.as_("pan").post("/v1/bulletins", json={})
    newest, before = page(served, f"?client={client_id(served, 'pan')}")["items"][:2]
    assert {name: newest[name] for name in ("client", "action", "outcome", "code", "document", "request_id")} == {
        "client": client_id(served, "pan"),
        "action": "publish_bulletin",
        "outcome": "refused",
        "code": refused.json()["code"],
        "document": None,
        "request_id": refused.headers["x-request-id"],
    }
    assert (before["outcome"], before["document"], before["version"], before["address"]) == ("created", document["id"], 1, "127.0.0.1")
    assert newest["id"] > before["id"]


def test_filters_join_and_since_holds_its_own_instant(served: Served):
    planted(
        served,
        ("aaa", "publish_bulletin", "done", "d1", day(1)),
        ("aaa", "withdraw_bulletin", "done", "d1", day(2)),
        ("bbb", "publish_bulletin", "refused", None, day(3)),
        ("bbb", "get_bulletin", "read", "d1", day(4)),
    )
    every = ["get_bulletin", "publish_bulletin", "withdraw_bulletin", "publish_bulletin"]
    assert (actions(page(served)), page(served)["total"]) == (every, 4)
    for query, names in {
        "?client=aaa": every[2:],
        "?action=publish_bulletin": [every[1], every[3]],
        "?outcome=refused": [every[1]],
        "?document=d1": [every[0], every[2], every[3]],
        "?document=d1&client=bbb": [every[0]],
        "?since=2024-03-03T12:00:00Z": every[:2],
        f"?since={quote('2024-03-03T07:00:00.000001-05:00')}": every[:1],
        "?since=2024-03-05T00:00:00Z": [],
        "?client=nobody": [],
    }.items():
        found = page(served, query)
        assert (actions(found), found["total"]) == (names, len(names)), query


def test_pages_follow_each_other_while_new_rows_come_in(served: Served):
    planted(served, *(("aaa", f"act_{letter}", "done", None, day(1)) for letter in "abcdefg"))
    found, cursor = [], ""
    while cursor is not None:
        answer = page(served, f"?client=aaa&limit=3{f'&cursor={cursor}' if cursor else ''}")
        found += actions(answer)
        cursor = answer["next_cursor"]
        with served.node.db.write() as session:
            session.add(AuditRow(**row_of(Attempt("later", Caller("aaa", Role.PARTNER, "RCM", "PAN", 4, None)), "done")))
    assert found == [f"act_{letter}" for letter in "gfedcba"]


def test_a_read_of_several_documents_is_told_with_an_item_a_document_on_whatever_page_each_stands(served: Served):
    planted(served)
    reader = Attempt("list_bulletins", Caller("aaa", Role.PARTNER, "RCM", "PAN", 4, None))
    for number, documents in enumerate((("d1", "d2", "d3"), ("d4",), ("d1", "d3"), ("d1", "d2", "d3"))):
        with time_machine.travel(day(number + 1), tick=False):
            served.node.read_audit.note(reader, [(document, 7, TLP.GREEN) for document in documents])
            served.node.read_audit.flush()
    every = ["d1", "d2", "d3", "d1", "d3", "d4", "d1", "d2", "d3"]
    for limit in range(1, 10):
        found, cursor = [], ""
        while cursor is not None:
            answer = page(served, f"?client=aaa&limit={limit}{f'&cursor={cursor}' if cursor else ''}")
            found += answer["items"]
            cursor = answer["next_cursor"]
            assert answer["total"] == 9
        assert [(item["document"], item["version"]) for item in found] == [(document, 7) for document in every], limit
        assert len({item["id"] for item in found}) == 4
    for query, documents in {
        "?document=d2": ["d2", "d2"],
        "?document=d4&client=aaa": ["d4"],
        "?document=d3&since=2024-03-02T00:00:00Z": ["d3", "d3"],
        "?document=d9": [],
        "?outcome=read&since=2024-03-03T12:00:00Z": ["d1", "d2", "d3", "d1", "d3"],
    }.items():
        told = page(served, query)
        assert ([item["document"] for item in told["items"]], told["total"]) == (documents, len(documents)), query


def test_one_documents_rows_are_looked_up_and_the_whole_audit_is_not_read(served: Served):
    if not served.node.db.is_sqlite:
        return  # its plans hang on statistics; the statement is the same
    seen: list[tuple[str, Any]] = []
    event.listen(served.node.db.reader, "before_cursor_execute", lambda _c, _u, statement, values, *_: seen.append((statement, values)))
    page(served, "?document=d1")
    plans = []
    with served.node.db.reader.connect() as connection:
        for statement, values in [each for each in seen if "FROM audit" in each[0]]:
            plans += [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert len(plans) > 4
    assert not [each for each in plans if each.startswith("SCAN audit")], plans


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("outcome=maybe", "code-unknown"),
        ("since=yesterday", "format"),
        ("since=2024-03-03", "format"),
        ("since=0001-01-01T00:00:00%2B14:00", "format"),
        ("client=%00", "text-character"),
        ("document=", "parameter-empty"),
        ("address=x", "parameter-unknown"),
        ("limit=1001", "out-of-range"),
    ],
)
def test_a_filter_that_does_not_fit_is_refused_by_its_name(served: Served, query: str, code: str):
    answer = served.as_("operator").get(f"/v1/audit?{query}")
    assert (answer.status_code, answer.json()["code"], codes_of(answer)) == (
        422,
        "invalid-query",
        {(query.split("=", maxsplit=1)[0], code)},
    )


def test_no_secret_token_or_body_is_in_the_audit(served: Served):
    form = {"grant_type": "client_credentials"}
    bearer = served.as_(None).post("/oauth/token", data=form, auth=(client_id(served, "pan"), secret(served, "pan"))).json()["access_token"]
    served.as_("pan").post("/v1/bulletins", json={"measure": "canary"})
    made = served.as_("operator").post("/v1/clients", json={"role": "analyst", "conference": "RCM", "name": "canary"}).json()
    told = served.as_("operator").get("/v1/audit?limit=100").text
    assert "issue_token" in told
    for hidden in (secret(served, "pan"), bearer.split(".")[1], made["secret"], "canary"):
        assert hidden not in told
