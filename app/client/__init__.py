"""The Python client: httpx and the wire only."""

from app.client.alerts import AlertsFile
from app.client.errors import IstmoError, Refused, Unreachable, Unusable
from app.client.http import ANSWERS, KINDS, Fetched, Istmo, PushAnswer
from app.client.push import idempotency_key

__all__ = [
    "ANSWERS",
    "KINDS",
    "AlertsFile",
    "Fetched",
    "Istmo",
    "IstmoError",
    "PushAnswer",
    "Refused",
    "Unreachable",
    "Unusable",
    "idempotency_key",
]
