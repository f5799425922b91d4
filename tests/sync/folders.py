"""Folders that are carried between two nodes, changed on the way, and sealed anew as their node itself would have sealed them."""

import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bodies import cells
from serving import Served
from twins import Twins, name_of, peer_row

from app.bulletins.certificates import served_among
from app.exchange.keys import CHECKPOINT, load_signer
from app.main import KINDS
from app.sync import carried
from app.sync.carried import Flaw, Flawed
from app.sync.exporting import Exported, export
from app.sync.importing import Imported, take_folder
from app.sync.inspecting import by_itself, flaws
from app.sync.proving import certificate_flaws
from app.wire.canonical import CARRIED_CONTEXT, canonical

Json = Any
OTHER = cells(VEN=401, NPL=213, SOM=31)
RED = {"tlp": "RED", "audience": ["RCM/secretariat"]}
_COUNTER = itertools.count()


def written(served: Served, folder: Path, **options: Any) -> Exported:
    """The folder that a node's officer carries off."""
    return export(served.node, folder, served_among, **options)


def taken(served: Served, folder: Path) -> Imported:
    return take_folder(served.node, KINDS, folder)


def carry(pair: Twins, to: Served, folder: Path, **options: Any) -> Imported:
    """One way: written there, taken here."""
    written(pair.other(to), folder, peer=name_of(to), **options)
    return taken(to, folder)


def found(folder: Path, others: dict[str, Any] | None = None) -> list[Flaw]:
    """All that a check from the files alone says."""
    try:
        opened = carried.opened(folder)
        return [*flaws(opened, by_itself(opened, others or {})), *certificate_flaws(opened)]
    except Flawed as flawed:
        return list(flawed.flaws)


def brief(told: Sequence[Flaw]) -> list[tuple[str, str, str]]:
    return [(flaw.file, flaw.place, flaw.code) for flaw in told]


def copied(folder: Path) -> Path:
    made = folder.with_name(f"{folder.name}-{next(_COUNTER)}")
    shutil.copytree(folder, made)
    return made


def changed(folder: Path, name: str, change: Callable[[Json], None]) -> None:
    """Change a JSON file, or the list of the objects of a file of lines."""
    path = folder / name
    if name.endswith(".ndjson"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        change(lines)
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    else:
        value = json.loads(path.read_text())
        change(value)
        path.write_text(json.dumps(value, ensure_ascii=False))


def resealed(folder: Path, served: Served, **stated: Any) -> None:
    """List and sign the files as they are now, by the node's own key: what only the node itself could have done."""
    told = json.loads((folder / carried.LIST).read_text()) | stated
    del told["signature"]
    for name in told["files"]:
        raw = (folder / name).read_bytes()
        told["files"][name] = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    signature = served.node.signer.sign(CHECKPOINT, CARRIED_CONTEXT, canonical(told))
    (folder / carried.LIST).write_bytes(canonical({**told, "signature": signature}))
    names = [*told["files"], carried.LIST]
    (folder / carried.SUMS).write_bytes(
        carried.sums_text({name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names})
    )


def erase(served: Served, document: dict) -> None:
    etag = f'"{document["id"]}.v{document["version"]}"'
    answer = served.as_("rcm").post(f"/v1/bulletins/{document['id']}/erase", json={"reason": "court order"}, headers={"If-Match": etag})
    assert answer.status_code == 200


def reopened(served: Served) -> Served:
    """The node as a command opens it: with the keys that are in force now."""
    with served.node.db.read() as session:
        signer = load_signer(session, served.node.secrets)
    return Served(replace(served.node, signer=signer), served.url, served.keys)


def refused(served: Served, folder: Path) -> list[tuple[str, str, str]]:
    """What an import says, and that it changed nothing."""
    before = served.counts(), peer_row(served, "rcm").size
    with pytest.raises(Flawed) as caught:
        taken(served, folder)
    assert (served.counts(), peer_row(served, "rcm").size) == before
    return brief(caught.value.flaws)
