"""Where the node may connect to by itself: global unicast addresses only, looked up once and then held (guarantees 4).

`ISTMO_PRIVATE_PEERS` opens http and private addresses, for two nodes in one ministry or on one machine.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a name."""

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_PORTS = {"http": 80, "https": 443}


class EgressRefused(OSError):  # noqa: N818 - says what is the matter, as Problem does
    """An address to which this node does not connect; `code` says why, by `faults.toml`."""

    def __init__(self, code: str) -> None:
        """Keep the code; the address itself is not repeated."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Target:
    """Where to connect: the address that was judged, and what keeps the name in certificate and Host header."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, str] = field(default_factory=dict)


def target_of(url: str, *, private: bool, resolve: Resolver | None = None) -> Target:
    """The place behind a URL, its name resolved once: a second look-up could lead elsewhere.

    Raises `EgressRefused`: `egress-address` for what is no http(s) URL or bears credentials, `egress-plain` for http,
    `egress-private` for a name of which any address is not global unicast, `egress-unresolved`.
    """
    parts, port = _parts_of(url)
    host = parts.hostname or ""
    if private:
        return Target(url)
    if parts.scheme != "https":
        raise EgressRefused("egress-plain")
    try:
        found = (resolve or addresses_of)(host, port)
    except (OSError, UnicodeError):
        raise EgressRefused("egress-unresolved") from None
    if not found or not all(is_global(address) for address in found):
        raise EgressRefused("egress-private")
    shown = f"[{found[0]}]" if ":" in found[0] else found[0]
    held = parts._replace(netloc=f"{shown}:{port}").geturl()
    return Target(held, {"Host": parts.netloc}, {"sni_hostname": host})


def _parts_of(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise EgressRefused("egress-address") from None
    if not parts.hostname or parts.username is not None:
        raise EgressRefused("egress-address")
    return parts, port


def addresses_of(host: str, port: int) -> list[str]:
    """Every address that the system's resolver knows of a name."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def is_global(text: str) -> bool:
    """Whether an address is one of the public internet, also where it carries another one inside (RFC 6052, 3056, 4380, 4291)."""
    try:
        address = ipaddress.ip_address(text.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    carried = _inner(address) if isinstance(address, ipaddress.IPv6Address) else []
    inner: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = [*carried] or [address]
    return all(each.is_global and not each.is_multicast and not each.is_reserved for each in inner)


def _inner(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if any(address in network for network in _NAT64) or address.packed[:12] == bytes(12):
        return [ipaddress.IPv4Address(address.packed[-4:])]
    if address.sixtofour:
        return [address.sixtofour]
    return list(address.teredo or ())
