"""What tests of the directory ask and record over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from serving import Served
from sqlalchemy import text

Json = dict[str, Any]


def day(offset: int = 0) -> str:
    return (datetime.now(UTC).date() + timedelta(days=offset)).isoformat()


def get(served: Served, path: str, who: str = "analyst", **params: object) -> Json:
    answer = served.as_(who).get(f"/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def add(served: Served, path: str, **body: object) -> Json:
    answer = served.as_("operator").post(f"/v1/conferences/{path}", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def refused(served: Served, path: str, status: int, code: str, **body: object) -> httpx.Response:
    """Send an edit that is refused, and see that it changed nothing but the audit."""
    before, audit = rows(served), len(served.audit())
    answer = served.as_("operator").post(f"/v1/conferences/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert rows(served) == before
    assert [(outcome, name) for _, outcome, name in served.audit()[audit:]] == [("refused", code)]
    return answer


def rows(served: Served) -> Json:
    with served.node.db.read() as session:
        return {
            table: [tuple(row) for row in session.execute(text(f"SELECT * FROM {table} ORDER BY id"))]
            for table in ("presidency", "membership", "office")
        }


def row_of(served: Served, path: str, **wanted: object) -> Json:
    found = [row for row in history(served, path) if all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, found
    return found[0]


def history(served: Served, path: str) -> list[Json]:
    return get(served, f"/conferences/{path}", "operator", limit=1000)["items"]


def troika(answer: Json) -> list[tuple[str, str]]:
    return [(one["role"], one["state"]) for one in answer["troika"]]
