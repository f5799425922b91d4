"""How figures changed: of each cell what its bulletin said first, what it says now, and why (contract: /flows/revisions)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import CTE, Row, Select, Subquery, and_, case, func, literal, or_, select, true, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from app.access.callers import Caller
from app.bulletins.flows.answering import Answered
from app.bulletins.flows.history_rows import COLUMNS, Version, shown
from app.bulletins.flows.question import FlowQuestion
from app.bulletins.flows.rows import matches
from app.bulletins.flows.versions import ends, latest, story, versions
from app.bulletins.models import Cell, Hideout
from app.bulletins.projection import TOTAL
from app.core.clock import utc_now
from app.core.db import Database
from app.directory.dimensions import DIMENSIONS
from app.wire.codes import TLP

__all__ = ["COLUMNS", "RevisionPage", "page", "whole"]

_POSITION = ("period_start", "period_end", "document_id", "row")
_BULLETINS_A_READ = 100
# What only the first version names stands behind all cells of the latest.
_AFTER_CELLS = 1_000_000_000
_HIDEOUTS = tuple(aliased(Hideout) for _ in range(2))


@dataclass(frozen=True)
class RevisionPage:
    """Rows by column, the position after the last where more wait, the exact number of all, and the versions that they come from."""

    rows: list[dict[str, object]]
    position: list[object] | None
    total: int
    answered: list[Answered]


def page(
    session: Session,
    caller: Caller,
    question: FlowQuestion,
    *,
    unrevised: bool,
    after: Sequence[object] | None = None,
    limit: int | None = None,
    only: Sequence[int] | None = None,
) -> RevisionPage:
    """The rows after a position, at most `limit` of them, in three statements whatever their number (two where none is there)."""
    newest = latest(caller, question)
    history = ends(newest, versions(caller, question, newest), unrevised=unrevised, only=only)
    total, present = _found(session, _rows(history, question).cte("every"), after, limit)
    given = present[:limit]
    stories = _stories(session, caller, question, given)
    answered = [(document_id, one.number, one.tlp) for document_id, told in stories.items() for one in told]
    position = _position(given[-1]) if len(present) > len(given) else None
    return RevisionPage([shown(row, stories[row.document_id]) for row in given], position, total, answered)


def _found(session: Session, every: CTE, after: Sequence[object] | None, limit: int | None) -> tuple[int, list[Row[Any]]]:
    """How many rows there are, and those after a position, one more than a page takes."""
    asked = _after(select(every).order_by(*(every.c[name] for name in _POSITION)), every, after)
    found = asked.limit(None if limit is None else limit + 1).subquery("found")
    counted = select(func.count().label("total")).select_from(every).subquery("counted")
    placed = [found.c[name] for name in _POSITION]
    rows = session.execute(select(counted.c.total, *found.c).outerjoin_from(counted, found, true()).order_by(*placed)).all()
    return rows[0].total, [row for row in rows if row.document_id is not None]


def whole(db: Database, caller: Caller, question: FlowQuestion, *, unrevised: bool) -> Iterator[RevisionPage]:
    """Every row as things stand now, in flat memory: some bulletins at a time, in the order of the pages."""
    settled = replace(question, as_of=question.as_of or utc_now())
    with db.read() as session:
        newest = latest(caller, settled)
        every = ends(newest, versions(caller, settled, newest), unrevised=unrevised)
        ids = session.scalars(select(every.c.id).order_by(every.c.period_start, every.c.period_end, every.c.document_id)).all()
    for start in range(0, len(ids), _BULLETINS_A_READ):
        with db.read() as session:
            found = page(session, caller, settled, unrevised=unrevised, only=ids[start : start + _BULLETINS_A_READ])
        yield found


def _after(asked: Select[*tuple[Any, ...]], every: CTE, after: Sequence[object] | None) -> Select[*tuple[Any, ...]]:
    if not after:
        return asked
    first, last, document_id, row = after
    place = (date.fromisoformat(str(first)), date.fromisoformat(str(last)), str(document_id), int(str(row)))
    return asked.where(tuple_(*(every.c[name] for name in _POSITION)) > tuple_(*place))


def _position(row: Row[Any]) -> list[object]:
    return [row.period_start.isoformat(), row.period_end.isoformat(), row.document_id, row.row]


def _rows(history: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    """A row a cell of the first or the latest version; one alone, at the totals, of a bulletin that was taken back."""
    cells = _cells(history, question)
    first, now = _HIDEOUTS
    codes = [func.coalesce(cells.c[name], TOTAL).label(name) for name in DIMENSIONS]
    figures = [cells.c[f"{side}_{name}"] for side in ("first", "latest") for name in ("there", "value", "value_status")]
    columns = [
        *history.c,
        *codes,
        *figures,
        func.coalesce(cells.c.row, 0).label("row"),
        func.coalesce(cells.c.is_total, 1).label("is_total"),
        first.value.label("first_hideout"),
        now.value.label("latest_hideout"),
    ]
    found = select(*columns).outerjoin_from(history, cells, cells.c.id == history.c.id)
    found = found.outerjoin(first, and_(first.bulletin_id == history.c.first_id, first.area == cells.c.area))
    found = found.outerjoin(now, and_(now.bulletin_id == history.c.id, now.area == cells.c.area))
    return found.where(or_(cells.c.id.is_not(None), history.c.withdrawn == 1))


def _cells(history: CTE, question: FlowQuestion) -> Subquery:
    """The cells of both versions side by side, matched by their codes."""
    both = union_all(*(_side(history, question, name, number) for number, name in enumerate(("first_id", "id")))).subquery("side")
    keys = [both.c.id, both.c.area, *(both.c[name] for name in DIMENSIONS)]

    def of(side: int, name: str) -> Any:  # noqa: ANN401 - a column of whatever type
        return func.max(case((both.c.side == side, both.c[name])))

    row = func.coalesce(of(1, "row"), literal(_AFTER_CELLS) + of(0, "row"))
    columns = [*keys, row.label("row"), func.max(both.c.is_total).label("is_total")]
    for side, title in enumerate(("first", "latest")):
        columns += [of(side, name).label(f"{title}_{name}") for name in ("there", "value", "value_status")]
    return select(*columns).group_by(*keys).subquery("cells")


def _side(history: CTE, question: FlowQuestion, version: str, number: int) -> Select[*tuple[Any, ...]]:
    figures = [
        literal(number).label("side"),
        literal(1).label("there"),
        Cell.row,
        case((Cell.is_total, 1), else_=0).label("is_total"),
    ]
    codes = [Cell.area, *(getattr(Cell, name) for name in DIMENSIONS), Cell.value, Cell.value_status]
    found: Select[*tuple[Any, ...]] = select(history.c.id, *figures, *codes).join_from(
        history, Cell, Cell.bulletin_id == history.c[version]
    )
    return found.where(history.c.withdrawn == 0, *matches(history.c.dimensions, question))


def _stories(session: Session, caller: Caller, question: FlowQuestion, rows: Sequence[Row[Any]]) -> dict[str, list[Version]]:
    """The readable versions of bulletins with their reasons, oldest first, by document."""
    last = {row.document_id: (row.version, row.withdrawn) for row in rows}
    found: dict[str, list[Version]] = {}
    for each, reason in story(session, caller, question, last):
        told = Version(each.version, each.published_at, each.figure_status, reason, list(TLP)[each.tlp])
        found.setdefault(each.document_id, []).append(told)
    return found
