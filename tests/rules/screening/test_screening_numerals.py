"""The guard on numerals: what counts persons beside a category, and what of a bulletin's notes waits for a second person."""

import pytest

from app.screening.figures import Figures
from app.screening.screen import Vocabulary, screened
from app.screening.spans import MOST_FINDINGS, Kind

FIGURES = Figures(
    5, {"Eritrea", "eritreo", "eritrea", "Eritrean", "mujer", "woman", "women", "Costa Rica", "Ghana"}, {40, 1250}, is_bulletin=True
)


def counted(text: str, figures: Figures = FIGURES) -> list[tuple[str, Kind]]:
    found = screened({"/notes/es": text}, Vocabulary(), figures)
    return [(text[each.offset : each.offset + each.length], each.kind) for each in found if each.kind in {Kind.SMALL_COUNT, Kind.NUMERAL}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Solo dos jóvenes mujeres eritreas.", "dos jóvenes mujeres"),
        ("Se vio a 4 de Costa Rica.", "4 de Costa Rica"),
        ("Eritreans were two.", "Eritreans were two"),
        ("٤ eritreos", "٤ eritreos"),
        ("two\u00a0Eritreans", "two\u00a0Eritreans"),
        ("un eritreo", "un eritreo"),
        ("De las mujeres, 3 siguieron.", "mujeres, 3"),
        ("Among Eritreans, three went on.", "Eritreans, three"),
        ("Dos eritreos de São Paulo", "Dos eritreos"),
        ("Chegou la lancha, dos eritreos.", "dos eritreos"),
        ("2 registros de mujeres", "2 registros de mujeres"),
        ("one of the 40 Eritrean women", "one of the 40 Eritrean"),
    ],
)
def test_a_count_below_k_beside_a_category_is_hard_as_far_as_the_category(text: str, found: str):
    assert counted(text) == [(found, Kind.SMALL_COUNT)]
    assert counted(text, Figures(5, FIGURES.categories)) == [(found, Kind.SMALL_COUNT)]


@pytest.mark.parametrize(
    "text", ["5 eritreos", "cuarenta eritreos", "dos mil doscientos eritreos", "40 de Ghana", "treinta y dos eritreos"]
)
def test_a_count_of_k_or_more_is_not_hard(text: str):
    assert [kind for _, kind in counted(text) if kind is Kind.SMALL_COUNT] == []


@pytest.mark.parametrize("text", ["A maioria dos eritreos chegou de barco.", "Foram 40, dos quais 40 women", "Situação dos eritreos"])
def test_dos_counts_nobody_in_a_portuguese_text(text: str):
    assert counted(text) == []


def test_what_the_cells_publish_passes_and_what_they_do_not_waits_for_a_second_person():
    assert counted("De 40 personas, 37 eran hombres; en total 1.250.") == [("37", Kind.NUMERAL)]
    assert counted("De 40 personas, 37 eran hombres.", Figures(5, FIGURES.categories, {37, 40}, is_bulletin=True)) == []
    assert counted("De 40 personas, 37 eran hombres.", Figures(5, FIGURES.categories)) == []


def test_a_share_of_a_category_waits_and_a_change_in_per_cent_does_not():
    assert counted("El 12,5 % de las eritreas pidió asilo.") == [("12,5", Kind.NUMERAL)]
    assert counted("La cifra bajó 12,5 % en marzo, 8 por ciento menos.") == []


def test_a_rate_counts_nobody_and_beside_a_category_of_a_bulletin_it_waits():
    alert = Figures(5, FIGURES.categories)
    assert counted("De las mujeres, 3 de cada 40; una de cada 4 mujeres.", alert) == []
    assert counted("3 de cada 40 mujeres") == [("3", Kind.NUMERAL), ("40", Kind.NUMERAL)]


def test_arrivals_are_persons_and_a_place_in_portuguese_is_not_what_is_counted():
    assert counted("All but 6 of the 40 arrivals came late.") == [("6", Kind.NUMERAL)]
    assert counted("Sete ficaram no abrigo.") == [("Sete", Kind.NUMERAL)]
    assert counted("Há 7 abrigos e 2 pontos de entrada.") == []


def test_lines_in_the_shape_of_a_table_are_left_to_the_cells():
    assert counted("eritreas;2\nmujeres;3") == []
    assert counted("Hubo dos mujeres eritreas, según el puesto\nde la frontera norte, y nadie más")[0][1] is Kind.SMALL_COUNT


def test_an_excerpt_of_a_count_shows_none_of_it():
    (one,) = screened({"/notes/es": "dos eritreos y 40 más"}, Vocabulary(), FIGURES)
    assert (one.excerpt, one.is_hard) == ("••• ••••••••", True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ingresaron 2 M y 1 F por el puente.", "2 M y 1 F"),
        ("Entraram 12 H e 4 M.", "12 H e 4 M"),
        ("Crossed: 1F, 30M", "1F, 30M"),
        ("3 F/2 M", "3 F/2 M"),
    ],
)
def test_counts_by_the_letters_of_the_sexes_are_hard_below_k(text: str, found: str):
    assert counted(text, Figures(5, FIGURES.categories)) == [(found, Kind.SMALL_COUNT)]


@pytest.mark.parametrize("text", ["12 M y 7 F", "2 m y 1 f", "Ruta 2 M, 3 M", "Lote 4 M", "N.º 3/2 M y 1 F-2", "2 M y 1 FM"])
def test_letters_that_tell_of_no_two_sexes_or_of_enough_persons_are_no_count(text: str):
    assert counted(text, Figures(5, FIGURES.categories)) == []


LINES = (
    "Ruta 3 y 7 al norte, 12 de marzo", "Solo dos mujeres", "un\nun eritreo", "3/4/2 mujeres; 2 eritreas", "Semanas 3, 4 y 2: nada",
    "Quedó un\núnico eritreo", "Costa Rica: 4", "mujeres 2\t3 rutas", "treinta y\ndos mujeres", "1 050 mujeres\n2 women",
)  # fmt: skip


@pytest.mark.parametrize("first", LINES)
@pytest.mark.parametrize("second", LINES)
@pytest.mark.parametrize("mark", ["\n", "; ", " ", "! "])
def test_a_count_is_found_alike_whether_numerals_may_wait_or_not(first: str, second: str, mark: str):
    whole = f"{first}{mark}{second}"
    waiting, alert = (counted(whole, Figures(5, FIGURES.categories, FIGURES.published, is_bulletin)) for is_bulletin in (True, False))
    assert [each for each in waiting if each[1] is Kind.SMALL_COUNT] == alert


def test_without_figures_no_count_is_judged():
    assert screened({"/title/es": "dos mujeres eritreas"}, Vocabulary()) == []


def test_a_hard_count_is_told_however_many_soft_ones_stand_before_it():
    found = screened({"/notes/es": "61 más. " * 2 * MOST_FINDINGS + "dos eritreos"}, Vocabulary(), FIGURES)
    assert (len(found), found[0].kind, found[1].kind) == (MOST_FINDINGS, Kind.SMALL_COUNT, Kind.NUMERAL)


def test_a_numeral_of_sixty_thousand_digits_is_one_numeral():
    assert counted("7" * 60_000) == [("7" * 60_000, Kind.NUMERAL)]
