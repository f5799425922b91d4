"""What an office does from its own desk: push a file, look at flows, list, show and withdraw bulletins."""

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.cli.output import REFUSED, as_finding, console, finding_line, outcome, result, result_json, say
from app.cli.tables import print_bulletins, print_flows
from app.client import Istmo, idempotency_key
from app.settings import Settings

Url = Annotated[str | None, typer.Option(help="the node's address [ISTMO_URL]", show_default=False)]
Key = Annotated[str | None, typer.Option(help="the API key [ISTMO_KEY]", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="machine-readable output and nothing else on stdout")]
Filters = Annotated[list[str] | None, typer.Option("--filter", metavar="NAME=VALUE", help="any other parameter of the route")]
Text = str | None

bulletins = typer.Typer(no_args_is_help=True, help="List, show and withdraw bulletins.")


def push(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="a tidy CSV")],
    *,
    state: Annotated[str, typer.Option(help="reporting State, ISO 3166-1 alpha-3")],
    measure: Annotated[str, typer.Option(help="what was counted, for example irregular_transit")],
    unit: Annotated[str, typer.Option(help="person, event, encounter or application")],
    publisher: Annotated[Text, typer.Option(help="who publishes; default: the State's migration authority")] = None,
    conference: Annotated[Text, typer.Option(help="RCM or SACM; default: that of the key")] = None,
    figure_status: Annotated[Text, typer.Option(help="provisional, revised or final")] = None,
    tlp: Annotated[Text, typer.Option(help="CLEAR, GREEN, AMBER, AMBER+STRICT or RED")] = None,
    protect: Annotated[Text, typer.Option(help="pool, withhold, round or none")] = None,
    column: Annotated[list[str] | None, typer.Option(metavar="THEIRS=OURS", help="a column of the file under our name")] = None,
    code: Annotated[list[str] | None, typer.Option(metavar="THEIRS=OURS", help="a code of the file as ours")] = None,
    sum_duplicates: Annotated[bool, typer.Option("--sum-duplicates", help="add rows up that name the same cell")] = False,
    leave_out_small: Annotated[bool, typer.Option("--leave-out-small", help="leave out periods too small to be published")] = False,
    revise: Annotated[Text, typer.Option(metavar="REASON", help="revise bulletins that exist, for this reason")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="judge the file, store nothing")] = False,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Send a file of figures to the node, as one batch: all of it is published or none."""
    options = _given(
        {
            "state": state,
            "measure": measure,
            "unit": unit,
            "publisher": publisher,
            "conference": conference,
            "figure_status": figure_status,
            "tlp": tlp,
            "protect": protect,
            "column": _mappings(column, "--column"),
            "code": _mappings(code, "--code"),
            "sum_duplicates": sum_duplicates or None,
            "leave_out_small": leave_out_small or None,
            "revise": revise,
            "dry_run": dry_run or None,
        }
    )
    _push(file, options, as_json, url, key)


def _push(file: Path, options: Mapping[str, object], as_json: bool, url: Text, key: Text) -> None:
    settings = _settings(url, key)
    if not settings.key:
        raise typer.BadParameter("no API key: set ISTMO_KEY or give --key", param_hint="--key")
    raw = file.read_bytes()
    # A dry run is judged afresh each time: what it would answer changes with what is published.
    name = None if options.get("dry_run") else idempotency_key(settings.key, options, raw)
    with _node(settings) as node, outcome(as_json, {"bulletins": []}), _Bar() as bar:
        pushed = node.push_file(file.name, raw, options, name, bar.show)
    if pushed.replayed:
        say("this is the kept answer of the same push, made before; nothing was stored again")
    _tell(pushed.answer, as_json, dry_run=bool(options.get("dry_run")))


def _tell(answer: Mapping[str, Any], as_json: bool, *, dry_run: bool) -> None:
    published = list(answer.get("bulletins") or ())
    findings = [as_finding(item) for item in answer.get("findings") or ()]
    if as_json:
        result_json({**answer, "bulletins": published, "findings": findings})
    else:
        _tell_people(published, findings, "; dry run, nothing was stored" if dry_run else "")
    if any(item.get("outcome") == "refused" for item in published):
        raise typer.Exit(REFUSED)


def _tell_people(published: list[dict[str, Any]], findings: list[dict[str, Any]], ending: str) -> None:
    for item in published:
        result("  ".join(str(item[name]) for name in ("outcome", "period", "id") if item.get(name) is not None))
    for finding in findings:
        say(finding_line(finding))
    outcomes = Counter(str(item.get("outcome")) for item in published)
    counted = ", ".join(f"{number} {name}" for name, number in outcomes.items())
    say(f"{len(published)} bulletins: {counted or 'none'}{ending}")


class _Bar(Progress):
    """A bar of the bulletins that are done, on a terminal only."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        super().__init__(*columns, console=console(), transient=True, disable=not console().is_terminal)
        self._task = self.add_task("sending", total=None)

    def show(self, progress: dict[str, Any]) -> None:
        """Move the bar to what the node says."""
        self.update(self._task, completed=progress.get("done"), total=progress.get("of"), description=str(progress.get("period") or ""))


def flows(
    *,
    nationality: Annotated[Text, typer.Option(help="codes joined by commas, for example SOM,ETH")] = None,
    reporting_state: Text = None,
    conference: Text = None,
    publisher: Text = None,
    measure: Text = None,
    unit: Text = None,
    period_from: Annotated[Text, typer.Option(help="any form of period: 2022, 2022-10, 2022-W40")] = None,
    period_to: Text = None,
    frequency: Text = None,
    extra_continental: Annotated[bool | None, typer.Option(help="nationalities outside the Americas")] = None,
    classification: Text = None,
    origin_state: Text = None,
    sex: Text = None,
    age: Text = None,
    accompaniment: Text = None,
    procedure: Text = None,
    route_point: Text = None,
    mode: Text = None,
    previous_state: Text = None,
    destination_state: Text = None,
    figure_status: Text = None,
    filters: Filters = None,
    group_by: Annotated[Text, typer.Option(help="columns to add up by, joined by commas")] = None,
    totals: Annotated[bool | None, typer.Option("--totals", help="with every margin")] = None,
    form: Annotated[str, typer.Option("--format", help="table, json or csv")] = "table",
    limit: Annotated[int | None, typer.Option(min=1, help="rows at most")] = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Published figures, filtered and added up: the analyst's query."""
    given = dict(locals())
    query = _given({name: value for name, value in given.items() if name not in {"filters", "form", "as_json", "url", "key"}})
    form = "json" if as_json else form
    if form not in {"table", "json", "csv"}:
        raise typer.BadParameter("table, json or csv", param_hint="--format")
    _flows({**query, **_pairs(filters)}, form, url, key)


def _flows(query: Mapping[str, object], form: str, url: Text, key: Text) -> None:
    with _node(_settings(url, key)) as node, outcome(form == "json"):
        if form == "csv":
            for piece in node.flows_csv(query):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        page = node.flows(query)
    if form == "json":
        result_json(page)
    else:
        print_flows(page["items"])
        say(_of_total(page))


@bulletins.command("list")
def list_bulletins(
    *,
    reporting_state: Text = None,
    measure: Text = None,
    status: Annotated[Text, typer.Option(help="published or withdrawn")] = None,
    filters: Filters = None,
    limit: Annotated[int | None, typer.Option(min=1, help="bulletins at most")] = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """List the bulletins that you may see."""
    query = _given({"reporting_state": reporting_state, "measure": measure, "status": status, "limit": limit})
    with _node(_settings(url, key)) as node, outcome(as_json):
        page = node.bulletins({**query, **_pairs(filters)})
    if as_json:
        result_json(page)
    else:
        print_bulletins(page["items"])
        say(_of_total(page))


@bulletins.command()
def show(identifier: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False, url: Url = None, key: Key = None) -> None:
    """Show the newest version of one bulletin."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        document = node.bulletin(identifier).document
    if as_json:
        result_json(document)
        return
    for name, value in document.items():
        if not isinstance(value, dict | list) and value is not None:
            result(f"{name}: {value}")
    print_flows(document.get("cells") or ())


@bulletins.command()
def withdraw(
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    reason: Annotated[str, typer.Option(help="why, for all who have read it")],
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
        result(f"withdrawn  {done.get('id', identifier)}  version {done.get('version', '')}")


def _settings(url: Text, key: Text) -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        names = ", ".join(f"ISTMO_{str(fault['loc'][0]).upper()}" for fault in error.errors())
        raise typer.BadParameter(f"a setting has no valid value: {names}") from None
    given = {name: value.strip() for name, value in (("url", url), ("key", key)) if value is not None}
    return settings.model_copy(update=given)


def _node(settings: Settings) -> Istmo:
    try:
        return Istmo(settings.url, settings.key, settings.ca_file)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except OSError:
        raise typer.BadParameter("the CA file cannot be read", param_hint="ISTMO_CA_FILE") from None


def _given(options: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


def _mappings(pairs: list[str] | None, option: str) -> list[str] | None:
    for pair in pairs or ():
        theirs, equals, ours = pair.rpartition("=")
        if not equals or not ours.strip() or (option == "--column" and not theirs.strip()):
            raise typer.BadParameter("write THEIRS=OURS", param_hint=option)
    return pairs or None


def _pairs(filters: list[str] | None) -> dict[str, object]:
    query: dict[str, list[str]] = {}
    for item in filters or ():
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise typer.BadParameter("write NAME=VALUE", param_hint="--filter")
        query.setdefault(name, []).append(value)
    return dict(query)


def _of_total(page: Mapping[str, Any]) -> str:
    return f"{len(page['items'])} of {page.get('total')}" + ("; the rest: --limit, or --format csv" if page.get("next_cursor") else "")
