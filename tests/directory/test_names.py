"""Names of States, sexes, ages and the rest in es, pt and en: each names one code exactly or is refused with what it may mean."""

import csv
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import product
from pathlib import Path

import pytest

from app.directory import codes
from app.directory.age_labels import age_of
from app.directory.dimensions import DIMENSIONS
from app.directory.labels import words
from app.directory.name_tables import table_of
from app.directory.names import Names

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMES = Names()

PAIRS = {
    "Niger": "NER",
    "Níger": "NER",
    "Nigeria": "NGA",
    "Dominica": "DMA",
    "Dominican Republic": "DOM",
    "Rep. Dominicana": "DOM",
    "D.R. Congo": "COD",
    "Congo, Democratic Republic of the": "COD",
    "República del Congo": "COG",
    "Congo, Rep.": "COG",
    "Korea DPR": "PRK",
    "República de Corea": "KOR",
    "Corea, Rep. (Sur)": "KOR",
    "Guinea": "GIN",
    "Guinea Bissau": "GNB",
    "Guinea-Bisáu": "GNB",
    "Guinea Ecuatorial": "GNQ",
    "Papúa Nueva Guinea": "PNG",
    "Sudán": "SDN",
    "Sudán del Sur": "SSD",
    "Samoa": "WSM",
    "Samoa Estadounidense": "ASM",
    "Costa de Marfil": "CIV",
    "Costa Rica": "CRI",
}
WAVERING = {
    "Corea": ("KOR", "PRK"),
    "Coréia": ("KOR", "PRK"),
    "CONGO": ("COG", "COD"),
    "Giunea": ("GIN", "GNB", "GNQ"),
    "República de China": ("CHN", "TWN"),
    "Republica Dominica": ("DOM", "DMA"),
    "guineanos": ("GIN", "GNB"),
}


def code_in(suggestion: str) -> str:
    return suggestion.partition(" ")[0]


def test_close_pairs_of_names_give_each_its_own_code() -> None:
    assert {label: NAMES.code("nationality", label) for label in PAIRS} == PAIRS


def test_what_names_several_states_or_none_is_refused_with_those_it_may_mean() -> None:
    assert [NAMES.code("nationality", label) for label in WAVERING] == [None] * len(WAVERING)
    assert {label: tuple(map(code_in, NAMES.nearest("nationality", label))) for label in WAVERING} == WAVERING
    assert NAMES.nearest("nationality", "Congo")[1] == "COD (República Democrática del Congo)"
    assert Names(language="en").nearest("nationality", "Korea") == ("KOR (South Korea)", "PRK (North Korea)")


def test_namibia_is_no_missing_value_and_a_missing_value_is_not_namibia() -> None:
    assert NAMES.code("nationality", "NA") == "NAM"
    absent = ("N/A", "n/a", "na", "N.A.", "", " ", "-", "s/d")
    assert [NAMES.code("nationality", label) for label in absent] == [None] * len(absent)
    assert NAMES.nearest("nationality", "N/A") == ()


@pytest.mark.parametrize(
    "label",
    ["Perú", "PERU", " perú ", "República del Perú", "Peru (*)", "Perú (1)", "Perú¹", "Perú 2/", "peruanas", "peruano(a)", "PE", "PER"],
)
def test_accents_case_marks_of_footnotes_form_of_state_and_adjectives_tell_no_state_apart(label: str) -> None:
    assert NAMES.code("nationality", label) == "PER"


def test_one_letter_more_less_or_other_names_no_state() -> None:
    """Every single slip in forty names: what comes out is that State, or nothing, or a name that stands in the list itself."""
    table = table_of("state")
    known = {*table.names, *table.people}
    sample = [(" ".join(told), told) for told in sorted(table.names)[::27]]
    for text, told in sample:
        for slip in (text[:at] + put + text[at + 1 :] for at, put in product(range(len(text)), ("", "x", "an"))):
            found = NAMES.code("nationality", slip)
            without = tuple(word for word in words(slip) if word != "republica")
            assert found in (None, table.names[told]) or words(slip) in known or without in known, slip


def test_no_name_has_two_codes_and_no_refused_one_has_any() -> None:
    for kind in ("state", *(each for each in DIMENSIONS if each in codes.vocabularies()), "measure", "unit", "figure_status"):
        table = table_of(kind)
        assert not table.names.keys() & table.people.keys(), kind
        assert not table.refused.keys() & {*table.names, *table.people}, kind


def test_all_that_the_names_hold_in_common_is_settled_by_hand_or_refused() -> None:
    """Which labels of which sources fold to one form though their codes differ: each of them stands in the aliases, or is an adjective."""
    heard = defaultdict(set)
    for row in csv.DictReader((ROOT / "app/directory/data/names.csv").read_text("utf-8").splitlines()):
        heard[words(row["label"])].add(row["code"])
    settled = {words(row["label"]) for row in _aliases() if row["dimension"] == "state"}
    assert {told for told, found in heard.items() if len(found) > 1} <= settled


def test_every_label_of_ours_comes_back_as_its_code_but_for_those_refused() -> None:
    labels = {(code, label) for code, one in codes.nationalities().items() for label in one.labels.values()}
    assert {(code, label) for code, label in labels if NAMES.code("nationality", label) != code} == {("COG", "Congo")}
    for name in ("sex", "age", "accompaniment", "procedure", "measure", "unit", "figure_status"):
        for code, term in codes.vocabulary(name).terms.items():
            assert {NAMES.code(name, label) for label in term.labels.values()} == {code}, (name, code)


def test_the_real_labels_of_four_files_resolve_and_none_to_another_state(capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader((HERE / "real_labels.csv").read_text("utf-8").splitlines()))
    wrong = [row for row in rows if (NAMES.code("nationality", row["label"]) or "") != row["code"]]
    assert wrong == []
    unresolved = [row for row in rows if not row["code"]]
    with capsys.disabled():
        told = ", ".join(f"{row['label']} ({row['family']})" for row in unresolved)
        print(f"\n{len(rows) - len(unresolved)} of {len(rows)} real labels resolve; refused: {told}")
    assert len(unresolved) <= 0.02 * len(rows)
    assert all(NAMES.nearest("nationality", row["label"]) for row in unresolved)
    assert Counter(row["family"] for row in rows) == {
        "mexico-rechazos": 153,
        "mexico-infomex": 180,
        "colombia-entradas": 234,
        "brazil-conare": 186,
    }


AGES = {
    "0 a 6 anos": "Y0T6",
    "12-17": "Y12T17",
    "12 – 17 años": "Y12T17",
    "De 12 a 17 años de edad": "Y12T17",
    "12 to 17 years old": "Y12T17",
    "65 anos ou mais": "Y_GE65",
    "18 años y más": "Y_GE18",
    "18 y más": "Y_GE18",
    "18+": "Y_GE18",
    "18 years and over": "Y_GE18",
    ">17": "Y_GE18",
    "menores de 12 años": "Y0T11",
    "Under 12": "Y0T11",
    "<12": "Y0T11",
    "hasta 17 años": "Y0T17",
    "até 17 anos": "Y0T17",
    "mayores de 18": None,
    "17 a 12 años": None,
    "menores de 0": None,
    "18": None,
    "12 a 17 meses": None,
}


def test_ages_are_read_where_their_figures_say_one_thing() -> None:
    assert {label: age_of(label) for label in AGES} == AGES
    assert [NAMES.code("age", label) for label in ("Adultos", "menor de edad", "NNA", "0 a 200 años", "Niños")] == [
        "Y_GE18",
        "Y0T17",
        "Y0T17",
        None,
        None,
    ]


def test_a_letter_for_men_that_makes_m_the_women_is_not_guessed() -> None:
    assert [NAMES.code("sex", label) for label in ("Mujer", "Homens", "FEMENINO", "Não Especificado", "M", "F")] == [
        "F",
        "M",
        "F",
        "_U",
        "M",
        "F",
    ]
    assert NAMES.code("sex", "H") is None
    assert [code_in(each) for each in NAMES.nearest("sex", "H")] == ["M", "F"]


def test_each_dimension_takes_its_own_codes_alone() -> None:
    assert NAMES.code("nationality", "Apátridas") == "XXA"
    assert NAMES.code("origin_state", "Apátridas") is None
    assert NAMES.code("reporting_state", "Panamá") == "PAN"
    assert NAMES.code("reporting_state", "Otros") is None
    assert NAMES.code("nationality", "Resto") is None
    assert (NAMES.code("nationality", "África"), NAMES.code("nationality", "Otras nacionalidades de África")) == ("_AFR", "_OAFR")
    assert [NAMES.code(*each) for each in (("measure", "Tránsito irregular"), ("unit", "Personas"), ("figure_status", "Preliminar"))] == [
        "irregular_transit",
        "person",
        "provisional",
    ]
    with pytest.raises(KeyError):
        NAMES.code("colour", "rojo")


def test_a_senders_own_words_stand_before_everyones_and_behind_the_codes() -> None:
    own = Names({("nationality", words("Corea")): "KOR", ("nationality", words("NA")): "NRU"})
    assert own.code("nationality", "COREA") == "KOR"
    assert own.code("origin_state", "Corea") is None
    assert own.code("nationality", "NA") == "NAM"


def _aliases() -> list[dict[str, str]]:
    return list(csv.DictReader((ROOT / "app/directory/data/aliases.csv").read_text("utf-8").splitlines()))


def test_every_alias_is_told_once_with_its_source_and_names_a_code_or_what_it_may_mean() -> None:
    rows = _aliases()
    told = [(row["dimension"], words(row["label"])) for row in rows]
    assert [each for each, times in Counter(told).items() if times > 1] == []
    assert all(row["source"] and bool(row["code"]) != bool(row["candidates"]) for row in rows)
    for row in rows:
        dimension = "nationality" if row["dimension"] == "state" else row["dimension"]
        for code in (row["code"] or row["candidates"]).split():
            assert NAMES.code(dimension, code) == code, row


def test_the_table_of_names_is_what_its_sources_say() -> None:
    made = subprocess.run(
        [sys.executable, "-c", "import make_names; print(make_names.text(), end='')"],
        cwd=ROOT / "docs",
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout == (ROOT / "app/directory/data/names.csv").read_text("utf-8")
