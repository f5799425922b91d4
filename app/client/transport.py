"""The connection of an office to its node: certificates, the ministry's proxy, time limits and a few bounded retries."""

import ssl
import urllib.parse
import urllib.request
from collections.abc import Iterable
from importlib.metadata import version

from app.client.errors import Unusable
from app.client.web import httpx, httpx_retries

TIME_LIMIT = 60.0
"""Seconds that an answer may take to begin."""
_CUT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ReadError,
    httpx.RemoteProtocolError,
    httpx.WriteError,
)


def limits(seconds: float = TIME_LIMIT) -> httpx.Timeout:
    """Time limits with so many seconds for an answer to begin, and ten for a connection."""
    return httpx.Timeout(seconds, connect=10.0, pool=10.0)


def retries(methods: Iterable[str]) -> httpx_retries.Retry:
    """Three more tries after a lost connection, 429 or 503, keeping to Retry-After; all waits together at most 30 s."""
    return httpx_retries.Retry(
        total=3,
        allowed_methods=methods,
        status_forcelist=(429, 503),
        retry_on_exceptions=_CUT,
        backoff_factor=0.2,
        max_backoff_wait=20.0,
        total_timeout=30.0,
    )


def open_client(
    url: str,
    credential: str | httpx.Auth,
    ca_file: str = "",
    language: str = "",
    *,
    proxy: str | None = None,
    timeout: float = TIME_LIMIT,
) -> httpx.Client:
    """A connection to one node that follows no redirects, repeats reads only and asks for answers in a language, if one is given.

    `credential` is an API key, empty for none, or what fetches access tokens.  Without a `proxy` the environment's is used, with an
    empty one none.  Raises `Unusable` for an address or key that cannot be one, OSError for a CA file that cannot be read.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Unusable("unusable-address")
    key, auth = (credential, None) if isinstance(credential, str) else ("", credential)
    if not (key.isascii() and key.isprintable()):
        raise Unusable("unusable-key")
    headers = {"Accept": "application/json", "User-Agent": f"istmo/{version('istmo')}"}
    if language:
        headers["Accept-Language"] = language
    if key:
        headers["Authorization"] = f"Bearer {key}"
    through = _proxy(parts.scheme, parts.netloc) if proxy is None else proxy or None
    transport = httpx_retries.RetryTransport(httpx.HTTPTransport(verify=_trust(ca_file), proxy=through), retries(("GET",)))
    return httpx.Client(base_url=url, headers=headers, auth=auth, timeout=limits(timeout), transport=transport, follow_redirects=False)


def _trust(ca_file: str) -> ssl.SSLContext | bool:
    if not ca_file:
        return True
    context = ssl.create_default_context()
    context.load_verify_locations(ca_file)
    return context


def _proxy(scheme: str, host: str) -> str | None:
    # httpx looks at HTTPS_PROXY and NO_PROXY only where it makes the transport itself, and ours is wrapped in retries.
    known = urllib.request.getproxies()
    address = known.get(scheme) or known.get("all")
    if not address or urllib.request.proxy_bypass(host):
        return None
    return address if "://" in address else f"http://{address}"
