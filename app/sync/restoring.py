"""Restoring a node from a backup: first what it published since comes back from its peers, then its log begins a new epoch (guarantees 3)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.audit import RESTORED, Attempt, record
from app.core import backup, schema
from app.core.backup import BackupFault, Copy
from app.core.clock import utc_now
from app.core.secrets import Secrets
from app.documents.erasing import erase_received
from app.documents.kinds import Kinds
from app.documents.versions import withdrawal_of
from app.exchange import erased, keys, signatures
from app.exchange.backup import begin_epoch, lost, require_room, require_whole
from app.exchange.decided import hold_again
from app.exchange.log import NewEntry, append
from app.exchange.node import Node, open_database, open_node
from app.exchange.received import held, hidden, is_erased, story
from app.settings import Settings
from app.sync.applying import Taken, take
from app.sync.checking import Doubtful, Item, Rules, judged_all
from app.sync.faults import SyncFault
from app.sync.line import Line
from app.sync.models import Peer
from app.sync.peers import described, key_in
from app.sync.pulling import PAGE, cursor_of, items_of, require_progress
from app.wire.codes import Op

_RESTORE = Attempt(RESTORED)


@dataclass
class Restored:
    """What a restore did: entries of the backup, own versions that came back from each peer, erasures done again, what was not taken.

    `taken_back` are own documents (id, version) that were hidden from every peer by a version whose text is therefore lost;
    `silent` are peers without an address, which nobody could ask.
    """

    entries: int
    epoch: str = ""
    returned: dict[str, int] = field(default_factory=dict)
    erased: int = 0
    taken_back: list[tuple[str, int]] = field(default_factory=list)
    quarantined: list[Doubtful] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Source:
    """A peer as the backup names it, and the key with which this node speaks to it."""

    name: str
    node: str
    url: str
    key: str


def restore(settings: Settings, kinds: Kinds, file: Path, *, without_peers: bool = False, replace_keys: bool = False) -> Restored:
    """Put a backup into an empty store and make it a node again; until all is done the store is served by nobody.

    Everything is judged before anything is written: the file, the store, the secrets, and whether every peer answers.  Raises
    `BackupFault` and `SyncFault`; a restore that was cut off begins again.
    """
    copy = backup.opened(file)
    if require_whole(copy).get("node") != settings.node_name:
        raise BackupFault("restore-other-node", node=settings.node_name)
    if not schema.knows(copy.revision):
        raise BackupFault("backup-newer", found=copy.revision)
    secrets = Secrets(settings.secrets_dir)
    _require_secrets(copy, secrets, replace_keys=replace_keys)
    done = Restored(copy.counts["log_entry"], silent=[row["name"] for row in copy.records("peer") if row["url"] is None])
    sources = [] if without_peers else list(_sources(copy, settings, secrets))
    schema.remake(settings.database_url, copy.revision, require_room, lambda connection: backup.fill(connection, copy))
    if replace_keys:
        _replace_keys(settings, secrets)
    node = open_node(settings)
    try:
        for source in sources:
            done.returned[source.name] = _bring_back(node, kinds, source, done)
        done.erased = _erase_again(node, kinds)
        done.taken_back = _take_back_hidden(node, kinds)
        done.epoch = _begin(node)
    finally:
        node.close()
    return done


def _require_secrets(copy: Copy, secrets: Secrets, *, replace_keys: bool) -> None:
    missing = [] if replace_keys else list(lost(copy, secrets))
    if missing:
        raise BackupFault("restore-secrets", folder=secrets.folder, lost=missing)


def _replace_keys(settings: Settings, secrets: Secrets) -> None:
    db = open_database(settings)
    try:
        with db.write() as session:
            keys.replace_missing(session, secrets, settings)
    finally:
        db.dispose()


def _sources(copy: Copy, settings: Settings, secrets: Secrets) -> Iterator[_Source]:
    """The peers that have an address, each of which answers as the node that it was."""
    for row in copy.records("peer"):
        if row["url"] is not None:
            source = _Source(row["name"], row["node"], row["url"], key_in(secrets, row["name"]))
            with Line(settings, source.url, source.key) as line:
                _require_same(line, source)
                line.get("/v1/changes", {"limit": 1})
            yield source


def _require_same(line: Line, source: _Source) -> None:
    found = described(line).node
    if found != source.node:
        raise SyncFault("sync-other-node", node=found)


def _bring_back(node: Node, kinds: Kinds, source: _Source, done: Restored) -> int:
    """Take from a peer what it holds of this node's own documents and the backup does not, in the peer's order; how many versions."""
    # Whose members they were is no question any more: they were published here.
    own = {name: replace(kind, is_of_origin=lambda _session, _document: True) for name, kind in kinds.items()}
    rules, applied = Rules(node.settings.authored, own_keys(node)), 0
    with Line(node.settings, source.url, source.key) as line:
        for conference in node.settings.authored:
            for items in _pages(line, conference):
                taken = _take(node, own, source.name, items, rules)
                applied += taken.applied
                done.quarantined += taken.quarantined
    return applied


def own_keys(node: Node) -> Mapping[str, signatures.PublicKey]:
    """The keys that the backup knows, and those that came in force since: whose private half is here is this node's own."""
    with node.db.read() as session:
        known = keys.public_keys(session)
    purposes = map(signatures.document_purpose, node.settings.authored)
    return {each.kid: each for each in [*keys.found_among(node.secrets, purposes), *known]}


def _pages(line: Line, conference: str) -> Iterator[Sequence[object]]:
    asked: dict[str, str | int] = {"limit": PAGE, "origin": conference}
    last, more = 0, True
    while more:
        page = line.get("/v1/changes", asked)
        items, cursor, more = items_of(page), cursor_of(page), page.get("has_more") is True
        last = require_progress(items, last, moved=cursor != asked.get("cursor") or not more)
        asked["cursor"] = cursor
        yield items


def _take(node: Node, kinds: Kinds, peer: str, items: Sequence[object], rules: Rules) -> Taken:
    changes = judged_all(items, rules)
    used = {each.document["signature"]["kid"]: None for each in changes if isinstance(each, Item) and each.document}
    with node.db.write() as session:
        for kid in used:
            keys.adopt(session, rules.keys[kid])
        return take(session, node, kinds, peer, changes, conferences=rules.conferences, attempt=_RESTORE)


def _erase_again(node: Node, kinds: Kinds) -> int:
    """Erase what was erased since the backup and no peer told of; how many documents."""
    noted = erased.noted(node.secrets)
    with node.db.write() as session:
        known = held(session, [each.id for each in noted])
        due = [each for each in noted if each.id in known and not is_erased(known[each.id])]
        for each in due:
            _erase_one(session, node, kinds, each)
    return len(due)


def _erase_one(session: Session, node: Node, kinds: Kinds, each: erased.Noted) -> None:
    kind = kinds[each.kind]
    erase_received(session, node, _RESTORE, each.id, each.version, kind.forget_one, kind.along)


def _take_back_hidden(node: Node, kinds: Kinds) -> list[tuple[str, int]]:
    """Withdraw what a version hid from every peer: its text is lost, its number is taken, and what stood before must not stand again."""
    with node.db.write() as session:
        return [_take_back(session, node, kinds, each) for each in hidden(session, node.settings.authored)]


def _take_back(session: Session, node: Node, kinds: Kinds, document_id: str) -> tuple[str, int]:
    told = story(session, document_id)
    document = next(orjson.loads(each.text) for each in reversed(told) if each.text is not None)
    kind, number = kinds[document["kind"]], told[-1].version + 1
    bare = ("cells",) if "cells" in document else ()
    version = withdrawal_of(document, version=number, issuer=document["issuer"], reason="", now=utc_now(), empty=bare)
    version |= {name: document[name] for name in kind.withdrawn_as}
    del version["reason"]
    kind.project(session, [version])
    append(session, node.signer, [NewEntry(Op.WITHDRAW, version)])
    record(session, _RESTORE, "withdrawn", [(document_id, number)])
    return document_id, number


def _begin(node: Node) -> str:
    """The last step: the new epoch, every peer read anew from its start, what was pending asked for anew, and the store is a node's again."""
    with node.db.write() as session:
        epoch = begin_epoch(session, node.signer)
        anew: dict[str, object] = dict.fromkeys(("cursor", "etag", "sent", "tried_at", "failure"))
        session.execute(update(Peer).values(failures=0, **anew))
        # What was cancelled, replaced or published since the backup is pending in it still.
        hold_again(session)
        record(session, _RESTORE, "done")
        schema.finish(session.connection())
    return epoch
