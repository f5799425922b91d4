"""Where the node connects to by itself: asserted on the refusal, with resolvers of the test's own."""

import pytest

from app.core.egress import EgressRefused, is_global, target_of

PUBLIC = ("8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4003:80f::200e")
CLOSED = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255"),  # noqa: S104 - is refused
    *("192.0.2.7", "198.51.100.9", "203.0.113.5", "198.18.0.1", "240.0.0.1", "224.0.0.1", "239.255.255.250"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "100::1"),
    # Private addresses inside public-looking ones: mapped, compatible, NAT64, 6to4, Teredo.
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1"),
    *("2002:7f00:1::", "2002:c0a8:101::1", "2001:0:7f00:1::", "not-an-address", ""),
)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_one(address: str):
    assert is_global(address)


@pytest.mark.parametrize("address", CLOSED)
def test_a_private_reserved_or_disguised_address_is_none(address: str):
    assert not is_global(address)


def code_of(url: str, found: list[str] | OSError, *, private: bool = False) -> str:
    def resolve(_host: str, _port: int) -> list[str]:
        if isinstance(found, OSError):
            raise found
        return found

    with pytest.raises(EgressRefused) as refused:
        target_of(url, private=private, resolve=resolve)
    return refused.value.code


@pytest.mark.parametrize("found", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["8.8.8.8", "::1"], []])
def test_a_name_of_which_any_address_is_private_is_refused(found: list[str]):
    assert code_of("https://sacm.example.org", found) == "egress-private"


def test_a_name_that_nobody_knows_is_refused():
    assert code_of("https://sacm.example.org", OSError("no such name")) == "egress-unresolved"


@pytest.mark.parametrize(
    "url", ["ftp://sacm.example.org", "sacm.example.org", "https://", "https://user:word@sacm.example.org", "https://sacm.example.org:port"]
)
@pytest.mark.parametrize("private", [True, False])
def test_what_is_no_address_of_a_node_is_refused(url: str, private: bool):
    assert code_of(url, ["8.8.8.8"], private=private) == "egress-address"


def test_plain_http_is_refused_unless_private_peers_are_allowed():
    assert code_of("http://sacm.example.org", ["8.8.8.8"]) == "egress-plain"
    assert target_of("http://127.0.0.1:8080", private=True).url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("found", "url"), [("8.8.8.8", "https://8.8.8.8:8443/istmo"), ("2606:4700::1111", "https://[2606:4700::1111]:8443/istmo")]
)
def test_the_address_that_was_judged_is_the_one_that_is_held_under_the_peers_own_name(found: str, url: str):
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return [found]

    target = target_of("https://sacm.example.org:8443/istmo", private=False, resolve=resolve)
    assert (target.url, target.headers, target.extensions) == (url, {"Host": "sacm.example.org:8443"}, {"sni_hostname": "sacm.example.org"})
    assert asked == [("sacm.example.org", 8443)]
