"""The demo: a node on loopback with the public sample statistics, one client of each role, and three requests to try."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.access.audit import Attempt
from app.access.callers import Caller
from app.access.clients import Credential, NewClient
from app.bulletins.declare import declare
from app.bulletins.files import read_file
from app.bulletins.preparing import Submission
from app.bulletins.queries import FileQuery
from app.bulletins.service import publish
from app.cli.node import prepare_store, run, words
from app.cli.output import result, tell, words_of
from app.cli.sampling import COLUMNS, DARIEN, DARIEN_CODES, NAME, make_demo_clients, print_keys, sample, say_block
from app.cli.two_nodes import two_nodes
from app.exchange.node import Node, open_node
from app.settings import Settings
from app.wire.codes import TLP, Role


@dataclass(frozen=True)
class Sample:
    """One public series as it lies in the package, and the options with which a partner would push it."""

    file: str
    state: str
    measure: str
    unit: str
    codes: tuple[str, ...] = ()


# STL is no code of ISO 3166: whom it means is not guessed.
_OTHERS = ("OOO=_O", "STL=_O")
SAMPLES = (
    Sample(DARIEN, "PAN", "irregular_transit", "person", DARIEN_CODES),
    Sample("honduras_by_nationality.csv", "HND", "irregular_entry", "person", _OTHERS),
    Sample("mexico_by_nationality.csv", "MEX", "apprehension", "event", _OTHERS),
)
_EXAMPLE = {
    "reporting_state": "PAN",
    "measure": "irregular_transit",
    "unit": "person",
    "period": "2025-05",
    "cells": [{"nationality": code, "value": value} for code, value in (("VEN", 40), ("NPL", 12), ("SOM", 3), ("ERI", 9))],
}
CLIENTS = (
    NewClient(Role.OPERATOR, "RCM", name=NAME),
    NewClient(Role.SECRETARIAT, "RCM", name=NAME, person="secretariat"),
    NewClient(Role.PARTNER, "RCM", "PAN", name=NAME),
    NewClient(Role.ANALYST, "SACM", name=NAME),
    NewClient(Role.PEER, "SACM", name=NAME),
)


def demo(
    *,
    port: Annotated[int, typer.Option(min=1, max=65534, help=words_of("demo-port"))] = 8080,
    two: Annotated[bool, typer.Option("--two-nodes", help=words_of("demo-two"))] = False,
) -> None:
    """Run a node on loopback with the public monthly series of Darién, Honduras and Mexico; prints keys and requests to try."""
    if two:
        two_nodes(port)
        return
    settings = demo_settings(port)
    with words():
        prepare_store(settings)
        node = open_node(settings)
        load_samples(node)
        made = make_demo_clients(node, CLIENTS)
    print_welcome(made, f"http://127.0.0.1:{port}")
    run(node, "127.0.0.1", port)


def demo_settings(port: int) -> Settings:
    """The demo's own store and secrets under var/, unless the environment names others."""
    chosen: dict[str, object] = {"public_url": f"http://127.0.0.1:{port}"}
    if "ISTMO_DATABASE_URL" not in os.environ:
        chosen["database_url"] = "sqlite:///var/demo.db"
    if "ISTMO_SECRETS_DIR" not in os.environ:
        chosen["secrets_dir"] = Path("var/demo-secrets")
    return Settings(**chosen)  # type: ignore[arg-type]


def load_samples(node: Node) -> None:
    """Publish every sample series as the RCM's secretariat would; a second time nothing is written but audit."""
    caller = Caller("demo", Role.SECRETARIAT, "RCM", None, TLP.RED.rank, None)
    for series in SAMPLES:
        results = publish(node, caller, submissions_of(series), attempt=Attempt("demo.load", caller))
        created = sum(result.outcome == "created" for result in results)
        tell("demo-sample", file=series.file, total=len(results), created=created)


def submissions_of(series: Sample) -> list[Submission]:
    """A sample as what a push of its file would submit."""
    query = FileQuery(state=series.state, measure=series.measure, unit=series.unit, column=COLUMNS, code=series.codes, sum_duplicates=True)
    file = read_file(sample(series.file), query, row_limit=100_000)
    return [Submission(declare(bulletin.draft(at), "RCM", ("bulletins", at))) for at, bulletin in enumerate(file.bulletins)]


def print_welcome(made: Sequence[tuple[NewClient, Credential]], address: str) -> None:
    """Print the address, the keys and three requests that work when pasted."""
    say_block(words_of("demo-serves", address=address))
    by_role = {wanted.role: credential.api_key for wanted, credential in made}
    print_keys(made)
    analyst, partner = by_role[Role.ANALYST], by_role[Role.PARTNER]
    flows = f"{address}/v1/flows?reporting_state=PAN&measure=irregular_transit&group_by=period"
    say_block(words_of("demo-try"))
    result(words_of("demo-years"))
    result(f"curl -s -H 'Authorization: Bearer {analyst}' '{flows}&frequency=year&period_from=2021&period_to=2023'")
    result(words_of("demo-outside"))
    result(f"curl -s -H 'Authorization: Bearer {analyst}' '{flows}&extra_continental=true&period_from=2012&period_to=2012'")
    result(words_of("demo-month"))
    body = json.dumps(_EXAMPLE, separators=(",", ":"))
    result(f"curl -s -X POST -H 'Authorization: Bearer {partner}' -H 'Content-Type: application/json' -d '{body}' {address}/v1/bulletins")
