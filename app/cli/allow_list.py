"""`istmo allow-list`: what anyone may write though it looks like an identifier or a person, read and changed over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from app.cli.office import Json, Key, Text, Url, _given, _node, _settings
from app.cli.output import outcome, result, result_json, tell, words_of
from app.wire.allow_list import AllowedKind

SHIPPED = "-"
"""What stands for an id where an entry came with the node and cannot be taken off."""

allow_list = typer.Typer(no_args_is_help=True, help=words_of("help-allow-list"))


@allow_list.command("list", help=words_of("help-allow-list-list"))
def list_allowed(
    *,
    added: Annotated[bool, typer.Option("--added", help=words_of("allow-list-added-option"))] = False,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """List what passes: what came with the node and what operators added."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        items = [each for each in node.allowed() if each["id"] or not added]
    if as_json:
        result_json({"items": items})
        return
    for item in items:
        result(_line(item))
    if not items:
        tell("allow-list-none")


@allow_list.command("add", help=words_of("help-allow-list-add"))
def add_allowed(
    kind: Annotated[AllowedKind, typer.Argument(help=words_of("allow-list-kind"))],
    value: Annotated[str, typer.Argument(help=words_of("allow-list-value"))],
    *,
    note: Annotated[Text, typer.Option(help=words_of("allow-list-note"))] = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Let something pass from the next text on."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        entry = node.allow(_given({"kind": kind.value, "value": value, "note": note}))
    _show(entry, "allow-list-added", as_json=as_json)


@allow_list.command("remove", help=words_of("help-allow-list-remove"))
def remove_allowed(
    identifier: Annotated[str, typer.Argument(metavar="ID", help=words_of("allow-list-id"))],
    *,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Take off what an operator added."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        entry = node.disallow(identifier)
    _show(entry, "allow-list-removed", as_json=as_json)


def _show(entry: Mapping[str, Any], told: str, *, as_json: bool) -> None:
    if as_json:
        result_json(entry)
    else:
        result(_line(entry))
        tell(told)


def _line(entry: Mapping[str, Any]) -> str:
    return "  ".join(filter(None, (entry["id"] or SHIPPED, entry["kind"], entry["value"], entry["note"])))
