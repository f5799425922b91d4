"""What a table counts is known by the words that people use for it, in the three languages, and a small count beside them is no text."""

import pytest

from app.core.problems import Problem
from app.directory import codes
from app.directory.categories import words_of
from app.documents.figures import figures_for_a_reason, figures_of
from app.documents.texts import read_texts
from app.screening.screen import Vocabulary

NOTHING = Vocabulary()
HERE = figures_of(
    5, [("nationality", "ERI"), ("nationality", "DEU"), ("sex", "F"), ("age", "Y12T17"), ("route_point", "PAN-X1")], ["Bajo Chiquito"]
)


def test_every_nationality_and_area_has_words_for_its_people_in_each_language():
    assert [code for code in codes.nationalities() if not words_of("nationality", code)] == ["_U", "_O"]
    assert {"Eritrea", "Eritreia", "Eritrean", "eritreo", "eritrea", "eritreu", "eritreias"} <= set(words_of("nationality", "ERI"))
    assert {"Myanmar", "Burma", "birmana", "birmanesa"} <= set(words_of("origin_state", "MMR"))
    assert set(words_of("nationality", "_OAFR")) == {"African", "africano", "africana"}


def test_sums_and_what_was_not_recorded_are_named_by_no_word():
    named = [
        ("nationality", "_T"),
        ("nationality", "_AFR"),
        ("sex", "_T"),
        ("sex", "_U"),
        ("age", "_U"),
        ("age", "_T"),
        ("route_point", "PAN-X1"),
    ]
    assert [words_of(*each) for each in named] == [()] * len(named)


@pytest.mark.parametrize(("code", "minor", "adult"), [("Y0T17", True, False), ("Y_GE18", False, True), ("Y15T24", True, True)])
def test_an_age_is_a_minors_an_adults_or_both(code: str, *, minor: bool, adult: bool):
    assert ("niña" in words_of("age", code), "adulta" in words_of("age", code)) == (minor, adult)


@pytest.mark.parametrize(
    "text",
    [
        "Una de las dos mujeres eritreas declaró ayer.",
        "Entre ellas, três eritreias.",
        "We met two young Eritrean women.",
        "Foram detidos quatro alemães.",
        "Llegaron 3 menores.",
    ],
)
def test_a_count_below_k_beside_a_category_is_refused_and_one_of_k_is_not(text: str):
    with pytest.raises(Problem) as refused:
        read_texts({"/narrative/es": text}, NOTHING, HERE)
    assert [each.params["kind"] for each in refused.value.findings] == ["small-count"]
    assert read_texts({"/narrative/es": text}, NOTHING) == ()
    assert read_texts({"/narrative/es": "Llegaron 5 menores y 7 eritreos."}, NOTHING, HERE) == ()


def test_in_a_bulletin_a_number_that_no_cell_shows_is_to_be_confirmed():
    table = figures_of(5, [("nationality", "ERI")], published=[40], is_bulletin=True)
    found = read_texts({"/title/es": "De 40 personas, 37 eran hombres"}, NOTHING, table)
    assert [(each.code, each.params["kind"], each.params["offset"]) for each in found] == [("text-to-confirm", "numeral", 16)]


def test_the_reason_of_a_withdrawal_is_read_beside_what_is_taken_back():
    bulletin = {
        "dimensions": ["nationality"],
        "cells": [{"nationality": "SOM", "value": 31}, {"nationality": "_T", "value": 31}],
        "disclosure": {"k": 10},
        "route_points": [{"code": "PAN-X1", "label": "Bajo Chiquito"}],
    }
    known = figures_for_a_reason(bulletin, 5)
    assert (known.k, known.is_bulletin) == (10, False)
    assert {"somalí", "Bajo Chiquito"} <= set(known.categories)
    assert "nepalí" in figures_for_a_reason({"nationalities": ["NPL"]}, 5).categories
    assert figures_for_a_reason({"alert": "x"}, 5).k == 5
