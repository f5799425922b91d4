"""A question in words that were asked before is answered at two glances, and for nobody but who has the same rights now."""

from pathlib import Path
from typing import Any

import pytest
from bodies import publish
from flowbook import statements
from serving import Nodes, Served, serving
from sqlalchemy import text

from app.access.audit import Attempt
from app.access.read_audit import ReadAudit
from app.access.read_sets import Reading
from app.core.db import Database
from app.core.gate import Gate
from app.wire.codes import TLP

PATH = "/v1/flows?group_by=period&unit=person"


def asked(served: Served, who: str | None, path: str = PATH, **headers: str) -> tuple[Any, list[str]]:
    with statements(served.node.db) as seen:
        answer = served.as_(who).get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return answer, seen


def tables(statements: list[str]) -> list[str]:
    return [each.split("FROM ")[1].split()[0] for each in statements]


def test_the_same_words_again_cost_a_glance_at_the_caller_and_one_at_the_log(served: Served):
    publish(served.as_("pan"), period="2022-10")
    first, worked = asked(served, "analyst")
    again, seen = asked(served, "analyst")
    unchanged, glanced = asked(served, "analyst", If_None_Match=first.headers["etag"])
    assert len(worked) > 5
    assert tables(seen) == ["client", "log_head"]
    assert glanced == seen
    assert (again.status_code, again.content, again.headers["etag"]) == (200, first.content, first.headers["etag"])
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", first.headers["etag"])
    assert unchanged.headers["vary"] == first.headers["vary"]


def test_what_must_be_noted_before_it_leaves_is_noted_each_time_it_is_given_again(served: Served):
    publish(served.as_("pan"), period="2022-10", tlp="AMBER", audience=["RCM"])
    first, _ = asked(served, "hnd")
    again, seen = asked(served, "hnd")
    unchanged, _ = asked(served, "hnd", If_None_Match=first.headers["etag"])
    assert set(tables(seen)) == {"client", "log_head"}
    assert (again.content, unchanged.status_code) == (first.content, 304)
    # Of AMBER each giving has its row by now; that nothing changed gives nothing.
    with served.node.db.read() as session:
        assert session.scalar(text("SELECT count(*) FROM audit WHERE action = 'list_flows' AND outcome = 'read'")) == 2


def test_what_a_full_batch_would_wait_for_is_not_given_at_once(db: Database):
    waits = ReadAudit(db)
    green = Reading([("x", 1, TLP.GREEN), ("y", 1, TLP.CLEAR)])
    assert waits.takes_at_once(green)
    assert not waits.takes_at_once(Reading([("x", 1, TLP.GREEN), ("y", 1, TLP.AMBER)]))
    for _ in range(4_999):
        waits.note(Attempt("read"), green)
    assert waits.takes_at_once(green)
    waits.note(Attempt("read"), green)
    assert not waits.takes_at_once(green)


def test_where_no_more_may_wait_what_stands_is_given_and_the_rest_is_refused_unjudged(served: Served, monkeypatch: pytest.MonkeyPatch):
    pan, other = served.as_("pan"), "/v1/flows?group_by=period&unit=person&reporting_state=PAN&measure=rescue"
    publish(pan, period="2022-10")
    first, stands = asked(served, "analyst")[0], asked(served, "analyst", other)[0]
    publish(pan, period="2022-11")
    monkeypatch.setattr(Gate, "is_full", property(lambda _: True))
    again, _ = asked(served, "analyst", other)
    assert (again.status_code, again.content, again.headers["etag"]) == (200, stands.content, stands.headers["etag"])
    assert asked(served, "analyst", other, If_None_Match=stands.headers["etag"])[0].status_code == 304
    for path in (PATH, "/v1/flows?limit=7", "/v1/flows?unit=parson"):
        refused, seen = asked(served, "analyst", path)
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "1")
        assert not [each for each in seen if "bulletin" in each and path != PATH]
    assert asked(served, None)[0].status_code == 401
    monkeypatch.undo()
    assert asked(served, "analyst", If_None_Match=first.headers["etag"])[0].status_code == 200


def test_what_is_published_is_in_the_next_answer_and_what_is_hidden_in_none(served: Served):
    pan = served.as_("pan")
    publish(pan, period="2022-10")
    old = asked(served, "analyst")[0]
    publish(pan, period="2022-11")
    new = asked(served, "analyst", If_None_Match=old.headers["etag"])[0]
    assert new.status_code == 200
    assert [item["period"] for item in new.json()["items"]] == ["2022-10", "2022-11"]
    publish(served.as_("rcm"), reporting_state="CRI", period="2022-09", tlp="RED", audience=[])
    assert asked(served, "analyst", If_None_Match=new.headers["etag"])[0].status_code == 304


def test_other_rights_another_language_and_another_form_are_other_questions(served: Served):
    publish(served.as_("pan"), period="2022-10")
    told = {
        (who, language, form): asked(served, who, Accept_Language=language, Accept=form)[0].headers
        for who in ("analyst", "sacm", "rcm")
        for language in ("es", "en")
        for form in ("application/json", "text/csv")
        for _ in range(2)
    }
    assert {(form, headers["content-type"].split(";")[0]) for (_, _, form), headers in told.items()} == {
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
    }
    spoken = {(language, headers.get("content-language")) for (_, language, form), headers in told.items() if form == "application/json"}
    assert spoken == {("es", "es"), ("en", "en")}
    assert len({headers["etag"] for headers in told.values()}) == 3 * 3


def test_a_key_that_counts_no_more_opens_nothing_that_is_kept(served: Served):
    publish(served.as_("pan"), period="2022-10")
    tag = asked(served, "analyst")[0].headers["etag"]
    assert asked(served, "analyst", If_None_Match=tag)[0].status_code == 304
    assert asked(served, None)[0].status_code == 401
    client = served.keys["analyst"].split("_")[1]
    assert served.as_("operator").post(f"/v1/clients/{client}/disable").status_code in {200, 204}
    assert asked(served, "analyst", If_None_Match=tag)[0].status_code == 401
    assert asked(served, "operator")[0].json()["code"] == "role-forbidden"


def test_a_request_counts_once_whether_it_is_recalled_or_judged(nodes: Nodes, tmp_path: Path):
    settings, keys = nodes.ready("sqlite", tmp_path, requests_per_second=1, request_burst=9)
    with serving(settings, keys=keys) as served:
        answers = [asked(served, "analyst", PATH if number % 2 else f"/v1/flows?limit={number + 1}")[0] for number in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 9 + [429]
