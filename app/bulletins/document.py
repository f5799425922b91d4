"""From a protected table to the published document: envelope and content at one level (contract: Envelope, Flow bulletin)."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import date

import orjson

from app.bulletins.declare import Declaration
from app.disclosure.share import share_shown
from app.disclosure.table import ProtectedTable, Row, Table
from app.documents.versions import said
from app.wire.canonical import canonical
from app.wire.codes import Status


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


def salted(certificate: str) -> str:
    """A certificate with 128 random bits in it: who may not read it cannot guess from its digest what it says."""
    return canonical({**orjson.loads(certificate), "salt": secrets.token_hex(16)}).decode()


def with_certificate(content: dict[str, object], certificate: str) -> dict[str, object]:
    """The content of a version with the digest of its certificate."""
    disclosure = content["disclosure"]
    return content | {
        "disclosure": {**(disclosure if isinstance(disclosure, dict) else {}), "certificate": digest_of_certificate(certificate)}
    }


def digest_of_certificate(text: str) -> str | None:
    """What a document says of its certificate: the SHA-256 of its canonical text in hexadecimal; nothing where there is none."""
    return hashlib.sha256(text.encode()).hexdigest() if text else None


def same_content(document: dict[str, object], content: dict[str, object]) -> bool:
    """Whether a published version already says what a new one would: protected form and all else but identity and instants.

    Its certificate may be another one: it names what was released in the meantime.
    """
    return _said(document) == _said(content)


def _said(document: Mapping[str, object]) -> dict[str, object]:
    disclosure = document.get("disclosure", {})
    return said(document) | {"disclosure": dict(disclosure, certificate=None) if isinstance(disclosure, Mapping) else None}


def period_key(first: date, last: date) -> str:
    """The period as keyed choices know it: one for every code that names the same days."""
    return f"{first}/{last}"


def population_shown_pct(declared: Table, table: ProtectedTable) -> int:
    """Share of the counted persons or events in published cells of their own, in whole percent; told to the sender, never stored."""
    counts = {key: leaf.value for key, leaf in declared.leaves.items() if leaf.value is not None}
    return share_shown(table.rows, counts, table.method)
