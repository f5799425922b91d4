"""The allow-list over HTTP: read by who writes, changed by operators, in force at the next text, audited without what it says."""

from typing import Any

import httpx
import pytest
from bodies import codes_of
from serving import Served

from app.core.db import Database
from app.directory.allow_list import vocabulary_of
from app.screening.spans import Kind

PATH = "/v1/screening/allow-list"
ENTRY = {"kind": "domain", "value": "cruzroja.example.org", "note": "Cruz Roja, on its page"}


def listed(served: Served, who: str = "pan") -> list[dict[str, Any]]:
    answer = served.as_(who).get(PATH)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def add(served: Served, who: str | None = "operator", **changes: object) -> httpx.Response:
    return served.as_(who).post(PATH, json={**ENTRY, **changes})


def passes(served: Served, kind: Kind, text: str) -> bool:
    """Asked of a store of its own, as by another process of the node."""
    other = Database(served.node.settings.database_url)
    try:
        with other.read() as session:
            return vocabulary_of(session).allowed(kind, text)
    finally:
        other.dispose()


def test_an_entry_counts_from_the_next_text_on_for_every_process_until_it_is_taken_off(served: Served):
    before, audit = listed(served), len(served.audit())
    assert not passes(served, Kind.EMAIL, "mesa@sede.cruzroja.example.org")
    answer = add(served)
    made = answer.json()
    assert (answer.status_code, {name: made[name] for name in ENTRY}) == (201, ENTRY)
    assert passes(served, Kind.EMAIL, "mesa@sede.cruzroja.example.org")
    for who in ("pan", "rcm", "sacm", "operator"):
        assert [each for each in listed(served, who) if each["id"]] == [made]
    assert [each for each in listed(served) if not each["id"]] == before
    gone = served.as_("operator").delete(f"{PATH}/{made['id']}")
    assert (gone.status_code, gone.json()) == (200, made)
    assert not passes(served, Kind.EMAIL, "mesa@sede.cruzroja.example.org")
    assert listed(served) == before
    again = served.as_("operator").delete(f"{PATH}/{made['id']}")
    assert (again.status_code, again.json()["code"]) == (404, "not-found")
    assert served.audit()[audit:] == [
        ("add_allowed", "done", None),
        ("remove_allowed", "done", None),
        ("remove_allowed", "refused", "not-found"),
    ]


def test_a_name_that_an_operator_adds_is_known_whole_with_its_accents_and_without(served: Served):
    assert add(served, kind="name", value="  Villa  Rosario Colón ").json()["value"] == "Villa Rosario Colón"
    with served.node.db.read() as session:
        vocabulary = vocabulary_of(session)
    assert {"villa rosario colón", "villa rosario colon"} <= set(vocabulary.known)
    assert not {"villa", "rosario", "colón", "rosario colón"} & set(vocabulary.known)
    assert vocabulary.allowed(Kind.NAME, "Villa Rosario Colón")
    assert not vocabulary.allowed(Kind.NAME, "Rosario Colón")


def test_what_passes_already_is_refused_and_what_is_sent_twice_under_a_key_is_added_once(served: Served):
    assert add(served, kind="domain", value="UN.org").json()["code"] == "allow-list-known"
    sent = {"json": {"kind": "phone", "value": "+50622220000"}, "headers": {"Idempotency-Key": "line-1"}}
    first, again = (served.as_("operator").post(PATH, **sent) for _ in range(2))
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert again.headers["idempotency-replayed"] == "true"
    twice = add(served, kind="phone", value="+50622220000")
    assert (twice.status_code, twice.json()["code"]) == (409, "allow-list-known")
    assert [each["value"] for each in listed(served) if each["id"]] == ["+50622220000"]


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("analyst", 403), ("peer", 403)])
def test_who_writes_nothing_does_not_read_the_list(standing: Served, who: str | None, status: int):
    assert standing.as_(who).get(PATH).status_code == status


@pytest.mark.parametrize("who", ["rcm", "pan", "analyst", "peer"])
def test_only_an_operator_changes_it(standing: Served, who: str):
    before = listed(standing)
    assert add(standing, who).json()["code"] == "role-forbidden"
    assert standing.as_(who).delete(f"{PATH}/{'0' * 36}").json()["code"] == "role-forbidden"
    assert listed(standing) == before


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("domain", "gmail.com", "allow-list-open"),
        ("domain", "hotmail.es", "allow-list-open"),
        ("domain", "correo.yahoo.com.mx", "allow-list-open"),
        ("domain", "com.mx", "allow-list-open"),
        ("host", "www.facebook.com", "allow-list-open"),
        ("host", "wa.me", "allow-list-open"),
        ("domain", "zz", "format"),
        ("domain", "cruz roja.org", "format"),
        ("domain", "https://cruzroja.org", "format"),
        ("domain", "-cruzroja.org", "format"),
        ("domain", "сruzroja.org", "format"),
        ("domain", "a.b.c.d.e.cruzroja.org", "format"),
        ("email", "cruzroja.org", "format"),
        ("email", "mesa@cruzroja", "format"),
        ("phone", "2222-0000", "format"),
        ("phone", "+506 2222 0000", "format"),
        ("phone", "+50671", "format"),
        ("name", "Rosario", "allow-list-name"),
        ("name", "Pasaporte AB 123", "allow-list-name"),
        ("name", "uno dos tres cuatro cinco seis siete ocho nueve", "allow-list-name"),
        ("person", "x", "code-unknown"),
    ],
)
def test_what_would_let_anyones_pass_is_refused_by_its_field_and_not_repeated(standing: Served, kind: str, value: str, code: str):
    before = listed(standing)
    answer = add(standing, kind=kind, value=value)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-document"), answer.text
    assert codes_of(answer) == {("/kind" if code == "code-unknown" else "/value", code)}
    assert value == "x" or value.strip() not in answer.text
    assert listed(standing) == before


def test_pages_of_the_list_follow_each_other(standing: Served):
    whole, found, cursor = listed(standing), [], None
    while cursor is not None or not found:
        answer = standing.as_("rcm").get(PATH, params={"limit": 5, **({"cursor": cursor} if cursor else {})}).json()
        assert answer["total"] == len(whole)
        found, cursor = [*found, *answer["items"]], answer["next_cursor"]
    assert found == whole
    assert [(each["kind"], each["value"]) for each in whole] == sorted((each["kind"], each["value"]) for each in whole)
