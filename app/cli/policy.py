"""`istmo policy`: what a conference has decided for its documents, shown and changed over HTTP."""

from typing import Annotated, Any

import typer

from app.cli.office import Json, Key, Text, Url, _given, _node, _settings
from app.cli.output import heading, outcome, result, result_json, tell, words_of

Conference = Annotated[str | None, typer.Argument(help=words_of("policy-conference"))]

policy = typer.Typer(no_args_is_help=True, help=words_of("help-policy"))


@policy.command(help=words_of("help-policy-show"))
def show(conference: Conference = None, as_json: Json = False, url: Url = None, key: Key = None) -> None:
    """Show the policy that is in force."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        standing = node.policy(conference or str(node.me().get("conference"))).document
    if as_json:
        result_json(standing)
        return
    for name, value in standing.items():
        result(f"{heading(name)}: {_text(value)}")


@policy.command("set", help=words_of("help-policy-set"))
def set_policy(
    conference: Conference = None,
    *,
    k: Annotated[int | None, typer.Option("--k", min=3, max=20, help=words_of("policy-k"))] = None,
    protect: Annotated[Text, typer.Option(help=words_of("policy-protect"))] = None,
    delta_below_k: Annotated[Text, typer.Option(help=words_of("policy-delta-below-k"))] = None,
    partner_release: Annotated[Text, typer.Option(help=words_of("policy-partner-release"))] = None,
    single_officer: Annotated[bool | None, typer.Option(help=words_of("policy-single-officer"))] = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Change parts of the policy against the one that was read; what is not named stays."""
    named = {
        "k": k,
        "protect": protect,
        "delta_below_k": delta_below_k,
        "partner_release": partner_release,
        "single_officer": single_officer,
    }
    changes = _given(named)
    if not changes:
        raise typer.BadParameter(words_of("usage-policy"))
    with _node(_settings(url, key)) as node, outcome(as_json):
        code = conference or str(node.me().get("conference"))
        seen = node.policy(code)
        decided = node.decide_policy(code, {**seen.document, **changes}, seen.etag)
    if as_json:
        result_json(decided)
    else:
        _print_changes(seen.document, decided)


def _print_changes(before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = [name for name in after if after[name] != before.get(name)]
    for name in changed:
        result(f"{heading(name)}: {_text(before.get(name))} -> {_text(after[name])}")
    if not changed:
        tell("policy-unchanged")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
