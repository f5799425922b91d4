"""The commands of `istmo`, each loaded by entry point when it is called: push and flows start without the server's imports."""

import sys
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any

import typer

from app.cli.output import USAGE, say

GROUP = "istmo.commands"
SUMMARIES: Mapping[str, str] = {
    "push": "send a file of figures to the node",
    "flows": "published figures, filtered and added up",
    "bulletins": "list, show and withdraw bulletins",
    "migrate": "bring the database to the newest schema",
    "serve": "run the node",
    "demo": "run a node with the public sample statistics",
    "clients": "create, list, rotate and disable clients",
    "keys": "list and rotate the node's keys",
    "verify": "check the log, its signatures and checkpoints",
    "rebuild": "make the tables anew from the log",
    "openapi": "write the OpenAPI document and the JSON Schemas",
}
"""Every command with its summary, so that `istmo --help` loads none of them."""


def main() -> None:
    """Run `istmo` with the arguments of the process; exits 0 done, 1 refused, 2 usage, 3 unreachable."""
    shell(sys.argv[1:])(prog_name="istmo")


def shell(arguments: list[str]) -> typer.Typer:
    """The command line for these arguments: the called command is loaded, the others are names and summaries."""
    app = typer.Typer(
        name="istmo",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Migration flow bulletins, exchanged.",
    )
    app.callback()(_options)
    # The shell's own options take no value, so the first word is the command.
    called = next((word for word in arguments if not word.startswith("-")), None)
    known = entry_points(group=GROUP)
    for name, summary in SUMMARIES.items():
        command: Any = load(known[name]) if name == called else _not_called
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, short_help=summary)
        else:
            app.command(name, short_help=summary)(command)
    return app


def load(entry: EntryPoint) -> Callable[..., object]:
    """The function or Typer of a command; exits 2 where what its extra brings is not installed."""
    try:
        return entry.load()  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        if not entry.extras or (error.name or "").partition(".")[0] == "app":
            raise
        say(f"istmo {entry.name} needs the server, which is not installed here ({error.name}): install `istmo[server]`")
        raise SystemExit(USAGE) from None


def _not_called() -> None:
    raise AssertionError


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("istmo"))
        raise typer.Exit


def _options(
    _version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and leave")] = False,
) -> None:
    return
