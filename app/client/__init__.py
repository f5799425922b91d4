"""The Python client: httpx and the wire only."""

from app.client.errors import IstmoError, Refused, Unreachable, Unusable
from app.client.http import Fetched, Istmo, PushAnswer
from app.client.push import idempotency_key

__all__ = ["Fetched", "Istmo", "IstmoError", "PushAnswer", "Refused", "Unreachable", "Unusable", "idempotency_key"]
