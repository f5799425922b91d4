"""Identifiers in the layout of RFC 9562 section 5.7, sorted by the time of their making."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from app.wire.ids import is_uuid7, uuid7

EXAMPLE = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"  # appendix A.6, made at 2022-02-22 19:22:22 UTC
EXAMPLE_TIME = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


def test_the_first_48_bits_are_the_milliseconds_of_the_rfcs_example():
    with time_machine.travel(EXAMPLE_TIME, tick=False):
        made = uuid7()
    assert made[:15] == EXAMPLE[:15]


def test_version_and_variant_stand_in_their_places_and_every_other_bit_is_drawn():
    with time_machine.travel(EXAMPLE_TIME, tick=False):
        values = [uuid.UUID(uuid7()).int for _ in range(2000)]
    always_one, ever_one = values[0], 0
    for value in values:
        always_one &= value
        ever_one |= value
    fixed = 0x017F22E279B0 << 80 | 0x7 << 76 | 0b10 << 62
    drawn = ((1 << 12) - 1) << 64 | ((1 << 62) - 1)
    assert (always_one, ever_one) == (fixed, fixed | drawn)
    assert len(set(values)) == 2000


def test_texts_sort_as_the_instants_of_their_making_do():
    made = []
    for step in (0, 1, 2, 15, 16, 255, 256, 65_536, 10**9):
        with time_machine.travel(EXAMPLE_TIME + timedelta(milliseconds=step), tick=False):
            made.append(uuid7())
    assert sorted(made) == made
    assert all(is_uuid7(text) for text in made)


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.upper(),
        "{" + EXAMPLE + "}",
        "urn:uuid:" + EXAMPLE,
        EXAMPLE.replace("-", ""),
        EXAMPLE + "\n",
        " " + EXAMPLE,
        EXAMPLE[:-1],
        EXAMPLE + "0",
        EXAMPLE[:14] + "4" + EXAMPLE[15:],
        EXAMPLE[:19] + "7" + EXAMPLE[20:],
        EXAMPLE[:19] + "c" + EXAMPLE[20:],
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "",
        "\x00",
        "x" * 5000,
        EXAMPLE.replace("0", "\u0660"),
    ],
)
def test_another_form_or_version_is_no_identifier(text: str):
    assert not is_uuid7(text)
    assert is_uuid7(EXAMPLE)
