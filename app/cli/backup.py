"""`istmo backup` and `istmo restore`: a copy of the store in one file, and a node made from it again (contract: Command line)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.node import Json, prepare_store, require_migrated, words
from app.cli.output import REFUSED, language, result, result_json, say, tell, words_of
from app.cli.peers import spoken
from app.core import schema
from app.core.backup import BackupFault, Copy
from app.core.faults import told
from app.core.secrets import Secrets
from app.exchange.backup import Lost, back_up
from app.exchange.node import open_database
from app.main import KINDS
from app.settings import Settings
from app.sync.faults import SyncFault, in_words
from app.sync.restoring import Restored
from app.sync.restoring import restore as restored

File = Annotated[Path, typer.Argument(help=words_of("backup-file"))]


@contextmanager
def _said() -> Iterator[None]:
    """Say in plain words why a backup cannot be made or restored; leave with 1."""
    try:
        with words():
            yield
    except BackupFault as fault:
        say(told(fault.code, fault.figures, language()))
        for lost in fault.figures.get("lost", ()) if fault.code == "restore-secrets" else ():  # type: ignore[attr-defined]
            say(f"  {_lost_line(lost)}")
        raise typer.Exit(REFUSED) from None
    except OSError as error:
        tell("backup-unwritten", file=error.filename, reason=error.strerror)
        raise typer.Exit(REFUSED) from None


def _lost_line(lost: Lost) -> str:
    return f"{lost.file}: {told(lost.code, {}, language())}"


def backup(file: File, *, as_json: Json = False) -> None:
    """Copy the whole store into one new file while the node goes on, and check it; the keys are not in it, and it is said where they are."""
    settings = Settings()
    secrets = Secrets(settings.secrets_dir)
    with _said():
        require_migrated(settings)
        db = open_database(settings)
        try:
            copy = back_up(db, secrets, file)
        finally:
            db.dispose()
    kept = sorted(each.name for each in secrets.folder.iterdir()) if secrets.folder.is_dir() else []
    if as_json:
        result_json({**_told(copy), "secrets": {"folder": str(secrets.folder.absolute()), "files": kept}})
        return
    result(copy.file)
    tell("backup-done", entries=copy.counts["log_entry"], rows=sum(copy.counts.values()), revision=copy.revision)
    tell("backup-secrets", folder=secrets.folder.absolute(), files=kept)


def _told(copy: Copy) -> dict[str, Any]:
    size = copy.file.stat().st_size
    return {
        "file": str(copy.file),
        "bytes": size,
        "revision": copy.revision,
        "entries": copy.counts["log_entry"],
        "rows": dict(copy.counts),
    }


def restore(
    file: File,
    *,
    without_peers: Annotated[bool, typer.Option("--without-peers", help=words_of("restore-without-peers"))] = False,
    replace_keys: Annotated[bool, typer.Option("--replace-keys", help=words_of("restore-replace-keys"))] = False,
    as_json: Json = False,
) -> None:
    """Put a backup into an empty store; first what was published since comes back from the peers, then the log begins a new epoch."""
    settings = Settings()
    try:
        with spoken(), _said():
            done = restored(settings, KINDS, file, without_peers=without_peers, replace_keys=replace_keys)
            prepare_store(settings)
    except typer.Exit as left:
        if schema.current(settings.database_url) == schema.UNFINISHED:
            tell("restore-unfinished", file=file)
        elif isinstance(left.__context__, SyncFault):
            tell("restore-peer")
        raise
    if as_json:
        odd = [{"code": each.code, "kind": each.kind, "id": each.id, "version": each.version} for each in done.quarantined]
        counted: dict[str, object] = {"entries": done.entries, "returned": done.returned, "erased": done.erased, "epoch": done.epoch}
        counted["taken_back"] = [{"id": document_id, "version": version} for document_id, version in done.taken_back]
        result_json({**counted, "quarantined": odd, "silent": done.silent})
    else:
        _tell_of(done)


def _tell_of(done: Restored) -> None:
    for each in done.quarantined:
        result(f"{each.kind} {each.id} v{each.version}: {in_words(each.code, language())}")
    for document_id, version in done.taken_back:
        tell("restore-taken-back", id=document_id, version=version)
    for name in done.silent:
        tell("restore-silent", name=name)
    for name, count in done.returned.items():
        tell("restore-returned", name=name, count=count)
    tell("restore-done", entries=done.entries, erased=done.erased, epoch=done.epoch)
