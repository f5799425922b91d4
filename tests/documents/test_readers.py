"""Who has read a document: offices and days, told to its issuer and to its origin's secretariat and to nobody else."""

from datetime import UTC, datetime
from typing import Any

import httpx
from bodies import cells, publish, revise, withdraw
from serving import Served
from signing import client_id
from sqlalchemy import event, update

from app.access.audit import Attempt, row_of
from app.access.callers import Caller
from app.access.models import AuditRow
from app.core.clock import utc_now
from app.web import examples
from app.wire.codes import Role

ABSENT = "01920000-0000-7000-8000-00000000dead"


def asked(served: Served, who: str, document: dict[str, Any], kind: str = "bulletins", **params: Any) -> httpx.Response:
    return served.as_(who).get(f"/v1/{kind}/{document['id']}/readers", params=params)


def told(served: Served, who: str, document: dict[str, Any], kind: str = "bulletins") -> list[tuple[Any, ...]]:
    answer = asked(served, who, document, kind)
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json()["items"])
    return [tuple(item.values()) for item in answer.json()["items"]]


def plant(served: Served, document: dict[str, Any], who: str | None, *days: datetime, action: str = "get_bulletin") -> None:
    """Rows of the audit as these reads would have written them then."""
    caller = Caller(client_id(served, who), Role.ANALYST, "RCM", None, 1, None) if who else None
    with served.node.db.write() as session:
        for day in days:
            session.add(AuditRow(**{**row_of(Attempt(action, caller), "read", None, document["id"], document["version"]), "at": day}))


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2024, 3, day, hour, 59, 59, 999999, tzinfo=UTC)


def test_offices_are_told_with_their_days_whatever_they_read_it_by_and_persons_never(served: Served):
    document = publish(served.as_("pan"))
    for who, path in {
        "pan": f"/v1/bulletins/{document['id']}",
        "hnd": f"/v1/bulletins/{document['id']}/versions",
        "sacm": "/v1/bulletins",
        "bra": f"/v1/bulletins/{document['id']}/versions/1",
        "analyst": "/v1/flows",
        "peer": "/v1/changes",
        "operator": f"/v1/bulletins/{document['id']}",
    }.items():
        assert served.as_(who).get(path).status_code == 200
    today = utc_now().date().isoformat()
    expected = [
        (1, "partner", "RCM", "RCM/HND", today, today, 1),
        (1, "partner", "RCM", "RCM/PAN", today, today, 1),
        (1, "analyst", "SACM", None, today, today, 1),
        (1, "partner", "SACM", "SACM/BRA", today, today, 1),
        (1, "peer", "SACM", None, today, today, 1),
        (1, "secretariat", "SACM", "SACM/secretariat", today, today, 1),
    ]
    assert told(served, "pan", document) == told(served, "rcm", document) == expected
    answer = asked(served, "rcm", document).text
    assert not any(client_id(served, who) in answer for who in ("pan", "hnd", "sacm", "bra", "analyst", "peer", "operator"))


def test_days_are_counted_in_utc_by_version_and_a_withdrawn_document_keeps_its_readers(served: Served):
    first = publish(served.as_("pan"))
    plant(served, first, "hnd", at(1, 0), at(1, 23), at(3), at(2, 23))
    plant(served, first, "sacm", at(9))
    plant(served, first, None, at(4), at(5), action="send_to_peer")
    second = revise(served.as_("pan"), first, cells=cells(VEN=402, NPL=213, SOM=31))
    plant(served, second, "hnd", at(31, 23))
    gone = withdraw(served.as_("pan"), second)
    expected = [
        (1, "peer", None, None, "2024-03-04", "2024-03-05", 2),
        (1, "partner", "RCM", "RCM/HND", "2024-03-01", "2024-03-03", 3),
        (1, "secretariat", "SACM", "SACM/secretariat", "2024-03-09", "2024-03-09", 1),
        (2, "partner", "RCM", "RCM/HND", "2024-03-31", "2024-03-31", 1),
    ]
    assert told(served, "pan", gone) == expected
    pages, cursor = [], None
    while cursor is not None or not pages:
        answer = asked(served, "rcm", gone, limit=3, **({"cursor": cursor} if cursor else {})).json()
        pages, cursor = [*pages, answer["items"]], answer["next_cursor"]
    assert [[tuple(item.values()) for item in items] for items in pages] == [expected[:3], expected[3:]]


def test_a_document_that_was_read_by_itself_and_together_with_others_is_told_with_all_its_days(served: Served):
    first, other = publish(served.as_("pan")), publish(served.as_("pan"), period="2022-08")
    for day, path in (
        (1, f"/v1/bulletins/{first['id']}"),
        (2, "/v1/bulletins"),
        (2, "/v1/flows"),
        (3, "/v1/bulletins?period_from=2022-10"),
    ):
        assert served.as_("hnd").get(path).status_code == 200
        served.node.read_audit.flush()
        with served.node.db.write() as session:
            session.execute(update(AuditRow).where(AuditRow.at > at(9), AuditRow.outcome == "read").values(at=at(day)))
    expected = {first["id"]: ("2024-03-01", "2024-03-03", 3), other["id"]: ("2024-03-02", "2024-03-02", 1)}
    for document in (first, other):
        assert told(served, "pan", document) == [(1, "partner", "RCM", "RCM/HND", *expected[document["id"]])]


def test_the_issuer_and_the_origins_secretariat_are_told_and_others_get_what_their_sight_allows(served: Served):
    seen, hidden = publish(served.as_("pan")), publish(served.as_("rcm"), tlp="RED", audience=["RCM/secretariat"], period="2022-11")
    codes = {
        who: asked(served, who, seen).json().get("code") for who in ("pan", "rcm", "hnd", "sacm", "bra", "analyst", "peer", "operator")
    }
    assert codes == {
        "pan": None,
        "rcm": None,
        "hnd": "not-your-state",
        "sacm": "not-origin",
        "bra": "not-origin",
        **dict.fromkeys(("analyst", "peer", "operator"), "role-forbidden"),
    }
    for who in ("sacm", "bra", "hnd"):
        never, unseen = asked(served, who, {"id": ABSENT}).json(), asked(served, who, hidden).json()
        assert {**unseen, "request_id": None} == {**never, "request_id": None}
        assert unseen["code"] == "not-found"


def test_of_an_alert_the_same_is_told_and_to_ask_is_audited_and_is_no_reading(served: Served):
    sent = next(iter(examples.of_model("AlertDraft").values()))["value"]
    alert = served.as_("sacm").post("/v1/alerts", json=sent).json()
    assert told(served, "sacm", alert, "alerts") == []
    assert served.as_("rcm").get(f"/v1/alerts/{alert['id']}").status_code == 200
    (reader,) = told(served, "sacm", alert, "alerts")
    assert reader[:4] == (1, "secretariat", "RCM", "RCM/secretariat")
    assert ("list_alert_readers", "read", None) in served.audit()
    assert asked(served, "rcm", alert, "alerts").json()["code"] == "not-origin"


def test_the_number_of_statements_does_not_grow_with_the_readers(served: Served):
    document = publish(served.as_("pan"))
    statements: list[str] = []
    asked(served, "pan", document)
    event.listen(served.node.db.reader, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    served.node.db.watchers.append(statements.append)
    asked(served, "pan", document)
    one = len(statements)
    for who in ("rcm", "sacm", "bra", "hnd", "analyst"):
        plant(served, document, who, *(at(day) for day in range(1, 20)))
    statements.clear()
    assert len(told(served, "pan", document)) == 5
    assert len(statements) == one <= 6
