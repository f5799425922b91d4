"""`istmo verify`: the whole log of this node; with a folder, carried files from themselves and public keys alone (contract: Command line)."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.bulletins.proofs import certificate_faults
from app.cli.node import Json, opened, words
from app.cli.output import REFUSED, USAGE, language, result, result_json, tell, words_of
from app.core.faults import told
from app.exchange.digests import audit_faults
from app.exchange.signatures import PublicKey
from app.exchange.verify import faults
from app.settings import Settings
from app.sync import carried
from app.sync.carried import Flaw, Flawed
from app.sync.faults import SyncFault
from app.sync.inspecting import by_itself, described_in, flaws
from app.sync.peers import Described, read_description
from app.sync.proving import certificate_flaws


def verify(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help=words_of("verify-folder"), show_default=False)] = None,
    *,
    fingerprint: Annotated[str | None, typer.Option("--fingerprint", help=words_of("verify-fingerprint"))] = None,
    keys: Annotated[list[Path] | None, typer.Option("--keys", help=words_of("verify-keys"), exists=True, dir_okay=False)] = None,
    as_json: Json = False,
) -> None:
    """Check the whole log: every digest, signature, leaf and root, the signed checkpoint and each bulletin's certificate; name each entry that is wrong.

    With DIR, a carried folder is checked from its files and public keys alone: no database, no settings.
    """
    if folder is not None:
        _verify_folder(folder, fingerprint, keys or [], as_json=as_json)
    elif fingerprint or keys:
        tell("verify-needs-folder")
        raise typer.Exit(USAGE)
    else:
        _verify_log(as_json=as_json)


def _verify_log(*, as_json: bool) -> None:
    with words(), opened(Settings()) as node, node.db.read() as session:
        spoken = language()
        found = [
            {"entry": fault.number, "code": fault.code, "fault": told(fault.code, fault.figures, spoken)}
            for fault in [*faults(session), *audit_faults(session), *certificate_faults(session)]
        ]
    if as_json:
        result_json({"faults": found})
        raise typer.Exit(REFUSED if found else 0)
    for fault in found:
        result(words_of("verify-entry", entry="-" if fault["entry"] is None else fault["entry"], fault=fault["fault"]))
    if found:
        tell("verify-faults", count=len(found))
        raise typer.Exit(REFUSED)
    tell("verify-whole")


def _verify_folder(path: Path, fingerprint: str | None, keys: Sequence[Path], *, as_json: bool) -> None:
    if not path.is_dir():
        tell("verify-no-folder", folder=path)
        raise typer.Exit(USAGE)
    others = _keys_in(keys)
    found, shown, unchecked = _found(path, others)
    is_other = shown is not None and fingerprint is not None and re.sub(r"[\s:]", "", fingerprint).lower() != shown.fingerprint
    if is_other and shown is not None:
        found.append(Flaw(carried.NODE, "", "peer-fingerprint", {"found": shown.fingerprint}))
    if as_json:
        named = {"node": shown.node, "fingerprint": shown.fingerprint} if shown else {"node": None, "fingerprint": None}
        result_json({**named, "unchecked": unchecked, "faults": [as_told(flaw) for flaw in found]})
        raise typer.Exit(REFUSED if found else 0)
    _print(found, shown, unchecked, is_compared=fingerprint is not None)


def _found(path: Path, others: Mapping[str, Sequence[PublicKey]]) -> tuple[list[Flaw], Described | None, int]:
    try:
        folder = carried.opened(path)
        inspected = by_itself(folder, others)
        return [*flaws(folder, inspected), *certificate_flaws(folder)], described_in(folder), inspected.unchecked
    except Flawed as flawed:
        return list(flawed.flaws), None, 0


def _print(found: Sequence[Flaw], shown: Described | None, unchecked: int, *, is_compared: bool) -> None:
    print_flaws(found)
    if shown:
        result(shown.fingerprint)
    if unchecked:
        tell("verify-unchecked", count=unchecked)
    if found or shown is None:
        tell("verify-faults", count=len(found))
        raise typer.Exit(REFUSED)
    tell("verify-folder-whole" if is_compared else "verify-folder-compare", node=shown.node)


def print_flaws(found: Sequence[Flaw]) -> None:
    """Each flaw on a line: file, place, rule."""
    for flaw in found:
        result(f"{', '.join(filter(None, (flaw.file, flaw.place)))}: {flaw.said(language())}")


def as_told(flaw: Flaw) -> dict[str, str]:
    """A flaw in the one shape of `--json`."""
    return {"file": flaw.file, "place": flaw.place, "code": flaw.code, "fault": flaw.said(language())}


def _keys_in(files: Sequence[Path]) -> dict[str, Sequence[PublicKey]]:
    """Public keys of other nodes by name, from their descriptions; leaves with 2 where a file is none."""
    known: dict[str, Sequence[PublicKey]] = {}
    for file in files:
        try:
            described = read_description(carried.json_of(carried.read_bounded(file.parent, file.name), file.name))
        except (Flawed, SyncFault, TypeError):
            tell("verify-no-keys", file=file)
            raise typer.Exit(USAGE) from None
        known[described.node] = described.keys
    return known
