"""What a node derives of an alert and nobody sends: its reference, the confidence in it, the band of its price."""

import hmac
from collections.abc import Mapping
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, which are misread or make words."""
_LENGTH = 5
_BITS = 5

_RELIABILITY: Final[Mapping[str, int]] = {"A": 100, "B": 75, "C": 50, "D": 25, "E": 0, "F": 50}
"""Reliability of a source in percent, as MISP's taxonomy `admiralty-scale` (version 5) has it."""
_CREDIBILITY: Final[Mapping[int, int]] = {1: 90, 2: 70, 3: 50, 4: 30, 5: 10, 6: 50}
"""Credibility in percent: STIX 2.1, appendix A, Admiralty Credibility; 6, which STIX leaves open, as MISP's taxonomy has it."""

_BANDS: Final = ((1_000, "under_1000"), (5_000, "1000_to_4999"), (10_000, "5000_to_9999"), (20_000, "10000_to_19999"))
_TOP_BAND: Final = "20000_and_over"


def reference(key: bytes, conference: str, year: int, document_id: str, attempt: int = 0) -> str:
    """The name by which people speak of an alert, such as RCM-2026-7KQ2M: conference, year, five characters that follow from the id.

    Never counted: a running number would betray hidden alerts.  Five characters leave room for 33,554,432 in a year; where one is
    taken, the next `attempt` gives another.  Under a key of the node: nobody else can tell from a reference that another was taken.
    """
    digest = hmac.digest(key, f"istmo alert reference|{document_id}|{attempt}".encode(), "sha256")
    number = int.from_bytes(digest[:4], "big")
    tail = "".join(ALPHABET[number >> _BITS * place & (len(ALPHABET) - 1)] for place in reversed(range(_LENGTH)))
    return f"{conference}-{year}-{tail}"


def confidence(source_reliability: str, information_credibility: int) -> int:
    """Confidence in an alert from 0 to 100: the lower of what its source and what its information deserve."""
    return min(_RELIABILITY[source_reliability], _CREDIBILITY[information_credibility])


def fee_band(currency: str, highest: int) -> str | None:
    """Band of a price by its highest figure; only prices in US dollars have one, so that no rate of exchange is needed."""
    if currency != "USD":
        return None
    return next((band for below, band in _BANDS if highest < below), _TOP_BAND)
