"""`istmo push`: a file of figures, sent as one batch, with a bar while the node works and a line a bulletin at the end."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.cli.marking import write_marked
from app.cli.office import Json, Key, Text, Url, _node, _settings
from app.cli.output import (
    REFUSED,
    as_finding,
    coded,
    console,
    finding_line,
    findings_of,
    outcome,
    result,
    result_json,
    say,
    tell,
    word_for,
    words_of,
)
from app.client import Refused, waiting_of

_OURS = ("file", "marked", "as_json", "url", "key")
_WAITS: Mapping[str, str] = {"held": "push-held", "pending": "push-pending"}


def push(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help=words_of("push-file"))],
    *,
    state: Annotated[Text, typer.Option(help=words_of("push-state"))] = None,
    measure: Annotated[Text, typer.Option(help=words_of("push-measure"))] = None,
    unit: Annotated[Text, typer.Option(help=words_of("push-unit"))] = None,
    publisher: Annotated[Text, typer.Option(help=words_of("push-publisher"))] = None,
    conference: Annotated[Text, typer.Option(help=words_of("push-conference"))] = None,
    figure_status: Annotated[Text, typer.Option(help=words_of("push-figure-status"))] = None,
    tlp: Annotated[Text, typer.Option(help=words_of("push-tlp"))] = None,
    protect: Annotated[Text, typer.Option(help=words_of("push-protect"))] = None,
    profile: Annotated[Text, typer.Option(help=words_of("push-profile"))] = None,
    column: Annotated[list[str] | None, typer.Option(metavar=words_of("metavar-mapping"), help=words_of("push-column"))] = None,
    code: Annotated[list[str] | None, typer.Option(metavar=words_of("metavar-mapping"), help=words_of("push-code"))] = None,
    period: Annotated[Text, typer.Option(help=words_of("push-period"))] = None,
    frequency: Annotated[Text, typer.Option(help=words_of("push-frequency"))] = None,
    date_order: Annotated[Text, typer.Option(help=words_of("push-date-order"))] = None,
    number_style: Annotated[Text, typer.Option(help=words_of("push-number-style"))] = None,
    not_collected: Annotated[list[str] | None, typer.Option(help=words_of("push-not-collected"))] = None,
    charset: Annotated[Text, typer.Option(help=words_of("push-charset"))] = None,
    members_only: Annotated[bool, typer.Option("--members-only", help=words_of("push-members-only"))] = False,
    sum_duplicates: Annotated[bool, typer.Option("--sum-duplicates", help=words_of("push-sum-duplicates"))] = False,
    leave_out_small: Annotated[bool, typer.Option("--leave-out-small", help=words_of("push-leave-out-small"))] = False,
    revise: Annotated[Text, typer.Option(metavar=words_of("metavar-reason"), help=words_of("push-revise"))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=words_of("push-dry-run"))] = False,
    marked: Annotated[Path | None, typer.Option("--marked-copy", dir_okay=False, help=words_of("push-marked-copy"))] = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Send a file of figures to the node, as one batch: all of it is published or none."""
    given = dict(locals())
    # A flag that is not set and a list of nothing are not sent; an empty text is, and the node refuses it.
    options = {name: value for name, value in given.items() if name not in _OURS and value not in (None, False, [])}
    for name in ("column", "code"):
        _require_mappings(given[name], f"--{name}")
    if profile is None:
        _require_said(options)
    if marked is not None and marked.resolve() == file.resolve():
        raise typer.BadParameter(words_of("usage-marked-over"), param_hint="--marked-copy")
    _push(file, options, marked, as_json, url, key)


def _require_said(options: Mapping[str, object]) -> None:
    """Without a profile nothing but the options says whose figures these are, and of what."""
    missing = [f"--{name}" for name in ("state", "measure", "unit") if name not in options]
    if missing:
        raise typer.BadParameter(words_of("usage-push-unsaid"), param_hint=" ".join(missing))


def _require_mappings(pairs: list[str] | None, option: str) -> None:
    for pair in pairs or ():
        theirs, equals, ours = pair.rpartition("=")
        if not equals or not ours.strip() or (option == "--column" and not theirs.strip()):
            raise typer.BadParameter(words_of("usage-mapping"), param_hint=option)


def _push(file: Path, options: Mapping[str, object], marked: Path | None, as_json: bool, url: Text, key: Text) -> None:
    settings = _settings(url, key)
    if not settings.key:
        raise typer.BadParameter(words_of("usage-no-key"), param_hint="--key")
    with _node(settings) as node, outcome(as_json, {"bulletins": []}), _marked(file, options, marked) as answered, _Bar() as bar:
        pushed = node.push(file, bar.show, **options)
        answered(pushed.findings)
    if pushed.replayed:
        tell("push-replayed")
    _show(pushed.answer, as_json, dry_run=bool(options.get("dry_run")))


@contextlib.contextmanager
def _marked(file: Path, options: Mapping[str, object], out: Path | None) -> Iterator[Callable[[Sequence[Mapping[str, Any]]], None]]:
    """Write the marked copy that was asked for, from the findings of an answer or of a refusal."""

    def write(findings: Sequence[Mapping[str, Any]]) -> None:
        if out is not None:
            charset = options.get("charset")
            write_marked(file, charset if isinstance(charset, str) else None, findings, out)

    try:
        yield write
    except Refused as refused:
        write(findings_of(refused))
        raise


def _show(answer: Mapping[str, Any], as_json: bool, *, dry_run: bool) -> None:
    published = list(answer.get("bulletins") or ())
    findings = [as_finding(item) for item in answer.get("findings") or ()]
    if as_json:
        result_json({**answer, "bulletins": published, "findings": findings})
    else:
        _show_people(published, findings, words_of("push-dry-ending") if dry_run else "")
        tell_where_it_waits(answer)
    if any(item.get("outcome") == "refused" for item in published):
        raise typer.Exit(REFUSED)


def tell_where_it_waits(answer: Mapping[str, Any]) -> None:
    """Say of what is not published yet who or what it waits for, and what may be done with it meanwhile."""
    waiting = waiting_of(answer)
    if waiting:
        tell(_WAITS[waiting.outcome], review=waiting.id, due=waiting.due or "")


def _show_people(published: list[dict[str, Any]], findings: list[dict[str, Any]], ending: str) -> None:
    for item in published:
        result("  ".join([coded(item.get("outcome")), *(str(item[name]) for name in ("period", "id") if item.get(name) is not None)]))
    for finding in findings:
        say(finding_line(finding))
    outcomes = Counter(str(item.get("outcome")) for item in published)
    counted = ", ".join(words_of("push-count", number=number, word=word_for(name)) for name, number in outcomes.items())
    tell("push-counted", total=len(published), counted=counted or words_of("push-none"), ending=ending)


class _Bar(Progress):
    """A bar of the bulletins that are done, on a terminal only."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        super().__init__(*columns, console=console(), transient=True, disable=not console().is_terminal)
        self._task = self.add_task(words_of("push-sending"), total=None)

    def show(self, progress: dict[str, Any]) -> None:
        """Move the bar to what the node says."""
        self.update(self._task, completed=progress.get("done"), total=progress.get("of"), description=str(progress.get("period") or ""))
