"""How widely the rules read: each kind written in many ways, and clean texts that look like it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from app.directory.known_names import known
from app.directory.passing import passing, shipped
from app.screening.figures import Figures
from app.screening.screen import Found, Vocabulary, screened
from app.screening.spans import Kind

VARIANTS = json.loads((Path(__file__).parents[2] / "data" / "screening" / "variants.json").read_text("utf-8"))
FIGURES = Figures(5, VARIANTS["categories"])
VOCABULARY = Vocabulary(known(), passing(shipped()))
BULLETIN = Figures(5, {"mujer", "menor", "haitiano"}, {1050, 12345}, is_bulletin=True)


def found(text: str) -> list[Found]:
    return screened({"/text": text}, VOCABULARY, FIGURES)


def of(kind: Kind, text: str) -> list[str]:
    return [text[each.offset : each.offset + each.length] for each in found(text) if each.kind is kind]


def test_of_the_ways_to_write_an_identifier_or_a_small_count_95_of_100_are_found_by_their_kind():
    asked, right, missed = Counter[str](), Counter[str](), []
    for kind, text, value in VARIANTS["positives"]:
        start = text.index(value)
        hits = [
            each for each in found(text) if each.kind == kind and each.offset < start + len(value) and start < each.offset + each.length
        ]
        asked[kind] += 1
        right[kind] += bool(hits)
        missed += [] if hits else [text]
    print({kind: f"{right[kind]}/{number}" for kind, number in sorted(asked.items())})
    assert asked.total() >= 1250
    assert right.total() >= 0.95 * asked.total(), missed


def test_of_tempting_texts_five_in_a_hundred_are_refused_at_most():
    refused = [text for text in VARIANTS["clean"] if any(each.is_hard for each in found(text))]
    assert len(refused) <= 0.05 * len(VARIANTS["clean"]), refused


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Instagram, usuario el_gavilan_paso; cobra antes.", Kind.HANDLE, "el_gavilan_paso"),
        ("Contact on Signal, username coral.runner.88", Kind.HANDLE, "coral.runner.88"),
        ("Telegram, usuario rutasegura", Kind.HANDLE, "rutasegura"),
        ("ppt nepalés nro PA0612390", Kind.PASSPORT, "PA0612390"),
        ("PPT n.º 5123456", Kind.NATIONAL_ID, "5123456"),
        ("K000417 (pasaporte cubano)", Kind.PASSPORT, "K000417"),
        ("A# 000 123 456", Kind.NATIONAL_ID, "A# 000 123 456"),
        ("chasis 9BWZZZ377VT004251", Kind.PLATE, "9BWZZZ377VT004251"),
        ("1HGCM82633A004352 seen", Kind.PLATE, "1HGCM82633A004352"),
        ("nac. 3-IV-2008", Kind.BIRTH_DATE, "3-IV-2008"),
        ("Stash house at 1427 Palm Drive", Kind.DWELLING, "1427 Palm Drive"),
        ("Exhibió su D.N.I. 30.123.456 vencido", Kind.NATIONAL_ID, "30.123.456"),
        ("A Social Insurance Number, 730 123 456, was read", Kind.NATIONAL_ID, "730 123 456"),
        ("Van reg. CY-D-10428 seen", Kind.PLATE, "CY-D-10428"),
        ("Van reg. AB12 CDE seen", Kind.PLATE, "AB12 CDE"),
        ("En TikTok @paso_norte.vip ofrece", Kind.HANDLE, "@paso_norte.vip"),
        ("Attended: Fabienne Saint-Louis, ashore.", Kind.NAME, "Fabienne Saint-Louis"),
    ],
)
def test_an_identifier_is_found_where_it_stands(text: str, kind: Kind, value: str):
    assert of(kind, text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "nac. venezolana, ingresó el 12/03/2024",
        "1HGCM82633A004353 seen",
        "Usuarios del sistema SIRMI v2.1",
        "Reg. UE 2016/679",
        "Registered 12 May 2026",
    ],
)
def test_what_only_begins_alike_is_not_refused(text: str):
    assert [each for each in found(text) if each.is_hard] == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Otros: mujeres (n=3), sin más.", "mujeres (n=3"),
        ("patrol adv x2 adult females", "2 adult"),
        ("Un trío de mujeres", "trío de mujeres"),
        ("Se registró un solo niño.", "un solo niño"),
        ("A single woman arrived.", "A single woman"),
        ("Women this week: just two.", "Women this week: just two"),
        ("La serie de mujeres incluye tan solo a dos.", "mujeres incluye tan solo a dos"),
        ("Somalíes (n=2) fuera de plazo.", "Somalíes (n=2"),
        ("Somalíes x2 fuera de plazo.", "Somalíes x2"),
        ("Faltaban 3 mujs. de Cuba.", "3 mujs"),
        ("Hombs.: 4", "Hombs.: 4"),
        ("Salieron 2 venez. hacia el sur.", "2 venez"),
        ("Entre os homens afegãos, 3 já tinham visto.", "afegãos, 3"),
    ],
)
def test_a_count_below_k_is_found_however_it_is_told(text: str, value: str):
    assert of(Kind.SMALL_COUNT, text) == [value]


def test_thousands_that_a_space_parts_are_one_number_and_a_telephone_is_none():
    texts = {"/a": "Ingresaron 1 050 mujeres y 12 345 menores.", "/b": "Línea gratuita 800 533 000"}
    assert screened(texts, Vocabulary(), BULLETIN) == []
    [waiting] = screened({"/a": "Ingresaron 1 051 personas."}, Vocabulary(), BULLETIN)
    assert (waiting.kind, waiting.offset, waiting.length) == (Kind.NUMERAL, 11, 5)


@pytest.mark.parametrize(
    "text",
    [
        "Cruzaron por el puente Simón Bolívar.",
        "La Troncal de la Costa cerró.",
        "From Cat Cay to Miami.",
        "Colombia. 3 postos abriram.",
        "Las mujeres, 3 talleres.",
        "Entre os homens, 3 rotas.",
    ],
)
def test_a_place_is_no_person_and_a_thing_after_a_category_no_count_of_it(text: str):
    assert found(text) == []


@pytest.mark.parametrize("text", ["Registro dos menores", "Distribuição dos menores por sexo", "Total dos menores"])
def test_dos_after_a_noun_counts_nobody_where_nothing_is_spanish(text: str):
    assert screened({"/title": text}, VOCABULARY, BULLETIN) == []
