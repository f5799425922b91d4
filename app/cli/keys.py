"""`istmo keys`: list, rotate and make the node's keys."""

from typing import Annotated, Any

import orjson
import typer
from sqlalchemy.orm import Session

from app.access import token_keys
from app.cli.node import Json, opened, words
from app.cli.output import result, result_json, tell, words_of
from app.core.clock import rfc3339
from app.core.problems import Problem
from app.core.secrets import Secrets
from app.exchange import keys as exchange_keys
from app.exchange.describing import description
from app.exchange.node import open_database
from app.exchange.signatures import base64url
from app.settings import Settings
from app.sync.peers import read_description

keys = typer.Typer(no_args_is_help=True, help=words_of("help-keys"))


@keys.command("list", help=words_of("help-keys-list"))
def list_keys(*, as_json: Json = False) -> None:
    """List the public halves of the node's signing keys, old ones too."""
    with words(), opened(Settings()) as node, node.db.read() as session:
        rows: list[dict[str, Any]] = [
            {
                "kid": known.kid,
                "purpose": known.purpose,
                "key": base64url(known.public),
                "from": rfc3339(known.valid_from),
                "to": rfc3339(known.valid_to) if known.valid_to else None,
            }
            for known in exchange_keys.public_keys(session)
        ]
        rows += [
            {
                "kid": known.kid,
                "purpose": token_keys.PURPOSE,
                "key": known.public,
                "from": rfc3339(known.signs_from) if known.signs_from else None,
                "to": rfc3339(known.signs_to) if known.signs_to else None,
            }
            for known in token_keys.known(session)
        ]
    if as_json:
        result_json(rows)
        return
    for row in rows:
        code, end = "key-line" if row["from"] else "key-line-next", row["to"] or words_of("key-now")
        result(words_of(code, kid=row["kid"], purpose=f"{row['purpose']:<14}", key=row["key"], start=row["from"], end=end))


@keys.command("fingerprint", help=words_of("help-keys-fingerprint"))
def print_fingerprint() -> None:
    """Print the fingerprint of the keys in force, which another node's operator compares by telephone."""
    with words(), opened(Settings()) as node, node.db.read() as session:
        result(read_description(orjson.loads(orjson.dumps(description(session, node)))).fingerprint)


@keys.command("rotate", help=words_of("help-keys-rotate"))
def rotate_key(
    kind: Annotated[str, typer.Argument(help=words_of("key-kind"))],
    *,
    leaked: Annotated[bool, typer.Option("--leaked", help=words_of("key-leaked"))] = False,
) -> None:
    """Put a new key in force; the old public half stays, but for leaked keys of access tokens, whose tokens end at once.

    A running node takes up keys of access tokens by itself; for the others it is started anew.
    """
    with words(), opened(Settings()) as node, node.db.write() as session:
        if kind == token_keys.PURPOSE:
            made, code = _rotate_token_key(session, node.secrets, leaked)
        elif leaked:
            raise Problem("key-purpose-unknown", known=[token_keys.PURPOSE])
        else:
            made, code = exchange_keys.rotate(session, node.secrets, kind).kid, "key-rotated"
    tell(code, purpose=kind, kid=made)


def _rotate_token_key(session: Session, secrets: Secrets, leaked: bool) -> tuple[str, str]:
    if leaked:
        return token_keys.rotate_leaked(session, secrets), "token-keys-leaked"
    return token_keys.rotate(session, secrets), "token-key-rotated"


@keys.command("init", help=words_of("help-keys-init"))
def init_keys(*, replace: Annotated[bool, typer.Option("--replace", help=words_of("key-replace"))] = False) -> None:
    """Make the keys that are missing; with --replace also those that the database knows and the folder has lost."""
    settings = Settings()
    db, secrets = open_database(settings), Secrets(settings.secrets_dir)
    with words(), db.write() as session:
        if replace:
            exchange_keys.replace_missing(session, secrets, settings)
        else:
            exchange_keys.initialise(session, secrets, settings)
    db.dispose()
    tell("keys-kept", folder=settings.secrets_dir)
