"""What a route declares beside its code where nothing else shows it: that it answers 304, that it knows Idempotency-Key."""

from typing import Any

CONDITIONAL: dict[int | str, dict[str, Any]] = {304: {"description": "Your copy (If-None-Match) is the present one."}}
"""For `responses`: the route gives an ETag and compares If-None-Match with it."""

REFUSED: dict[str, Any] = {"description": "A refusal."}
"""For `responses`: a status of a problem that follows from nothing else that the route declares."""

TAGGED: dict[str, Any] = {"headers": {"ETag": {"$ref": "#/components/headers/ETag"}}}
"""For an answer: the document comes with its ETag."""

PLACE: dict[str, Any] = {"headers": {"Location": {"$ref": "#/components/headers/Location"}}}
"""For an answer: what is new has an address."""

PLACED: dict[str, Any] = {"headers": {**TAGGED["headers"], **PLACE["headers"]}}
"""For an answer: a new document comes with its ETag and its address."""

SPOKEN: dict[str, Any] = {"headers": {"Content-Language": {"$ref": "#/components/headers/Content-Language"}}}
"""For an answer: it holds sentences in the reader's language."""

UNKEPT: dict[str, Any] = {"headers": {"Pragma": {"$ref": "#/components/headers/Pragma"}}}
"""For an answer: nobody may keep it (RFC 6749 section 5.1)."""

ONCE: dict[str, Any] = {"parameters": [{"$ref": "#/components/parameters/IdempotencyKey"}]}
"""For `openapi_extra`: the route keeps its answer under the request's Idempotency-Key."""

TEXT: dict[str, Any] = {"type": "string", "maxLength": 2**31 - 1, "pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"}
"""The schema of a whole text file."""

FILE: dict[str, Any] = {"type": "string", "format": "binary", "maxLength": 2**31 - 1}
"""The schema of a file that is sent; the node's own limit is a setting (10 MiB)."""
