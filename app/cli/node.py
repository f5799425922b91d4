"""What an operator does on the node itself: migrate, serve, clients, keys, verify, rebuild, openapi."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from sqlalchemy import make_url

from app.access import clients as access_clients
from app.access.clients import Credential, NewClient
from app.cli.output import REFUSED, finding_line, result, result_json, say
from app.core import schema
from app.core.clock import rfc3339, utc_now
from app.core.problems import Problem, as_json, sentence_of
from app.core.secrets import SecretMissing, Secrets
from app.directory.service import conference_codes, is_member, seed
from app.exchange import keys as exchange_keys
from app.exchange.node import Node, open_database, open_node
from app.exchange.verify import faults
from app.main import create_app, description_of
from app.main import rebuild as rebuild_projections
from app.settings import Settings
from app.wire.codes import TLP, Role

Json = Annotated[bool, typer.Option("--json", help="machine-readable output and nothing else on stdout")]
_BACKLOG = 2048
_GRACE_S = 20

clients = typer.Typer(no_args_is_help=True, help="Create, list, rotate and disable clients.")
keys = typer.Typer(no_args_is_help=True, help="List, rotate and make the node's keys.")


@contextmanager
def words() -> Iterator[None]:
    """Say a refusal in plain words and leave with 1."""
    try:
        yield
    except Problem as problem:
        say(sentence_of(problem.code, problem.params, "en"))
        for finding in problem.findings:
            say(f"  {finding_line(as_json(finding, 'en'))}")
        raise typer.Exit(REFUSED) from None
    except SecretMissing as missing:
        say(str(missing))
        raise typer.Exit(REFUSED) from None


@contextmanager
def opened(settings: Settings) -> Iterator[Node]:
    """The node for the time of one command; leaves with 1 where there is no migrated database to open."""
    _require_migrated(settings)
    node = open_node(settings)
    try:
        yield node
    finally:
        node.close()


def _require_migrated(settings: Settings) -> None:
    url = make_url(settings.database_url)
    missing = url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file()
    if missing or schema.current(settings.database_url) is None:
        say("there is no database yet at ISTMO_DATABASE_URL: run `istmo migrate` first")
        raise typer.Exit(REFUSED)


def prepare_store(settings: Settings) -> None:
    """Bring the schema to its head, add the directory's seed, make the keys of a new node; what exists stays as it is."""
    schema.upgrade(settings.database_url)
    db = open_database(settings)
    try:
        with db.write() as session:
            seed(session)
            exchange_keys.initialise(session, Secrets(settings.secrets_dir), settings)
    finally:
        db.dispose()


def migrate() -> None:
    """Bring the database to the newest schema; a new one gets its directory and its keys. SQLite is copied beside itself first."""
    settings = Settings()
    with words():
        prepare_store(settings)
    say(f"the schema is at {schema.head()}; secrets are in {settings.secrets_dir}: keep a copy of them apart from the database's backups")


def serve(
    *,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="port to listen on")] = 8080,
) -> None:
    """Run the API. SQLite is migrated first; an old schema on PostgreSQL and a newer one anywhere are refused."""
    settings = Settings()
    with words():
        _require_schema(settings)
        node = open_node(settings)
    run(node, host, port)


def run(node: Node, host: str, port: int) -> None:
    """Serve an open node until it is stopped; what runs is finished first."""
    config = uvicorn.Config(
        create_app(node), host=host, port=port, log_level="warning", access_log=False, backlog=_BACKLOG, timeout_graceful_shutdown=_GRACE_S
    )
    uvicorn.Server(config).run()


def _require_schema(settings: Settings) -> None:
    found = schema.current(settings.database_url)
    if found is not None and not schema.knows(found):
        say(f"the database is at {found}, which this build does not know: run the build that made it, or a newer one")
        raise typer.Exit(REFUSED)
    if settings.database_url.startswith("sqlite"):
        prepare_store(settings)
    elif found != schema.head():
        say(f"the database is at {found}, this build needs {schema.head()}: run `istmo migrate` first")
        raise typer.Exit(REFUSED)


@clients.command("create")
def create_client(
    *,
    role: Annotated[Role, typer.Option(help="what the client is")],
    conference: Annotated[str, typer.Option(help="RCM or SACM")],
    state: Annotated[str | None, typer.Option(help="for a partner: its State, ISO 3166-1 alpha-3")] = None,
    ceiling: Annotated[TLP | None, typer.Option(help="the strictest marking that it may see")] = None,
    person: Annotated[str | None, typer.Option(help="who answers for it")] = None,
    name: Annotated[str | None, typer.Option(help="what it is called")] = None,
    expires: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="its last day, in UTC")] = None,
    as_json: Json = False,
) -> None:
    """Create a client; id, secret and API key are printed once and kept by nobody."""
    wanted = NewClient(role, conference, state, ceiling, person, name, _end_of(expires))
    with words(), opened(Settings()) as node:
        print_credential(make_client(node, wanted), as_json)


def make_client(node: Node, wanted: NewClient) -> Credential:
    """Create a client of a conference that the node knows, a partner for a State that is its member today; raises `Problem`."""
    with node.db.write() as session:
        if wanted.conference not in conference_codes(session):
            raise Problem("conference-unknown")
        if wanted.state is not None and not is_member(session, wanted.state, wanted.conference, utc_now().date()):
            raise Problem("client-invalid")
        return access_clients.create(session, wanted)


def _end_of(day: datetime | None) -> datetime | None:
    return day.replace(hour=23, minute=59, second=59, tzinfo=UTC) if day else None


def print_credential(made: Credential, as_json: bool) -> None:
    """Print what is shown once."""
    shown = {"client_id": made.client_id, "secret": made.secret, "api_key": made.api_key}
    if as_json:
        result_json(shown)
        return
    for label, value in shown.items():
        result(f"{label:<10} {value}")


@clients.command("list")
def list_clients(*, as_json: Json = False) -> None:
    """List every client with its rights; secrets are not among what is kept."""
    with words(), opened(Settings()) as node, node.db.read() as session:
        rows = [
            {
                "client_id": client.id,
                "role": client.role,
                "conference": client.conference,
                "state": client.state,
                "ceiling": list(TLP)[client.ceiling].value,
                "person": client.person,
                "name": client.name,
                "created_at": rfc3339(client.created_at),
                "expires_at": rfc3339(client.expires_at) if client.expires_at else None,
                "disabled_at": rfc3339(client.disabled_at) if client.disabled_at else None,
            }
            for client in access_clients.listed(session)
        ]
    if as_json:
        result_json(rows)
        return
    for row in rows:
        state = "disabled" if row["disabled_at"] else "active"
        result(
            f"{row['client_id']}  {row['role']:<11} {row['conference']:<4} {row['state'] or '':<3}  {row['ceiling']:<12} {state}  {row['name'] or ''}"
        )


@clients.command("rotate")
def rotate_client(client_id: str, *, as_json: Json = False) -> None:
    """Give a client a new secret; the old one is refused from its next request on."""
    with words(), opened(Settings()) as node, node.db.write() as session:
        made = access_clients.rotate(session, client_id)
    print_credential(made, as_json)


@clients.command("disable")
def disable_client(client_id: str) -> None:
    """Refuse a client from its next request on."""
    with words(), opened(Settings()) as node, node.db.write() as session:
        access_clients.disable(session, client_id)
    say(f"{client_id} is disabled")


@keys.command("list")
def list_keys(*, as_json: Json = False) -> None:
    """List the public halves of the node's signing keys, old ones too."""
    with words(), opened(Settings()) as node, node.db.read() as session:
        rows = [
            {
                "kid": known.kid,
                "purpose": known.purpose,
                "key": exchange_keys.base64url(known.public),
                "from": rfc3339(known.valid_from),
                "to": rfc3339(known.valid_to) if known.valid_to else None,
            }
            for known in exchange_keys.public_keys(session)
        ]
    if as_json:
        result_json(rows)
        return
    for row in rows:
        result(f"{row['kid']}  {row['purpose']:<14} {row['key']}  from {row['from']} to {row['to'] or 'now'}")


@keys.command("rotate")
def rotate_key(kind: Annotated[str, typer.Argument(help="document-RCM, document-SACM or checkpoint")]) -> None:
    """Put a new signing key in force; restart the node so that it signs with it. The old public half stays."""
    settings = Settings()
    with words(), opened(settings) as node, node.db.write() as session:
        made = exchange_keys.rotate(session, node.secrets, kind)
    say(f"{made.purpose} now signs with {made.kid}; restart the node")


@keys.command("init")
def init_keys(
    *, replace: Annotated[bool, typer.Option("--replace", help="new keys for those whose files are gone for good")] = False
) -> None:
    """Make the keys that are missing; with --replace also those that the database knows and the folder has lost."""
    settings = Settings()
    db, secrets = open_database(settings), Secrets(settings.secrets_dir)
    with words(), db.write() as session:
        if replace:
            exchange_keys.replace_missing(session, secrets, settings)
        else:
            exchange_keys.initialise(session, secrets, settings)
    db.dispose()
    say(f"the keys are in {settings.secrets_dir}")


def verify(*, as_json: Json = False) -> None:
    """Check the whole log: every digest, signature, leaf and root, and the signed checkpoint; name each entry that is wrong."""
    with words(), opened(Settings()) as node, node.db.read() as session:
        found = [{"entry": fault.number, "fault": fault.what} for fault in faults(session)]
    if as_json:
        result_json({"faults": found})
    else:
        for fault in found:
            result(f"entry {fault['entry'] if fault['entry'] is not None else '-'}: {fault['fault']}")
        say("the log is whole" if not found else f"{len(found)} faults")
    if found:
        raise typer.Exit(REFUSED)


def rebuild() -> None:
    """Drop the tables beside the log and write them anew from it; whole or not at all."""
    with words(), opened(Settings()) as node:
        count = rebuild_projections(node)
    say(f"{count} entries of the log were read; lists and flows are made anew")


def openapi(*, out: Annotated[Path, typer.Option(help="folder to write to")] = Path("openapi")) -> None:
    """Write the description of the API."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / "openapi.json"
    target.write_text(json.dumps(description_of(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    say(f"wrote {target}")
