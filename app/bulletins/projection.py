"""From a document to the tables beside the log; all of it can be dropped and rebuilt from the log (house.md)."""

import functools
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.orm import Session

from app.access.visibility import Mark, grantees_of, mark_all
from app.bulletins.models import Bulletin, Cell, Certificate, Flow, Hideout, PublishedTable
from app.bulletins.released import locked, remember
from app.bulletins.unseen import never_seen
from app.core.db import insert_all_new, insert_rows, table_of
from app.directory.codes import area_of, margin_codes, nationalities
from app.directory.dimensions import DIMENSIONS
from app.documents.models import identity_of, insert_newest, parted, supersede
from app.wire.codes import TLP, Status
from app.wire.period import Period, parse_period

TOTAL, OTHER = "_T", "_O"
AREAS = ("AFR", "AMN", "AMS", "ASI", "CAR", "EUR", "OCE")
_MOST = 2**31 - 1
NOWHERE = "---"
"""The area of what has none: the stateless and those of unknown nationality."""
_period = functools.lru_cache(maxsize=4096)(parse_period)
_SUMMED = dict.fromkeys(DIMENSIONS, TOTAL)
_OTHERS = tuple(name for name in DIMENSIONS if name != "nationality")


def project(session: Session, document: Mapping[str, Any]) -> None:
    """Write what lists, flows and access ask for of one version; the same for one made here, received or rebuilt."""
    project_all(session, [document])


def project_all(session: Session, documents: Sequence[Mapping[str, Any]]) -> None:
    """Write what lists, flows and access ask for of one version each of several documents.

    Takes flat documents.  A withdrawal takes the cells of every earlier version with it: their bodies are never served again.
    Where none of these ever came, it is listed as withdrawn and says no more.
    """
    published, withdrawn = parted(documents)
    before = _standing(session, [each["id"] for each in withdrawn])
    supersede(session, Bulletin, documents)
    _publish(session, published)
    _take_back(session, withdrawn, before)
    states = {each["id"]: _state_of(session, each, before.get(each["id"])) for each in withdrawn}
    mark_all(session, [_mark(each, each.get("reporting_state") or states.get(each["id"])) for each in documents])


def _standing(session: Session, ids: Sequence[str]) -> dict[str, RowMapping]:
    if not ids:
        return {}
    table = table_of(Bulletin)
    found = session.execute(select(table).where(table.c.document_id.in_(ids), table.c.superseded_at.is_(None)))
    return {row["document_id"]: row for row in found.mappings()}


def _publish(session: Session, documents: Sequence[Mapping[str, Any]]) -> None:
    rows = list(map(_row, documents))
    # What a flow's first publication fixes; sorted, so that of two transactions neither waits for a flow of the other.
    flows = {row["flow_key"]: document for row, document in zip(reversed(rows), reversed(documents), strict=True)}
    insert_all_new(session, Flow, [_flow(key, flows[key]) for key in sorted(flows)])
    ids = insert_newest(session, Bulletin, rows)
    insert_rows(session, Cell, _CELL, [cell for document in documents for cell in _cells(ids[document["id"]], document)])
    insert_rows(session, Hideout, _HIDEOUT, [hideout for document in documents for hideout in _hideouts(ids[document["id"]], document)])
    remember(session, [(document, row["flow_key"], row["natural_key"]) for row, document in zip(rows, documents, strict=True)])


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
    period, flow_key = period_of(document), flow_key_of(document)
    return {
        **identity_of(document),
        **{name: document[name] for name in _ATTRIBUTES},
        "natural_key": _natural_key(flow_key, document),
        "flow_key": flow_key,
        "dimensions": ",".join(document["dimensions"]),
        "dimension_count": len(document["dimensions"]),
        "period_start": period.first,
        "period_end": period.last,
        "frequency": period.frequency,
        "pooled": document["disclosure"]["method"] == "pool",
    }


def _flow(key: str, document: Mapping[str, Any]) -> dict[str, Any]:
    return {"key": key, "k": document["disclosure"]["k"], "family": period_of(document).family}


def period_of(document: Mapping[str, Any]) -> Period:
    """The period of a published bulletin; raises ValueError where it is none that this release knows."""
    return _period(document["period"], _fiscal_start(document))


_ATTRIBUTES = (
    "reporting_state",
    "publisher",
    "measure",
    "unit",
    "stock_or_flow",
    "definition_code",
    "accumulation",
    "period",
    "figure_status",
    "classification",
)


def _take_back(session: Session, withdrawn: Sequence[Mapping[str, Any]], before: Mapping[str, RowMapping]) -> None:
    for document in withdrawn:
        _withdraw(session, document, before.get(document["id"]))


def _withdraw(session: Session, document: Mapping[str, Any], before: RowMapping | None) -> None:
    kept = {name: value for name, value in before.items() if name != "id"} if before else never_seen(document)
    earlier = select(Bulletin.id).where(Bulletin.document_id == document["id"])
    session.execute(delete(Cell).where(Cell.bulletin_id.in_(earlier)))
    session.execute(delete(Hideout).where(Hideout.bulletin_id.in_(earlier)))
    session.execute(update(Bulletin).where(Bulletin.document_id == document["id"]).values(status=Status.WITHDRAWN.value))
    session.execute(insert(Bulletin), [kept | identity_of(document)])


def _mark(document: Mapping[str, Any], reporting_state: str | None) -> Mark:
    tlp, origin = TLP(document["tlp"]), str(document["origin"])
    always = {f"{origin}/secretariat", str(document["issuer"])}
    if reporting_state:
        always.add(f"{origin}/{reporting_state}")
    # An empty audience means the origin alone (contract: Envelope).
    return Mark(document["id"], document["version"], tlp, grantees_of(tlp, document["audience"] or [origin], always))


def _state_of(session: Session, document: Mapping[str, Any], before: RowMapping | None) -> str | None:
    """Whose figures a version without a body was about: the ledger knows its flow after an erasure too."""
    if before is not None:
        return str(before["reporting_state"])
    flow_key = session.scalar(select(PublishedTable.flow_key).where(PublishedTable.document_id == document["id"]).limit(1))
    return flow_key.split("|")[0] if flow_key else None


def flow_key_of(document: Mapping[str, Any]) -> str:
    """The flow key of a published bulletin (contract: Flow key)."""
    return "|".join((document["reporting_state"], document["measure"], document["unit"], document["definition_code"]))


def natural_key_of(document: Mapping[str, Any]) -> str:
    """The natural key of a published bulletin (contract: Natural key)."""
    return _natural_key(flow_key_of(document), document)


def _natural_key(flow_key: str, document: Mapping[str, Any]) -> str:
    span = f"{document['period']}@{document['period_start']}"
    return "|".join((flow_key, document["publisher"], document["accumulation"], ",".join(document["dimensions"]), span))


def _fiscal_start(document: Mapping[str, Any]) -> date | None:
    return date.fromisoformat(document["period_start"]) if document["period"].endswith("-FY") else None


_CELL = ("bulletin_id", "row", "value", "value_status", "is_total", "area", *DIMENSIONS)


def _cells(bulletin_id: int, document: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """Its cells as rows of these columns."""
    cells = document["cells"]
    names = _named_by(cells, DIMENSIONS)
    # By columns: of most dimensions no cell names a code.
    codes = zip(*([cell.get(name) for cell in cells] for name in names), strict=True) if names else [()] * len(cells)
    return [
        (bulletin_id, number, cell["value"], cell.get("value_status"), *_placed(names, each))
        for number, (cell, each) in enumerate(zip(cells, codes, strict=True), 1)
    ]


def _named_by(cells: Sequence[Mapping[str, Any]], dimensions: Sequence[str]) -> tuple[str, ...]:
    """Those of some dimensions that any of these cells names, in their order."""
    named = set[str]().union(*cells)
    return tuple(name for name in dimensions if name in named)


@functools.lru_cache(maxsize=2**14)
def _placed(names: tuple[str, ...], codes: tuple[str | None, ...]) -> tuple[object, ...]:
    """What follows from a cell's codes: whether it is a total, its area, and its place in every dimension; they come again and again."""
    named = {**_SUMMED, **{name: code for name, code in zip(names, codes, strict=True) if code is not None}}
    return not margin_codes().isdisjoint(codes), area_of(named["nationality"]) or NOWHERE, *named.values()


_HIDEOUT = ("bulletin_id", "area", "rest", "value")


def _hideouts(bulletin_id: int, document: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """Its hideouts as rows of these columns."""
    if document["disclosure"]["method"] != "pool":
        return []
    return [(bulletin_id, area, rest, value) for area, (rest, value) in hideouts(document["cells"]).items()]


def hideouts(cells: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, int]]:
    """By area, where a nationality that a pooled table does not name may be, and how many persons or events are there at most.

    Where the area's rest is published it is there; else it may be in `_O`.  Nowhere (0) where neither is published.  Of a rest
    whose total is withheld the grand total is the most.
    """
    others = _named_by(cells, _OTHERS)
    whole = [cell for cell in cells if all(cell.get(name, TOTAL) == TOTAL for name in others)] if others else cells
    values = {cell["nationality"]: cell["value"] for cell in whole}
    most, found = values.get(TOTAL) or _MOST, {}
    for area, own in _RESTS:
        rest = own if own in values else OTHER
        value = values.get(rest, 0)
        found[area] = rest, most if value is None else value
    return found


_RESTS = tuple((area, f"_O{area}") for area in (*AREAS, NOWHERE))


def forget_one(session: Session, document_id: str) -> None:
    """Drop the projections and certificates of an erased bulletin; flow and audit-only ledger stay, so that its figures still count."""
    locked(session, document_id)
    own = select(Bulletin.id).where(Bulletin.document_id == document_id)
    session.execute(delete(Cell).where(Cell.bulletin_id.in_(own)))
    session.execute(delete(Hideout).where(Hideout.bulletin_id.in_(own)))
    session.execute(delete(Certificate).where(Certificate.document_id == document_id))
    session.execute(delete(Bulletin).where(Bulletin.document_id == document_id))


def forget(session: Session) -> None:
    """Drop every projection of bulletins, for `istmo rebuild`; flows and the audit-only ledger stay."""
    session.execute(delete(Cell))
    session.execute(delete(Hideout))
    session.execute(delete(Bulletin))


def codes_of_area(area: str) -> frozenset[str]:
    """Nationalities of an area."""
    return frozenset(code for code, one in nationalities().items() if one.area == area and not code.startswith("_"))
