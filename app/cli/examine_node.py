"""The node as others find it: its address, the proxy on the way, its port, its clock and what waits in it."""

import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

import httpx

from app.cli.patient import Ailment, Patient

MOST_APART_S = 5
MOST_WAITING = 5_000
_WAIT_S = 3.0
_FIGURES = re.compile(r"^(istmo_[a-z_]+) ([0-9.e+\-]+)$", re.MULTILINE)
MOST_SET_S = 60
"""By how much a clock may be set while a node runs: the worker is told of more (`clock-jumped`)."""


def proxy(patient: Patient) -> Iterator[Ailment]:
    """A proxy in the environment that would be asked for a node on this very machine."""
    parts = urllib.parse.urlsplit(patient.settings.url)
    known = urllib.request.getproxies()
    if (known.get(parts.scheme) or known.get("all")) and _is_here(parts.hostname) and not urllib.request.proxy_bypass(parts.netloc):
        yield Ailment("doctor-proxy", {"url": patient.settings.url, "host": parts.hostname})


def _is_here(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def public_url(patient: Patient) -> Iterator[Ailment]:
    """An address under which nobody else reaches the node, or without TLS."""
    parts = urllib.parse.urlsplit(patient.settings.public_url)
    if _is_here(parts.hostname):
        yield Ailment("doctor-public-url-local", {"url": patient.settings.public_url})
    elif parts.scheme != "https" or not parts.hostname:
        yield Ailment("doctor-public-url-plain", {"url": patient.settings.public_url})


def _ask(patient: Patient, path: str) -> httpx.Response | None:
    """An answer of the node at `ISTMO_URL`, without key and proxy; none where nobody answers in HTTP."""
    try:
        return httpx.get(patient.settings.url.rstrip("/") + path, timeout=_WAIT_S, trust_env=False, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None


def port(patient: Patient) -> Iterator[Ailment]:
    """Something else at the node's place on this machine: `istmo serve` could not listen there."""
    parts = urllib.parse.urlsplit(patient.settings.url)
    if not _is_here(parts.hostname):
        return
    try:
        answer = httpx.get(f"{patient.settings.url.rstrip('/')}/livez", timeout=_WAIT_S, trust_env=False)
        taken = answer.status_code != httpx.codes.OK or "x-request-id" not in answer.headers
    except httpx.ConnectError:
        return
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        taken = True
    if taken:
        yield Ailment("doctor-port", {"url": patient.settings.url})


def clock(patient: Patient) -> Iterator[Ailment]:
    """This machine's clock against the one of the node at `ISTMO_URL`."""
    answer = _ask(patient, "/livez")
    try:
        there = parsedate_to_datetime(answer.headers["date"]) if answer is not None and "date" in answer.headers else None
    except ValueError:
        return
    if there is not None and abs(apart := (there - patient.now).total_seconds()) > MOST_APART_S:
        yield Ailment("doctor-clock-node", {"url": patient.settings.url, "seconds": round(abs(apart))})


def running(patient: Patient) -> Iterator[Ailment]:
    """What a running node tells of itself in its metrics, which only this machine gets without a key.

    Rows of the audit of reads that it could not write; and that its clock was set while it ran: what waits is published by the slower of two.
    """
    answer = _ask(patient, "/metrics")
    told = dict(_FIGURES.findall(answer.text)) if answer is not None and answer.status_code == httpx.codes.OK else {}
    waiting, parted = (float(told.get(name, "0")) for name in ("istmo_read_audit_waiting", "istmo_clock_parted_seconds"))
    if waiting > MOST_WAITING:
        yield Ailment("doctor-backlog", {"count": round(waiting)})
    if abs(parted) > MOST_SET_S:
        yield Ailment("doctor-clock-jumped", {"url": patient.settings.url, "seconds": round(abs(parted))})
