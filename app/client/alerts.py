"""Alerts as an office sends and fetches them: one file of JSON, one form of receipt, one way to name an alert."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.client.answers import waiting_of
from app.client.errors import Refused

FORMS: Mapping[str, str] = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
"""The forms of a file of alerts, each with its media type."""
REFERENCE = re.compile(r"[A-Z][A-Z0-9-]*-[0-9]{4}-[0-9A-Z]{5}", re.ASCII | re.IGNORECASE)
"""How people name an alert: conference, year, five characters that follow from its id."""
_LIST = "/alerts"
_RECEIPT = ("id", "version", "reference", "outcome")


@dataclass(frozen=True)
class AlertsFile:
    """A file of alerts as it comes; `left_out` says what is not in it: `no-onward=2` and, where one's own filter did it, `tlp`."""

    pieces: Iterator[bytes] = field(repr=False)
    left_out: str


def body_of(raw: bytes) -> tuple[bytes, bool]:
    """The body that a file of alerts makes, in UTF-8, and whether it is a list of alerts.

    What is written stays as it is, so that the node judges it and not what a reader here made of it: keys that stand twice, long
    numbers.  What is no JSON is passed on alone, so that the node names its line and column as they are in the file.
    """
    try:
        text = raw.decode(json.detect_encoding(raw))
        is_list = isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return raw, False
    return (f'{{"alerts":{text}}}' if is_list else text).encode(), is_list


def receipt(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a write answers without what the alert says: id, version, reference, outcome."""
    return {name: document.get(name) for name in _RECEIPT}


def receipts(answer: Mapping[str, Any], is_list: bool) -> dict[str, Any]:
    """The answer to one alert in the form of the answer to a list; to what waits with no receipt, its findings at their places in the file."""
    if waiting_of(answer):
        return {"alerts": [], **answer, "findings": [_placed(each) if is_list else each for each in answer.get("findings") or ()]}
    return dict(answer) if is_list else {"alerts": [receipt(answer)], "findings": []}


@contextlib.contextmanager
def in_the_file(is_list: bool) -> Iterator[None]:
    """Findings about a list name the place in the file, which holds the list alone."""
    try:
        yield
    except Refused as refused:
        if not is_list:
            raise
        raise type(refused)({**refused.problem, "errors": [_placed(item) for item in refused.findings]}) from None


def _placed(finding: Mapping[str, Any]) -> dict[str, Any]:
    pointer = str(finding.get("pointer") or "")
    return {**finding, "pointer": pointer.removeprefix(_LIST)} if f"{pointer}/".startswith(f"{_LIST}/") else dict(finding)
