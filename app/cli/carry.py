"""`istmo export` and `istmo import`: the sync by files that an officer carries (contract: Command line)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.bulletins.certificates import served_among
from app.cli.node import Json, opened, words
from app.cli.output import REFUSED, language, result, result_json, say, tell, words_of
from app.cli.verify import as_told, print_flaws
from app.main import KINDS
from app.settings import Settings
from app.sync import exporting, importing
from app.sync.carried import Flawed
from app.sync.faults import SyncFault, in_words, told

Folder = Annotated[Path, typer.Argument(metavar="DIR", help=words_of("carry-folder"), show_default=False)]


@contextmanager
def _spoken(*, as_json: bool) -> Iterator[None]:
    """Say in plain words, file by file, what is wrong; leave with 1."""
    try:
        with words():
            yield
    except SyncFault as fault:
        say(told(fault.code, fault.figures, language()))
        raise typer.Exit(REFUSED) from None
    except Flawed as flawed:
        if as_json:
            result_json({"faults": [as_told(flaw) for flaw in flawed.flaws]})
        else:
            print_flaws(flawed.flaws)
        tell("import-refused", count=len(flawed.flaws))
        raise typer.Exit(REFUSED) from None


def export(
    folder: Folder,
    *,
    peer: Annotated[str | None, typer.Option("--for", help=words_of("export-for"))] = None,
    after: Annotated[int, typer.Option("--after", min=0, max=2**31 - 1, help=words_of("export-after"))] = 0,
    as_json: Json = False,
) -> None:
    """Write what a peer may see of this node's own documents into a new folder, with all that proves it."""
    with _spoken(as_json=as_json), opened(Settings()) as node:
        done = exporting.export(node, folder, served_among, peer=peer, after=after)
    if as_json:
        result_json({"peer": done.peer, "conference": done.conference, "changes": done.changes, "size": done.size})
        return
    tell("export-done", folder=folder, peer=done.peer, changes=done.changes, size=done.size)


def import_folder(folder: Folder, *, as_json: Json = False) -> None:
    """Check a carried folder whole, and take what is new in it."""
    with _spoken(as_json=as_json), opened(Settings()) as node:
        done = importing.take_folder(node, KINDS, folder)
    odd = [{"code": each.code, "kind": each.kind, "id": each.id, "version": each.version} for each in done.quarantined]
    if as_json:
        figures = {"applied": done.applied, "known": done.known, "size": done.size, "witnessed": done.witnessed}
        result_json({"peer": done.peer, **figures, "quarantined": odd})
        return
    for each in odd:
        result(f"{each['kind']} {each['id']} v{each['version']}: {in_words(str(each['code']), language())}")
    tell("import-done", peer=done.peer, applied=done.applied, known=done.known, quarantined=len(odd), witnessed=done.witnessed)
