"""`istmo doctor`: what is wrong with this installation, in plain words, and how to repair it; it changes nothing."""

import os
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer
from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.cli import examine_files, examine_node, examine_store
from app.cli.output import REFUSED, language, result, result_json, tell, words_of
from app.cli.patient import Ailment, Check, Patient, StoreCheck
from app.core.clock import utc_now
from app.core.faults import told
from app.settings import Settings

_PREFIX = "ISTMO_"
ALONE: tuple[Check, ...] = (
    *(examine_files.disk, examine_files.network_disk, examine_files.database_file, examine_files.secrets_folder),
    *(examine_files.ca_file, examine_node.proxy, examine_node.public_url, examine_node.port, examine_node.clock, examine_node.running),
)
"""Checks that need no store."""

STORED: tuple[StoreCheck, ...] = (
    *(examine_store.clock, examine_store.hmac_keys, examine_store.signing_keys, examine_store.token_keys),
    *(examine_store.operators, examine_store.expiring_clients, examine_store.digests),
    examine_store.waiting_items,
    examine_store.projections,
)
"""Checks that read the store."""


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help=words_of("option-json"))] = False) -> None:
    """Say in plain words what is wrong with this installation and how to repair it; exits 0 where all is well, else 1."""
    spoken = language()
    found = [
        {"code": ailment.code, "detail": words_of(ailment.code, **ailment.figures)}
        if ailment.code.startswith("doctor-")
        else {"code": ailment.code, "detail": told(ailment.code, ailment.figures, spoken)}
        for ailment in ailments(os.environ)
    ]
    if as_json:
        result_json({"findings": found})
    else:
        for finding in found:
            result(f"- {finding['detail']}")
        tell("doctor-found" if found else "doctor-well", count=len(found))
    raise typer.Exit(REFUSED if found else 0)


def ailments(environment: Mapping[str, str]) -> Iterator[Ailment]:
    """Everything that is wrong, the settings first: where they cannot be read nothing else can be looked at."""
    yield from unknown_settings(environment)
    try:
        settings = Settings()
    except ValidationError as error:
        yield from invalid_settings(error)
        return
    patient = Patient(settings, utc_now())
    if not is_address(settings.database_url):
        yield Ailment("doctor-setting", _setting("database_url"))
        return
    for check in ALONE:
        yield from check(patient)
    db, wrong = examine_store.opened(patient)
    yield from wrong
    if db is not None:
        with db.read() as session:
            for stored in STORED:
                yield from stored(patient, session)
        db.dispose()


def is_address(url: str) -> bool:
    """Whether a store's address is one of SQLite or PostgreSQL."""
    try:
        return make_url(url).get_backend_name() in {"sqlite", "postgresql"}
    except ArgumentError:
        return False


def unknown_settings(environment: Mapping[str, str]) -> Iterator[Ailment]:
    """Names in the environment that begin as ours do and are none."""
    for name in sorted(environment):
        if name.startswith(_PREFIX) and name.removeprefix(_PREFIX).lower() not in Settings.model_fields:
            yield Ailment("doctor-setting-unknown", {"name": name})


def invalid_settings(error: ValidationError) -> Iterator[Ailment]:
    """Settings with a value that cannot be theirs; the value itself is not repeated."""
    for name in sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}):
        yield Ailment("doctor-setting", _setting(name))


def _setting(name: str) -> dict[str, object]:
    field = Settings.model_fields.get(name)
    return {"name": f"{_PREFIX}{name}".upper(), "means": field.description if field else ""}
