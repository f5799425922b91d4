"""What the rules for free text make of writing that hides an identifier, and what they say of it."""

import sys
import unicodedata

import pytest

from app.screening.figures import Figures
from app.screening.folding import folded
from app.screening.screen import Found, Vocabulary, screened
from app.screening.spans import MOST_FINDINGS, Kind, Span, disjoint, masked


def found(*texts: str, known: frozenset[str] = frozenset()) -> list[Found]:
    return screened({f"/{number}": text for number, text in enumerate(texts)}, Vocabulary(known=known))


def test_an_excerpt_shows_two_characters_and_the_marks_of_what_was_found():
    (one,) = found("Escriben desde cruces.rapidos@example.org cada noche.")
    assert (one.pointer, one.offset, one.length, one.kind) == ("/0", 15, 26, Kind.EMAIL)
    assert one.excerpt == "cr••••.•••••••@•••••••.•••"
    assert masked("AB 12", Span(0, 5, Kind.PLATE)) == "A• ••"


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("cel. ٦٠٠٠ ٠٠٠١ por la noche", "٦٠٠٠ ٠٠٠١"),
        ("de сruces@example.org", "сruces@example.org"),
        ("pasaporte A\u03370\u03370\u03370\u03370123 vencido", "A\u03370\u03370\u03370\u03370123"),
        ("WhatsApp seis cero cero cero cero cero uno dos, de noche", "seis cero cero cero cero cero uno"),
        ("call nine zero zero zero zero zero one two tonight", "nine zero zero zero zero zero one"),
        ("CPF\u00a0111.444.777\u201335", "111.444.777\u201335"),
    ],
)
def test_an_identifier_in_other_letters_digits_or_words_is_found_where_it_stands(text: str, inside: str):
    (one,) = [each for each in found(text) if each.is_hard]
    assert text[one.offset :].startswith(inside)


def test_every_digit_of_every_script_is_folded_to_its_own():
    digits = [each for each in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(each) == "Nd"]
    assert len(digits) >= 650
    assert folded("".join(digits)).text == "".join(str(unicodedata.digit(each)) for each in digits)


@pytest.mark.parametrize("text", ["uno, dos, tres", "In one or two of six posts", "de uno a cinco, seis o siete días; ocho, nueve"])
def test_numbers_that_count_stay_words(text: str):
    assert folded(text).text == text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("El pasaporte AB", "0000123 estaba vencido"),
        ("escriben desde rutas.demo@example.", "org, cada noche"),
        ("Placa: ABC", "1D23, carro prata"),
    ],
)
def test_an_identifier_split_over_two_texts_is_found_at_the_first(first: str, second: str):
    assert found(first) == found(second) == []
    (one,) = found(first, second)
    assert one.pointer == "/0"
    assert set(one.excerpt) == {"•"}


def test_what_two_texts_hold_each_for_itself_is_told_once():
    assert [each.pointer for each in found("DOB 1988-07-21", "pasaporte AB0000123")] == ["/0", "/1"]


def test_an_identifier_over_two_texts_that_begins_with_a_name_is_told_beside_the_name():
    told = [(each.pointer, each.offset, each.kind) for each in found("Juana-Ruiz", "@correo.example")]
    assert told == [("/0", 0, Kind.NAME), ("/1", 0, Kind.HANDLE), ("/0", 0, Kind.EMAIL)]


def test_a_word_of_another_sentence_announces_nothing():
    assert found("Se revisó el pasaporte. El total fue de 12345678 pesos.") == []


def test_a_line_for_the_public_passes_and_a_telephone_that_somebody_carries_does_not():
    assert found("Línea nacional contra la trata: teléfono 800 5533 000") == []
    assert [each.kind for each in found("Línea segura, celular 6000 0000")] == [Kind.PHONE]


def test_of_overlapping_spans_the_hard_one_stays_and_of_like_ones_the_longest():
    name, mail, long = Span(0, 30, Kind.NAME), Span(5, 12, Kind.EMAIL), Span(4, 14, Kind.URL)
    assert disjoint([name, mail, long, Span(40, 45, Kind.NAME)]) == [long, Span(40, 45, Kind.NAME)]


def test_of_ten_thousand_findings_a_hundred_are_told():
    assert len(found("a@example.org " * 1_400)) == MOST_FINDINGS


def test_a_name_after_a_word_for_a_person_is_soft_and_a_known_place_is_none():
    (one,) = found("El cobro lo hace el coyote Prueba Inventada en la terminal.")
    assert (one.kind, one.is_hard) == (Kind.NAME, False)
    assert found("Cruzan por Paso Canoas.", known=frozenset({"paso"})) == []


def test_an_identifier_whose_word_stands_in_the_text_before_is_found_where_it_stands():
    assert found("nació en", "la costa", "el 5/6/1990") != []
    (one,) = found("Fecha de nacimiento", "03/03/1991, según el visto")
    assert (one.pointer, one.offset, one.length, one.kind) == ("/1", 0, 10, Kind.BIRTH_DATE)


def test_an_identifier_split_over_three_texts_is_found_at_the_first():
    (one,) = found("El pasaporte AB", "000", "0123 estaba vencido")
    assert (one.pointer, one.offset, one.length, one.kind) == ("/0", 13, 2, Kind.PASSPORT)


def test_hard_findings_are_told_before_soft_ones_where_there_are_too_many():
    all_found = found("Prueba Inventada, uno. " * 2 * MOST_FINDINGS + "a@example.org")
    assert (len(all_found), all_found[0].kind, all_found[1].kind) == (MOST_FINDINGS, Kind.EMAIL, Kind.NAME)


@pytest.mark.parametrize(
    "text",
    [
        "escribir a rutas @ example.org",
        "escribir a rutas [@] example.org",
        "escribir a rutas arroba example punto org",
        "write to routes (at) example.org",
        "write to routes at example dot org",
    ],
)
def test_an_address_whose_sign_stands_apart_or_in_words_is_found(text: str):
    assert Kind.EMAIL in {each.kind for each in found(text)}


@pytest.mark.parametrize(
    ("text", "kind", "inside"),
    [
        ("no perfil @rutas.demo e no grupo", Kind.HANDLE, "@rutas.demo"),
        ("escribir a rutas @demo.com hoy", Kind.EMAIL, "rutas @demo.com"),
        ("la casa (-2,81975 / -60,67333)", Kind.DWELLING, "-2,81975 / -60,67333"),
        ("passaporte AB 000.123", Kind.PASSPORT, "AB 000.123"),
        ("nasc. 03/04/2010", Kind.BIRTH_DATE, "03/04/2010"),
        ("D.O.B. 4 Feb 2011", Kind.BIRTH_DATE, "4 Feb 2011"),
        ("pass. no AB0000123", Kind.PASSPORT, "AB0000123"),
        ("travel document no. AB0000123", Kind.PASSPORT, "AB0000123"),
        ("RNM V000012-3", Kind.NATIONAL_ID, "V000012-3"),
        ("matr. AB 0012", Kind.PLATE, "AB 0012"),
        ("barraco em -3.10194, -60.02501", Kind.DWELLING, "-3.10194, -60.02501"),
    ],
)
def test_an_identifier_as_it_is_written_elsewhere_is_found_by_its_kind(text: str, kind: Kind, inside: str):
    assert [(each.kind, text[each.offset : each.offset + each.length]) for each in found(text)] == [(kind, inside)]


def test_thousands_beside_a_word_for_a_dwelling_are_no_coordinates():
    assert found("casas: 1,200, 3,400") == []


def test_a_number_behind_many_like_it_is_found():
    assert [each.kind for each in found("1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 111.444.777-35")] == [Kind.NATIONAL_ID]


def test_a_table_under_a_line_that_looks_like_its_header_is_read():
    assert [each.kind for each in found("lista; marzo\nnombre;semana\nPrueba Uno;10")] == [Kind.PERSONAL_COLUMN] * 2


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Nació el 5/6/1990 en la costa.", Kind.BIRTH_DATE),
        ("Data de nasc.: 03/05/1990", Kind.BIRTH_DATE),
        ("licencia de conducir 0801199012345", Kind.NATIONAL_ID),
        ("partida de nacimiento 123456", Kind.NATIONAL_ID),
        ("domiciliado en Av. Inventada 123", Kind.DWELLING),
        ("safe house at N 14.9061 W 92.2634", Kind.DWELLING),
        ("marcar 00503 7000 0000 de noche", Kind.PHONE),
    ],
)
def test_what_a_word_announces_is_found(text: str, kind: Kind):
    assert kind in {each.kind for each in found(text)}


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("Prueba Inventada, b. 12 May 1990, crossed.", ["12 May 1990"]),
        ("Prueba Inventada (b. 12/05/1990) crossed.", ["12/05/1990"]),
        ("Cruzó Prueba Inventada (b. 12 de mayo de 1990).", ["12 de mayo de 1990"]),
        ("Passou Prueba Inventada, b. 12 de maio de 1990.", ["12 de maio de 1990"]),
        ("Two dates: a. of the first, b. 12 May 2024.", []),
        ("The list (b) 12 May 2024", []),
        ("Grupo B. 12 de mayo de 2024", []),
    ],
)
def test_a_birth_date_after_its_english_letter_is_found(text: str, dates: list[str]):
    assert [text[each.offset : each.offset + each.length] for each in found(text) if each.kind is Kind.BIRTH_DATE] == dates


def test_half_of_the_day_and_seats_count_nobody():
    assert Kind.NUMERAL not in {
        each.kind for each in screened({"/a": "De 7 a. m. a 5 p. m., 20 asientos."}, Vocabulary(), Figures(5, {"Haití"}, is_bulletin=True))
    }


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("The figures were checked once more", []),
        ("Once registered, persons are counted in the month of entry", []),
        ("Se verificaron once rutas y once mujeres de la provincia", [Kind.NUMERAL]),
    ],
)
def test_once_is_a_numeral_among_spanish_words_alone(text: str, kinds: list[Kind]):
    assert [found.kind for found in screened({"/text": text}, Vocabulary(), Figures(5, frozenset(), is_bulletin=True))] == kinds


def test_what_only_looks_like_an_institution_is_judged_as_it_was_sent():
    asked = []
    allowed = Vocabulary(allowed=lambda _kind, text: asked.append(text) or text.isascii())
    assert screened({"/text": "info@crmsv.org"}, allowed) == []
    assert [found.kind for found in screened({"/text": "info@crm\u0455v.org"}, allowed)] == [Kind.EMAIL]
    assert asked[-1] == "info@crm\u0455v.org"
