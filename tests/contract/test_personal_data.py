"""What identifies a person is refused at every door, by place and kind; nothing that was found is published, kept, logged or echoed (guarantees 2)."""

import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bodies import Body, bulletin, publish, revision
from logging_kept import logging_kept
from serving import Served
from sqlalchemy import inspect, text

from app.core.logs import configure

CLEAN = "Boletín de tránsito irregular"
_COUNTER = itertools.count()
LIKE_A_NAME = "Lo contó Juana Ruiz Quispe ayer"


def alert(**changes: Any) -> Body:
    body: Body = {
        "title": {"es": "Red de la frontera"},
        "summary": {"es": "Recibe a personas en la frontera y las embarca de noche."},
        "severity": "high",
        "source_reliability": "A",
        "information_credibility": 2,
        "first_seen": "2017-01",
        "tlp": "GREEN",
        "route": [{"seq": 1, "from": "ECU", "to": "COL", "mode": "land"}],
    }
    return body | changes


def sighting(**changes: Any) -> Body:
    return {"where": {"state": "PAN"}, "seen_from": "2018-02", "certainty": "probable"} | changes


def made(answer: httpx.Response) -> Body:
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the process logs, all of it."""
    with logging_kept():
        stream = io.StringIO()
        configure("debug", "json", stream)
        yield stream


class World:
    """One document of each kind, and a letter to a person that each door gets with a number of its own."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.bulletin = publish(client, title={"es": CLEAN})
        self.alert = made(client.post("/v1/alerts", json=alert()))
        self.sighting = made(client.post(f"/v1/alerts/{self.alert['id']}/sightings", json=sighting()))
        offered = {"changes": {"severity": "critical"}, "explanation": {"es": "Creció."}}
        self.proposal = made(client.post(f"/v1/alerts/{self.alert['id']}/proposals", json=offered))

    def send(self, method: str, path: str, body: Body, document: Body | None = None, **others: Any) -> httpx.Response:
        etag = {"If-Match": f'"{document["id"]}.v{document["version"]}"'} if document else {}
        named = path.format(**{name: value["id"] for name, value in vars(self).items() if isinstance(value, dict)})
        return self.client.request(
            method, f"/v1{named}", json=body, headers=etag | {"Idempotency-Key": f"write {next(_COUNTER)}"}, **others
        )


def csv(world: World, name: str, **options: Any) -> httpx.Response:
    asked = {"state": "PAN", "measure": "irregular_transit", "unit": "person", **options}
    rows = b"period,nationality,value\n2022-10,VEN,500\n"
    return world.client.post("/v1/bulletins/files", params=asked, files={"file": (name, rows)})


Door = tuple[str, Callable[[World, str], httpx.Response]]
DOORS: list[Door] = [
    ("/title/es", lambda world, bad: world.send("POST", "/bulletins/check", bulletin(period="2022-11", title={"es": bad}))),
    ("/narrative/pt", lambda world, bad: world.send("POST", "/bulletins", bulletin(period="2022-11", narrative={"pt": bad}))),
    ("/source/name", lambda world, bad: world.send("POST", "/bulletins", bulletin(period="2022-11", source={"name": bad}))),
    ("/bulletins/1/route_points/0/label", lambda world, bad: world.send("POST", "/bulletins/batch", {"bulletins": [
        bulletin(period="2022-11"), bulletin(period="2022-12", route_points=[{"code": "PAN-DAR", "label": bad}])]})),
    ("/reason", lambda world, bad: world.send("PUT", "/bulletins/{bulletin}", revision(bad), world.bulletin)),
    ("/reason", lambda world, bad: world.send("POST", "/bulletins/{bulletin}/withdraw", {"reason": bad}, world.bulletin)),
    ("/reason", lambda world, bad: world.send("POST", "/bulletins/{bulletin}/erase", {"reason": bad}, world.bulletin)),
    ("/file", lambda world, bad: csv(world, f"lista_{bad}.csv".replace(" ", "_"), dry_run=True)),
    ("revise", lambda world, bad: csv(world, "x.csv", revise=bad)),
    ("/title/es", lambda world, bad: world.send("POST", "/alerts", alert(title={"es": bad}))),
    ("/alerts/1/summary/en", lambda world, bad: world.send("POST", "/alerts/batch", {"alerts": [alert(), alert(summary={"en": bad})]})),
    ("/fee/scope_note", lambda world, bad: world.send("PUT", "/alerts/{alert}", alert(
        reason="more is known", fee={"currency": "USD", "min": 1, "max": 2, "scope": "leg", "scope_note": bad}), world.alert)),
    ("/reason", lambda world, bad: world.send("POST", "/alerts/{alert}/withdraw", {"reason": bad}, world.alert)),
    ("/reason", lambda world, bad: world.send("POST", "/alerts/{alert}/erase", {"reason": bad}, world.alert)),
    ("/note/es", lambda world, bad: world.send("POST", "/alerts/{alert}/sightings", sighting(note={"es": bad}))),
    ("/where/place", lambda world, bad: world.send("PUT", "/sightings/{sighting}", sighting(
        where={"state": "PAN", "place": bad}, reason="more is known"), world.sighting)),
    ("/reason", lambda world, bad: world.send("POST", "/sightings/{sighting}/withdraw", {"reason": bad}, world.sighting)),
    ("/reason", lambda world, bad: world.send("POST", "/sightings/{sighting}/erase", {"reason": bad}, world.sighting)),
    ("/explanation/en", lambda world, bad: world.send("POST", "/alerts/{alert}/opinions", {"opinion": "agree", "explanation": {"en": bad}})),
    ("/changes/recommendation/es", lambda world, bad: world.send("POST", "/alerts/{alert}/proposals", {
        "changes": {"recommendation": {"es": bad}}, "explanation": {"en": "It grew."}})),
    ("/reason", lambda world, bad: world.send("POST", "/proposals/{proposal}/accept", {"reason": bad})),
    ("/reason", lambda world, bad: world.send("POST", "/proposals/{proposal}/decline", {"reason": bad})),
]  # fmt: skip
"""Every way in of a text, and the place at which it is named."""


def rows(served: Served) -> dict[str, list[str]]:
    """Every row of every table as text."""
    with served.node.db.read() as session:
        names = inspect(session.connection()).get_table_names()
        return {name: [repr(tuple(row)) for row in session.execute(text(f'SELECT * FROM "{name}"'))] for name in names}


def everything(served: Served) -> str:
    """Every row as text, and for SQLite the bytes of its files."""
    url = served.node.settings.database_url
    files = [Path(url.removeprefix("sqlite:///") + end) for end in ("", "-wal")] if url.startswith("sqlite") else []
    raw = "".join(file.read_bytes().decode("latin-1") for file in files if file.exists())
    return raw + "\n".join(line for lines in rows(served).values() for line in lines)


def test_every_door_refuses_an_identifier_by_its_place_and_nothing_of_it_is_left_anywhere(served: Served, logged: io.StringIO):
    world = World(served.as_("rcm"))
    kept = {name: lines for name, lines in rows(served).items() if name not in {"audit", "read_audit"}}
    said = []
    for number, (place, door) in enumerate(DOORS):
        answer = door(world, f"escriba a juana{chr(97 + number)}.ruiz@correo.example hoy")
        assert (answer.status_code, answer.json()["code"]) == (422, "personal-data"), (number, place, answer.text)
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"], error["kind"], error["length"]) == (place, "text-personal", "email", 26), number
        said.append(answer.text + repr(answer.headers))
    assert {name: lines for name, lines in rows(served).items() if name in kept} == kept
    # All but the check, which stores nothing, have their row in the audit.
    assert [code for _, _, code in served.audit()].count("personal-data") == len(DOORS) - 1
    said += [served.as_("operator").get(path).text for path in ("/metrics", "/v1/audit", "/v1/peers")]
    left = "\n".join([*said, logged.getvalue(), everything(served)]).lower()
    # The search finds what there is: a title that was published, and the mark of the refusal.
    assert CLEAN.lower() in left
    assert "personal-data" in logged.getvalue()
    assert [number for number in range(len(DOORS)) if f"juana{chr(97 + number)}.ruiz" in left] == []
    assert "correo.example" not in left


def test_what_only_looks_like_a_name_stops_a_reason_that_is_published_at_once_and_no_erasure(served: Served):
    world = World(served.as_("rcm"))
    for path, document in (
        ("/bulletins/{bulletin}", world.bulletin),
        ("/alerts/{alert}", world.alert),
        ("/sightings/{sighting}", world.sighting),
    ):
        answer = world.send("POST", f"{path}/withdraw", {"reason": LIKE_A_NAME}, document)
        assert answer.status_code == 422, answer.text
        assert [(error["pointer"], error["code"], error["kind"]) for error in answer.json()["errors"]] == [
            ("/reason", "reason-to-confirm", "name")
        ]
    for verb in ("accept", "decline"):
        answer = world.send("POST", f"/proposals/{{proposal}}/{verb}", {"reason": LIKE_A_NAME})
        assert [error["code"] for error in answer.json()["errors"]] == ["reason-to-confirm"]
    assert world.send("POST", "/bulletins/{bulletin}/erase", {"reason": LIKE_A_NAME}, world.bulletin).status_code == 200
    assert "Quispe" not in everything(served)


def test_a_text_is_judged_after_rights_and_conflicts(served: Served):
    world, bad = World(served.as_("rcm")), "escriba a juana.ruiz@correo.example"
    other = served.as_("hnd").post("/v1/bulletins", json=bulletin(title={"es": bad}))
    assert (other.status_code, other.json()["code"]) == (403, "not-your-state")
    same_key = world.send("POST", "/bulletins", bulletin(title={"es": bad}))
    assert (same_key.status_code, same_key.json()["code"]) == (409, "bulletin-exists")
    assert world.send("PUT", "/alerts/{alert}", alert(reason=bad), world.alert | {"version": 7}).status_code == 412
    assert world.send("POST", "/bulletins/{bulletin}/withdraw", {"reason": bad}, world.bulletin | {"version": 7}).status_code == 412
    assert world.client.post(f"/v1/bulletins/{world.alert['id']}/withdraw", json={"reason": bad}).status_code == 404
    # A fault of the form comes first too, and a second look finds the text.
    both = world.send("POST", "/alerts", alert(severity="dire", title={"es": bad}))
    assert {error["code"] for error in both.json()["errors"]} == {"code-unknown"}


def test_a_small_count_beside_what_a_document_counts_is_refused_and_a_published_one_is_not(served: Served):
    client = served.as_("rcm")
    small = [{"nationality": code, "value": value} for code, value in (("VEN", 400), ("SOM", 31), ("ERI", 2), ("ETH", 9))]

    def kinds(answer: httpx.Response) -> list[tuple[str, str]]:
        return [(error["pointer"], error["kind"]) for error in answer.json().get("errors", ())]

    told = bulletin(cells=small, title={"en": "One of the two Eritrean women"})
    for path in ("/v1/bulletins/check", "/v1/bulletins"):
        answer = client.post(path, json=told)
        assert (answer.status_code, kinds(answer)) == (422, [("/title/en", "small-count")]), answer.text
    # It is withheld and stands in no published cell: it is known from what was counted.
    document = made(client.post("/v1/bulletins", json=bulletin(cells=small, title={"es": "Pasaron 31 somalíes en octubre de 2022"})))
    assert "ERI" not in {cell["nationality"] for cell in document["cells"]}
    etag = {"If-Match": f'"{document["id"]}.v1"'}
    answer = client.post(f"/v1/bulletins/{document['id']}/withdraw", json={"reason": "dos somalíes contadas de nuevo"}, headers=etag)
    assert (answer.status_code, kinds(answer)) == (422, [("/reason", "small-count")])
    about = made(client.post("/v1/alerts", json=alert(nationalities=["NPL"], summary={"pt": "A rede leva três bolivianos por semana."})))
    bad = {"pt": "A rede leva três nepaleses por semana."}
    for answer in (
        client.post("/v1/alerts", json=alert(nationalities=["NPL"], summary=bad)),
        client.put(
            f"/v1/alerts/{about['id']}",
            json=alert(nationalities=["NPL"], reason="dois nepaleses"),
            headers={"If-Match": f'"{about["id"]}.v1"'},
        ),
        client.post(f"/v1/alerts/{about['id']}/sightings", json=sighting(note=bad)),
    ):
        assert (answer.status_code, [kind for _, kind in kinds(answer)]) == (422, ["small-count"]), answer.text


def test_the_header_of_a_file_is_read_and_named_by_our_column(standing: Served):
    rows = b"period,tel +50761234567,value\n2022-10,VEN,500\n"
    options = {"state": "PAN", "measure": "irregular_transit", "unit": "person", "column": "tel +50761234567=nationality"}
    answer = standing.as_("rcm").post("/v1/bulletins/files", params=options, files={"file": ("x.csv", rows)})
    assert (answer.status_code, answer.json()["code"]) == (422, "personal-data"), answer.text
    (error,) = answer.json()["errors"]
    assert (error["row"], error["column"], error["kind"], error["offset"]) == (1, "nationality", "phone", 4)
    assert "pointer" not in error
    assert "61234567" not in answer.text


def test_too_much_text_is_refused_by_its_length_whatever_it_holds(standing: Served):
    long, client = "escriba a juana.ruiz@correo.example. " * 540, standing.as_("rcm")
    three = dict.fromkeys(("es", "pt", "en"), long)
    points = [{"code": f"PAN-X{number}", "label": long[:300]} for number in range(300)]
    bad = alert(summary=three, recommendation=three)
    for path, body, place in (
        ("/v1/bulletins/check", bulletin(period="2022-11", route_points=points), ""),
        ("/v1/bulletins/batch", {"bulletins": [bulletin(period="2022-11", route_points=points)]}, "/bulletins/0"),
        ("/v1/bulletins", bulletin(narrative={"es": long + long[:100]}), "/narrative/es"),
        ("/v1/alerts", bad, ""),
        ("/v1/alerts/batch", {"alerts": [alert(), bad]}, "/alerts/1"),
    ):
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-document"), answer.text
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(place, "text-too-long")]


ODD = "Juana Ruiz"
CODES: dict[str, tuple[Body, tuple[str, ...]]] = {
    "/v1/bulletins/check": (
        bulletin(period="2022-11"),
        (
            *(
                "conference",
                "reporting_state",
                "publisher",
                "measure",
                "period",
                "definition_code",
                "audience/0",
                "handling/0",
                "mandate/0",
            ),
            *(
                f"cells/0/{name}"
                for name in ("nationality", "origin_state", "sex", "age", "accompaniment", "procedure", "route_point", "mode")
            ),
            *("cells/0/previous_state", "cells/0/destination_state", "route_points/0/code"),
        ),
    ),
    "/v1/alerts": (
        alert(fee={"currency": "USD", "min": 1, "max": 2, "scope": "leg"}),
        (
            *("conference", "nationalities/0", "persons_band", "audience/0", "handling/0", "mandate/0", "fee/currency", "first_seen"),
            *(f"route/0/{name}" for name in ("from", "to", "mode", "area")),
            *(f"{name}/0" for name in ("modus_operandi", "document_fraud", "transport", "recruitment", "payment", "roles", "risks")),
            *("linked_crimes/0", "related/0"),
        ),
    ),
}


def test_no_field_for_a_code_takes_a_name(standing: Served):
    client = standing.as_("rcm")
    for path, (body, places) in CODES.items():
        for place in places:
            answer = client.post(path, json=with_odd(body, place.split("/")))
            assert answer.status_code in {403, 422}, (path, place, answer.text)
            assert ODD not in answer.text


def with_odd(value: Any, path: list[str]) -> Any:
    """A body with words where a code is asked for."""
    if not path:
        return ODD
    step, *rest = path
    if step.isdigit():
        return [with_odd(value[0] if value else {}, rest), *(value[1:] if value else [])]
    inner = value if isinstance(value, dict) else {}
    more = {"label": "Darién"} if "code" in path else {}
    return {**inner, **more, step: with_odd(inner.get(step), rest)}
