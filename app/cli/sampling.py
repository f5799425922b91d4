"""What both demos share: the public series that lie in the package, clients whose keys are printed, and how they are printed."""

import importlib.resources
from collections.abc import Sequence

from sqlalchemy import select

from app.access.clients import Credential, NewClient, disable
from app.access.models import Client
from app.cli.output import result
from app.directory.clients import make_client
from app.exchange.node import Node

NAME = "demo"
"""The name of every client of a demo."""
COLUMNS = ("nationality_iso3=nationality", "count=value")
"""What the columns of the series are to us."""
DARIEN = "darien_by_nationality.csv"
DARIEN_CODES = ("OOO=_O", "TIB=CHN")


def sample(file: str) -> bytes:
    """A public series as it lies in the package."""
    return importlib.resources.files("app.cli").joinpath("samples", file).read_bytes()


def make_demo_clients(node: Node, clients: Sequence[NewClient]) -> list[tuple[NewClient, Credential]]:
    """Create these clients; those of an earlier demo are disabled, for their keys were printed on a screen."""
    with node.db.write() as session:
        for client in session.scalars(select(Client).where(Client.name == NAME, Client.disabled_at.is_(None))):
            disable(session, client.id)
        return [(wanted, make_client(session, wanted)) for wanted in clients]


def print_keys(made: Sequence[tuple[NewClient, Credential]]) -> None:
    """Print whose key is which."""
    for wanted, credential in made:
        office = f"{wanted.role.value} {wanted.conference}{'/' + wanted.state if wanted.state else ''}"
        result(f"  {office:<18} {credential.api_key}")


def say_block(words: str) -> None:
    """A heading with air around it."""
    for line in ("", words, ""):
        result(line)
