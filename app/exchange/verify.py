"""Verifying the log: every entry that is not what was recorded is named, from the tables and public keys alone (guarantees 3)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import orjson
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.access.audit import restored
from app.core.faults import told
from app.exchange import merkle
from app.exchange.foreign import foreign_keys
from app.exchange.keys import CHECKPOINT, public_keys
from app.exchange.log import CHUNK, Entry, entries, leaf_of
from app.exchange.models import LogHead
from app.exchange.signatures import PublicKey, document_purpose, verify_signature
from app.wire.canonical import CHECKPOINT_CONTEXT, DOCUMENT_CONTEXT, canonical, digest_of
from app.wire.codes import Op


@dataclass(frozen=True)
class Fault:
    """What is wrong, by its code in `faults.toml`, and the number of the entry; none where it is the log's head."""

    number: int | None
    code: str
    figures: Mapping[str, object] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """The fault in plain English."""
        return told(self.code, self.figures)


@dataclass(frozen=True)
class _Keys:
    """Public halves by id: of this node, those also of the nodes from which it received documents; what its own are for; what came back at a restore."""

    own: Mapping[str, PublicKey]
    all: Mapping[str, PublicKey]
    purposes: frozenset[str]
    returned: Collection[tuple[str, int]]


@dataclass
class _Walk:
    """Where the walk stands: the last number, the tree so far and of each document its last version, its last text and its erasure.

    `untold` are the entries, by document, whose text went and of whose erasure no entry has told yet.
    """

    size: int
    number: int = 0
    frontier: merkle.Frontier = ()
    certain: bool = True
    versions: dict[str, int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    untold: dict[str, list[int]] = field(default_factory=dict)

    def grow(self, leaf: bytes) -> merkle.Frontier:
        """The tree with one more leaf at the place of the present number."""
        return merkle.grown(self.frontier, self.number - 1, leaf)


def faults(session: Session) -> Iterator[Fault]:
    """Walk the whole log once and name each fault; an intact log yields none.

    Memory: two numbers a document. An erased entry is checked for its leaf and root, and for an entry that tells of its erasure.
    Documents received from another node are checked by the keys that are known of it.
    """
    head = session.get(LogHead, 1, populate_existing=True)
    if head is None:
        yield Fault(None, "log-head-missing")
        return
    keys = _known_keys(session)
    walk = _Walk(head.size)
    for entry in _readable(session, walk):
        if entry.number > walk.size:
            yield Fault(entry.number, "log-beyond-head")
            continue
        yield from _missing(walk, entry.number - 1)
        walk.number = entry.number
        yield from _entry_faults(entry, keys.all)
        yield from _version_fault(walk, entry, keys)
        yield from _erasure_fault(walk, entry)
        yield from _tree_faults(walk, entry)
    yield from _missing(walk, walk.size)
    yield from (Fault(number, "log-erasure-untold") for numbers in walk.untold.values() for number in numbers)
    yield from _head_faults(head, walk, keys.own)


def _known_keys(session: Session) -> _Keys:
    own = {known.kid: known for known in public_keys(session)}
    foreign = {known.kid: known for known in foreign_keys(session)}
    return _Keys(own, {**foreign, **own}, frozenset(known.purpose for known in own.values()), restored(session))


def _readable(session: Session, walk: _Walk) -> Iterator[Entry]:
    """Entries that can be read at all; one that SQLite cannot decode is passed over and so found missing."""
    after, chunk = 0, CHUNK
    while after < walk.size:
        try:
            for entry in entries(session, after, chunk):
                after = entry.number
                yield entry
        except OperationalError as error:
            if "decode" not in str(error.orig):
                raise
            # Once more one by one: only so is it known which entry cannot be read.
            after, chunk = (after + 1, CHUNK) if chunk == 1 else (after, 1)
        else:
            return


def _missing(walk: _Walk, upto: int) -> Iterator[Fault]:
    while walk.number < upto:
        walk.number += 1
        walk.certain = False
        walk.frontier = walk.grow(_UNKNOWN_LEAF)
        yield Fault(walk.number, "log-entry-missing")


def _entry_faults(entry: Entry, keys: Mapping[str, PublicKey]) -> Iterator[Fault]:
    if entry.text is None and entry.digest is None:
        return
    document = _parsed(entry.text)
    if document is None:
        yield Fault(entry.number, "log-document-form")
        return
    for name in ("kind", "id", "version", "origin", "digest"):
        if document.get(name) != getattr(entry, name):
            yield Fault(entry.number, "log-column", {"name": name})
    if digest_of(document) != document.get("digest"):
        yield Fault(entry.number, "log-digest")
    yield from _signature_fault(entry, document.get("signature"), keys)


def _parsed(text: str | None) -> dict[str, object] | None:
    try:
        value = orjson.loads(text or "")
        is_canonical = text is not None and canonical(value) == text.encode()
    except ValueError:
        return None
    return value if is_canonical and isinstance(value, dict) else None


def _signature_fault(entry: Entry, signature: object, keys: Mapping[str, PublicKey]) -> Iterator[Fault]:
    known = keys.get(str(signature.get("kid"))) if isinstance(signature, dict) else None
    if known is None:
        yield Fault(entry.number, "log-signature-key")
    elif known.purpose != document_purpose(entry.origin):
        yield Fault(entry.number, "log-signature-origin")
    elif not verify_signature(known.public, signature, DOCUMENT_CONTEXT, str(entry.digest).encode()):
        yield Fault(entry.number, "log-signature")


def _version_fault(walk: _Walk, entry: Entry, keys: _Keys) -> Iterator[Fault]:
    expected = walk.versions.get(entry.id, 0) + 1
    # Of another's documents some versions were never shown to this node, and an older one may come late; so may own ones at a restore.
    is_own = document_purpose(entry.origin) in keys.purposes and (entry.id, entry.version) not in keys.returned
    if entry.version != expected and is_own:
        yield Fault(entry.number, "log-version", {"expected": expected})
    walk.versions[entry.id] = entry.version


def _erasure_fault(walk: _Walk, entry: Entry) -> Iterator[Fault]:
    if entry.id in walk.erased:
        yield Fault(entry.number, "log-after-erasure")
    if entry.op == Op.ERASE.value:
        walk.erased.add(entry.id)
        walk.untold.pop(entry.id, None)
        if entry.id in walk.texts:
            yield Fault(entry.number, "log-erased-body", {"entry": walk.texts[entry.id]})
    elif entry.text is not None:
        walk.texts[entry.id] = entry.number
    elif entry.digest is None and entry.op != Op.HIDE.value:
        walk.untold.setdefault(entry.id, []).append(entry.number)


def _tree_faults(walk: _Walk, entry: Entry) -> Iterator[Fault]:
    computed, stored = _computed_leaf(entry), entry.leaf if len(entry.leaf) == merkle.HASH_LENGTH else None
    if stored is None or (computed is not None and computed != stored):
        yield Fault(entry.number, "log-leaf")
    if _grow(walk, [leaf for leaf in (computed, stored) if leaf is not None] or [_UNKNOWN_LEAF], entry.root):
        walk.certain = True
    elif walk.certain:
        yield Fault(entry.number, "log-root")
        # After a doubtful leaf no later root can be judged until one fits again: one fault, not one for each entry that follows.
        walk.certain = computed == stored


def _grow(walk: _Walk, leaves: list[bytes], root: bytes) -> bool:
    """Grow the tree by the leaf that fits the recorded root: where two differ one was changed, and the root tells which was meant."""
    grown = [walk.grow(leaf) for leaf in leaves]
    fitting = [frontier for frontier in grown if merkle.root_of(frontier) == root]
    walk.frontier = (fitting or grown)[0]
    return bool(fitting)


def _computed_leaf(entry: Entry) -> bytes | None:
    # Of an entry that lost its digest only the leaf still knows it; what tells of an erasure or hides a document never had one.
    return None if entry.digest is None and entry.op not in _WITHOUT_DIGEST else leaf_of(vars(entry))


def _head_faults(head: LogHead, walk: _Walk, keys: Mapping[str, PublicKey]) -> Iterator[Fault]:
    if walk.certain and head.frontier != merkle.to_text(walk.frontier):
        yield Fault(None, "log-frontier")
    stated = _parsed(head.checkpoint)
    if stated is None:
        yield Fault(None, "log-checkpoint-form")
        return
    signature = stated.pop("signature", None)
    if (stated.get("node"), stated.get("epoch"), stated.get("size")) != (head.node, head.epoch, head.size):
        yield Fault(None, "log-checkpoint-head")
    if walk.certain and stated.get("root") != merkle.root_of(walk.frontier).hex():
        yield Fault(None, "log-checkpoint-root")
    if not _is_signed(stated, signature, keys):
        yield Fault(None, "log-checkpoint-signature")


def _is_signed(stated: dict[str, object], signature: object, keys: Mapping[str, PublicKey]) -> bool:
    known = keys.get(str(signature.get("kid"))) if isinstance(signature, dict) else None
    if known is None or known.purpose != CHECKPOINT:
        return False
    return verify_signature(known.public, signature, CHECKPOINT_CONTEXT, canonical(stated))


_WITHOUT_DIGEST = frozenset({Op.ERASE.value, Op.HIDE.value})
_UNKNOWN_LEAF = bytes(merkle.HASH_LENGTH)
