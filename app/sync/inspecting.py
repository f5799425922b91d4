"""Checking a carried folder from its files and public keys alone: no database, no settings (guarantees 3; docs: Carried files)."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.exchange import merkle
from app.exchange.keys import CHECKPOINT, endorsed
from app.exchange.log import leaf_of
from app.exchange.signatures import PublicKey, verify_signature
from app.exchange.witnesses import is_signed
from app.sync import carried
from app.sync.carried import Flaw, Flawed, Folder
from app.sync.checking import Doubtful, Item, Rules, judged
from app.sync.faults import SyncFault
from app.sync.peers import Described, read_description
from app.sync.witnessing import stated_by
from app.wire.canonical import CARRIED_CONTEXT, WITNESS_CONTEXT, canonical
from app.wire.codes import Op

_HASH = re.compile(r"[0-9a-f]{64}")
_FORM, _NUMBER, _LEAF, _ORDER = "carried-form", "carried-log-number", "carried-leaf", "carried-log-order"
_BARE = {"number", "leaf", "recorded_at"}
_TOLD = {*_BARE, "kind", "id", "version", "op", "origin"}
_WITHOUT_DIGEST = frozenset({Op.HIDE.value, Op.ERASE.value})


@dataclass
class Inspected:
    """What a folder is checked against, and what the check found out on its way.

    `keys` are the node's that are believed, `others` those of nodes that witnessed, by name; `roots` are filled in for the sizes
    that stand in it; `unchecked` counts signatures by nodes whose keys are not at hand.
    """

    keys: Sequence[PublicKey]
    conferences: Sequence[str]
    others: Mapping[str, Sequence[PublicKey]] = field(default_factory=dict)
    roots: dict[int, str | None] = field(default_factory=dict)
    unchecked: int = 0


def described_in(folder: Folder) -> Described:
    """What the node says of itself in a folder; raises `Flawed`."""
    try:
        return read_description(folder.value(carried.NODE))
    except (SyncFault, TypeError):
        raise Flawed(Flaw(carried.NODE, "", "sync-no-node")) from None


def by_itself(folder: Folder, others: Mapping[str, Sequence[PublicKey]]) -> Inspected:
    """The check of a folder by the keys that lie in it: as good as the fingerprint that two people compare."""
    told = described_in(folder)
    return Inspected(told.keys, told.conferences, {**others, told.node: told.keys})


def flaws(folder: Folder, inspected: Inspected) -> Iterator[Flaw]:
    """All that is wrong with a folder, file by file; nothing where it is whole."""
    yield from sum_flaws(folder)
    for part in (_list_flaws, _key_flaws, _checkpoint_flaws, _witness_flaws, _log_flaws, _own_witness_flaws):
        try:
            yield from part(folder, inspected)
        except Flawed as flawed:
            yield from flawed.flaws


def sum_flaws(folder: Folder) -> Iterator[Flaw]:
    """Files that are not as the list says, and a list of sums that is another."""
    for name, listed in folder.files.items():
        try:
            if not carried.is_as_listed(folder.path, name, listed):
                yield Flaw(name, "", "carried-sum")
        except Flawed as flawed:
            yield from flawed.flaws
    try:
        sums = {name: listed.sha256 for name, listed in folder.files.items()}
        own = hashlib.sha256(carried.read_bounded(folder.path, carried.LIST)).hexdigest()
        if carried.read_bounded(folder.path, carried.SUMS) != carried.sums_text({**sums, carried.LIST: own}):
            yield Flaw(carried.SUMS, "", "carried-list")
    except Flawed as flawed:
        yield from flawed.flaws


def _list_flaws(folder: Folder, inspected: Inspected) -> Iterator[Flaw]:
    told = described_in(folder)
    if not _is_listed_by(told, folder, inspected.keys):
        yield Flaw(carried.LIST, "/signature", "carried-signature")
    for name, said in (("node", told.node), ("epoch", told.epoch)):
        if folder.stated[name] != said:
            yield Flaw(carried.NODE, f"/{name}", "carried-differs", {"file": carried.LIST})


def _is_listed_by(told: Described, folder: Folder, believed: Sequence[PublicKey]) -> bool:
    # By a key in force alone: those are what the fingerprint tells, and what an old one endorses.
    in_force = {known.kid for known in told.keys if known.valid_to is None and known.purpose == CHECKPOINT}
    keys = [known.public for known in believed if known.kid in in_force and known.purpose == CHECKPOINT]
    payload = canonical({name: value for name, value in folder.stated.items() if name != "signature"})
    return any(verify_signature(public, folder.stated["signature"], CARRIED_CONTEXT, payload) for public in keys)


def _key_flaws(folder: Folder, _inspected: Inspected) -> Iterator[Flaw]:
    told = described_in(folder)
    for key in told.keys:
        known = {each.kid: each.public for each in told.keys if each.purpose == key.purpose and each.kid != key.kid}
        if key.endorsement is not None and not endorsed(known, key):
            yield Flaw(carried.NODE, f"{key.purpose} {key.kid}", "carried-endorsement")


def _checkpoint_flaws(folder: Folder, inspected: Inspected) -> Iterator[Flaw]:
    stated = folder.value(carried.CHECKPOINT)
    try:
        seen = stated_by(stated if isinstance(stated, dict) else {}, folder.stated["node"], {key.kid: key for key in inspected.keys})
    except SyncFault as fault:
        yield Flaw(carried.CHECKPOINT, "", fault.code, fault.figures)
        return
    for name, said in (("epoch", seen.epoch), ("size", seen.size)):
        if folder.stated[name] != said:
            yield Flaw(carried.CHECKPOINT, f"/{name}", "carried-differs", {"file": carried.LIST})


def _witness_flaws(folder: Folder, inspected: Inspected) -> Iterator[Flaw]:
    for number, item in enumerate(folder.items(carried.WITNESSES)):
        place = f"/items/{number}"
        if not _is_witness(item):
            yield Flaw(carried.WITNESSES, place, "carried-form")
            continue
        checkpoint, own = item["checkpoint"], item["checkpoint"]["node"] == folder.stated["node"]
        if own and checkpoint["epoch"] == folder.stated["epoch"]:
            inspected.roots.setdefault(checkpoint["size"], None)
        if own and not is_signed(checkpoint, inspected.keys):
            yield Flaw(carried.WITNESSES, f"{place}/checkpoint", "sync-checkpoint-signature")
        yield from _signature_flaw(item, place, inspected)


def _is_witness(item: object) -> bool:
    checkpoint = item.get("checkpoint") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(checkpoint, dict) or not isinstance(item.get("witness"), str):
        return False
    return isinstance(checkpoint.get("size"), int) and all(isinstance(checkpoint.get(name), str) for name in ("node", "epoch", "root"))


def _signature_flaw(item: Mapping[str, Any], place: str, inspected: Inspected) -> Iterator[Flaw]:
    keys = inspected.others.get(item["witness"])
    if keys is None:
        inspected.unchecked += 1
        return
    payload, signature = canonical(item["checkpoint"]), item.get("signature")
    if not any(verify_signature(key.public, signature, WITNESS_CONTEXT, payload) for key in keys if key.purpose == CHECKPOINT):
        yield Flaw(carried.WITNESSES, f"{place}/signature", "carried-witness", {"node": item["witness"]})


def _own_witness_flaws(folder: Folder, inspected: Inspected) -> Iterator[Flaw]:
    """Where the log is not what another node saw of it at a size that it had."""
    for number, item in enumerate(folder.items(carried.WITNESSES)):
        checkpoint: Mapping[str, Any] = item["checkpoint"] if _is_witness(item) else {"node": ""}
        if checkpoint["node"] == folder.stated["node"] and checkpoint["epoch"] == folder.stated["epoch"]:
            root = inspected.roots.get(checkpoint["size"])
            if root != checkpoint["root"]:
                yield Flaw(carried.WITNESSES, f"/items/{number}/checkpoint/root", "carried-rewritten", {"size": checkpoint["size"]})


@dataclass
class _Walk:
    """Where the walk over the log stands: its tree so far, the last version of each document, the next change."""

    folder: Folder
    inspected: Inspected
    changes: Iterator[tuple[str, str, Any]]
    next: tuple[str, str, Any] | None = None
    size: int = 0
    frontier: merkle.Frontier = ()
    versions: dict[str, int] = field(default_factory=dict)

    def move(self) -> None:
        self.next = next(self.changes, None)


def _log_flaws(folder: Folder, inspected: Inspected) -> Iterator[Flaw]:
    """The log entry by entry, and beside each the change that tells of it; memory: a number a document."""
    walk = _Walk(folder, inspected, _changes(folder))
    walk.move()
    inspected.roots.setdefault(0, None)
    _note_root(walk)
    for place, entry in folder.lines(carried.LOG):
        walk.size += 1
        fault = _entry_fault(walk, entry)
        if fault:
            yield Flaw(carried.LOG, place, fault)
        if fault == _FORM:
            return
        walk.frontier = merkle.grown(walk.frontier, walk.size - 1, bytes.fromhex(entry["leaf"]))
        _note_root(walk)
        yield from _change_flaws(walk, place, entry)
    if walk.next is not None:
        yield Flaw(walk.next[0], walk.next[1], "carried-change-strange")
    checkpoint = folder.value(carried.CHECKPOINT)
    if walk.size != folder.stated["size"]:
        yield Flaw(carried.LOG, "", "carried-log-size", {"found": walk.size, "expected": folder.stated["size"]})
    elif not isinstance(checkpoint, dict) or checkpoint.get("root") != merkle.root_of(walk.frontier).hex():
        yield Flaw(carried.LOG, "", "carried-root")


def _note_root(walk: _Walk) -> None:
    if walk.size in walk.inspected.roots:
        walk.inspected.roots[walk.size] = merkle.root_of(walk.frontier).hex()


def _changes(folder: Folder) -> Iterator[tuple[str, str, Any]]:
    for name in folder.pages:
        for number, item in enumerate(folder.items(name)):
            yield name, f"/items/{number}", item


def _entry_fault(walk: _Walk, entry: Mapping[str, Any]) -> str | None:
    if not _is_entry(entry):
        return _FORM
    if entry["number"] != walk.size:
        return _NUMBER
    if "op" not in entry:
        return None
    if ("digest" in entry or entry["op"] in _WITHOUT_DIGEST) and leaf_of({"digest": None, **entry}).hex() != entry["leaf"]:
        return _LEAF
    before = walk.versions.get(entry["id"], 0)
    walk.versions[entry["id"]] = entry["version"]
    # Another node's documents may come late here; this node's own never do.
    return _ORDER if entry["origin"] in walk.inspected.conferences and entry["version"] <= before else None


def _is_entry(entry: Mapping[str, Any]) -> bool:
    if not set(entry) >= _BARE or (set(entry) != _BARE and set(entry) - {"digest"} != _TOLD):
        return False
    leaf = entry["leaf"]
    if not isinstance(leaf, str) or _HASH.fullmatch(leaf) is None or not isinstance(entry["number"], int):
        return False
    return "op" not in entry or (isinstance(entry["version"], int) and all(isinstance(entry[name], str) for name in ("id", "op", "origin")))


def _change_flaws(walk: _Walk, place: str, entry: Mapping[str, Any]) -> Iterator[Flaw]:
    """The change that tells of an entry: the next one, where its number is the entry's."""
    yield from _stray(walk, entry["number"])
    is_due = entry.get("origin") in walk.inspected.conferences and entry["number"] > walk.folder.stated["after"]
    if walk.next is not None and _number(walk.next[2]) == entry["number"]:
        file, at, item = walk.next
        walk.move()
        yield from _told_flaws(walk, file, at, item, entry if is_due else {"number": entry["number"]})
    elif is_due:
        yield Flaw(carried.LOG, place, "carried-change-missing")


def _stray(walk: _Walk, number: int) -> Iterator[Flaw]:
    """Changes before the next entry's that tell of none."""
    while walk.next is not None and ((found := _number(walk.next[2])) is None or found < number):
        yield Flaw(walk.next[0], walk.next[1], "carried-form" if found is None else "carried-change-strange")
        walk.move()


def _told_flaws(walk: _Walk, file: str, at: str, item: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[Flaw]:
    change = judged(item, Rules(walk.inspected.conferences, {key.kid: key for key in walk.inspected.keys}))
    if isinstance(change, Doubtful):
        yield Flaw(file, at, change.code)
    elif fault := _differs(change, item, entry):
        yield Flaw(file, at, "carried-change-differs", {"name": fault, "entry": entry["number"]})


def _number(item: object) -> int | None:
    number = item.get("seq") if isinstance(item, dict) else None
    return number if isinstance(number, int) else None


def _differs(change: Item, item: Mapping[str, Any], entry: Mapping[str, Any]) -> str | None:
    """Which field of a change is not the entry's; a hide tells of an entry that the reader may not see, and nothing else does."""
    if (change.op == Op.HIDE.value) != ("op" not in entry):
        return "op"
    if change.op == Op.HIDE.value:
        return None
    named = [(name, getattr(change, name), entry.get(name)) for name in ("id", "version", "origin", "digest")]
    if change.op == Op.ERASE.value:
        named.append(("time", item.get("time"), entry["recorded_at"]))
    else:
        named += [(name, getattr(change, name), entry[name]) for name in ("kind", "op")]
    return next((name for name, said, meant in named if said != meant), None)
