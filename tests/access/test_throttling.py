"""Moving windows: so many requests of a client, so many failed logins of an address, in a memory that does not grow (contract: Limits)."""

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from fastapi import Request

from app.access.rules import counted
from app.access.throttle import Throttle, source_of
from app.core.problems import Problem
from app.settings import Settings

NOW = datetime(2024, 3, 11, 12, tzinfo=UTC)
GOOD = "Bearer istmo_good_key"


def throttle(**settings: int) -> Throttle:
    return Throttle(Settings(_env_file=None, **settings))


def refused(kept: Throttle, address: str = "a", header: str | None = "Bearer x") -> tuple[str, str] | None:
    found = None
    try:
        kept.admit(address, header)
    except Problem as problem:
        found = problem
    assert found is None or (found.status, str(found.params["seconds"])) == (429, found.headers["Retry-After"])
    return (found.code, found.headers["Retry-After"]) if found else None


def passes(kept: Throttle, header: str = GOOD, client: str = "c") -> bool:
    try:
        kept.admit("a", header)
        kept.passed(header, client)
    except Problem:
        return False
    return True


def test_a_client_may_burst_and_then_goes_on_at_its_rate():
    with time_machine.travel(NOW, tick=False) as clock:
        kept = throttle(requests_per_second=10, request_burst=30)
        assert [passes(kept) for _ in range(31)] == [True] * 30 + [False]
        assert refused(kept, header=GOOD) == ("too-many-requests", "3")
        assert passes(kept, "Bearer other", "other")
        clock.shift(timedelta(seconds=2))
        assert refused(kept, header=GOOD) == ("too-many-requests", "1")
        clock.shift(timedelta(seconds=1, milliseconds=1))
        assert [passes(kept) for _ in range(31)] == [True] * 30 + [False]


@pytest.mark.parametrize(("rate", "burst", "at_once"), [(100, 300, 300), (100, 250, 300), (100, 10, 100), (1, 1, 1)])
def test_the_burst_is_rounded_up_to_whole_seconds_of_the_rate(rate: int, burst: int, at_once: int):
    with time_machine.travel(NOW, tick=False):
        kept = throttle(requests_per_second=rate, request_burst=burst)
        assert sum(passes(kept) for _ in range(400)) == at_once


def test_two_credentials_of_one_client_share_its_rate():
    with time_machine.travel(NOW, tick=False):
        kept = throttle(requests_per_second=1, request_burst=4)
        assert [passes(kept, header) for header in (GOOD, "Basic x", GOOD, "Basic x", GOOD)] == [True] * 4 + [False]


def test_an_address_that_failed_too_often_is_refused_for_a_minute_and_no_other_one():
    with time_machine.travel(NOW, tick=False) as clock:
        kept = throttle(failed_logins=3)
        for _ in range(3):
            assert refused(kept) is None
            kept.failed("a", "Bearer x")
            clock.shift(timedelta(seconds=10))
        assert refused(kept) == refused(kept, header=None) == ("too-many-failed-logins", "30")
        assert refused(kept, "b") is None
        clock.shift(timedelta(seconds=30, milliseconds=1))
        assert refused(kept) is None
        kept.failed("a", None)
        assert refused(kept) == ("too-many-failed-logins", "10")


def test_a_credential_that_was_good_still_passes_until_it_fails():
    with time_machine.travel(NOW, tick=False):
        kept = throttle(failed_logins=1)
        assert passes(kept)
        kept.failed("a", "Bearer guessed")
        assert (refused(kept), refused(kept, header=GOOD)) == (("too-many-failed-logins", "60"), None)
        kept.failed("a", GOOD)
        assert refused(kept, header=GOOD) == ("too-many-failed-logins", "60")


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:" + "x" * 100, "unix:" + "x" * 59),
    ],
)
def test_a_subscribers_whole_ipv6_network_counts_as_one_address(address: str, source: str):
    assert source_of(address) == source


def test_of_one_client_no_more_is_kept_than_its_limit_and_no_thread_is_started_for_it():
    with time_machine.travel(NOW, tick=False) as clock:
        kept = throttle(requests_per_second=1, request_burst=5)
        for begun in [each for each in threading.enumerate() if isinstance(each, threading.Timer)]:
            begun.join(20)
        threads = threading.active_count()
        for _ in range(40):
            clock.shift(timedelta(seconds=2))
            kept.passed(None, "pan")
            assert threading.active_count() == threads
        assert [len(each) for each in kept._counts.events.values()] == [5]
        # Of the last five seconds: one 4 s ago, one 2 s ago, three now.
        kept.passed(None, "pan")
        kept.passed(None, "pan")
        with pytest.raises(Problem, match="too-many-requests"):
            kept.passed(None, "pan")


def test_neither_addresses_nor_credentials_pile_up_in_memory():
    with time_machine.travel(NOW, tick=False) as clock:
        kept = throttle(failed_logins=1)
        for number in range(9_990):
            kept.failed(f"192.0.{number // 250}.{number % 250}", None)
        clock.shift(timedelta(minutes=2))
        assert len(kept._counts.events) == 9_990
        for number in range(20):
            kept.failed(f"198.51.100.{number}", None)
        assert len(kept._counts.events) < 50
        assert refused(kept, "198.51.100.19") is not None
        for number in range(10_050):
            kept.passed(f"Bearer {number}", f"client-{number}")
        assert len(kept._good) == 10_000
        assert (kept._remembered("Bearer 49"), kept._remembered("Bearer 50")) == (None, "client-50")
        assert not any(b"Bearer" in remembered for remembered in kept._good)


def test_a_full_memory_forgets_the_credential_that_was_used_least_lately(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.access.throttle._MOST_REMEMBERED", 2)
    with time_machine.travel(NOW, tick=False):
        kept = throttle(failed_logins=1)
        assert all(passes(kept, f"Bearer {name}", name) for name in "abac")
        kept.failed("a", None)
        assert [refused(kept, header=f"Bearer {name}") is None for name in "abc"] == [True, False, True]


@pytest.mark.parametrize("code", ["busy", "overloaded", "role-forbidden", "invalid-request", "too-many-requests"])
def test_only_who_is_not_known_counts_as_a_failed_login(code: str):
    with time_machine.travel(NOW, tick=False):
        kept = throttle(failed_logins=1)
        node = SimpleNamespace(state=SimpleNamespace(throttle=kept))
        request = Request({"type": "http", "headers": [], "client": ("a", 1), "app": node})
        for raised, told in ((code, None), ("unauthenticated", ("too-many-failed-logins", "60"))):
            with pytest.raises(Problem), counted(request):
                raise Problem(raised)
            assert refused(kept) == told
