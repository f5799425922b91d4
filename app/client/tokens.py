"""Access tokens of a client that sends no key with its requests: fetched, renewed and, where the node knows one no more, fetched anew."""

import json
import secrets
import time
from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import quote_plus

from app.client.answers import object_of
from app.client.errors import Unreachable, Unusable
from app.client.extras import brought
from app.client.transport import limits, retries
from app.client.web import httpx

_GRANT = {"grant_type": "client_credentials"}
_BY_KEY = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_GOOD_FOR = 60
_RENEWED_AT = 0.9
_UNAUTHENTICATED = 401

Login = Callable[[], httpx.Request]


class AccessTokens(httpx.Auth):
    """What puts an access token on each request; `login` makes the request for a new one."""

    def __init__(self, login: Login) -> None:
        self._login, self._token, self._until = login, "", 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request under a token; where it is refused under one that was kept, once more under a new one."""
        fresh = time.monotonic() >= self._until
        if fresh:
            yield from self._fetched()
        response = yield self._signed(request)
        if response.status_code == _UNAUTHENTICATED and not fresh:
            yield from self._fetched()
            yield self._signed(request)

    def _signed(self, request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def _fetched(self) -> Generator[httpx.Request, httpx.Response, None]:
        began = time.monotonic()
        answer = object_of((yield self._login()))
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise Unreachable("unreachable-no-node")
        self._token, self._until = token, began + _RENEWED_AT * seconds


def by_secret(url: str, client_id: str, secret: str) -> Login:
    """Asks with id and secret as Basic (RFC 6749 section 2.3.1)."""
    basic = httpx.BasicAuth(quote_plus(client_id), quote_plus(secret))
    sent = {"retry": retries(("POST",)), "timeout": limits().as_dict()}

    def login() -> httpx.Request:
        return next(basic.auth_flow(httpx.Request("POST", _address(url), data=_GRANT, extensions=sent)))

    return login


def by_private_key(url: str, client_id: str, pem: str, audience: str) -> Login:
    """Asks with a statement signed by the client's own key (private_key_jwt, ES256), good once; raises `Unusable` for a key that is none."""
    jws, jwk = brought("joserfc.jws", "private-key"), brought("joserfc.jwk", "private-key")
    try:
        key = jwk.ECKey.import_key(pem)
        fits = key.curve_name == "P-256" and key.is_private
    except Exception:  # noqa: BLE001 - the library and what reads PEM for it raise many kinds; none of their words may show the key
        fits = False
    if not fits:
        raise Unusable("unusable-private-key")

    def login() -> httpx.Request:
        claims = _claims(client_id, audience or _address(url))
        signed = jws.serialize_compact({"alg": "ES256"}, json.dumps(claims), key, ["ES256"])
        form = {**_GRANT, "client_assertion_type": _BY_KEY, "client_assertion": signed}
        return httpx.Request("POST", _address(url), data=form, extensions={"timeout": limits().as_dict()})

    return login


def _claims(client_id: str, audience: str) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": client_id, "sub": client_id, "aud": audience, "jti": secrets.token_urlsafe(16), "iat": now, "exp": now + _GOOD_FOR}


def _address(url: str) -> str:
    return f"{url.rstrip('/')}/oauth/token"
