"""Judging what a peer brings, before anything is written: whose it is, that it is what was signed, that it can be stored (guarantees 3)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel

from app.documents.foreign_texts import Reader
from app.exchange.signatures import PublicKey, document_purpose, verify_signature
from app.screening.screen import Vocabulary
from app.wire.canonical import DOCUMENT_CONTEXT, canonical, digest_of, digest_of_plain, plain
from app.wire.changes import Withdrawal
from app.wire.codes import Op, Status
from app.wire.ids import UUID7
from app.wire.text import refused_character

_ID = re.compile(UUID7)
_KIND = re.compile(r"[a-z][a-z0-9_]{0,15}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PARTY = re.compile(r"[A-Z][A-Z0-9-]{0,15}(/[A-Za-z0-9-]{1,24})?")
_LARGEST = 2**31 - 1
_MOST_PARTIES = 100
_LARGEST_DOCUMENT = 16 * 1024 * 1024
_DIFFERS, _FORM, _GATE = "sync-item-differs", "sync-document-form", "sync-text-gate"
_WRONG_DIGEST, _KEY, _SIGNATURE = "sync-digest", "sync-key-unknown", "sync-signature"
_OPS = {Op.PUBLISH.value, Op.REVISE.value, Op.WITHDRAW.value}


class Item(NamedTuple):
    """One change of a peer's feed that may be applied: what it names, and the document that its signature covers.

    Without a document it is a hide, an erasure, or a version whose body is served no more.
    """

    kind: str
    id: str
    version: int
    op: str
    origin: str | None
    digest: str | None = None
    document: dict[str, Any] | None = None
    text: str | None = None
    is_plain: bool = False
    """Whether one glance showed that nothing odd is in the document."""
    is_formed: bool = False
    """Whether the document was seen to have the form of its kind; where it was not, that is to be looked at still."""


@dataclass(frozen=True)
class Doubtful:
    """One change that is not applied: by which rule, and what it said it was, as far as that can be stored.

    `instead` is what is applied in its place.
    """

    code: str
    kind: str
    id: str
    version: int
    digest: str
    text: str | None = None
    instead: Item | None = None


@dataclass(frozen=True)
class Rules:
    """What a peer may bring: documents of its conferences, signed by the keys that are known of it; `own` are those of this node.

    Texts are read by a vocabulary; without one they are not: what this node published itself was read when it did.
    """

    conferences: Sequence[str]
    keys: Mapping[str, PublicKey]
    own: Sequence[str] = ()
    vocabulary: Vocabulary | None = None
    models: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    """The form of each kind, where it is to be looked at already when a change is judged."""


def judged(raw: object, rules: Rules) -> Item | Doubtful:
    """One change as it may be applied, or why it may not be.

    Codes: `sync-item-form`, `sync-foreign-origin`, `sync-unsigned`, `sync-item-differs`, `sync-digest`, `sync-key-unknown`, `sync-signature`,
    `sync-document-form`, `sync-text-gate`, `sync-personal-data`; what is not applied is kept without its text where that identifies a person.
    """
    return judged_all([raw], rules)[0]


def judged_all(raws: Sequence[object], rules: Rules) -> list[Item | Doubtful]:
    """The changes of a page, each as `judged` would: all of them step by step, which takes a third less than one by one."""
    named = [_named(raw) for raw in raws]
    faults = [_fault(each, rules) if each else None for each in named]
    reader = Reader(rules.vocabulary) if rules.vocabulary else None
    return [_outcome(raw, each, fault, rules, reader) for raw, each, fault in zip(raws, named, faults, strict=True)]


def _fault(named: Item, rules: Rules) -> str | None:
    if named.op in {Op.HIDE.value, Op.ERASE.value}:
        return None
    if named.origin not in rules.conferences:
        return None if named.origin in rules.own else "sync-foreign-origin"
    if named.document is None:
        return "sync-unsigned" if named.op == Op.WITHDRAW.value else None
    return _form_fault(named, named.document) or _seal_fault(named, named.document, rules)


def _outcome(raw: object, named: Item | None, fault: str | None, rules: Rules, reader: Reader | None) -> Item | Doubtful:
    if named is None:
        return Doubtful("sync-item-form", *_as_told(raw))
    if fault:
        return _doubt(fault, named, reader)
    if named.origin not in rules.conferences:
        # What comes back here is compared with what this node published itself: no signature says more.
        return named._replace(document=None)
    if _identifies(named, reader):
        return _unnamed(named)
    model = rules.models.get(named.kind)
    is_seen = model is not None and named.document is not None and is_formed(named.document, model)
    return named._replace(is_formed=True) if is_seen else named


def is_formed(document: Mapping[str, Any], model: type[BaseModel]) -> bool:
    """Whether a document has the form of its kind, or of the version that takes one back; fields beside those are no matter."""
    try:
        (Withdrawal if document.get("status") == Status.WITHDRAWN.value else model).model_validate(document, extra="ignore")
    except ValueError:
        return False
    return True


def _named(raw: object) -> Item | None:
    if not isinstance(raw, dict) or not _names_a_version(raw) or not isinstance(raw.get("kind", ""), str):
        return None
    kind, op = raw.get("kind", ""), raw.get("op")
    if op in {Op.HIDE.value, Op.ERASE.value}:
        return Item(kind, raw["id"], raw["version"], op, raw.get("origin"))
    if op not in _OPS or not _matches(_KIND, kind) or not _matches(_DIGEST, raw.get("digest")):
        return None
    return _with_document((kind, raw["id"], raw["version"], op, raw.get("origin"), raw["digest"]), document_of(raw, op))


def _with_document(named: tuple[str, str, int, str, str | None, str], document: object) -> Item | None:
    if document is None:
        return Item(*named)
    if not isinstance(document, dict):
        return None
    glance = plain(document)
    text = _text_of(document) if glance is None else glance
    whole = text is not None and len(text) <= _LARGEST_DOCUMENT
    return Item(*named, document, text, glance is not None) if whole else None


def document_of(raw: Mapping[str, Any], op: object) -> Any:  # noqa: ANN401 - what a peer sent
    """The document in an item of a feed, by what the item does."""
    # The version that takes a document back has no body to hide: a peer gets it whole, so that its signature can be checked.
    return raw.get("withdrawal") if op == Op.WITHDRAW.value else raw.get("document")


def _names_a_version(raw: Mapping[str, Any]) -> bool:
    version = raw.get("version")
    return _matches(_ID, raw.get("id")) and isinstance(version, int) and not isinstance(version, bool) and 1 <= version <= _LARGEST


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _text_of(document: dict[str, Any]) -> str | None:
    try:
        return canonical(document).decode()
    except (TypeError, ValueError, RecursionError):
        return None


def _form_fault(named: Item, document: Mapping[str, Any]) -> str | None:
    same = all(document.get(name) == getattr(named, name) for name in ("kind", "id", "version", "origin", "digest"))
    if not same or (document.get("status") == Status.WITHDRAWN.value) != (named.op == Op.WITHDRAW.value):
        return _DIFFERS
    if not _is_envelope(document):
        return _FORM
    return None if named.is_plain or _passes_gate(document) else _GATE


def _is_envelope(document: Mapping[str, Any]) -> bool:
    """Whether whose it is and who may see it can be read: of what else it says another release may know more."""
    audience, issuer = document.get("audience"), document.get("issuer")
    parties = audience if isinstance(audience, list) and len(audience) <= _MOST_PARTIES else [None]
    named = all(_matches(_PARTY, party) for party in [*parties, issuer])
    own = named and str(issuer).split("/")[0] == document["origin"]
    return own and isinstance(document.get("tlp"), str) and all(_is_moment(document.get(name)) for name in ("created_at", "published_at"))


def _is_moment(text: object) -> bool:
    try:
        return isinstance(text, str) and text.endswith("Z") and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _passes_gate(value: object) -> bool:
    waiting, texts = [value], list[str]()
    for each in waiting:
        if isinstance(each, str):
            texts.append(each)
        elif isinstance(each, dict):
            texts += each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif each is not None and not (isinstance(each, int) and -_LARGEST <= each <= _LARGEST):
            return False
    return refused_character("".join(texts)) is None


def _seal_fault(named: Item, document: dict[str, Any], rules: Rules) -> str | None:
    digest = digest_of_plain(document) if named.is_plain else digest_of(document)
    if digest != named.digest:
        return _WRONG_DIGEST
    signature = document.get("signature")
    kid = signature.get("kid") if isinstance(signature, dict) else None
    key = rules.keys.get(kid) if isinstance(kid, str) else None
    if key is None or key.purpose != document_purpose(str(named.origin)):
        return _KEY
    return None if verify_signature(key.public, signature, DOCUMENT_CONTEXT, str(named.digest).encode()) else _SIGNATURE


def _identifies(named: Item, reader: Reader | None) -> bool:
    return reader is not None and named.document is not None and reader.identifies(named.document)


def _unnamed(named: Item) -> Doubtful:
    """A version that identifies a person: nothing of it is kept; what it takes back is hidden here, for that waits for nobody."""
    hides = Item(named.kind, named.id, named.version, Op.HIDE.value, named.origin) if named.op == Op.WITHDRAW.value else None
    return Doubtful("sync-personal-data", named.kind, named.id, named.version, named.digest or "", instead=hides)


def _doubt(code: str, named: Item, reader: Reader | None) -> Doubtful:
    text = None if _identifies(named, reader) else named.text
    return Doubtful(code, named.kind, named.id, named.version, named.digest or "", text)


def _as_told(raw: object) -> tuple[str, str, int, str]:
    told = raw if isinstance(raw, dict) else {}
    kind = told["kind"] if _matches(_KIND, told.get("kind")) else ""
    version = told["version"] if _names_a_version({**told, "id": _ANY_ID}) else 0
    return (
        kind,
        told["id"] if _matches(_ID, told.get("id")) else "",
        version,
        told["digest"] if _matches(_DIGEST, told.get("digest")) else "",
    )


_ANY_ID = "01920000-0000-7000-8000-000000000000"
