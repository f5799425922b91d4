"""`istmo flows`: the analyst query as a table for people or as a file, and what one asks before and after it."""

import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn

from app.cli.asking import BULLETINS, ROWS, Query, asks
from app.cli.figures import grouped, print_coverage, print_facets, print_lags, print_revisions, tell_about
from app.cli.office import Json, Key, Text, Url, _node, _settings, _tell_total
from app.cli.output import USAGE, console, language, outcome, result, result_json, say, tell, words_of
from app.cli.screen import is_screen
from app.cli.tables import print_flows
from app.client import FORMS, Rows, Saved, Unusable
from app.client.files import BINARY, form_of

Format = Annotated[Text, typer.Option("--format", help=words_of("flows-format"), show_default=False)]
ListFormat = Annotated[Text, typer.Option("--format", help=words_of("flows-list-format"), show_default=False)]
Out = Annotated[Path | None, typer.Option("--out", "--output", dir_okay=False, help=words_of("flows-out"), show_default=False)]
_TABLE = "table"

flows = typer.Typer(invoke_without_command=True, help=words_of("help-flows"))


@flows.callback()
@asks(*ROWS, "group_by", "totals", "fields", "sort", "labels", "as_of", "excel", "limit")
def ask(
    query: Query,
    *,
    form: Format = None,
    out: Out = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
    context: typer.Context,
) -> None:
    """Published figures, filtered and added up: the analyst's query."""
    if context.invoked_subcommand:
        if query:
            raise typer.BadParameter(words_of("usage-flows-order", command=context.invoked_subcommand))
        return
    chosen = _form("csv" if query.get("excel") and not (form or out) else form, out, FORMS, as_json=as_json)
    with _node(_settings(url, key)) as node, outcome(as_json or chosen == "json"):
        _answer(node.flows(**query), chosen, out, _figures, as_json=as_json)


def _figures(page: Mapping[str, Any], query: Query) -> None:
    print_flows(page["items"], everything="fields" in query)
    _tell_total(page, "page-more-flows")
    tell_about(page)


@flows.command(help=words_of("help-flows-facets"))
@asks(*ROWS, "as_of", "facets")
def facets(query: Query, *, as_json: Json = False, url: Url = None, key: Key = None) -> None:
    """Over which values the rows that answer are spread."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        found = node.facets(**query)
    if as_json:
        result_json(found)
        return
    print_facets(found["facets"], everything="facets" in query)
    tell("flows-facets-of", rows=grouped(found["rows"]), bulletins=grouped(found["bulletins"]))


@flows.command(help=words_of("help-flows-coverage"))
@asks(*BULLETINS, "limit")
def coverage(query: Query, *, form: ListFormat = None, out: Out = None, as_json: Json = False, url: Url = None, key: Key = None) -> None:
    """Who reported what for which periods, what is missing and what is late."""
    chosen = _form(form, out, Rows.forms, as_json=as_json)
    with _node(_settings(url, key)) as node, outcome(as_json or chosen == "json"):
        _answer(node.coverage(**query), chosen, out, _coverage, as_json=as_json)


def _coverage(page: Mapping[str, Any], _query: Query) -> None:
    print_coverage(page["items"])
    _tell_total(page, "page-more-flows")


@flows.command(help=words_of("help-flows-revisions"))
@asks(*ROWS, "totals", "unrevised", "as_of", "limit")
def revisions(
    query: Query,
    *,
    lags: Annotated[bool, typer.Option("--lags", help=words_of("flows-lags"))] = False,
    form: ListFormat = None,
    out: Out = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """How figures changed since they were first published, and why; or by how much, by the weeks that had gone by."""
    chosen = _form(form, out, Rows.forms, as_json=as_json)
    with _node(_settings(url, key)) as node, outcome(as_json or chosen == "json"):
        asked = node.lags(**query) if lags else node.revisions(**query)
        _answer(asked, chosen, out, _lags if lags else _revisions, as_json=as_json)


def _revisions(page: Mapping[str, Any], _query: Query) -> None:
    print_revisions(page["items"])
    _tell_total(page, "page-more-flows")


def _lags(page: Mapping[str, Any], _query: Query) -> None:
    print_lags(page["items"])


@flows.command(help=words_of("help-flows-datapackage"))
@asks(*ROWS, "group_by", "totals", "as_of")
def datapackage(
    query: Query,
    *,
    out: Annotated[Path, typer.Option("--out", "--output", dir_okay=False, help=words_of("flows-out-package"), show_default=False)],
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """All that answers as a Data Package, with its schema, codes, sources and hashes."""
    with _node(_settings(url, key)) as node, outcome(as_json), _Bar() as bar:
        saved = _saved(out, lambda: node.datapackage(out, bar.show, **query))
    _tell_saved(saved, as_json=as_json)


@flows.command(help=words_of("help-flows-cite"))
def cite(
    name: Annotated[str, typer.Argument(metavar="ID@vN", help=words_of("flows-cite-name"))],
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """How to cite the version of a bulletin that a row names."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        found = node.citation(name)
    if as_json:
        result_json(found)
        return
    result(found["citation"][language()])
    if found["newest"] != found["bulletin"]:
        tell("flows-cite-newer", newest=found["newest"])


def _form(form: Text, out: Path | None, forms: Sequence[str], *, as_json: bool) -> str:
    """The format that is written: the one that is named, else that of the file's name, else JSON or a table."""
    if form:
        _require_known(form, forms if out else (_TABLE, *forms))
    if out:
        return form or _form_of_name(out, forms)
    chosen = "json" if as_json else form or _TABLE
    if chosen in BINARY and is_screen():
        raise typer.BadParameter(words_of("usage-binary"), param_hint="--out")
    return chosen


def _require_known(form: str, known: Sequence[str]) -> None:
    if form in known:
        return
    listed, near = ", ".join(known), difflib.get_close_matches(form.lower(), known, n=1, cutoff=0.5)
    sentence = words_of("usage-form-near", known=listed, near=near[0]) if near else words_of("usage-form", known=listed)
    raise typer.BadParameter(sentence, param_hint="--format")


def _form_of_name(out: Path, forms: Sequence[str]) -> str:
    try:
        return form_of(out, forms)
    except Unusable:
        raise typer.BadParameter(words_of("usage-out-name", known=", ".join(forms)), param_hint="--out") from None


def _answer(asked: Rows, form: str, out: Path | None, show: Callable[[Mapping[str, Any], Query], None], *, as_json: bool) -> None:
    if out:
        # Asked first: what cannot be answered is told before a file is begun.
        warnings = getattr(asked, "warnings", ())
        with _Bar() as bar:
            saved = _saved(out, lambda: asked.save(out, form, bar.show))
        _tell_saved(saved, warnings, as_json=as_json)
    elif form == _TABLE:
        show(asked.page(), asked.filters)
    elif form == "json":
        result_json(asked.page())
    else:
        sys.stdout.buffer.writelines(asked.pieces(form))
        sys.stdout.buffer.flush()


def _saved(out: Path, save: Callable[[], Saved]) -> Saved:
    try:
        return save()
    except OSError as error:
        tell("usage-output", file=out, error=error.strerror or type(error).__name__)
        raise typer.Exit(USAGE) from None


def _tell_saved(saved: Saved, warnings: Any = (), *, as_json: bool) -> None:  # noqa: ANN401 - a list of JSON objects
    if as_json:
        about = {"file": str(saved.file), "format": saved.form, "rows": saved.rows, "bytes": saved.length}
        result_json(about | ({"warnings": list(warnings)} if warnings else {}))
        return
    if saved.rows is None:
        tell("flows-written", file=saved.file)
    else:
        tell("flows-written-rows", file=saved.file, rows=grouped(saved.rows))
    for warning in warnings:
        say(words_of("flows-warning", words=warning["words"]))


class _Bar(Progress):
    """A bar of the rows that came, on a terminal only."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn())
        super().__init__(*columns, console=console(), transient=True, disable=not console().is_terminal)
        self._task = self.add_task("", total=None)

    def show(self, progress: dict[str, Any]) -> None:
        """Move the bar to what came: in rows where they can be counted as they come, else by what was received alone."""
        done, of = progress["done"], progress["of"]
        if done is not None and of is not None:
            self.update(self._task, completed=done, total=of, description=words_of("flows-bar-rows", done=grouped(done), of=grouped(of)))
        else:
            received = grouped(round((progress["bytes"] or 0) / 1000))
            self.update(self._task, description=words_of("flows-bar-bytes", received=received, of=grouped(of or 0)))
