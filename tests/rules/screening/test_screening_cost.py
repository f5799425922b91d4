"""What the reading of texts costs: it grows as the text does, whatever stands there, and the longest document is read in its time."""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.screening.figures import Figures
from app.screening.screen import Vocabulary, screened

HALF = json.loads((Path(__file__).parents[2] / "data" / "screening" / "first_half.json").read_text("utf-8"))
FIGURES = Figures(5, frozenset(HALF["categories"]), {40, 1250}, is_bulletin=True)
LONGEST, LONG, SHORT = 64_000, 32_000, 8_000
HOSTILE = {
    "digits": "7", "letters": "a", "signs": "@", "spaces": " ", "dialling codes": "+1 ", "commas": ",", "capitals": "Ab ", "marks": "a\u0337",
    "nested separators": "a;b|c\n", "numerals": "2 eritreo x, ", "hyphens": "1-", "cues": "casa calle ", "findings": "a@example.org ",
    "spelt signs": "a arroba ", "angles": "<", "initials": "J.", "other digits": "\u0661", "cards": "4111 1111 1111 1112 ", "articles": "un ",
    "words of digits": "dos ", "brackets": "([{", "lines": "\n",
    "networks": "perfil instagram ", "thousands": "1 123 ", "births": "nac. 1-I-1990 (dob ", "paths": "aaaa.bb/", "zones": "AB<CD<<",
    "streets": "calle Juan de la Paz ", "lanes": "12 Paz lane ", "vehicles": "auto van moto A", "spelt hosts": "a punto com ", "parted hosts": "a[.]b(dot)c",
    "zones apart": "P < ABC < < ", "passports": "pas A 12 34 ", "births in words": "born tres de ", "plural": "cédulas 123 456 personas ", "mail": "arroba gmail ",
}  # fmt: skip


def cost(texts: Mapping[str, str], often: int) -> float:
    """Seconds of processor, the least of some readings."""
    taken = []
    for _ in range(often):
        begun = time.process_time()
        screened(texts, Vocabulary(), FIGURES)
        taken.append(time.process_time() - begun)
    return min(taken)


def grows(short: Mapping[str, str], long: Mapping[str, str]) -> float:
    """How many times the cost of a text four times as long is: a straight line gives 4, a square 16.

    The least of readings taken in turns, which begin anew where they say too much: a machine that is busy elsewhere slows one of
    them, a rule that is not linear slows every one.
    """
    ratios = []
    for _ in range(6):
        least_short, least_long = math.inf, math.inf
        for _ in range(2):
            least_short, least_long = min(least_short, cost(short, 1)), min(least_long, cost(long, 1))
        ratios.append(least_long / max(least_short, 0.001))
        if ratios[-1] < 6:
            break
    return min(ratios)


def longest() -> dict[str, str]:
    """A document of the longest allowed texts in eight fields, in the style of real notes."""
    whole = "\n".join(case["text"] for case in HALF["clean"])
    whole *= LONGEST // len(whole) + 1
    return {f"/notes/{number}": whole[number * 8_000 : (number + 1) * 8_000] for number in range(8)}


@pytest.mark.parametrize("pattern", HOSTILE.values(), ids=HOSTILE)
def test_four_times_the_text_costs_about_four_times_as_much(pattern: str):
    assert grows({"/text": (pattern * SHORT)[:SHORT]}, {"/text": (pattern * LONG)[:LONG]}) < 8


def test_four_times_the_fields_cost_about_four_times_as_much():
    short, long = ({f"/cells/{number}": "celda 1" for number in range(size)} for size in (500, 2_000))
    assert grows(short, long) < 8


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_long_the_longest_document_is_read_in_fifty_milliseconds():
    document = longest()
    taken = sorted(cost(document, 1) for _ in range(200))
    p50, p95 = taken[100] * 1e3, taken[190] * 1e3
    print(f"{LONGEST} characters in 8 fields: p50 {p50:.1f} ms, p95 {p95:.1f} ms of processor, 200 readings")
    assert p95 <= 50


@pytest.mark.long
def test_long_a_title_is_read_in_a_fraction_of_a_millisecond():
    title = {"/title/es": "Boletín mensual de flujos extrarregionales, marzo de 2024"}
    taken = sum(cost(title, 3) for _ in range(50)) / 50
    print(f"a title: {taken * 1e3:.3f} ms of processor")
    assert taken < 0.001
