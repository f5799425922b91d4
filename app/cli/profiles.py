"""`istmo profiles`: the layouts that are known, and how each of them would read a file, figure by figure, without sending it."""

import contextlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from app.cli.office import Json, Key, Text, Url, _node, _settings
from app.cli.output import REFUSED, finding_line, language, outcome, result, result_json, say, tell, words_of
from app.cli.tables import print_readings, text_in
from app.client import Istmo, NotFound
from app.core.problems import as_json as told
from app.directory.dimensions import DIMENSIONS
from app.directory.names import Names
from app.intake.book import Book, read_book
from app.intake.figures import Figures, Options, TidyFile, TidyRow
from app.intake.layout import read_figures
from app.intake.shipped import shipped
from app.settings import Settings
from app.wire.problem import Finding
from app.wire.profile import Profile, profile_of

PLAIN = "-"
"""What stands for no profile in the list of readings: the column names of the contract."""

profiles = typer.Typer(no_args_is_help=True, help=words_of("help-profiles"))


@profiles.command("list", help=words_of("help-profiles-list"))
def list_profiles(as_json: Json = False, url: Url = None, key: Key = None) -> None:
    """List what is shipped with this program, or, with a key, what the node would read your files by."""
    settings = _settings(url, key)
    if settings.key:
        with _node(settings) as node, outcome(as_json):
            items = list(node.profiles())
    else:
        items = [each.model_dump(mode="json", include={"name", "version", "title", "source"}) for each in shipped().values()]
    if as_json:
        result_json({"items": items})
        return
    for item in items:
        result("  ".join([f"{item['name']}@{item['version']}", *filter(None, (item.get("office"), text_in(item["title"])))]))


@profiles.command("try", help=words_of("help-profiles-try"))
def try_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help=words_of("push-file"))],
    *,
    profile: Annotated[Text, typer.Option(help=words_of("profiles-profile"))] = None,
    charset: Annotated[Text, typer.Option(help=words_of("push-charset"))] = None,
    limit: Annotated[int, typer.Option(min=0, help=words_of("profiles-limit"))] = 20,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Read a file here, by each profile and by none, and send it nowhere."""
    known = _known(_settings(url, key), as_json=as_json)
    if profile is not None and profile not in known:
        raise typer.BadParameter(words_of("profiles-unknown", known=list(known)), param_hint="--profile")
    book = read_book(file.read_bytes(), file.name, charset)
    chosen = {name: each for name, each in known.items() if profile in (None, name)}
    read = {name: _read(book, each) for name, each in chosen.items()}
    if as_json:
        result_json({"profiles": [_whole(name, figures) for name, figures in read.items()]})
    else:
        _show_all(read, limit)
    if not any(isinstance(figures, Figures) for figures in read.values()):
        raise typer.Exit(REFUSED)


def _known(settings: Settings, *, as_json: bool) -> dict[str, Profile | None]:
    """No profile and those that are shipped; with a key, those that the node holds too."""
    known: dict[str, Profile | None] = {PLAIN: None, **shipped()}
    if settings.key:
        with _node(settings) as node, outcome(as_json):
            known |= _registered(node)
    return known


def _registered(node: Istmo) -> dict[str, Profile]:
    """What offices registered at the node for files of the caller, in the newest version; without what node or program cannot read."""
    found: dict[str, Profile] = {}
    for item in node.profiles():
        if item.get("office"):
            with contextlib.suppress(NotFound, ValidationError):
                found[item["name"]] = profile_of(node.profile(item["name"]))
    return found


def _read(book: Book | tuple[Finding, ...], profile: Profile | None) -> Figures | tuple[Finding, ...]:
    if not isinstance(book, Book):
        return book
    return read_figures(book, profile, Options(), Names(language=language()), DIMENSIONS)


def _whole(name: str, figures: Figures | tuple[Finding, ...]) -> dict[str, Any]:
    if not isinstance(figures, Figures):
        return {"name": name, "reads": False, "figures": [], "findings": [told(each, language()) for each in figures]}
    return {
        "name": name,
        "reads": True,
        "figures": list(_figures(figures)),
        "findings": [told(each, language()) for each in _remarks(figures)],
    }


def _remarks(figures: Figures) -> tuple[Finding, ...]:
    return (*figures.remarks, *(remark for table in figures.tables for remark in table.remarks))


def _figures(figures: Figures) -> Iterator[dict[str, Any]]:
    return (_figure(table, row) for table in figures.tables for row in table.rows)


def _figure(table: TidyFile, row: TidyRow) -> dict[str, Any]:
    """A figure at its place, with all that it is read as; what is not given is left out."""
    place = {"sheet": table.sheet, "row": row.row, "column": row.column}
    codes = {name: code or None for name, code in zip(table.dimensions, row.codes, strict=True)}
    read = {**place, "period": row.period, **table.constants, **dict(row.overrides), **codes}
    given = {name: value for name, value in read.items() if value is not None}
    return {**given, "value": row.value, **({"value_status": row.value_status} if row.value_status else {})}


def _show_all(read: Mapping[str, Figures | tuple[Finding, ...]], limit: int) -> None:
    """Every reading, those that succeed last: they stand nearest to where one writes on."""
    for name, figures in sorted(read.items(), key=lambda each: isinstance(each[1], Figures)):
        _show(name, figures, limit)


def _show(name: str, figures: Figures | tuple[Finding, ...], limit: int) -> None:
    if not isinstance(figures, Figures):
        first, *others = figures
        more = [words_of("profiles-others", number=len(others))] if others else []
        result(" ".join([words_of("profiles-refused", name=name, first=finding_line(told(first, language()))), *more]))
        return
    periods = {row.period for table in figures.tables for row in table.rows}
    number = sum(len(table.rows) for table in figures.tables)
    result(words_of("profiles-reads", name=name, figures=number, periods=len(periods), tables=len(figures.tables)))
    for remark in _remarks(figures):
        say(finding_line(told(remark, language())))
    print_readings(list(islice(_figures(figures), limit)))
    if number > limit:
        tell("profiles-more", number=number - limit)
