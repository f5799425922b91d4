"""The Python client: httpx and the wire only."""

from app.client.alerts import AlertsFile
from app.client.errors import IstmoError, Refused, Unreachable, Unusable
from app.client.http import ANSWERS, KINDS, Fetched, Istmo, PushAnswer
from app.client.push import Waiting, idempotency_key, waiting_of

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
    "Waiting",
    "idempotency_key",
    "waiting_of",
]
