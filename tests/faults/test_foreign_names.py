"""What a sender calls a field or a parameter is the sender's own word, and may name a person: it is nowhere told again (guarantees 2)."""

import io
import json
import re
from collections.abc import Iterator

import pytest
from logging_kept import logging_kept
from serving import Served

from app.core.logs import configure

NAME = "Zoraida Queso"
TOLD = re.compile("zoraida", re.IGNORECASE)
FIELDS = ("title", "note", "reason", "changes", "cells", "bulletins", "alerts", "findings")
BODIES = (
    json.dumps({NAME: 1} | {each: {NAME: 1} for each in FIELDS[:4]} | {each: [{NAME: 1}] for each in FIELDS[4:]}),
    f'{{"{NAME}": [{{"x": "\\u0000", "{NAME}": NaN, "y": 1{"0" * 40}}}]}}',
    f'{{"note": {{"{NAME}": 1, "{NAME}": 2}}}}',
)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with logging_kept():
        stream = io.StringIO()
        configure("debug", "json", stream)
        yield stream


def test_a_name_in_the_place_of_a_field_or_a_parameter_comes_back_from_no_route_and_is_in_no_log(served: Served, log: io.StringIO):
    refused, echoed = set(), []
    for path, operations in served.as_(None).get("/openapi.json").json()["paths"].items():
        place = re.sub(r"{[^}]*}", "RCM" if "conferences" in path else "x", path)
        for method, operation in operations.items():
            takes_json = "application/json" in operation.get("requestBody", {}).get("content", {})
            who = "operator" if {"operator"} == set(operation.get("x-access", ())) else "rcm"
            for body in BODIES if takes_json else [None]:
                how = {"content": body, "headers": {"Content-Type": "application/json"}} if body else {"params": {NAME: "1"}}
                answer = served.as_(who).request(method.upper(), place, **how)
                echoed += [(method, path, body)] if TOLD.search(f"{answer.text} {answer.headers}") else []
                refused |= {(method, path)} if answer.status_code == 422 else set()
    assert echoed == []
    assert {
        ("post", f"/v1/{name}") for name in ("bulletins", "alerts", "bulletins/batch", "alerts/batch", "screening/allow-list")
    } <= refused
    assert len(refused) > 40
    assert not TOLD.search(log.getvalue())
