"""Alerts and answers that may not be published yet, handed over whole: their content, who wrote them, what they were judged against."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.access.callers import Caller
from app.alerts.rights import Standing
from app.core.clock import rfc3339, utc_now
from app.documents.texts import Covered
from app.documents.waiting import Wait
from app.exchange.waiting import Waiting
from app.wire.codes import Role
from app.wire.problem import Finding

Json = dict[str, Any]


@dataclass(frozen=True)
class First:
    """The first version of a document, under the id that it will have."""

    document_id: str
    content: Json = field(repr=False)


@dataclass(frozen=True)
class Sent:
    """Who wrote what waits, in which form, what it waits for, what another person confirms first, and what was confirmed before."""

    form: str
    caller: Caller
    office: str
    wait: Wait
    to_confirm: Sequence[Finding] = field(default=(), repr=False)
    covered: Covered = ()


def first_waiting(sent: Sent, kind: str, first: Sequence[First], more: Mapping[str, Any] | None = None) -> Waiting:
    """New documents that wait together; `more` is what else their release needs."""
    items = [{"document_id": each.document_id, "content": each.content} for each in first]
    documents = [_shown(each.document_id, 1, sent.office, each.content) for each in first]
    origin = str(first[0].content["origin"])
    return _waiting(sent, kind, origin, sent.office, documents, {"items": items, **(more or {})})


def next_waiting(sent: Sent, kind: str, seen: Standing, content: Json, more: Mapping[str, Any] | None = None) -> Waiting:
    """A new version of a document that waits, against the one that was seen; the office whose document it is stays."""
    documents = [_shown(seen.document_id, seen.version + 1, seen.issuer, content)]
    payload = {"seen": asdict(seen), "content": content, **(more or {})}
    return replace(_waiting(sent, kind, seen.origin, seen.issuer, documents, payload), revises=[seen.document_id])


def _shown(document_id: str, version: int, issuer: str, content: Json) -> Json:
    return content | {"id": document_id, "version": version, "issuer": issuer}


def _waiting(sent: Sent, kind: str, origin: str, issuer: str, documents: Sequence[Json], payload: Mapping[str, Any]) -> Waiting:
    caller = sent.caller
    writer = {"role": caller.role.value, "conference": caller.conference, "state": caller.state, "ceiling": caller.ceiling}
    head = {"form": sent.form, "office": sent.office, "writer": writer, "created_at": rfc3339(utc_now())}
    return Waiting(
        kind=kind,
        origin=origin,
        issuer=issuer,
        documents=documents,
        payload={**head, **payload},
        findings=sent.to_confirm,
        ends_with=[_id_of(payload[name]) for name in ("alert", "proposal") if name in payload],
        covered=sent.covered,
        due=sent.wait.due,
        needs_review=sent.wait.needs_review,
    )


def _id_of(named: Mapping[str, Any]) -> str:
    return str(named.get("document_id") or named["id"])


def writer_of(payload: Mapping[str, Any]) -> Caller:
    """Whoever wrote what waits, with the rights that it had then: nobody's client, for it is only judged by them."""
    writer = payload["writer"]
    return Caller("", Role(writer["role"]), writer["conference"], writer["state"], writer["ceiling"], None)
