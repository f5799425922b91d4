"""From a protected table to the published document: envelope and content at one level (contract: Envelope, Flow bulletin)."""

from collections.abc import Sequence
from datetime import date, datetime

from app.bulletins.declare import Declaration
from app.core.clock import rfc3339
from app.disclosure.table import ProtectedTable, Row
from app.wire.codes import Status

ENVELOPE = ("origin", "issuer", "tlp", "audience", "handling", "mandate", "lang")
_VERSIONED = frozenset({"id", "version", "created_at", "published_at", "reason", "issuer", "salt", "digest", "signature"})


def content_of(declaration: Declaration, table: ProtectedTable, audience: Sequence[str]) -> dict[str, object]:
    """Everything of a version that its sender decides or that follows from it: what two versions are compared by."""
    draft = declaration.draft
    texts = {"title": draft.title, "narrative": draft.narrative, "source": draft.source}
    content: dict[str, object] = {
        "kind": "bulletin",
        "status": Status.PUBLISHED.value,
        "origin": declaration.conference,
        "tlp": draft.tlp.value,
        "audience": list(audience),
        "handling": draft.handling,
        "mandate": draft.mandate,
        "lang": list(draft.lang),
        "reporting_state": declaration.reporting_state,
        "publisher": declaration.publisher,
        "measure": draft.measure,
        "unit": draft.unit.value,
        "stock_or_flow": declaration.stock_or_flow,
        "accumulation": draft.accumulation,
        "definition_code": draft.definition_code,
        "period": declaration.period.code,
        "period_start": declaration.period.first.isoformat(),
        "period_end": declaration.period.last.isoformat(),
        "dimensions": list(table.dimensions),
        "cells": [cell_of(table.dimensions, row) for row in table.rows],
        "nil_report": draft.nil_report,
        "figure_status": draft.figure_status.value,
        "classification": draft.classification,
        "route_points": [point.model_dump() for point in draft.route_points],
        "disclosure": disclosure_of(table),
    }
    return content | {name: value.model_dump(exclude_none=True, mode="json") for name, value in texts.items() if value}


def cell_of(dimensions: Sequence[str], row: Row) -> dict[str, object]:
    """One published cell; everything withheld has one outward form, whatever the reason inside (guarantees 1, rule 5)."""
    cell: dict[str, object] = dict(zip(dimensions, row.key, strict=True))
    cell["value"] = row.value
    if row.value is None:
        cell["value_status"] = "withheld" if row.status == "masked" else row.status
    return cell


def disclosure_of(table: ProtectedTable) -> dict[str, object]:
    """How the table was protected: a function of published rows only (contract: disclosure)."""
    figures = {"policy": table.policy, "k": table.k, "method": table.method, "certificate": None}
    return figures | {"declared": table.declared, "shown": table.shown, "withheld": table.withheld}


def stamped(
    content: dict[str, object], *, document_id: str, version: int, issuer: str, created_at: datetime, now: datetime
) -> dict[str, object]:
    """A version ready for the log: content with its identity and instants."""
    identity = {"id": document_id, "version": version, "issuer": issuer}
    return content | identity | {"created_at": rfc3339(created_at), "published_at": rfc3339(now)}


def withdrawal_of(document: dict[str, object], *, version: int, issuer: str, reason: str, now: datetime) -> dict[str, object]:
    """The version that takes a bulletin back: its envelope, a reason, no body."""
    kept = {name: document[name] for name in ("id", "kind", "created_at", *ENVELOPE)}
    taken_back = {"version": version, "status": Status.WITHDRAWN.value, "reason": reason, "issuer": issuer, "cells": None}
    return kept | taken_back | {"published_at": rfc3339(now)}


def same_content(document: dict[str, object], content: dict[str, object]) -> bool:
    """Whether a published version already says what a new one would: protected form and all else but identity and instants."""
    return {name: value for name, value in document.items() if name not in _VERSIONED} == content


def period_key(first: date, last: date) -> str:
    """The period as keyed choices know it: one for every code that names the same days."""
    return f"{first}/{last}"


def population_shown_pct(table: ProtectedTable) -> int:
    """Share of the counted persons or events that stand under a code of their own, in whole percent; told to the sender, never stored."""
    leaves = [(row.key, row.value) for row in table.rows if not row.is_total and row.value]
    total = sum(value for _, value in leaves)
    if total == 0 or table.method != "pool":
        return 100
    return 100 * sum(value for key, value in leaves if not key[0].startswith("_O")) // total
