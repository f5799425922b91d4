"""`istmo peers`, `pull` and `send`: who the peers are, how far each was read, reading on, giving on (contract: Command line)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.node import Json, opened, words
from app.cli.output import REFUSED, UNREACHABLE, USAGE, language, result, result_json, say, tell, words_of
from app.main import KINDS
from app.settings import Settings
from app.sync import peers as known_peers
from app.sync import pulling, sending
from app.sync.faults import SyncFault, in_words, told
from app.sync.showing import shown
from app.sync.standing import standings

peers = typer.Typer(no_args_is_help=True, help=words_of("help-peers"))
Name = Annotated[str, typer.Argument(help=words_of("peer-name-argument"))]
_MOST_SHOWN = 20
_LARGEST_DESCRIPTION = 4 * 1024 * 1024
_AWAY = frozenset({"sync-busy", "sync-unreachable"})


@contextmanager
def spoken() -> Iterator[None]:
    """Say in plain words what keeps a sync from going on; leave with 3 where the peer is away, else with 1."""
    try:
        with words():
            yield
    except SyncFault as fault:
        say(told(fault.code, fault.figures, language()))
        raise typer.Exit(UNREACHABLE if fault.code in _AWAY else REFUSED) from None


@peers.command("add", help=words_of("help-peers-add"))
def add_peer(
    name: Name,
    *,
    url: Annotated[str | None, typer.Option("--url", help=words_of("peer-url"))] = None,
    key: Annotated[str | None, typer.Option("--key", help=words_of("peer-key"))] = None,
    file: Annotated[Path | None, typer.Option("--file", help=words_of("peer-file"))] = None,
    fingerprint: Annotated[str | None, typer.Option("--fingerprint", help=words_of("peer-fingerprint-option"))] = None,
    as_json: Json = False,
) -> None:
    """Know a peer from now on; never asks: prints the fingerprint of its keys to compare, or checks the one given."""
    carried = _description(file, url, key)
    with spoken(), opened(Settings()) as node:
        if url and key:
            added = known_peers.add(node, name, url, key, fingerprint)
        else:
            added = known_peers.add_carried(node, name, carried, fingerprint)
    conferences = ", ".join(added.conferences)
    if as_json:
        result_json({"name": name, "node": added.node, "conferences": list(added.conferences), "fingerprint": added.fingerprint})
        return
    result(added.fingerprint)
    tell("peer-checked" if fingerprint else "peer-compare", name=name, node=added.node, conferences=conferences)


def _description(file: Path | None, url: str | None, key: str | None) -> bytes:
    """The bytes of a carried description, none where address and key are given; leaves with 2 where it is neither, or not to be read."""
    if (file is None) != bool(url and key) or (file is not None and (url or key)):
        tell("peer-how")
        raise typer.Exit(USAGE)
    if file is None:
        return b""
    try:
        with file.open("rb") as opened_file:
            return opened_file.read(_LARGEST_DESCRIPTION)
    except OSError as error:
        tell("peer-file-unreadable", file=file, error=error.strerror or type(error).__name__)
        raise typer.Exit(USAGE) from None


@peers.command("list", help=words_of("help-peers-list"))
def list_peers(*, as_json: Json = False) -> None:
    """Show every peer: last contact, how far each has read the other and what waits since when, what is in quarantine and why."""
    with spoken(), opened(Settings()) as node, node.db.read() as session:
        rows = [shown(standing, language()) for standing in standings(session, node)]
    if as_json:
        result_json(rows)
        return
    if not rows:
        tell("peers-none")
    for row in rows:
        for line in lines_of(row):
            result(line)


def lines_of(row: Mapping[str, Any]) -> Iterator[str]:
    """A peer as people read it: what does not concern it is left out."""
    named = {"name": row["name"], "node": row["node"], "conferences": ", ".join(row["conferences"])}
    heard = words_of("peer-ago", time=row["last_contact"], hours=row["silent_hours"]) if row["last_contact"] else words_of("peer-never")
    yield words_of("peer-line", **named, contact=heard)
    yield f"  {words_of('peer-read', read=row['read'] or 0, size=row['size'], applied=row['applied'])}"
    if row["unread"]:
        yield f"  {words_of('peer-unread', count=row['unread'], hours=row['unread_hours'])}"
    if row["witnessed"] is None:
        yield f"  {words_of('peer-unheard')}"
    else:
        yield f"  {words_of('peer-witnessed', size=row['witnessed'], time=row['witnessed_at'])}"
    if row["waiting"]:
        yield f"  {words_of('peer-waiting', count=row['waiting'], time=row['waiting_since'], hours=row['waiting_hours'])}"
    if row["failure"]:
        yield f"  {in_words(row['failure'], language())}"
    yield from _quarantine_of(row)


def _quarantine_of(row: Mapping[str, Any]) -> Iterator[str]:
    for each in row["quarantined"]:
        yield f"  {each['count']}: {each['reason']}"
        for one in row["newest"][:_MOST_SHOWN]:
            if one["code"] == each["code"]:
                yield f"    {one['since']}  {one['kind'] or '-'}  {one['id'] or '-'}  v{one['version'] or '-'}"


@peers.command("remove", help=words_of("help-peers-remove"))
def remove_peer(name: Name) -> None:
    """Take nothing more from a peer; its documents stay, and so do the keys that check them."""
    with spoken(), opened(Settings()) as node:
        known_peers.remove(node, name)
    tell("peer-removed", name=name)


def pull(name: Name, *, as_json: Json = False) -> None:
    """Read a peer's changes until there are no more."""
    with spoken(), opened(Settings()) as node:
        done = pulling.pull(node, KINDS, name)
    odd = [{"code": each.code, "kind": each.kind, "id": each.id, "version": each.version} for each in done.quarantined]
    if as_json:
        result_json({"pages": done.pages, "applied": done.applied, "known": done.known, "size": done.size, "quarantined": odd})
        return
    for each in odd:
        result(f"{each['kind']} {each['id']} v{each['version']}: {in_words(str(each['code']), language())}")
    tell("pull-done", name=name, applied=done.applied, known=done.known, quarantined=len(odd))


def send(name: Name, *, as_json: Json = False) -> None:
    """Give a peer the changes of this node's own documents that it was not given yet."""
    with spoken(), opened(Settings()) as node:
        done = sending.send(node, name)
    if as_json:
        result_json({"pages": done.pages, "applied": done.applied, "known": done.known, "size": done.size, "quarantined": done.quarantined})
        return
    tell("send-done", name=name, applied=done.applied, known=done.known, quarantined=len(done.quarantined), size=done.size)
