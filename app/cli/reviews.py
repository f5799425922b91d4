"""`istmo reviews`: what waits to be published, as an office sees it and as the secretariat's second person decides on it, over HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from app.cli.alert_page import words_in
from app.cli.office import Json, Key, Text, Url, _node, _settings, _tell_total
from app.cli.output import coded, heading, outcome, result, say, tell, word_for, words_of
from app.cli.screen import is_screen, json_text, may_leave, refuse_file
from app.cli.tables import print_reviews
from app.client import Istmo

_WAITING = ("held", "pending")
_AROUND = 60
"""Characters that are shown of a text on either side of what was found in it."""
_TOLD = ("status", "reason", "kind", "issuer", "offices", "due", "expires_at")

Id = Annotated[str, typer.Argument(metavar="ID", help=words_of("reviews-id"))]

reviews = typer.Typer(no_args_is_help=True, help=words_of("help-reviews"))


@reviews.command("list", help=words_of("help-reviews-list"))
def list_reviews(
    *,
    status: Annotated[Text, typer.Option(help=words_of("reviews-status"))] = None,
    kind: Annotated[Text, typer.Option(help=words_of("reviews-kind"))] = None,
    every: Annotated[bool, typer.Option("--all", help=words_of("reviews-all"))] = False,
    limit: Annotated[int | None, typer.Option(min=1, help=words_of("bulletins-limit"))] = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """List what waits; what was decided only if it is asked for."""
    wanted = status or (None if every else ",".join(_WAITING))
    with _node(_settings(url, key)) as node, outcome(as_json):
        page = node.reviews(status=wanted, kind=kind, limit=limit).page()
    if as_json:
        typer.echo(json_text(page))
        return
    print_reviews(page["items"])
    _tell_total(page, "page-more-bulletins")
    if any(item["status"] == "held" for item in page["items"]):
        tell("reviews-next-list")


@reviews.command(help=words_of("help-reviews-show"))
def show(identifier: Id, as_json: Json = False, url: Url = None, key: Key = None) -> None:
    """Show an item with what was found in its texts, and what to do next."""
    with _node(_settings(url, key)) as node, outcome(as_json):
        item = node.review(identifier).document
        if not is_screen() and not all(map(may_leave, item["documents"])):
            refuse_file(identifier, as_json=as_json)
        reasons = words_in(node.vocabulary("finding_reason")["terms"]) if item["findings"] else {}
    if as_json:
        typer.echo(json_text(item))
        return
    for name in _TOLD:
        if item[name]:
            result(f"{heading(name)}: {_told(item, name)}")
    for line in _texts(item):
        result(line)
    for each in item["published"]:
        result(words_of("reviews-published", href=each["href"], version=each["version"]))
    _tell_next(item, reasons)


def _told(item: Mapping[str, Any], name: str) -> str:
    value = item[name]
    return ", ".join(value) if isinstance(value, list) else coded(value) if name in {"status", "reason", "kind"} else str(value)


def _texts(item: Mapping[str, Any]) -> Iterator[str]:
    """Each finding: its place as `confirm` takes it, what it is, and the text with it marked."""
    for found in item["findings"]:
        yield f"{found['pointer']}@{found['offset']}  {word_for(found['kind'])}"
        text = _at(item["documents"], found["pointer"])
        if text is not None:
            start, end = found["offset"], found["offset"] + found["length"]
            before, after = text[max(start - _AROUND, 0) : start], text[end : end + _AROUND]
            yield f"  {before}»{text[start:end]}«{after}".replace("\n", " ")


def _at(documents: Sequence[Mapping[str, Any]], place: str) -> str | None:
    """The text at a place of what was sent; none where it has no such place any more."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in place.split("/")[1:]]
    in_list = len(parts) > 1 and parts[0] in {"bulletins", "alerts"} and parts[1].isdigit()
    number, rest = (int(parts[1]), parts[2:]) if in_list else (0, parts)
    value: object = documents[number] if number < len(documents) else None
    for part in rest:
        value = _inner(value, part)
    return value if isinstance(value, str) else None


def _inner(value: object, part: str) -> object:
    if isinstance(value, list):
        return value[int(part)] if part.isdigit() and int(part) < len(value) else None
    return value.get(part) if isinstance(value, Mapping) else None


def _tell_next(item: Mapping[str, Any], reasons: Mapping[str, str]) -> None:
    named = {"id": item["id"], "due": item["due"]}
    if item["status"] == "held":
        tell("reviews-next-held", **named)
        for code, label in reasons.items():
            say(f"  {code}: {label}")
    elif item["status"] == "pending":
        tell("reviews-next-stale" if item["reason"] else "reviews-next-pending", **named)


@reviews.command(help=words_of("help-reviews-confirm"))
def confirm(
    identifier: Id,
    *,
    reason: Annotated[Text, typer.Option(help=words_of("reviews-reason"))] = None,
    finding: Annotated[list[str] | None, typer.Option(metavar=words_of("metavar-finding"), help=words_of("reviews-finding"))] = None,
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Confirm as a second person; each finding gets its own reason, or the one for all."""
    given = dict(_finding(each) for each in finding or ())
    with _node(_settings(url, key)) as node, outcome(as_json):
        seen = node.review(identifier)
        places = {(each["pointer"], each["offset"]): reason for each in seen.document["findings"]} | given
        told = [{"pointer": place, "offset": at, "reason": why} for (place, at), why in places.items() if why]
        done = node.decide_review(identifier, "confirm", {"findings": told}, seen.etag)
    _print_decided(done, as_json=as_json)


def _finding(text: str) -> tuple[tuple[str, int], str]:
    place, equals, reason = text.rpartition("=")
    pointer, at, offset = place.rpartition("@")
    if not equals or not at or not reason or not (offset.isascii() and offset.isdigit()):
        raise typer.BadParameter(words_of("usage-finding"), param_hint="--finding")
    return (pointer, int(offset)), reason


@reviews.command(help=words_of("help-reviews-reject"))
def reject(
    identifier: Id,
    reason: Annotated[str, typer.Option(help=words_of("reviews-reject-reason"))],
    as_json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Refuse that an item is published."""
    _decide(identifier, "reject", {"reason": reason}, as_json=as_json, url=url, key=key)


@reviews.command(help=words_of("help-reviews-cancel"))
def cancel(identifier: Id, as_json: Json = False, url: Url = None, key: Key = None) -> None:
    """Take an item back before it is published."""
    _decide(identifier, "cancel", None, as_json=as_json, url=url, key=key)


def _decide(identifier: str, verb: str, body: Mapping[str, Any] | None, *, as_json: bool, url: Text, key: Text) -> None:
    with _node(_settings(url, key)) as node, outcome(as_json):
        done = _decided(node, identifier, verb, body)
    _print_decided(done, as_json=as_json)


def _decided(node: Istmo, identifier: str, verb: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    return node.decide_review(identifier, verb, body, node.review(identifier).etag)


def _print_decided(done: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json_text(done))
        return
    result(f"{coded(done['status'])}  {done['id']}")
    for each in done["published"]:
        result(words_of("reviews-published", href=each["href"], version=each["version"]))
    if done["status"] == "pending":
        tell("reviews-next-pending", id=done["id"], due=done["due"])
