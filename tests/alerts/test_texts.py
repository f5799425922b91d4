"""All free text of an alert passes one door, and is searched in one folded form."""

from collections.abc import Iterator
from typing import Any

import pytest
from drafts import alert, leg, price
from hypothesis import given
from hypothesis import strategies as st

from app.alerts.texts import folded, folded_text, folded_words, free_texts
from app.wire.alert import AlertRevision
from app.wire.text import WRITTEN

SCHEMA = AlertRevision.model_json_schema()


def texts_of_schema(schema: dict[str, Any], place: str = "") -> Iterator[str]:
    """Places of every free text that the published schema lets a sender write: strings under the text gate alone."""
    if "$ref" in schema:
        yield from texts_of_schema(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], place)
    for branch in schema.get("anyOf", ()):
        yield from texts_of_schema(branch, place)
    if schema.get("type") == "string" and schema.get("pattern") == WRITTEN:
        yield place
    for name, inner in schema.get("properties", {}).items():
        yield from texts_of_schema(inner, f"{place}/{name}")
    if "items" in schema:
        yield from texts_of_schema(schema["items"], f"{place}/0")


def filled(place: str) -> dict[str, Any]:
    """An alert that has a text of its own at one place, and none at any other."""
    bare: dict[str, Any] = {"title": {}, "summary": {}, "recommendation": {}, "route": [leg(1, "ECU", "COL")], "fee": price()}
    *path, last = place.split("/")[1:]
    holder: Any = bare
    for step in path:
        holder = holder[int(step) if step.isdigit() else step]
    holder[last] = "found"
    return bare


def test_every_free_text_of_the_schema_is_behind_the_door():
    places = list(texts_of_schema(SCHEMA))
    assert {"/title/pt", "/route/0/place", "/fee/scope_note", "/network_code", "/reason"} < set(places)
    assert len(places) == 13
    for place in places:
        assert list(free_texts(filled(place))) == [(place, "found")]


def test_a_second_leg_and_an_alert_in_a_batch_have_their_own_pointers():
    sent = alert(route=[leg(1, "ECU", "COL"), leg(2, "COL", "PAN", place="Darién")], network_code=None)
    assert list(free_texts(sent, ("alerts", 2)))[-1] == ("/alerts/2/route/1/place", "Darién")
    assert [pointer for pointer, _ in free_texts(sent)] == ["/title/es", "/summary/es", "/route/1/place"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Darién", "darien"),
        ("Córdoba, Bolívar y Darién", "cordoba bolivar y darien"),
        ("SÃO  PAULO\n–\tGuarulhos", "sao paulo guarulhos"),
        ("Straße, ŁÓDŹ", "strasse łodz"),
        ("KESTREL-07", "kestrel 07"),
        ("100%_seguro", "100 seguro"),
        ("Ｃａｐｕｒｇａｎá", "capurgana"),
        ("İstanbul ΣΑΣ", "istanbul σασ"),
        ("  ", ""),
    ],
)
def test_a_text_is_folded_by_case_and_accents(text: str, plain: str):
    assert folded(text) == plain


@given(st.text(max_size=40))
def test_folding_a_folded_text_changes_nothing_and_capitals_never_matter(text: str):
    assert folded(folded(text)) == folded(text)
    assert folded(text.swapcase().casefold()) == folded(text.casefold())
    assert not set(folded(text)) & set("%_\\'\"\n")


def test_the_words_of_a_question_are_found_in_the_folded_text():
    stored = folded_text(alert(reference="SACM-2026-7KQ2M", fee=price(scope_note="Ecuador–Panamá")))
    for question in ("URABÁ", "darien IPIALES", "kestrel-07", "7kq2m", "noche noche", "ecuador-panama"):
        assert all(word in stored for word in folded_words(question)), question
    assert folded_words("Noche, NOCHE de noche") == ("noche", "de")
    assert folded_words("%") == ()
    assert not all(word in stored for word in folded_words("darien tapachula"))
    assert stored.split("\n")[:2] == ["sacm 2026 7kq2m", "red de ecuador al golfo de uraba"]
