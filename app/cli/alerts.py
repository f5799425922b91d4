"""`istmo alerts`: list, show, post and withdraw alerts over HTTP; what may not be passed on is for the screen alone."""

import functools
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.alert_page import Word, marking_of, page_lines, paged, words_in
from app.cli.office import Filters, Json, Key, Text, Url, _given, _node, _pairs, _settings, _tell_total
from app.cli.output import as_finding, coded, finding_line, outcome, result, say, tell, words_of
from app.cli.push import tell_where_it_waits
from app.cli.screen import for_a_file, is_screen, json_text, may_leave, print_text, refuse_file, write_whole
from app.cli.tables import print_alerts
from app.client import ANSWERS, Istmo, Refused, idempotency_key

_FORMS = ("table", "json", "csv", "ndjson")
_FILES = ("csv", "ndjson")
_PAPER = (100, 60)
"""Columns and lines of a page that is no screen."""
_RECEIPT = ("id", "version", "reference", "outcome")

Name = Annotated[str, typer.Argument(metavar=words_of("metavar-alert"), help=words_of("alerts-name"))]

alerts = typer.Typer(no_args_is_help=True, help=words_of("help-alerts"))


@alerts.command("list", help=words_of("help-alerts-list"))
def list_alerts(
    *,
    nationality: Annotated[Text, typer.Option(help=words_of("flows-nationality"))] = None,
    passes: Annotated[Text, typer.Option(help=words_of("alerts-passes"))] = None,
    q: Annotated[Text, typer.Option("--q", help=words_of("alerts-q"))] = None,
    severity_min: Annotated[Text, typer.Option(help=words_of("alerts-severity-min"))] = None,
    case_status: Annotated[Text, typer.Option(help=words_of("alerts-case-status"))] = None,
    status: Annotated[Text, typer.Option(help=words_of("bulletins-status"))] = None,
    filters: Filters = None,
    sort: Annotated[Text, typer.Option(help=words_of("alerts-sort"))] = None,
    limit: Annotated[int | None, typer.Option(min=1, help=words_of("alerts-limit"))] = None,
    form: Annotated[str, typer.Option("--format", help=words_of("alerts-format"))] = "table",
    output: Annotated[Path | None, typer.Option(dir_okay=False, help=words_of("alerts-list-output"))] = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """The alerts that answer: a page on the screen, or all of them as a file."""
    given = dict(locals())
    query = _given({name: value for name, value in given.items() if name not in {"filters", "form", "output", "as_json", "url", "key"}})
    form = "json" if as_json else form
    if form not in _FORMS:
        raise typer.BadParameter(words_of("alerts-format"), param_hint="--format")
    if output and form not in _FILES:
        raise typer.BadParameter(words_of("usage-output-format"), param_hint="--output")
    query |= _pairs(filters)
    with _node(_settings(url, key)) as node, outcome(form == "json"):
        if form in _FILES:
            _list_file(node, form, query, output)
        else:
            _list_page(node.alerts(**query).page(), as_json=form == "json")


def _list_file(node: Istmo, form: str, query: Mapping[str, object], output: Path | None) -> None:
    with node.alerts_file(form, query) as file:
        if output:
            write_whole(file.pieces, output)
        elif is_screen():
            print_text(b"".join(file.pieces))
        else:
            sys.stdout.buffer.writelines(file.pieces)
            sys.stdout.buffer.flush()
    _tell_left_out(file.left_out.split(", "))


def _list_page(page: dict[str, Any], *, as_json: bool) -> None:
    items, kept_back = (page["items"], 0) if is_screen() else for_a_file(page["items"])
    left = [*([f"no-onward={kept_back}"] if kept_back else []), *(page.get("left_out") or ())]
    page = {**page, "items": items, **({"left_out": left} if left else {})}
    if as_json:
        typer.echo(json_text(page))
    else:
        print_alerts(items)
        _tell_total(page, "page-more")
    _tell_left_out(left)


def _tell_left_out(left: list[str]) -> None:
    for each in left:
        name, _, number = each.partition("=")
        if name == "no-onward":
            tell("alerts-left-onward", number=number)
        elif name == "tlp":
            tell("alerts-left-tlp")


@alerts.command(help=words_of("help-alerts-show"))
def show(
    name: Name,
    *,
    related: Annotated[bool, typer.Option("--related", help=words_of("alerts-related"))] = False,
    output: Annotated[Path | None, typer.Option(dir_okay=False, help=words_of("alerts-output"))] = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Show the newest version of an alert with what was answered to it; off the screen without what may not be passed on."""
    to_file = output is not None or not is_screen()
    with _node(_settings(url, key)) as node, outcome(as_json):
        alert = node.alert(name).document
        if to_file and not may_leave(alert):
            refuse_file(alert.get("reference", name), as_json=as_json)
        told: dict[str, Any] = {"alert": alert, **(_beside(node, alert, related=related) if "title" in alert else {})}
        kept_back = _leave_out(told) if to_file else 0
        text = json_text(told) if as_json else "\n".join(_pages(node, told, to_file=to_file))
    if output:
        write_whole([f"{text}\n".encode()], output)
    else:
        typer.echo(text)
    if kept_back:
        tell("alerts-left-beside", number=kept_back)


def _beside(node: Istmo, alert: Mapping[str, Any], *, related: bool) -> dict[str, Any]:
    """What was answered to an alert and, if asked for, what is related to it; withdrawn and unread ones have neither."""
    pages: dict[str, Any] = {kind: node.answers(alert["id"], kind) for kind in ANSWERS}
    decisions = {item["id"]: node.decision(item["id"]) for item in pages["proposals"]["items"] if "changes" in item}
    pages["proposals"] = {**pages["proposals"], "decisions": decisions}
    return pages | ({"related": _related(node, alert)} if related else {})


def _related(node: Istmo, alert: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = node.related(alert["id"])
    found = node.alerts(reference=[item["reference"] for item in items]).page()["items"] if items else []
    marked = {item["id"]: {name: item[name] for name in ("title", "audience", "handling", "origin") if name in item} for item in found}
    # One that is gone since is for nobody any more.
    return [{**item, **marked[item["id"]]} for item in items if item["id"] in marked]


def _leave_out(told: dict[str, Any]) -> int:
    """Take what may not stand in a file from what belongs to an alert; how much that was."""
    number = 0
    for kind in (each for each in ANSWERS if each in told):
        kept, out = for_a_file(told[kind]["items"])
        told[kind] = {**told[kind], "items": kept}
        if "decisions" in told[kind]:
            told[kind]["decisions"] = {
                item["id"]: told[kind]["decisions"][item["id"]] for item in kept if item["id"] in told[kind]["decisions"]
            }
        number += out
    if "related" in told:
        told["related"], out = for_a_file(told["related"])
        number += out
    return number


def _pages(node: Istmo, told: Mapping[str, Any], *, to_file: bool) -> list[str]:
    word = _words(node)
    width, height = _PAPER if to_file else shutil.get_terminal_size(_PAPER)
    return list(paged(page_lines(told, word), marking_of(told, word), width, height))


def _words(node: Istmo) -> Word:
    @functools.cache
    def labels(vocabulary: str) -> dict[str, str]:
        try:
            return words_in(node.vocabulary(vocabulary).get("terms") or ())
        except Refused:
            return {}

    return lambda vocabulary, code: labels(vocabulary).get(str(code), "")


@alerts.command(help=words_of("help-alerts-post"))
def post(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help=words_of("alerts-file"))],
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Publish the alerts of a JSON file, all of them or none; the same file again publishes nothing twice."""
    settings = _settings(url, key)
    if not settings.key:
        raise typer.BadParameter(words_of("usage-no-key"), param_hint="--key")
    raw = file.read()
    with _node(settings) as node, outcome(as_json, {"alerts": []}):
        posted = node.post_alerts(raw, idempotency_key(settings.key, {}, raw))
    if posted.replayed:
        tell("alerts-replayed")
    published, findings = posted.answer.get("alerts") or [], [as_finding(item) for item in posted.answer.get("findings") or []]
    if as_json:
        typer.echo(json_text({**posted.answer, "alerts": published, "findings": findings}))
        return
    for item in published:
        _print_receipt(item)
    for finding in findings:
        say(finding_line(finding))
    if posted.waiting:
        result(coded(posted.waiting.outcome))
        tell_where_it_waits(posted.answer)
    else:
        tell("alerts-counted", total=len(published))


@alerts.command(help=words_of("help-alerts-withdraw"))
def withdraw(
    name: Name,
    reason: Annotated[str, typer.Option(help=words_of("bulletins-reason"))],
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Take an alert back; it stays in the log, without its body."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        seen = node.alert(name)
        done = node.withdraw(str(seen.document.get("id", name)), reason, seen.etag, "alerts")
    receipt = {each: done[each] for each in _RECEIPT if each in done}
    if as_json:
        typer.echo(json_text(receipt))
    else:
        _print_receipt({"outcome": "withdrawn", **receipt})


def _print_receipt(item: Mapping[str, Any]) -> None:
    shown = {name: item.get(name, "") for name in ("reference", "id", "version")}
    result(words_of("alerts-receipt", outcome=coded(item.get("outcome")), **shown))
