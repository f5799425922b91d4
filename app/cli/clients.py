"""`istmo clients`: create, list, rotate and disable clients on the machine of the node."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from app.access import clients as access_clients
from app.access.answers import shown_to_operators
from app.access.clients import Credential
from app.cli.node import Json, opened, words
from app.cli.output import result, result_json, tell, words_of
from app.core.clock import rfc3339
from app.core.parsing import parse
from app.directory.client_routes import wanted_client
from app.directory.clients import make_client
from app.settings import Settings
from app.wire.access import ClientDraft
from app.wire.codes import TLP, Role

ClientId = Annotated[str, typer.Argument(help=words_of("client-id"))]

clients = typer.Typer(no_args_is_help=True, help=words_of("help-clients"))


@clients.command("create", help=words_of("help-clients-create"))
def create_client(
    *,
    role: Annotated[Role, typer.Option(help=words_of("client-role"))],
    conference: Annotated[str, typer.Option(help=words_of("client-conference"))],
    state: Annotated[str | None, typer.Option(help=words_of("client-state"))] = None,
    ceiling: Annotated[TLP | None, typer.Option(help=words_of("client-ceiling"))] = None,
    person: Annotated[str | None, typer.Option(help=words_of("client-person"))] = None,
    name: Annotated[str | None, typer.Option(help=words_of("client-name"))] = None,
    expires: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=words_of("client-expires"))] = None,
    public_key: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, readable=True, help=words_of("client-public-key"))] = None,
    as_json: Json = False,
) -> None:
    """Create a client; id, secret and API key are printed once and kept by nobody. What is said of it is judged as at POST /v1/clients."""
    said: dict[str, Any] = {"role": role, "conference": conference, "state": state, "ceiling": ceiling, "person": person, "name": name}
    with words():
        key = public_key.read_bytes().decode("utf-8", "replace") if public_key else None
        wanted = wanted_client(parse(ClientDraft, {**said, "expires_at": _end_of(expires), "public_key": key}))
        with opened(Settings()) as node, node.db.write() as session:
            made = make_client(session, wanted)
    print_credential(made, as_json)


def _end_of(day: datetime | None) -> str | None:
    return rfc3339(day.replace(hour=23, minute=59, second=59, tzinfo=UTC)) if day else None


def print_credential(made: Credential, as_json: bool) -> None:
    """Print what is shown once."""
    shown = {"client_id": made.client_id, "secret": made.secret, "api_key": made.api_key}
    if as_json:
        result_json(shown)
        return
    for label, value in shown.items():
        result(f"{label:<10} {value}")


@clients.command("list", help=words_of("help-clients-list"))
def list_clients(*, as_json: Json = False) -> None:
    """List every client with its rights; secrets are not among what is kept."""
    with words(), opened(Settings()) as node, node.db.read() as session:
        rows = [shown_to_operators(client) for client in access_clients.listed(session)]
    if as_json:
        result_json(rows)
        return
    for row in rows:
        state = words_of("client-off" if row["disabled_at"] else "client-active")
        result(
            f"{row['client_id']}  {row['role']:<11} {row['conference']:<4} {row['state'] or '':<3}  {row['ceiling']:<12} {state}  {row['name'] or ''}"
        )


@clients.command("rotate", help=words_of("help-clients-rotate"))
def rotate_client(client_id: ClientId, *, as_json: Json = False) -> None:
    """Give a client a new secret; the old one is refused from its next request on."""
    with words(), opened(Settings()) as node, node.db.write() as session:
        made = access_clients.rotate(session, client_id)
    print_credential(made, as_json)


@clients.command("disable", help=words_of("help-clients-disable"))
def disable_client(client_id: ClientId) -> None:
    """Refuse a client from its next request on."""
    with words(), opened(Settings()) as node, node.db.write() as session:
        access_clients.disable(session, client_id)
    tell("client-disabled", client=client_id)
