"""Liveness, readiness and metrics: what they say, to whom, and that nothing private is in them (contract: Routes, running)."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from bodies import bulletin, publish, withdraw
from serving import Served, serving, settings_for
from sqlalchemy import text

from app.exchange.keys import Signer


def figures(answer: httpx.Response) -> dict[str, float]:
    """Every sample of an answer by its name and labels."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in samples}


def ask(node: Served, key: str | None = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    authorization = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.get(f"{node.url}/metrics", headers={**authorization, **named}, trust_env=False)


def test_metrics_are_for_the_operator_and_for_this_machine_without_a_key(served: Served):
    assert ask(served).status_code == 200
    assert ask(served, served.keys["operator"]).status_code == 200
    assert ask(served, served.keys["operator"], X_Forwarded_For="10.1.2.3").status_code == 200
    for who in ("rcm", "pan", "analyst", "peer"):
        answer = ask(served, served.keys[who])
        assert (answer.status_code, answer.json()["code"]) == (403, "role-forbidden")
    assert ask(served, "istmo_no_key").json()["code"] == "unauthenticated"


@pytest.mark.parametrize("name", ["Forwarded", "X_Forwarded_For", "X_Forwarded_Proto", "X_Forwarded_Host", "x_forwarded_anything"])
@pytest.mark.parametrize("value", ["127.0.0.1", "for=127.0.0.1", ""])
def test_who_comes_through_a_proxy_is_not_of_this_machine(served: Served, name: str, value: str):
    answer = ask(served, **{name: value})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_requests_are_counted_by_operation_method_and_status_and_timed(served: Served):
    served.as_("analyst").get("/v1/bulletins")
    served.as_("analyst").head("/v1/bulletins")
    served.as_("analyst").post("/v1/bulletins", json={})
    served.as_("analyst").get("/nowhere")
    served.as_("analyst").get("/v1/bulletins?limit=0")
    got = figures(ask(served))
    total = 'istmo_requests_total{{method="{}",operation="{}",status="{}"}}'
    assert got[total.format("GET", "list_bulletins", 200)] == 1
    assert got[total.format("HEAD", "list_bulletins", 200)] == 1
    assert got[total.format("GET", "list_bulletins", 422)] == 1
    assert got[total.format("POST", "publish_bulletin", 403)] == 1
    assert got[total.format("GET", "none", 404)] == 1
    assert got['istmo_request_seconds_count{operation="list_bulletins"}'] == 3
    assert 0 < got['istmo_request_seconds_sum{operation="list_bulletins"}'] < 3


def test_the_log_what_waits_and_the_build_are_shown(served: Served):
    served.node.read_audit.flush()
    assert figures(ask(served))["istmo_log_entries"] == 0
    document = publish(served.as_("pan"))
    withdraw(served.as_("pan"), document)
    got = figures(ask(served))
    assert got["istmo_log_entries"] == 2
    idle = ("istmo_requests_inside", "istmo_requests_waiting", "istmo_bodies_arriving", "istmo_protection_inside")
    assert [got[name] for name in idle] == [0] * 4
    assert "istmo_read_audit_waiting" in got
    assert abs(got["istmo_clock_parted_seconds"]) < 5
    (build,) = [name for name in got if name.startswith("istmo_build{")]
    assert served.as_(None).get("/version").json()["version"] in build


def test_no_label_names_a_client_a_document_or_a_figure(served: Served):
    document = publish(served.as_("pan"))
    for who in served.keys:
        served.as_(who).get(f"/v1/bulletins/{document['id']}")
        served.as_(who).get("/v1/flows?nationality=SOM&reporting_state=PAN")
        served.as_(who).request("GET", f"/v1/nowhere/{document['id']}")
    shown = ask(served).text
    for private in [document["id"], document["id"][:13], "SOM", "PAN", "nowhere", *(key.split("_")[1] for key in served.keys.values())]:
        assert private not in shown
    labels = {label for found in re.findall(r"\{(.*?)\}", shown) for label in re.findall(r'(\w+)="', found)}
    assert labels == {"operation", "method", "status", "le", "version"}


def test_livez_readyz_and_version_answer_anyone(served: Served):
    for path, body in (("/livez", {"status": "alive"}), ("/readyz", {"status": "ready"})):
        answer = served.as_(None).get(path)
        assert (answer.status_code, answer.json()) == (200, body)


def test_a_node_whose_schema_is_another_is_not_ready(served: Served):
    for version in ("0001", "9999"):
        with served.node.db.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        answer = served.as_(None).get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
        assert [error["code"] for error in answer.json()["errors"]] == ["schema-differs"]
        assert "retry-after" in answer.headers
    with served.node.db.write() as session:
        session.execute(text("DROP TABLE alembic_version"))
    assert served.as_(None).get("/readyz").json()["code"] == "not-ready"
    assert served.as_(None).get("/livez").status_code == 200


@pytest.fixture
def keyless(stores, tmp_path: Path) -> Iterator[Served]:
    with serving(settings_for(stores.ready("sqlite"), tmp_path)) as node:
        yield node


def test_a_node_without_a_signing_key_is_not_ready(keyless: Served, monkeypatch: pytest.MonkeyPatch):
    kept = {purpose: key for purpose, key in keyless.node.signer.keys.items() if purpose != "document-SACM"}
    object.__setattr__(keyless.node, "signer", Signer(kept))
    answer = keyless.as_(None).get("/readyz")
    assert (answer.status_code, [error["code"] for error in answer.json()["errors"]]) == (503, ["signing-key-missing"])


def test_a_node_whose_store_is_gone_is_not_ready_but_lives_and_counts(keyless: Served):
    path = Path(str(keyless.node.db.url.database))
    keyless.node.db.dispose()
    for file in path.parent.glob(f"{path.name}*"):
        file.rename(file.with_name(f"gone-{file.name}"))
    answer = keyless.as_(None).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["code"] in {"busy", "not-ready"}
    assert keyless.as_(None).get("/livez").status_code == 200
    assert ask(keyless).status_code == 200


def test_a_refusal_for_want_of_room_is_counted_by_its_code(stores, tmp_path: Path):
    with serving(settings_for(stores.ready("sqlite"), tmp_path, requests_per_second=1, request_burst=1)) as node:
        answers = [node.as_("pan").post("/v1/bulletins/check", json=bulletin()).status_code for _ in range(3)]
        assert answers[-1] == 429
        assert figures(ask(node))['istmo_refused_total{code="too-many-requests"}'] == answers.count(429)
