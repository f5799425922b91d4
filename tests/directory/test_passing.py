"""What the allow-list lets pass: the whole host, address, number or name, and nothing that only looks like an entry."""

import logging

import pytest

from app.directory.passing import passing, shipped
from app.documents.texts import read_texts
from app.screening.screen import Vocabulary, screened
from app.screening.spans import Kind

ADDED = [
    ("email", "mesa.tecnica@example.org"),
    ("host", "tablero.example.org"),
    ("phone", "+50622220000"),
    ("name", "Villa Rosario Colón"),
]
PASSES = passing([*shipped(), *ADDED])
VOCABULARY = Vocabulary(allowed=PASSES)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.EMAIL, "stats@unhcr.org"),
        (Kind.EMAIL, "Prensa@IOM.int"),
        (Kind.EMAIL, "dtm@panama.iom.int"),
        (Kind.EMAIL, "mesa.tecnica@example.org"),
        (Kind.URL, "crmsv.org"),
        (Kind.URL, "https://www.unhcr.org/mexico."),
        (Kind.URL, "https://data.un.org:443/en/flows-2012/report.pdf"),
        (Kind.URL, "http://tablero.example.org/2012/w45"),
        (Kind.PHONE, "+52 800 5533 000"),
        (Kind.PHONE, "800 5533 000"),
        (Kind.PHONE, "01 800 5533 000"),
        (Kind.PHONE, "1-888-373-7888"),
        (Kind.PHONE, "+506) 2222-0000"),
        (Kind.PHONE, "01 8000 52 20 20"),
        (Kind.NAME, "VILLA ROSARIO COLON"),
    ],
)
def test_an_entry_passes_as_it_may_be_written(kind: Kind, text: str):
    assert PASSES(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.EMAIL, "x@un.org.evil.com"),
        (Kind.EMAIL, "x@un.org.mx"),
        (Kind.EMAIL, "x@notun.org"),
        (Kind.EMAIL, "x@not-un.org"),
        (Kind.EMAIL, "un.org@evil.com"),
        (Kind.EMAIL, "otra.mesa.tecnica@example.org"),
        (Kind.EMAIL, "mesa.tecnica@example.org.mx"),
        (Kind.EMAIL, "mesa.tecnica@sub.example.org"),
        (Kind.EMAIL, "x@uп.org"),
        (Kind.EMAIL, "x@a.b.c.d.e.un.org"),
        (Kind.EMAIL, "x arroba un punto org"),
        (Kind.URL, "https://un.org.evil.com/"),
        (Kind.URL, "https://un.org@evil.com/"),
        (Kind.URL, "https://evil.com/un.org"),
        (Kind.URL, "https://evil.com?un.org"),
        (Kind.URL, "https://evil.com#.un.org"),
        (Kind.URL, "https://evil.com\\.un.org"),
        (Kind.URL, "https://un.org/?a=https://evil.com/"),
        (Kind.URL, "https://un.org/r/evil.com/somebody"),
        (Kind.URL, "notun.org"),
        (Kind.URL, "uп.org"),
        (Kind.URL, "sub.tablero.example.org"),
        (Kind.URL, "example.org"),
        (Kind.PHONE, "+52 800 5533 0001"),
        (Kind.PHONE, "800 5533 001"),
        (Kind.PHONE, "+507 2222-0000"),
        (Kind.PHONE, "9 800 5533 000"),
        (Kind.NAME, "Rosario Colón"),
        (Kind.NAME, "Villa Rosario Colón Inventada"),
        (Kind.HANDLE, "@un.org"),
        (Kind.PASSPORT, "+50622220000"),
    ],
)
def test_what_only_looks_like_an_entry_does_not_pass(kind: Kind, text: str):
    assert not PASSES(kind, text)


def test_in_a_text_what_is_listed_passes_and_what_stands_beside_it_is_found():
    text = (
        "Consultas: stats@unhcr.org, https://crmsv.org/es y la línea +52 800 5533 000. Escriben a x@a.b.c.d.e.un.org.evil.com, "
        "a persona@un.org.mx, a https://un.org/?de=otra.persona@correo.example y a https://iom.int/r?a=facebook.com/inventada"
    )
    found = [text[each.offset : each.offset + each.length] for each in screened({"/narrative/es": text}, VOCABULARY) if each.is_hard]
    pages = ["https://un.org/?de=otra.persona@correo.example", "https://iom.int/r?a=facebook.com/inventada"]
    assert found == ["x@a.b.c.d.e.un.org", "persona@un.org.mx", *pages]


def test_that_something_passed_is_logged_once_a_document_and_kind_and_never_what_it_was(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, logger="istmo"):
        assert (
            read_texts({"/narrative/es": "A stats@unhcr.org se consulta.", "/narrative/en": "Ask stats@unhcr.org for more."}, VOCABULARY)
            == ()
        )
    assert [(record.message, record.fields["kind"]) for record in caplog.records] == [("allow-list passed", "email")]
    assert "unhcr" not in caplog.text


def test_every_shipped_entry_says_whose_it_is_and_names_a_public_page():
    assert {kind for kind, _ in shipped()} == {"domain", "phone"}
    assert {"un.org", "iom.int", "unhcr.org", "crmsv.org"} <= {value for kind, value in shipped() if kind == "domain"}
    assert [entry for entry, note in shipped().items() if ", https://" not in note] == []
