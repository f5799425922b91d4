"""From a document to the tables beside the log; all of it can be dropped and rebuilt from the log (house.md)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.access.visibility import grantees_of, mark
from app.bulletins.models import Bulletin, Cell, Certificate, Flow, Hideout, PublishedTable
from app.bulletins.released import locked, remember, rows_text
from app.bulletins.unseen import never_seen
from app.core.db import insert_new
from app.directory.codes import area_of, nationalities
from app.directory.dimensions import DIMENSIONS, is_margin
from app.disclosure.table import row
from app.documents.models import identity_of, instant
from app.wire.codes import TLP, Status
from app.wire.period import parse_period

TOTAL, OTHER = "_T", "_O"
AREAS = ("AFR", "AMN", "AMS", "ASI", "CAR", "EUR", "OCE")
_MOST = 2**31 - 1
NOWHERE = "---"
"""The area of what has none: the stateless and those of unknown nationality."""


def project(session: Session, document: Mapping[str, Any]) -> None:
    """Write what lists, flows and access ask for of one version; the same for one made here, received or rebuilt.

    Takes the flat document.  A withdrawal takes the cells of every earlier version with it: their bodies are never served again.
    Where none of these ever came, it is listed as withdrawn and says no more.
    """
    withdrawn = document["status"] == Status.WITHDRAWN.value
    before = session.scalar(select(Bulletin).where(Bulletin.document_id == document["id"], Bulletin.superseded_at.is_(None)))
    session.execute(
        update(Bulletin)
        .where(Bulletin.document_id == document["id"], Bulletin.superseded_at.is_(None))
        .values(superseded_at=instant(document["published_at"]))
    )
    if not withdrawn:
        _publish(session, document)
    else:
        _withdraw(session, document, before)
    _mark(session, document, document.get("reporting_state") or (before.reporting_state if before else _state_of(session, document)))


def _publish(session: Session, document: Mapping[str, Any]) -> None:
    flow_key = flow_key_of(document)
    period = parse_period(document["period"], _fiscal_start(document))
    insert_new(session, Flow, {"key": flow_key, "k": document["disclosure"]["k"], "family": period.family})
    bulletin = Bulletin(
        **identity_of(document),
        **{name: document[name] for name in _ATTRIBUTES},
        natural_key=natural_key_of(document),
        flow_key=flow_key,
        dimensions=",".join(document["dimensions"]),
        dimension_count=len(document["dimensions"]),
        period_start=period.first,
        period_end=period.last,
        frequency=period.frequency,
        pooled=document["disclosure"]["method"] == "pool",
    )
    session.add(bulletin)
    session.flush()
    cells = [_cell(bulletin.id, number, cell) for number, cell in enumerate(document["cells"], 1)]
    if cells:
        session.execute(insert(Cell), cells)
    if bulletin.pooled:
        session.execute(insert(Hideout), hideouts(bulletin.id, document["cells"]))
    keys = [(tuple(cell[name] for name in document["dimensions"]), cell) for cell in document["cells"]]
    rows = rows_text(row(key, cell["value"], cell.get("value_status")) for key, cell in keys)
    remember(session, document, rows, flow_key, bulletin.natural_key)


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


def _withdraw(session: Session, document: Mapping[str, Any], before: Bulletin | None) -> None:
    columns = [column.name for column in Bulletin.__table__.columns if column.name != "id"]
    kept = {name: getattr(before, name) for name in columns} if before else never_seen(document)
    earlier = select(Bulletin.id).where(Bulletin.document_id == document["id"])
    session.execute(delete(Cell).where(Cell.bulletin_id.in_(earlier)))
    session.execute(delete(Hideout).where(Hideout.bulletin_id.in_(earlier)))
    session.execute(update(Bulletin).where(Bulletin.document_id == document["id"]).values(status=Status.WITHDRAWN.value))
    session.execute(insert(Bulletin), [kept | identity_of(document)])


def _mark(session: Session, document: Mapping[str, Any], reporting_state: str | None) -> None:
    tlp, origin = TLP(document["tlp"]), str(document["origin"])
    always = {f"{origin}/secretariat", str(document["issuer"])}
    if reporting_state:
        always.add(f"{origin}/{reporting_state}")
    # An empty audience means the origin alone (contract: Envelope).
    mark(session, document["id"], document["version"], tlp, grantees_of(tlp, document["audience"] or [origin], always))


def _state_of(session: Session, document: Mapping[str, Any]) -> str | None:
    """Whose figures a version without a body was about: the ledger knows its flow after an erasure too."""
    flow_key = session.scalar(select(PublishedTable.flow_key).where(PublishedTable.document_id == document["id"]).limit(1))
    return flow_key.split("|")[0] if flow_key else None


def flow_key_of(document: Mapping[str, Any]) -> str:
    """The flow key of a published bulletin (contract: Flow key)."""
    return "|".join((document["reporting_state"], document["measure"], document["unit"], document["definition_code"]))


def natural_key_of(document: Mapping[str, Any]) -> str:
    """The natural key of a published bulletin (contract: Natural key)."""
    span = f"{document['period']}@{document['period_start']}"
    parts = (flow_key_of(document), document["publisher"], document["accumulation"], ",".join(document["dimensions"]), span)
    return "|".join(parts)


def _fiscal_start(document: Mapping[str, Any]) -> date | None:
    return date.fromisoformat(document["period_start"]) if document["period"].endswith("-FY") else None


def _cell(bulletin_id: int, number: int, cell: Mapping[str, Any]) -> dict[str, Any]:
    codes = {name: cell.get(name, TOTAL) for name in DIMENSIONS}
    return {
        "bulletin_id": bulletin_id,
        "row": number,
        "value": cell["value"],
        "value_status": cell.get("value_status"),
        "is_total": any(is_margin(cell[name]) for name in DIMENSIONS if name in cell),
        "area": area_of(codes["nationality"]) or NOWHERE,
        **codes,
    }


def hideouts(bulletin_id: int, cells: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each area, where a nationality that a pooled table does not name may be, and how many persons or events are there at most.

    Where the area's rest is published it is there; else it may be in `_O`.  Nowhere (0) where neither is published.  Of a rest
    whose total is withheld the grand total is the most.
    """
    whole = [cell for cell in cells if all(cell.get(name, TOTAL) == TOTAL for name in DIMENSIONS if name != "nationality")]
    values = {cell["nationality"]: cell["value"] for cell in whole}
    most = values.get(TOTAL) or _MOST
    found = []
    for area in (*AREAS, NOWHERE):
        rest = f"_O{area}" if f"_O{area}" in values else OTHER
        value = values.get(rest, 0)
        found.append({"bulletin_id": bulletin_id, "area": area, "rest": rest, "value": most if value is None else value})
    return found


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
