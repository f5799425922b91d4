"""Hand-made bulletins for the analyst query, their projection into a store, and the questions that tests ask of it."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.door import scheme
from app.bulletins.flows import answers
from app.bulletins.flows.query import FlowQuery
from app.bulletins.flows.question import question_of
from app.bulletins.flows.standing import NOWHERE, Standing
from app.bulletins.projection import project
from app.core.db import Database
from app.directory.dimensions import DIMENSIONS
from app.disclosure import Draw, Leaf, ProtectedTable, Table, margins, protect
from app.disclosure.program import Budget
from app.disclosure.release import Place
from app.wire.codes import TLP, Role
from app.wire.period import parse_period

ANALYST = Caller("a", Role.ANALYST, "RCM", None, TLP.GREEN.rank, None)
SECRETARIAT = Caller("s", Role.SECRETARIAT, "RCM", None, TLP.RED.rank, None)
PARTNER = Caller("p", Role.PARTNER, "RCM", "PAN", TLP.RED.rank, None)
_NUMBERS = itertools.count(1)


def document_id() -> str:
    """Ids in the order in which they are asked for."""
    return f"0190a000-0000-7000-8000-{next(_NUMBERS):012x}"


def cells_of(dimensions: Iterable[str], counts: Mapping[object, int | None]) -> list[dict[str, object]]:
    """The whole lattice over leaves: keys are a code or a tuple of codes, in the order of the dimensions; None is not collected."""
    names = tuple(dimensions)
    leaves = {
        (key if isinstance(key, tuple) else (key,) if names else ()): Leaf(value, None if value is not None else "not_collected")
        for key, value in counts.items()
    }
    table = Table(names, leaves, {})
    found, faults = margins(table, scheme().areas)
    assert not faults
    rows = [(key, leaf.value, leaf.status) for key, leaf in leaves.items()] + [(row.key, row.value, row.status) for row in found]
    return [
        {**dict(zip(names, key, strict=True)), "value": value, **({"value_status": status} if value is None else {})}
        for key, value, status in rows
    ]


def bulletin(
    period: str = "2022-10", dimensions: Iterable[str] = ("nationality",), counts: object = None, **changes: object
) -> dict[str, object]:
    """A published bulletin as the log holds it; `counts` are leaves, or cells as they stand (a list)."""
    names = tuple(name for name in DIMENSIONS if name in tuple(dimensions))
    span = parse_period(period, changes.pop("start", None))  # type: ignore[arg-type]
    cells = counts if isinstance(counts, list) else cells_of(names, counts or {"SOM": 31, "NPL": 20})  # type: ignore[arg-type]
    method = changes.pop("method", "none")
    made: dict[str, object] = {
        "id": document_id(),
        "kind": "bulletin",
        "version": 1,
        "status": "published",
        "origin": "RCM",
        "issuer": "RCM/PAN",
        "tlp": "GREEN",
        "audience": ["RCM", "SACM"],
        "published_at": "2023-01-01T00:00:00Z",
        "created_at": "2023-01-01T00:00:00Z",
        "reporting_state": "PAN",
        "publisher": "PAN-SNM",
        "measure": "irregular_transit",
        "unit": "person",
        "stock_or_flow": "flow",
        "definition_code": "default",
        "accumulation": "period",
        "figure_status": "provisional",
        "period": period,
        "period_start": span.first.isoformat(),
        "period_end": span.last.isoformat(),
        "dimensions": list(names),
        "cells": cells,
        "classification": "strict@1",
        "disclosure": {"k": 5, "method": method},
    }
    return {**made, **changes}


def pooled(period: str, shown: Mapping[str, int], **changes: object) -> dict[str, object]:
    """A pooled bulletin by nationality whose rows are given as they are published, `_T` and exact areas too."""
    cells = [{"nationality": code, "value": value} for code, value in shown.items()]
    return bulletin(period, counts=cells, method="pool", **changes)


def protected(period: str, counts: Mapping[str, int], secret: bytes = b"s", **changes: object) -> dict[str, object] | None:
    """A bulletin that the real method pooled from true counts; none where there is too little to publish."""
    table = Table(("nationality",), {(code,): Leaf(value, None) for code, value in counts.items()}, {})
    span = parse_period(period)
    place, draw = Place("flow", span.first, span.last), Draw(secret, "flow", period)
    outcome = protect(table, scheme=scheme(), method="pool", k=5, draw=draw, place=place, releases=(), budget=Budget(60))
    if not isinstance(outcome, ProtectedTable):
        return None
    return pooled(period, {row.key[0]: row.value or 0 for row in outcome.rows}, **changes)


def publish(db: Database, *documents: dict[str, object]) -> list[str]:
    """Project documents in one transaction; returns their ids."""
    with db.write() as session:
        for document in documents:
            project(session, document)
    return [str(document["id"]) for document in documents]


def query(**asked: object) -> FlowQuery:
    """The parameters as the router reads them."""
    return FlowQuery.model_validate(asked)


def ask(
    session: Session, caller: Caller = ANALYST, after: object = None, limit: int | None = None, stands: Standing = NOWHERE, **asked: object
) -> answers.FlowPage:
    """One page of the answer; what was worked out while the store `stands` as it does is not worked out again."""
    return answers.page(session, caller, question_of(query(**asked)), after, limit, stands)  # type: ignore[arg-type]


def walked(session: Session, limit: int, caller: Caller = ANALYST, stands: Standing = NOWHERE, **asked: object) -> list[tuple[object, ...]]:
    """The rows of all pages of a size, one after the other; each page must tell the same total."""
    rows: list[tuple[object, ...]] = []
    totals, position = set(), None
    while position is not None or not totals:
        page = ask(session, caller, position, limit, stands, **asked)
        assert len(page.rows) <= limit
        rows += page.rows
        position = page.position
        totals.add(page.total)
    assert totals == {len(rows)}
    return rows


def items(db: Database, caller: Caller = ANALYST, **asked: object) -> list[dict[str, object]]:
    """The whole answer as items; the total must agree with it."""
    with db.read() as session:
        found = ask(session, caller, **asked)
    assert found.total == len(found.rows)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def by(rows: Iterable[Mapping[str, object]], *names: str) -> dict[object, tuple[object, object, object]]:
    """(value, lower, upper) by what rows are told apart by."""
    keyed = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        assert key not in keyed, "twice in one answer"
        keyed[key if len(names) > 1 else key[0]] = (row["value"], row["lower"], row["upper"])
    return keyed


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """The statements that readers run meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(db.reader, "before_cursor_execute", note)
    db.watchers.append(seen.append)
    try:
        yield seen
    finally:
        db.watchers.remove(seen.append)
        event.remove(db.reader, "before_cursor_execute", note)
