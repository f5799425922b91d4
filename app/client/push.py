"""The name of one push, so that it can be repeated after a cut without counting anything twice."""

import hashlib
import hmac
import json
from collections.abc import Mapping


def idempotency_key(key: str, options: Mapping[str, object], raw: bytes) -> str:
    """HMAC-SHA256 of options and bytes under the client's API key, in hexadecimal (contract: push).

    The order of options, and of the mappings within one, changes nothing.
    """
    canonical = {name: sorted(map(str, value)) if isinstance(value, list | tuple) else value for name, value in options.items()}
    # A JSON object says where it ends, so that no other pair of options and file gives the same bytes.
    named = json.dumps(canonical, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(key.encode(), named + raw, hashlib.sha256).hexdigest()
