"""Keyed chance: choices that nobody without the node's secret can foresee, and that the node repeats exactly."""

import hashlib
import hmac
from typing import Final

_BITS: Final = 53


class Draw:
    """The choices for one flow key and period (guarantees 1, rule 7: seeded by both, never by a version).

    Every choice has a draw of its own, named by purpose and item: it depends on no other item, on no order and on no library's
    generator.  Raises ValueError on an empty secret.
    """

    def __init__(self, secret: bytes, flow_key: str, period: str) -> None:
        if not secret:
            message = "keyed choices need a secret"
            raise ValueError(message)
        self._seed = hmac.new(secret, _joined(flow_key, period), hashlib.sha256)

    def fraction(self, purpose: str, item: str) -> float:
        """A number in [0, 1), uniform over secrets, always the same for the same secret, flow key, period, purpose and item."""
        mac = self._seed.copy()
        mac.update(_joined(purpose, item))
        return (int.from_bytes(mac.digest()[:8], "big") >> (64 - _BITS)) / (1 << _BITS)


def _joined(*texts: str) -> bytes:
    # Each text after its length, else ("ab", "c") and ("a", "bc") would share their draws.
    parts = [text.encode() for text in texts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
