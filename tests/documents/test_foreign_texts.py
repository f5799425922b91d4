"""What a document of another node says in words is found wherever it stands, codes aside, and costs next to nothing."""

import time
from typing import Any

import pytest

from app.directory.dimensions import DIMENSIONS, known
from app.documents.foreign_texts import Reader, foreign_texts, is_code
from app.screening.screen import Vocabulary, holds_identifier

NOTHING = Vocabulary()
MAIL = "juana.ruiz@correo.example"
DOCUMENT: dict[str, Any] = {
    "id": "0195e3b0-6f80-7c3e-9a51-2d0c6a5f1b11",
    "kind": "bulletin",
    "version": 1,
    "status": "published",
    "origin": "RCM",
    "issuer": "RCM/PAN",
    "tlp": "AMBER+STRICT",
    "audience": ["RCM", "SACM/secretariat"],
    "handling": ["no-onward"],
    "lang": ["es"],
    "created_at": "2022-11-02T12:00:00.000000Z",
    "published_at": "2022-11-02T12:00:00Z",
    "period": "2022-10",
    "publisher": "PAN-SNM",
    "period_start": "2022-10-01",
    "period_end": "2022-10-31",
    "classification": "strict@1",
    "definition_code": "default",
    "cells": [
        {"nationality": "SOM", "age": "Y0T17", "route_point": "PAN-DAR", "value": 31, "value_status": "not_collected"},
        {"nationality": "_OAFR", "age": "Y_GE18", "route_point": "PAN-C7", "value": 90},
    ],
    "title": {"es": "Tránsito", "pt": "Trânsito"},
    "source": {"name": "Servicio de Migración", "url": "https://datos.example/serie?mes=10", "retrieved_on": "2022-11-01"},
    "route_points": [{"code": "PAN-DAR", "label": "Darién"}],
    "disclosure": {"policy": "rule(k)", "k": 5, "certificate": "5f" * 32},
    "salt": "0a" * 16,
    "digest": "1b" * 32,
    "signature": {"kid": "document-RCM-1", "alg": "EdDSA", "value": "A1" * 43},
}


def test_the_words_of_a_document_are_found_in_their_order_and_its_codes_are_not():
    assert list(foreign_texts(DOCUMENT).values()) == ["Tránsito", "Trânsito", "Servicio de Migración", "Darién"]


@pytest.mark.parametrize(
    "odd",
    [
        {"title": {"es": f"Escriba a {MAIL}"}},
        {"contact": MAIL},
        {"later": {"deep": [{"er": [MAIL]}]}},
        {MAIL: "x"},
        {"tlp": MAIL},
        {"cells": [*DOCUMENT["cells"], {"nationality": MAIL, "value": 9}]},
        {"cells": [{MAIL: 9}]},
        {"cells": [{"nationality": {"es": MAIL}}]},
        {"cells": [*DOCUMENT["cells"], {"nationality": "SOM", "note": [MAIL]}]},
        {"cells": [*DOCUMENT["cells"], [MAIL]]},
        {"cells": MAIL},
        {"signature": {**DOCUMENT["signature"], "by": MAIL}},
        {"signature": {**DOCUMENT["signature"], "value": MAIL}},
        {"source": {"url": f"mailto:{MAIL}"}},
        {"reason": f"avise a {MAIL}"},
        {"contact": "+50761234567"},
        {"contact": "RUAM850312MDFRNR04"},
        {"title": {"es": "Pasaporte de la persona: AB", "pt": "1234567"}},
    ],
)
def test_an_identifier_is_found_in_any_field_of_any_release(odd: dict[str, Any]):
    reader = Reader(NOTHING)
    assert not reader.identifies(DOCUMENT)
    assert reader.identifies({**DOCUMENT, **odd})


def test_what_several_documents_say_word_for_word_is_read_once_and_counts_for_each(monkeypatch: pytest.MonkeyPatch):
    read: list[list[str]] = []

    def note(texts: dict[str, str], vocabulary: Vocabulary) -> bool:
        read.append(list(texts.values()))
        return holds_identifier(texts, vocabulary)

    monkeypatch.setattr("app.documents.foreign_texts.holds_identifier", note)
    reader = Reader(NOTHING)
    told = [{"title": {"es": said}} for said in (MAIL, "Ingresos", MAIL, "Ingresos", "Ingresos de mayo")]
    assert [reader.identifies(each) for each in told] == [True, False, True, False, False]
    # Split otherwise the same letters are other texts.
    assert not reader.identifies({"title": {"es": "Ingresos", "pt": " de mayo"}})
    assert read == [[MAIL], ["Ingresos"], ["Ingresos de mayo"], ["Ingresos", " de mayo"]]


def test_what_a_node_draws_itself_is_no_telephone_beside_a_text_that_ends_in_contact():
    drawn = {"title": {"es": "sin contacto"}, "reference": "RCM-2026-70041", "signature": {"kid": "5055512345678901", "value": "A" * 86}}
    assert foreign_texts(drawn) == {"0": "sin contacto"}
    assert not Reader(NOTHING).identifies(drawn)
    assert list(foreign_texts({**drawn, "reference": "contacto 5055512345", "kid": "50555123456789012"}).values())[1:] == [
        "contacto 5055512345",
        "50555123456789012",
    ]


def test_every_code_of_our_tables_is_one_and_what_has_as_many_digits_as_an_identifier_is_none():
    assert [code for name in DIMENSIONS for code in known(name) if not is_code(code)] == []
    assert not any(map(is_code, ("61234567", "+507", "AB1234567", "juana.ruiz", "@juana", "a b", "", "x" * 65)))


def test_more_text_than_any_document_may_hold_is_read_by_no_rule_and_not_taken():
    asked: list[int] = []
    counting = Vocabulary(allowed=lambda _kind, _text: asked.append(1) is None)
    assert Reader(counting).identifies({**DOCUMENT, "later": [f"a {MAIL}"] * 3_000})
    assert asked == []
    assert not Reader(counting).identifies({**DOCUMENT, "later": [f"a {MAIL}"]})
    assert asked


def test_a_table_of_six_hundred_cells_is_passed_over_in_a_millisecond():
    nationalities = known("nationality")[:200]
    cells = [{"nationality": code, "sex": sex, "value": 9} for code in nationalities for sex in "FMX"]
    large, spent = {**DOCUMENT, "cells": cells}, []
    assert len(cells) == 600
    for _ in range(9):
        began = time.process_time()
        foreign_texts(large)
        spent.append(time.process_time() - began)
    assert sorted(spent)[4] < 0.002
