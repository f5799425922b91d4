"""Every free text of whatever is sent passes one door: none is forgotten, none is read twice, and length is judged first."""

import copy
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.core.problems import Problem, as_json, catalogue
from app.documents.lengths import MOST_TEXT
from app.documents.texts import read_texts, texts_of
from app.main import BODIES
from app.screening.screen import Vocabulary
from app.screening.spans import HARD, Kind
from app.wire.alert import AlertRevision
from app.wire.alert_answers import OpinionRevision, ProposalRevision, SightingRevision
from app.wire.bulletin import BulletinRevision, Grounds
from app.wire.problem import Finding
from app.wire.strict_json import pointer
from app.wire.text import WRITTEN

Json = dict[str, Any]
NOTHING = Vocabulary()
IN_THREE = ("es", "pt", "en")
SENT: dict[type[Any], tuple[Json, set[str]]] = {
    BulletinRevision: (
        {"reporting_state": "PAN", "measure": "rescue", "unit": "person", "period": "2022-10", "route_points": [{"code": "PAN-DAR"}]},
        {
            *(f"/{name}/{language}" for name in ("title", "narrative") for language in IN_THREE),
            *("/source/name", "/source/licence", "/route_points/0/label", "/reason"),
        },
    ),
    AlertRevision: (
        {
            "severity": "high",
            "source_reliability": "A",
            "information_credibility": 2,
            "first_seen": "2017-01",
            "route": [{"seq": 1, "from": "ECU", "to": "COL", "mode": "land"}],
            "fee": {"currency": "USD", "min": 2500, "max": 6000, "scope": "leg"},
            "title": {},
            "summary": {},
        },
        {
            *(f"/{name}/{language}" for name in ("title", "summary", "recommendation") for language in IN_THREE),
            *("/network_code", "/route/0/place", "/fee/scope_note", "/reason"),
        },
    ),
    SightingRevision: (
        {"where": {"state": "PAN"}, "seen_from": "2018-02", "certainty": "probable"},
        {*(f"/note/{language}" for language in IN_THREE), "/where/place", "/reason"},
    ),
    OpinionRevision: ({"opinion": "agree"}, {*(f"/explanation/{language}" for language in IN_THREE), "/reason"}),
    ProposalRevision: ({"changes": {"severity": "low"}}, {*(f"/explanation/{language}" for language in IN_THREE), "/reason"}),
    Grounds: ({}, {"/reason"}),
}
"""Of each form its least body, and the places of the free texts that it may hold, written down by hand."""

TYPED = (
    r"^(19|20)[0-9]{2}-[0-9]{2}(-[0-9]{2})?$",
    r"^[A-Z]{2}-[A-Z0-9]{1,3}$",
    r"^[A-Z]{3}$",
    r"^[A-Z0-9][A-Z0-9-]{1,31}$",
    r"^[a-z0-9][a-z0-9_.-]{0,39}$",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^https?://[!-~]+$",
    r"^[A-Za-z0-9_][A-Za-z0-9_.:/-]*$",
)
"""Forms of texts that say nothing freely: days, areas, currencies, publishers, definitions, addresses of sources, codes of mandates."""


def leaves(schema: Json, defs: Json, place: str = "") -> Iterator[tuple[str, Json]]:
    """Every text that a schema lets a sender write, with its place and what the schema says of it."""
    if "$ref" in schema:
        yield from leaves(defs[schema["$ref"].rpartition("/")[2]], defs, place)
    for branch in schema.get("anyOf", ()):
        yield from leaves(branch, defs, place)
    if schema.get("type") == "string" and not {"enum", "const"} & set(schema):
        yield place, schema
    for name, inner in schema.get("properties", {}).items():
        yield from leaves(inner, defs, f"{place}/{name}")
    if "items" in schema:
        yield from leaves(schema["items"], defs, f"{place}/0")


def leaves_of(model: type[Any]) -> list[tuple[str, Json]]:
    schema = model.model_json_schema(by_alias=True)
    return list(leaves(schema, schema.get("$defs", {})))


def filled(body: Json, places: set[str]) -> Json:
    """A body with a text of its own at each of these places."""
    full: Any = copy.deepcopy(body)
    for place in places:
        *path, last = place.split("/")[1:]
        holder = full
        for step in path:
            holder = holder[int(step)] if step.isdigit() else holder.setdefault(step, {})
        holder[last] = f"at {place}"
    return full


@pytest.mark.parametrize("model", SENT, ids=lambda each: each.__name__)
def test_every_free_text_of_a_form_is_found_at_its_place_and_nothing_else(model: type[Any]):
    body, places = SENT[model]
    assert {place for place, schema in leaves_of(model) if schema.get("pattern") == WRITTEN} == places
    found = texts_of(model.model_validate(filled(body, places)), ("alerts", 2))
    assert found == {f"/alerts/2{place}": f"at {place}" for place in places}


@pytest.mark.parametrize("model", SENT, ids=lambda each: each.__name__)
def test_a_text_that_is_not_free_has_a_form_that_holds_no_words(model: type[Any]):
    odd = {
        place
        for place, schema in leaves_of(model)
        if schema.get("pattern") not in {WRITTEN, *TYPED} and schema.get("format") not in {"date", "date-time", "uuid"}
    }
    # These are codes of lists: what stands in none is refused, as the refusals over HTTP show.
    assert odd <= CODES


CODES = {
    *("/conference", "/reporting_state", "/measure", "/period", "/audience/0", "/route_points/0/code", "/persons_band", "/handling/0"),
    *(f"/cells/0/{name}" for name in ("nationality", "origin_state", "sex", "age", "accompaniment", "procedure", "route_point", "mode")),
    *("/cells/0/previous_state", "/cells/0/destination_state", "/nationalities/0", "/where/state"),
    *(f"/route/0/{name}" for name in ("from", "to", "mode")),
    *(
        f"/{name}/0"
        for name in ("modus_operandi", "document_fraud", "transport", "recruitment", "payment", "roles", "risks", "linked_crimes")
    ),
}


def test_every_form_that_may_be_sent_is_looked_at_or_is_no_document():
    forms = {form for form in BODIES if any(schema.get("pattern") == WRITTEN for _, schema in leaves_of(form))}
    looked_at = {each for form in SENT for each in form.__mro__}
    made_of_them = {"Acceptance", "AlertBatch", "Batch"}
    no_documents = {"AllowedDraft", "ClientDraft", "MembershipEdit", "OfficeEdit", "PresidencyEdit", "Profile", "RevocationRequest"}
    assert {form.__name__ for form in forms - looked_at} == made_of_them | no_documents


def test_the_texts_stand_in_the_order_of_the_form_so_that_neighbours_are_read_together():
    sent = AlertRevision.model_validate(filled(*SENT[AlertRevision]))
    assert list(texts_of(sent))[:4] == ["/title/es", "/title/pt", "/title/en", "/summary/es"]
    split = {"/title/es": "Pasaporte de la persona: AB", "/summary/es": "1234567 visto en el puesto"}
    with pytest.raises(Problem) as refused:
        read_texts(split, NOTHING)
    assert [each.pointer for each in refused.value.findings] == ["/title/es"]


def test_a_large_table_costs_the_door_nothing():
    cells = [{"nationality": "SOM", "sex": "F", "value": 9}] * 5_000
    body, places = SENT[BulletinRevision]
    sent = BulletinRevision.model_validate(filled(body | {"cells": cells}, places))
    began = time.process_time()
    assert len(texts_of(sent)) == len(places)
    assert time.process_time() - began < 0.001


def test_too_much_text_is_refused_before_any_rule_reads_it(monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []
    allowed = Vocabulary(allowed=lambda _kind, _text: asked.append(1) is None)
    mail = "escriba a juana.ruiz@correo.example. "
    within = {"/narrative/es": (mail * 1_800)[:MOST_TEXT]}
    assert read_texts(within, allowed) == ()
    assert asked
    asked.clear()
    with pytest.raises(Problem) as refused:
        read_texts(within | {"/title/es": "x"}, allowed)
    assert asked == []
    assert (refused.value.code, refused.value.findings[0].code) == ("invalid-document", "text-too-long")


def test_a_hard_finding_is_told_by_place_kind_and_what_to_do_and_never_by_what_was_found():
    with pytest.raises(Problem) as refused:
        read_texts({"/title/es": "Boletín", "/summary/pt": "Fale com juana.ruiz@correo.example logo"}, NOTHING)
    assert (refused.value.code, refused.value.status) == ("personal-data", 422)
    (found,) = refused.value.findings
    told = as_json(found, "pt")
    assert {name: told[name] for name in ("pointer", "offset", "length", "kind", "code")} == {
        "pointer": "/summary/pt",
        "offset": 9,
        "length": 25,
        "kind": "email",
        "code": "text-personal",
    }
    assert told["excerpt"] == "ju•••.••••@••••••.•••••••"
    assert told["detail"].startswith("25 caracteres a partir da posição 9 (ju•••")
    assert told["detail"].endswith("omita-o, ou escreva o de uma instituição da lista de contatos conhecidos.")


def test_what_only_looks_like_a_person_is_given_back_to_be_confirmed():
    found = read_texts({"/title/es": "Lo contó Juana Ruiz Quispe ayer"}, NOTHING)
    assert [(each.code, each.pointer, each.params["kind"]) for each in found] == [("text-to-confirm", "/title/es", "name")]


def test_a_hundred_findings_are_told_and_a_long_one_is_cut():
    with pytest.raises(Problem) as refused:
        read_texts({"/summary/es": "juana.ruiz@correo.example, " * 2_000}, NOTHING)
    assert len(refused.value.findings) == 100
    with pytest.raises(Problem) as refused:
        read_texts({"/summary/es": f"nombre;edad\n{'a' * 5_000};3"}, NOTHING)
    assert max(len(str(each.params["excerpt"])) for each in refused.value.findings) == 80


def test_every_kind_has_its_sentence_where_it_is_told():
    kinds = {code: set(catalogue()[code]["kinds"]) for code in ("text-personal", "text-to-confirm")}
    assert set(HARD) <= kinds["text-personal"]
    assert set(Kind) - HARD <= kinds["text-to-confirm"]
    assert kinds["text-personal"].isdisjoint(kinds["text-to-confirm"])
    with pytest.raises(KeyError):
        as_json(Finding("text-personal", params={"kind": "shoe-size"}), "es")
    assert as_json(Finding("text-empty", params={"excerpt": "x", "offset": 1}), "en").keys() == {"code", "detail"}


def test_a_pointer_of_the_door_is_a_pointer_of_json():
    assert pointer("alerts", 2, "title", "es") == "/alerts/2/title/es"
    assert all(re.fullmatch(r"(/[a-z0-9_]+)+", place) for _, places in SENT.values() for place in places)
