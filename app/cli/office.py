"""What an office does from its own desk: list, show and withdraw bulletins, erase a document."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from app.cli.output import (
    REFUSED,
    coded,
    heading,
    language,
    outcome,
    result,
    result_json,
    tell,
    word_for,
    words_of,
)
from app.cli.tables import print_bulletins, print_flows
from app.client import Istmo, Unusable
from app.settings import Settings

Url = Annotated[str | None, typer.Option(help=words_of("option-url"), show_default=False)]
Key = Annotated[str | None, typer.Option(help=words_of("option-key"), show_default=False)]
Json = Annotated[bool, typer.Option("--json", help=words_of("option-json"))]
Filters = Annotated[list[str] | None, typer.Option("--filter", metavar=words_of("metavar-pair"), help=words_of("option-filter"))]
Text = str | None

bulletins = typer.Typer(no_args_is_help=True, help=words_of("help-bulletins"))


@bulletins.command("list", help=words_of("help-bulletins-list"))
def list_bulletins(
    *,
    reporting_state: Annotated[Text, typer.Option(help=words_of("flows-reporting-state"))] = None,
    measure: Annotated[Text, typer.Option(help=words_of("flows-measure"))] = None,
    status: Annotated[Text, typer.Option(help=words_of("bulletins-status"))] = None,
    filters: Filters = None,
    limit: Annotated[int | None, typer.Option(min=1, help=words_of("bulletins-limit"))] = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """List the bulletins that you may see."""
    query = _given({"reporting_state": reporting_state, "measure": measure, "status": status, "limit": limit})
    with _node(_settings(url, key)) as node, outcome(as_json):
        page = node.bulletins(**{**query, **_pairs(filters)}).page()
    if as_json:
        result_json(page)
    else:
        print_bulletins(page["items"])
        _tell_total(page, "page-more-bulletins")


@bulletins.command(help=words_of("help-bulletins-show"))
def show(
    identifier: Annotated[str, typer.Argument(metavar="ID", help=words_of("bulletins-id"))],
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Show the newest version of one bulletin."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        document = node.bulletin(identifier).document
    if as_json:
        result_json(document)
        return
    for name, value in document.items():
        if not isinstance(value, dict | list) and value is not None:
            result(f"{heading(name)}: {value}")
    print_flows(document.get("cells") or ())


@bulletins.command(help=words_of("help-bulletins-withdraw"))
def withdraw(
    identifier: Annotated[str, typer.Argument(metavar="ID", help=words_of("bulletins-id"))],
    reason: Annotated[str, typer.Option(help=words_of("bulletins-reason"))],
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Take a bulletin back; it stays in the log, without its body."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        done = node.withdraw(identifier, reason, node.bulletin(identifier).etag)
    if as_json:
        result_json(done)
    else:
        shown = {"id": done.get("id", identifier), "version": done.get("version", "")}
        result(words_of("bulletins-withdrawn", outcome=coded("withdrawn"), **shown))


def erase(
    name: Annotated[str, typer.Argument(metavar=words_of("metavar-alert"), help=words_of("erase-id"))],
    reason: Annotated[str, typer.Option(help=words_of("erase-reason"))],
    *,
    yes: Annotated[bool, typer.Option("--yes", help=words_of("erase-yes"))] = False,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Erase a bulletin, an alert or an answer for good, whichever it is that bears the id."""
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter(words_of("usage-erase-yes"), param_hint="--yes")
    with _node(_settings(url, key)) as node, outcome(as_json):
        kind, seen = node.find(name)
        what = {"kind": word_for(kind), "name": seen.document.get("reference") or seen.document.get("id", name)}
        if not yes:
            _ask(what)
        receipt = node.erase(kind, str(seen.document.get("id", name)), reason, seen.etag)
    if as_json:
        result_json({"kind": kind, **receipt})
    else:
        _print_erased(kind, what, receipt)


def _ask(what: Mapping[str, object]) -> None:
    # Not by a prompt of the library's, which writes on stdout too.
    tell("erase-ask", **what)
    if sys.stdin.readline().strip().lower() not in words_of("erase-agreed").split():
        tell("erase-kept")
        raise typer.Exit(REFUSED)


def _print_erased(kind: str, what: Mapping[str, object], receipt: Mapping[str, Any]) -> None:
    result(words_of("erase-done", **what, version=receipt.get("version")))
    tell("erase-gone")
    if kind == "alerts":
        tell("erase-gone-answers")
    tell("erase-stays", origin=receipt.get("origin"), time=receipt.get("time"))
    if kind == "bulletins":
        tell("erase-stays-figures")
    tell("erase-out-of-reach")


def _settings(url: Text, key: Text) -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        names = ", ".join(f"ISTMO_{str(fault['loc'][0]).upper()}" for fault in error.errors())
        raise typer.BadParameter(words_of("usage-setting", names=names)) from None
    given = {name: value.strip() for name, value in (("url", url), ("key", key)) if value is not None}
    return settings.model_copy(update=given)


def _node(settings: Settings) -> Istmo:
    try:
        return Istmo(settings.url, settings.key, settings.ca_file, language())
    except Unusable as error:
        raise typer.BadParameter(words_of(error.code, **error.figures)) from None
    except OSError:
        raise typer.BadParameter(words_of("usage-ca-file"), param_hint="ISTMO_CA_FILE") from None


def _given(options: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


def _pairs(filters: list[str] | None) -> dict[str, object]:
    query: dict[str, list[str]] = {}
    for item in filters or ():
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise typer.BadParameter(words_of("usage-pair"), param_hint="--filter")
        query.setdefault(name, []).append(value)
    return dict(query)


def _tell_total(page: Mapping[str, Any], more: str) -> None:
    tell(more if page.get("next_cursor") else "page-whole", shown=len(page["items"]), total=page.get("total"))
