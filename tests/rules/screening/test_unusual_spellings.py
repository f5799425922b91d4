"""Identifiers in the spellings that notes really have, each kind whole, and clean texts that only look like them."""

import json
from collections import Counter
from pathlib import Path

import pytest

from app.directory.known_names import known
from app.directory.passing import passing, shipped
from app.screening.figures import Figures
from app.screening.screen import Found, Vocabulary, screened
from app.screening.spans import Kind

UNUSUAL = json.loads((Path(__file__).parents[2] / "data" / "screening" / "unusual.json").read_text("utf-8"))
VOCABULARY = Vocabulary(known(), passing(shipped()))


def found(text: str) -> list[Found]:
    return screened({"/text": text}, VOCABULARY, Figures(5, ()))


def of(kind: Kind, text: str) -> list[str]:
    return [text[each.offset : each.offset + each.length] for each in found(text) if each.kind is kind]


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in UNUSUAL["positives"]}))
def test_every_unusual_spelling_of_a_kind_is_found_where_it_stands(kind: str):
    cases = [(text, value, text.index(value)) for each, text, value in UNUSUAL["positives"] if each == kind]
    missed = [
        text
        for text, value, start in cases
        if not any(each.kind == kind and each.offset < start + len(value) and start < each.offset + each.length for each in found(text))
    ]
    assert missed == []


def test_every_hard_kind_that_one_number_or_address_has_is_among_the_spellings():
    numbers = Counter(kind for kind, _, _ in UNUSUAL["positives"])
    assert set(numbers) == {each.value for each in Kind} - {"name", "numeral", "small-count", "personal-column"}
    assert min(numbers.values()) >= 7
    assert numbers.total() >= 450


def test_no_clean_text_that_looks_like_an_identifier_is_refused():
    assert [(text, each.kind.value) for text in UNUSUAL["clean"] for each in found(text) if each.is_hard] == []


@pytest.mark.parametrize(
    ("text", "dwellings"),
    [
        ("Los citan en calle Juan Pérez 12, portón verde.", ["calle Juan Pérez 12"]),
        ("Se esconden en la Rua das Acácias, 311, fundos.", ["Rua das Acácias, 311"]),
        ("They wait at 412 Invented Street, blue gate.", ["412 Invented Street"]),
        ("Recogen en Cra. 8 # 12-45, Turbo.", ["Cra. 8 # 12-45"]),
        ("La oficina de la OIM, calle Juan Pérez 12, atiende.", []),
        ("A reunião foi na sede, Rua das Acácias, 311.", []),
        ("The embassy moved to 412 Invented Street.", []),
        ("En calle Juan Pérez 12 personas esperaban.", []),
        ("Operativo en la calle Juárez, 14 y 15 de marzo.", []),
        ("La Casa del Migrante, calle Hidalgo 12, recibió a 40 personas.", []),
    ],
)
def test_a_house_is_found_by_its_street_and_number_unless_it_is_an_institution(text: str, dwellings: list[str]):
    assert of(Kind.DWELLING, text) == dwellings


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("El migranteJuan Pérez cruzó.", ["Juan Pérez"]),
        ("O guiaCarlos López cobra.", ["Carlos López"]),
        ("The driverMARIO GOMEZ left.", ["MARIO GOMEZ"]),
        ("Según JuanPérez, son diez.", ["JuanPérez"]),
        ("File Juan_Pérez.pdf", ["Juan_Pérez"]),
        ("Por WhatsApp y OpenStreetMap, en eVisa Panamá.", []),
        ("La SICREMI-OEA y el CEFR.", []),
    ],
)
def test_a_name_is_held_that_is_glued_to_a_word_or_to_itself(text: str, names: list[str]):
    assert of(Kind.NAME, text) == names


@pytest.mark.parametrize(
    "text",
    [
        "El PEP benefició a 281.024 personas en 2021.",
        "CPP: 10.345 permisos en el primer semestre.",
        "Cuenta con 12345678 registros la base.",
        "DNI: 45.678 trámites.",
        "El plazo se cumple el 12 de mayo de 2024.",
        "Totales [RUN]: 2010 559; 2011 283; 2012 1777.",
        "A data de nascimento é obrigatória desde 1 de janeiro de 2024.",
    ],
)
def test_what_is_counted_or_ruled_after_the_word_for_a_document_or_a_birth_names_nobody(text: str):
    assert [each for each in found(text) if each.is_hard] == []


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("Pasaportes C8204417 y C8204418, ambos vencidos.", Kind.PASSPORT, ["C8204417", "C8204418"]),
        ("Placas NXR-6031, NXR-6032 e NXR-6033.", Kind.PLATE, ["NXR-6031", "NXR-6032", "NXR-6033"]),
        ("Passport C8204417, 12 May, 40 persons.", Kind.PASSPORT, ["C8204417"]),
    ],
)
def test_each_number_of_a_list_is_found_that_one_word_announces(text: str, kind: Kind, values: list[str]):
    assert of(kind, text) == values
