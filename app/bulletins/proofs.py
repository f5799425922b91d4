"""Certificates checked by the program that outsiders use: part of verifying a node (guarantees 1)."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.access.audit import restored
from app.bulletins.certificates import certificate_text, named_in
from app.bulletins.document import digest_of_certificate
from app.bulletins.released import release_name
from app.disclosure import check_certificate
from app.exchange.keys import public_keys
from app.exchange.log import Entry, documents, entries
from app.exchange.signatures import document_purpose
from app.exchange.verify import Fault

_KIND = "bulletin"
_MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError)


def certificate_faults(session: Session) -> Iterator[Fault]:
    """Each certificate of the log that is lost, changed or proves nothing, by the number of its entry.

    Erased versions, and those of nodes before there were certificates, have none; those of another node's bulletins are there, and those of
    what came back from a peer at a restore were lost with the store.  One that names an erased version can be proven by
    nobody any more: it is held against its digest alone.
    """
    own, returned = {known.purpose for known in public_keys(session)}, restored(session)
    for entry in entries(session):
        is_ours = entry.kind == _KIND and document_purpose(entry.origin) in own and (entry.id, entry.version) not in returned
        document = orjson.loads(entry.text) if is_ours and entry.text is not None else {}
        if "disclosure" in document:
            yield from faults_of(session, entry, document)


def faults_of(session: Session, entry: Entry, document: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the certificate of one published version, against the digest that the version states."""
    text, stated = certificate_text(session, (entry.id, entry.version)), document["disclosure"].get("certificate")
    if text is None and stated is not None:
        yield Fault(entry.number, "certificate-missing")
    elif text is not None and digest_of_certificate(text) != stated:
        yield Fault(entry.number, "certificate-differs")
    elif text is not None and (found := _checked(session, document, text)):
        yield Fault(entry.number, "certificate-wrong", {"faults": found})


def _checked(session: Session, document: Mapping[str, Any], text: str) -> list[str]:
    try:
        pairs = named_in(text)
        stored = documents(session, pairs) if pairs else {}
        if any(each.text is None for each in stored.values()):
            return []
        named = {release_name(*pair): orjson.loads(each.text) for pair, each in stored.items() if each.text is not None}
        return check_certificate.faults({"this": dict(document), **named}, orjson.loads(text))
    except _MALFORMED as error:
        return [type(error).__name__]
