"""The commands of `istmo`, each loaded by entry point when it is called: push and flows start without the server's imports."""

import gc
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any

import typer

from app.cli.output import USAGE, tell, words_of

GROUP = "istmo.commands"
COMMANDS = (
    "push",
    "profiles",
    "flows",
    "bulletins",
    "alerts",
    "erase",
    "reviews",
    "policy",
    "allow-list",
    "migrate",
    "serve",
    "worker",
    "doctor",
    "demo",
    "clients",
    "keys",
    "peers",
    "pull",
    "send",
    "export",
    "import",
    "backup",
    "restore",
    "verify",
    "rebuild",
    "openapi",
)
SUMMARIES: Mapping[str, str] = {name: words_of(f"summary-{name}") for name in COMMANDS}
"""Every command with its summary, so that `istmo --help` loads none of them."""


def main() -> None:
    """Run `istmo` with the arguments of the process; exits 0 done, 1 refused, 2 usage, 3 unreachable."""
    # Nothing of what a command reads in goes away again: to look for garbage among it takes a fifth of its start.
    gc.disable()
    command = shell(sys.argv[1:])
    gc.freeze()
    gc.enable()
    command(prog_name="istmo")


def shell(arguments: list[str]) -> typer.Typer:
    """The command line for these arguments: the called command is loaded, the others are names and summaries."""
    app = typer.Typer(
        name="istmo",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=words_of("about"),
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
            app.command(name, short_help=summary, help=words_of(f"help-{name}"))(command)
    return app


def load(entry: EntryPoint) -> Callable[..., object]:
    """The function or Typer of a command; exits 2 where what its extra brings is not installed."""
    try:
        return entry.load()  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        if not entry.extras or (error.name or "").partition(".")[0] == "app":
            raise
        tell("server-missing", command=entry.name, module=error.name)
        raise SystemExit(USAGE) from None


def _not_called() -> None:
    raise AssertionError


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("istmo"))
        raise typer.Exit


def _options(
    _version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help=words_of("option-version"))] = False,
) -> None:
    return
