"""Numbers as offices write them: read in the one style that a file proves, or not at all."""

from decimal import Decimal

import pytest

from app.intake.numbers import Proof, prove, readings, whole

NARROW = "\u202f"


@pytest.mark.parametrize(
    ("text", "comma", "point"),
    [
        ("1234", "1234", "1234"),
        ("1.234", "1234", "1.234"),
        ("1,234", "1.234", "1234"),
        ("1.234,50", "1234.50", None),
        ("1,234.50", None, "1234.50"),
        ("2523,00", "2523.00", None),
        ("1.234.567", "1234567", None),
        ("1 234", "1234", "1234"),
        (f"1{NARROW}234,5", "1234.5", None),
        ("0,123", "0.123", None),
        ("-53,9", "-53.9", None),
        ("12.34", None, "12.34"),
        ("1234.567", None, "1234.567"),
    ],
)
def test_a_text_is_what_each_style_makes_of_it(text: str, comma: str | None, point: str | None):
    expected = {style: Decimal(number) for style, number in (("comma", comma), ("point", point)) if number}
    assert readings(text) == expected


@pytest.mark.parametrize("text", ["", "12 34", "1.23.456", "1,2,3", "1e3", "0x1F", "1_000", "٣", "1.234,", ",5", "+5", "n.d.", "9" * 41])
def test_what_no_style_writes_is_no_number(text: str):
    assert readings(text) == {}


def test_the_numbers_of_case_b023_are_exact_in_the_style_that_they_prove():
    texts = ["-53,9", "-10,30", "23,75", "0", "1.509,88"]
    assert prove((((row, 3), text) for row, text in enumerate(texts, 2)), None) == Proof("comma", (2, 3))
    assert [readings(text)["comma"] for text in texts] == [Decimal(each) for each in ("-53.9", "-10.30", "23.75", "0", "1509.88")]


def test_a_style_is_proved_by_a_number_that_only_it_can_write_and_contradicted_by_one_of_the_other():
    assert prove([((2, 0), "1.234"), ((3, 0), "987")], None) == Proof(None)
    assert prove([((2, 0), "1.234"), ((3, 0), "18,00")], None) == Proof("comma", (3, 0))
    assert prove([((2, 0), "18,00"), ((3, 0), "18.00")], None) == Proof("comma", (2, 0), (3, 0))
    assert prove([((2, 0), "18,00")], "point") == Proof("point")


@pytest.mark.parametrize(
    ("text", "style", "expected"),
    [
        ("1.234", None, "number-ambiguous"),
        ("1.234", "comma", 1234),
        ("1.234", "point", "not-a-whole-number"),
        ("2523,00", None, 2523),
        ("1,5", None, "not-a-whole-number"),
        ("-5", None, "not-a-whole-number"),
        ("2.147.483.648", None, "out-of-range"),
        ("9" * 5000, None, "out-of-range"),
        ("s/d", None, "not-a-whole-number"),
    ],
)
def test_a_count_is_a_whole_number_that_is_no_guess(text: str, style: str | None, expected: int | str):
    assert whole(text, style) == expected
