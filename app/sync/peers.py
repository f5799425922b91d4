"""Who the peers are: added by an operator who compares their keys, listed with how far each was read, taken off again."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.audit import Attempt, record
from app.core.clock import utc_now
from app.core.db import insert_new
from app.core.problems import Problem
from app.core.secrets import SecretMissing, Secrets
from app.exchange.foreign import foreign_keys, learn
from app.exchange.keys import CHECKPOINT, endorsed
from app.exchange.merkle import EMPTY_ROOT
from app.exchange.node import Node
from app.exchange.signatures import PublicKey, document_purpose, kid_of
from app.sync.faults import SyncFault
from app.sync.line import Line
from app.sync.models import Peer
from app.wire.canonical import canonical
from app.wire.codes import Role

DESCRIPTION = "/.well-known/istmo.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}")
_NODE = re.compile(r"[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,63}")
_CONFERENCE = re.compile(r"[A-Z][A-Z0-9-]{0,15}")
_MOST_KEYS = 1_000


@dataclass(frozen=True)
class Described:
    """What a node says of itself in public: its name and epoch, the conferences that it authors, its keys."""

    node: str
    epoch: str
    conferences: tuple[str, ...]
    keys: tuple[PublicKey, ...]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the keys in force, in hexadecimal: what two operators compare by telephone."""
        inside = sorted([known.purpose, known.kid, known.public.hex()] for known in self.keys if known.valid_to is None)
        return hashlib.sha256(canonical(inside)).hexdigest()


def described(line: Line) -> Described:
    """What the node at the other end says of itself; raises `SyncFault` (`sync-no-node`) for what is no Istmo node."""
    return read_description(line.get(DESCRIPTION))


def read_description(told: Mapping[str, Any]) -> Described:
    """A node's public description, judged; raises `SyncFault` (`sync-no-node`)."""
    try:
        documents = [_key(each, document_purpose(_text(each["conference"], _CONFERENCE))) for each in _rows(told["document_keys"])]
        keys = [*documents, *(_key(each, CHECKPOINT) for each in _rows(told["checkpoint_keys"]))]
        conferences = tuple(_text(each, _CONFERENCE) for each in _rows(told["conferences"]))
        return Described(_text(told["node"], _NODE), str(told["epoch"])[:36], conferences, tuple(keys))
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise SyncFault("sync-no-node") from None


def _rows(value: object) -> Sequence[Any]:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_KEYS:
        raise ValueError
    return value


def _text(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise ValueError
    return value


def _key(told: Mapping[str, Any], purpose: str) -> PublicKey:
    public = base64.urlsafe_b64decode(f"{told['key']}==")
    if told["kid"] != kid_of(public):
        raise ValueError
    until = datetime.fromisoformat(told["to"]) if told["to"] else None
    endorsement = told.get("endorsement")
    text = canonical(endorsement).decode() if isinstance(endorsement, dict) else None
    return PublicKey(str(told["kid"]), purpose, public, datetime.fromisoformat(told["from"]), until, text)


def add(node: Node, name: str, url: str, key: str, fingerprint: str | None = None) -> Described:
    """Know a peer from now on, by the keys that it shows; its API key is kept among the secrets, outside the database.

    Never asks: the caller prints the fingerprint, or gives the one that it must be. Raises `SyncFault`: `peer-name`,
    `peer-known`, `peer-itself`, `peer-conference` (one that this node or another peer authors), `peer-fingerprint`, `peer-role`.
    """
    if _NAME.fullmatch(name) is None:
        raise SyncFault("peer-name")
    with Line(node.settings, url, key) as line:
        told = described(line)
        _require_fingerprint(told, fingerprint)
        me = line.get("/v1/me")
    if me.get("role") != Role.PEER.value:
        raise SyncFault("peer-role", role=Role.PEER.value)
    with node.db.write() as session:
        _add(session, node, name, url, told)
        _keep_key(node, name, key)
    return told


def add_carried(node: Node, name: str, description: bytes, fingerprint: str | None = None) -> Described:
    """Know a peer that cannot be dialled, by its public description as it was carried here: it sends, or files are carried.

    Raises `SyncFault`: `sync-no-node` and what `add` raises.
    """
    if _NAME.fullmatch(name) is None:
        raise SyncFault("peer-name")
    told = read_description(_object(description))
    _require_fingerprint(told, fingerprint)
    with node.db.write() as session:
        _add(session, node, name, None, told)
    return told


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except ValueError:
        raise SyncFault("sync-no-node") from None
    if not isinstance(value, dict):
        raise SyncFault("sync-no-node")
    return value


def _add(session: Session, node: Node, name: str, url: str | None, told: Described) -> None:
    _require_new(session, node, name, told)
    insert_new(session, Peer, _row(name, url, told))
    learn(session, told.node, told.keys)
    record(session, Attempt("add_peer"), "done")


def _require_fingerprint(told: Described, wanted: str | None) -> None:
    if wanted is not None and re.sub(r"[\s:]", "", wanted).lower() != told.fingerprint:
        raise SyncFault("peer-fingerprint", found=told.fingerprint)


def _require_new(session: Session, node: Node, name: str, told: Described) -> None:
    if told.node == node.settings.node_name:
        raise SyncFault("peer-itself", node=told.node)
    peers = list(session.scalars(select(Peer)))
    if any(peer.name == name or peer.node == told.node for peer in peers):
        raise SyncFault("peer-known", name=name)
    taken = {*node.settings.authored, *(code for peer in peers for code in peer.authored)} & set(told.conferences)
    if taken:
        raise SyncFault("peer-conference", conference=", ".join(sorted(taken)))


def _row(name: str, url: str | None, told: Described) -> dict[str, object]:
    started: dict[str, object] = {"cursor": None, "etag": None, "size": 0, "root": EMPTY_ROOT.hex(), "checkpoint": None, "sent": None}
    states: dict[str, object] = {
        "applied": 0,
        "added_at": utc_now(),
        "contact_at": None,
        "tried_at": None,
        "failure": None,
        "failures": 0,
        "wait_until": None,
    }
    named = {"name": name, "url": url, "node": told.node, "conferences": ",".join(told.conferences), "epoch": told.epoch}
    return {**named, **started, **states}


def _file(name: str) -> str:
    return f"peer-{name}.key"


def _keep_key(node: Node, name: str, key: str) -> None:
    node.secrets.forget(_file(name))
    node.secrets.write(_file(name), key.encode())


def key_of(node: Node, name: str) -> str:
    """The API key with which this node speaks to a peer; raises `SyncFault` (`peer-key-missing`)."""
    return key_in(node.secrets, name)


def key_in(secrets: Secrets, name: str) -> str:
    """The same of a node that is not open yet."""
    try:
        return secrets.read(_file(name)).decode().strip()
    except (SecretMissing, UnicodeDecodeError):
        raise SyncFault("peer-key-missing", name=name) from None


def peer_of(session: Session, name: str) -> Peer:
    """One peer by its name here; raises `SyncFault` (`peer-unknown`)."""
    found = session.get(Peer, name)
    if found is None:
        raise SyncFault("peer-unknown", name=name)
    return found


def peer_for(session: Session, conference: str) -> Peer:
    """The peer that authors a conference's documents; raises `Problem` `peer-not-known` (403)."""
    for peer in session.scalars(select(Peer)):
        if conference in peer.authored:
            return peer
    raise Problem("peer-not-known", conference=conference)


def remove(node: Node, name: str) -> None:
    """Know a peer no longer: nothing more is taken from it; its documents and the keys that check them stay."""
    with node.db.write() as session:
        peer_of(session, name)
        session.execute(delete(Peer).where(Peer.name == name))
        record(session, Attempt("remove_peer"), "done")
    node.secrets.forget(_file(name))


def refresh_keys(session: Session, peer: str, told: Described) -> list[PublicKey]:
    """Take new keys of a peer that keys of it which are known endorse, and the ends of old ones; all that are known now.

    Raises what `believed` raises.
    """
    if fresh := believed(session, peer, told):
        learn(session, peer, fresh)
    return foreign_keys(session, peer)


def believed(session: Session, peer: str, told: Described) -> list[PublicKey]:
    """What a peer's description says of its keys that is not known yet and to be believed: new ones, and the ends of old ones.

    Raises `SyncFault` (`sync-other-node`) where another node answers. A key that nothing endorses is left out: whoever took over
    an address must not be believed for it.
    """
    if told.node != peer:
        raise SyncFault("sync-other-node", node=told.node)
    known = {each.kid: each for each in foreign_keys(session, peer)}
    elsewhere = {each.kid for each in foreign_keys(session)} - set(known)
    taken: list[PublicKey] = []
    for each in sorted(told.keys, key=lambda key: key.valid_from):
        before = known.get(each.kid)
        if before is None:
            is_taken = each.kid not in elsewhere and _is_endorsed(known, each)
        else:
            is_taken = before.purpose == each.purpose and before.valid_to is None and each.valid_to is not None
        if is_taken:
            known[each.kid] = each
            taken.append(each)
    return taken


def _is_endorsed(known: Mapping[str, PublicKey], key: PublicKey) -> bool:
    return endorsed({each.kid: each.public for each in known.values() if each.purpose == key.purpose}, key)
