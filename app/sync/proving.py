"""Checking the certificates in a carried folder by the program that outsiders use (guarantees 1)."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.disclosure import check_certificate
from app.sync import carried
from app.sync.carried import Flaw, Flawed, Folder
from app.wire.canonical import canonical

Name = tuple[str, int]
_MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError)
_PAGES_AT_HAND = 4
_FORM, _STRANGE = "carried-form", "carried-certificate-strange"
_DIFFERS, _WRONG = "carried-certificate-differs", "carried-certificate-wrong"


@dataclass
class _Documents:
    """The documents of a folder by id and version: where each lies, and the pages that were read last."""

    folder: Folder
    pages: dict[Name, str] = field(default_factory=dict)
    at_hand: dict[str, dict[Name, Mapping[str, Any]]] = field(default_factory=dict)

    def index(self) -> None:
        for name in self.folder.pages:
            self.pages |= dict.fromkeys(_documents(self.folder, name), name)

    def get(self, wanted: Name) -> Mapping[str, Any] | None:
        name = self.pages.get(wanted)
        if name is None:
            return None
        if name not in self.at_hand:
            if len(self.at_hand) == _PAGES_AT_HAND:
                self.at_hand.pop(next(iter(self.at_hand)))
            self.at_hand[name] = _documents(self.folder, name)
        return self.at_hand[name][wanted]


def _documents(folder: Folder, name: str) -> dict[Name, Mapping[str, Any]]:
    found = [item["document"] for item in folder.items(name) if isinstance(item, dict) and isinstance(item.get("document"), dict)]
    return {(str(each.get("id")), int(each["version"])): each for each in found if isinstance(each.get("version"), int)}


def certificate_flaws(folder: Folder) -> Iterator[Flaw]:
    """Each certificate that is not the one of its bulletin, or proves nothing; one that names what is not in the folder is compared alone.

    Memory: one name a document, and the few pages that were read last.
    """
    documents = _Documents(folder)
    try:
        documents.index()
        for place, line in folder.lines(carried.CERTIFICATES):
            code, figures = _fault(documents, line)
            if code:
                yield Flaw(carried.CERTIFICATES, place, code, figures)
    except Flawed as flawed:
        yield from flawed.flaws


def _fault(documents: _Documents, line: Mapping[str, Any]) -> tuple[str, Mapping[str, object]]:
    if set(line) != {"id", "version", "certificate"} or not isinstance(line["version"], int) or not isinstance(line["id"], str):
        return _FORM, {}
    document, certificate = documents.get((line["id"], line["version"])), line["certificate"]
    if document is None:
        return _STRANGE, {}
    stated = document.get("disclosure")
    if not isinstance(stated, dict) or hashlib.sha256(canonical(certificate)).hexdigest() != stated.get("certificate"):
        return _DIFFERS, {}
    found = _unproved(documents, document, certificate)
    return (_WRONG, {"faults": found}) if found else ("", {})


def _unproved(documents: _Documents, document: Mapping[str, Any], certificate: Mapping[str, Any]) -> list[str]:
    try:
        named = {name: documents.get(_parsed(name)) for name in _named_in(certificate)}
        if None in named.values():
            return []
        return check_certificate.faults(
            {"this": dict(document), **{name: dict(each or {}) for name, each in named.items()}}, dict(certificate)
        )
    except _MALFORMED as error:
        return [type(error).__name__]


def _named_in(certificate: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for system in certificate["systems"] for name in system["tables"] if name != "this"))


def _parsed(name: str) -> Name:
    document_id, _, version = name.partition("@v")
    return document_id, int(version)
