"""Certificates of bulletins: kept beside each version, read by whoever may see all that they name (guarantees 1)."""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.visibility import visible_to
from app.bulletins.models import Bulletin, Certificate
from app.core.db import insert_new
from app.core.problems import Problem
from app.documents import reading
from app.documents.reading import Found
from app.exchange.log import documents

Pair = tuple[str, int]
"""Id and version of a document."""


def keep_certificate(session: Session, document_id: str, version: int, text: str) -> None:
    """Keep the certificate of a version in the transaction of the version itself; an empty text is none."""
    if text:
        insert_new(session, Certificate, {"document_id": document_id, "version": version, "text": text})


def certificate_text(session: Session, pair: Pair) -> str | None:
    """The canonical text of a version's certificate; None where it has none."""
    return session.scalar(select(Certificate.text).where(Certificate.document_id == pair[0], Certificate.version == pair[1]))


def named_in(text: str) -> tuple[Pair, ...]:
    """The other versions that a certificate names, each once, in its order."""
    found: dict[Pair, None] = {}
    certificate: dict[str, Any] = orjson.loads(text)
    for system in certificate.get("systems", ()):
        for name in system["tables"]:
            document_id, _, version = str(name).partition("@v")
            if version:
                found[document_id, int(version)] = None
    return tuple(found)


def readable(session: Session, caller: Caller, document_id: str, number: int | None) -> tuple[Found, str]:
    """A version, the newest where no number is given, and its certificate.

    Its witnesses obey the rows of every version that it names, and so tell them: who may not read one of these, because it is
    hidden, withdrawn or erased, reads no certificate either.  Raises `not-found`, the same for all of it.
    """
    if number is None:
        found = reading.one(session, caller, Bulletin, document_id)
    else:
        found = reading.version(session, caller, Bulletin, document_id, number)
    text = certificate_text(session, (found.document_id, found.version))
    if text is None or not _all_served(session, caller, {(found.document_id, found.version), *named_in(text)}):
        raise Problem("not-found")
    return found, text


def served_among(session: Session, caller: Caller, pairs: Iterable[Pair]) -> list[tuple[str, int, str]]:
    """Id, version and certificate of those bulletins of which the caller may read it, by the rule of `readable`, in their order."""
    found: list[tuple[str, int, str]] = []
    for pair in pairs:
        text = certificate_text(session, pair)
        if text is not None and _all_served(session, caller, {pair, *named_in(text)}):
            found.append((*pair, text))
    return found


def visible_among(session: Session, caller: Caller, pairs: Iterable[Pair]) -> list[Pair]:
    """Those versions that a caller may see, withdrawn ones too, in their order."""
    asked = list(dict.fromkeys(pairs))
    if not asked:
        return []
    own = visible_to(caller).subquery()
    rows = session.execute(select(own.c.document_id, own.c.version).where(tuple_(own.c.document_id, own.c.version).in_(asked)))
    seen = {(row.document_id, row.version) for row in rows}
    return [pair for pair in asked if pair in seen]


def _all_served(session: Session, caller: Caller, pairs: set[Pair]) -> bool:
    if len(visible_among(session, caller, pairs)) < len(pairs):
        return False
    stored = documents(session, sorted(pairs))
    return all(pair in stored and stored[pair].text is not None and not stored[pair].withdrawn for pair in pairs)
