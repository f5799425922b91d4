"""What a node derives of an alert: reference, confidence, band of a price."""

import re
import uuid
from itertools import pairwise

import pytest

from app.alerts.derived import confidence, fee_band, reference

ID = "019aa4f0-6f80-7c3e-9a51-2d0c6a5f1b11"
KEY = bytes([0x0F] * 32)


def test_a_reference_follows_from_the_key_and_the_id_as_another_program_works_it_out():
    # HMAC-SHA256 under the key of "istmo alert reference|<id>|<attempt>": 0be5c2d7..., cf6c73e8..., and 44ddf071... under another key;
    # the low 25 bits of these in Crockford's base 32, by node.
    assert reference(KEY, "RCM", 2026, ID) == reference(KEY, "RCM", 2026, ID, 0) == "RCM-2026-YBGPQ"
    assert reference(KEY, "SACM", 2027, ID, attempt=1) == "SACM-2027-PRWZ8"
    assert reference(bytes([0xF0] * 32), "RCM", 2026, ID) == "RCM-2026-DVW3H"


def test_references_have_no_letter_that_is_misread_and_no_order():
    names = [reference(KEY, "RCM", 2026, str(uuid.UUID(int=uuid.UUID(ID).int + number))) for number in range(400)]
    assert all(re.fullmatch("RCM-2026-[0-9A-HJKMNP-TV-Z]{5}", name) for name in names)
    assert set("".join(name[-5:] for name in names)) == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert len(set(names)) == 400
    rising = sum(one < other for one, other in pairwise(names))
    assert 160 < rising < 240


# By hand: credibility as STIX 2.1, appendix A (90, 70, 50, 30, 10), 6 as 50; reliability A 100, B 75, C 50, D 25, E 0, F 50; the lower.
TABLE = """
A 90 70 50 30 10 50
B 75 70 50 30 10 50
C 50 50 50 30 10 50
D 25 25 25 25 10 25
E 0 0 0 0 0 0
F 50 50 50 30 10 50
"""


def test_confidence_is_the_lower_of_source_and_information():
    for row in TABLE.split("\n")[1:-1]:
        source, *wanted = row.split()
        assert [confidence(source, credibility) for credibility in range(1, 7)] == [int(figure) for figure in wanted], source


@pytest.mark.parametrize(
    ("highest", "band"),
    [
        *((0, "under_1000"), (999, "under_1000"), (1_000, "1000_to_4999"), (4_999, "1000_to_4999"), (5_000, "5000_to_9999")),
        *((9_999, "5000_to_9999"), (10_000, "10000_to_19999"), (19_999, "10000_to_19999"), (20_000, "20000_and_over")),
        (2**31 - 1, "20000_and_over"),
    ],
)
def test_a_price_in_dollars_has_the_band_of_its_highest_figure(highest: int, band: str):
    assert fee_band("USD", highest) == band


def test_a_price_in_another_currency_has_no_band():
    assert [fee_band(currency, 5_000) for currency in ("COP", "EUR", "PAB")] == [None, None, None]
