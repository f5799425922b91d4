"""The Python client: httpx and the wire only."""

from app.client.alerts import AlertsFile
from app.client.answers import Fetched, Waiting, Written, waiting_of
from app.client.errors import (
    Conflict,
    Exists,
    Forbidden,
    Invalid,
    IstmoError,
    NotFound,
    Refused,
    ResyncRequired,
    Stale,
    Throttled,
    Unauthenticated,
    Unreachable,
    Unusable,
)
from app.client.files import FORMS, Saved
from app.client.flows import Flows, Rows
from app.client.http import ANSWERS, KINDS, Istmo
from app.client.lists import Changes, Listing
from app.client.push import idempotency_key

__all__ = [
    "ANSWERS",
    "FORMS",
    "KINDS",
    "AlertsFile",
    "Changes",
    "Conflict",
    "Exists",
    "Fetched",
    "Flows",
    "Forbidden",
    "Invalid",
    "Istmo",
    "IstmoError",
    "Listing",
    "NotFound",
    "Refused",
    "ResyncRequired",
    "Rows",
    "Saved",
    "Stale",
    "Throttled",
    "Unauthenticated",
    "Unreachable",
    "Unusable",
    "Waiting",
    "Written",
    "idempotency_key",
    "waiting_of",
]
