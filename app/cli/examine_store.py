"""The store of an installation: can it be read, is it this build's, is it whole, do keys, clients, clock and digests belong to it."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.access import clients
from app.access import token_keys as access_token_keys
from app.access.models import AuditRow, Client
from app.cli.patient import Ailment, Patient
from app.core import schema
from app.core.clock import rfc3339
from app.core.db import Database
from app.core.parents import lost
from app.core.problems import Problem
from app.core.secrets import HMAC_KEYS, SecretMissing, Secrets
from app.exchange import keys, signatures
from app.exchange.decided import due, unreadable
from app.exchange.digests import first_due
from app.exchange.log import newest_time
from app.exchange.node import open_database
from app.wire.codes import Role

MOST_APART = timedelta(seconds=5)
_SET_BACK = timedelta(minutes=10)
"""Less than that may be another machine's clock, which is asked too."""
_SOON = timedelta(days=30)
_LATE = timedelta(hours=2)


def opened(patient: Patient) -> tuple[Database | None, list[Ailment]]:
    """The store, or what keeps it from being opened."""
    if patient.file is not None and not patient.file.is_file():
        return None, [Ailment("doctor-store-missing", {"place": patient.file})]
    db = open_database(patient.settings)
    wrong = list(_unreadable(patient, db)) or list(_schema(db))
    if wrong:
        db.dispose()
        return None, wrong
    return db, []


def _unreadable(patient: Patient, db: Database) -> Iterator[Ailment]:
    try:
        with db.read() as session:
            session.execute(text("SELECT count(*) FROM sqlite_master" if db.is_sqlite else "SELECT 1"))
    except (Problem, DBAPIError):
        host = patient.url.host or patient.url.query.get("host", "")
        yield Ailment("doctor-store-unreachable", {"place": patient.file or f"{host}/{patient.url.database}"})


def _schema(db: Database) -> Iterator[Ailment]:
    found: str | None = None
    with contextlib.suppress(Problem, DBAPIError), db.read() as session:
        found = session.scalar(text("SELECT version_num FROM alembic_version"))
    if found is None:
        yield Ailment("doctor-schema-missing")
    elif found == schema.UNFINISHED:
        yield Ailment("doctor-restoring")
    elif not schema.knows(found):
        yield Ailment("doctor-schema-newer", {"found": found})
    elif found != schema.head():
        yield Ailment("doctor-schema-older", {"found": found, "needed": schema.head()})


def clock(patient: Patient, session: Session) -> Iterator[Ailment]:
    """This machine's clock against the newest entry of the log, else of the audit, and against the clock of PostgreSQL's machine."""
    newest, audited = newest_time(session), session.scalar(select(AuditRow.at).order_by(AuditRow.id.desc()).limit(1))
    if newest and datetime.fromisoformat(newest) > patient.now + MOST_APART:
        yield Ailment("doctor-clock-log", {"time": newest})
    elif audited and audited > patient.now + _SET_BACK:
        yield Ailment("doctor-clock-audit", {"time": rfc3339(audited)})
    there = session.scalar(select(func.now())) if session.get_bind().dialect.name == "postgresql" else None
    if there is not None and abs(there - patient.now) > MOST_APART:
        yield Ailment("doctor-clock-store", {"seconds": round(abs(there - patient.now).total_seconds())})


def hmac_keys(patient: Patient, session: Session) -> Iterator[Ailment]:
    """Keys of cursors, draws and fingerprints that are missing or damaged."""
    del session
    for name in HMAC_KEYS:
        yield from _missing(lambda name=name: Secrets(patient.settings.secrets_dir).hmac_key(name))  # type: ignore[misc]


def signing_keys(patient: Patient, session: Session) -> Iterator[Ailment]:
    """Signing keys that are missing, damaged or not the ones that the store knows, and conferences without any."""
    secrets = Secrets(patient.settings.secrets_dir)
    yield from _missing(lambda: keys.load_signer(session, secrets))
    there = {known.purpose for known in keys.public_keys(session) if known.valid_to is None}
    for conference in patient.settings.authored:
        if signatures.document_purpose(conference) not in there:
            yield Ailment("doctor-conference-key", {"conference": conference})


def token_keys(patient: Patient, session: Session) -> Iterator[Ailment]:
    """Keys of access tokens that are missing or not the ones that the store knows."""
    yield from _missing(lambda: access_token_keys.require(session, Secrets(patient.settings.secrets_dir)))


def _missing(look: Callable[[], object]) -> Iterator[Ailment]:
    try:
        look()
    except SecretMissing as missing:
        yield Ailment(missing.code, missing.figures)
    except OSError as error:
        yield Ailment("doctor-secret-unreadable", {"file": error.filename})


def operators(patient: Patient, session: Session) -> Iterator[Ailment]:
    """No operator who could look after clients and read the audit."""
    if not any(client.role == Role.OPERATOR.value for client in _active(session, patient.now)):
        yield Ailment("doctor-no-operator", {"conference": patient.settings.authored[0]})


def expiring_clients(patient: Patient, session: Session) -> Iterator[Ailment]:
    """Clients whose last day is near."""
    for client in _active(session, patient.now):
        if client.expires_at is not None and client.expires_at - patient.now < _SOON:
            yield Ailment("doctor-client-expires", {"client": client.name or client.id, "day": client.expires_at.date()})


def _active(session: Session, now: datetime) -> list[Client]:
    found = clients.listed(session)
    return [client for client in found if client.disabled_at is None and (client.expires_at is None or client.expires_at > now)]


def digests(patient: Patient, session: Session) -> Iterator[Ailment]:
    """A finished day whose audit has no digest yet: nobody does the upkeep."""
    due = first_due(session, patient.now - _LATE)
    if due:
        yield Ailment("doctor-digest", {"day": due[0]})


def waiting_items(patient: Patient, session: Session) -> Iterator[Ailment]:
    """Items that wait to be published and cannot be read: their key is lost; and items that were not published at their minute."""
    lost = unreadable(session, Secrets(patient.settings.secrets_dir))
    if lost:
        yield Ailment("doctor-waiting-lost", {"count": len(lost)})
    late = due(session, patient.now - _LATE)
    if late:
        yield Ailment("doctor-waiting-late", {"count": len(late)})


def projections(patient: Patient, session: Session) -> Iterator[Ailment]:
    """Cells, hideouts and codes that belong to a version that is not there."""
    del patient
    for table, rows in sorted(lost(session.connection()).items()):
        yield Ailment("doctor-rows-lost", {"table": table, "rows": rows})
