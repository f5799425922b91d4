"""Plain rows: the published cells that match, each once, in the order of their periods (contract: /flows)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Row,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from app.bulletins.flows.answering import Answered, declares
from app.bulletins.flows.columns import OF_BULLETIN, PLAIN
from app.bulletins.flows.ordering import behind, ordered_by
from app.bulletins.flows.question import NATIONALITY, FlowQuestion
from app.bulletins.models import Cell, Hideout
from app.bulletins.projection import OTHER, TOTAL
from app.core.comparing import by_code
from app.directory.codes import margin_codes
from app.directory.dimensions import DIMENSIONS
from app.wire.codes import TLP

_POSITION = ("period_start", "period_end", "document_id", "row")
# Rows that are worked out for an area stand behind all cells of their bulletin.
_AFTER_CELLS = 2_000_000_000


@dataclass(frozen=True)
class PlainPage:
    """Rows in the order of `PLAIN`, the position after the last where more wait, and the bulletins that they come from."""

    rows: list[tuple[object, ...]]
    position: list[object] | None
    answered: list[Answered]


def page(session: Session, answer: CTE, question: FlowQuestion, after: Sequence[object] | None, limit: int | None) -> PlainPage:
    """The rows after a position, at most `limit` of them, in one statement."""
    found = published(answer, question).subquery("found")
    names = _sorted_by(question)
    sort = [(by_code(session, found.c[name]), descending) for name, (_, descending) in zip(names, question.sort, strict=True)]
    natural = [found.c[name] for name in _POSITION]
    asked = select(found).order_by(*ordered_by(sort), *natural)
    if after:
        values = [_read(name, value) for name, value in zip((*names, *_POSITION), after, strict=True)]
        asked = asked.where(behind(sort, values[: len(sort)], natural, values[len(sort) :]))
    rows: Sequence[Row[Any]] = session.execute(asked.limit(limit + 1) if limit is not None else asked).all()
    given = rows[:limit] if limit is not None else rows
    position = _position(question, given[-1]) if len(rows) > len(given) else None
    answered = dict.fromkeys((row.document_id, row.version, list(TLP)[row.tlp]) for row in given)
    return PlainPage([_shown(row) for row in given], position, list(answered))


def total(session: Session, answer: CTE, question: FlowQuestion) -> int:
    """How many rows answer, exactly, in one statement."""
    return session.scalar(select(func.count()).select_from(all_of(answer, question))) or 0


def all_of(answer: CTE, question: FlowQuestion) -> Subquery:
    """Every row that answers, to be counted: its columns, with the bulletin's `document_id` and `version`."""
    return published(answer, question).subquery("found")


def counts(session: Session, answer: CTE, question: FlowQuestion) -> dict[int, int]:
    """How many rows each bulletin gives that gives any, by its row's id, exactly, in one statement."""
    found = all_of(answer, question)
    rows = session.execute(select(found.c.id, func.count().label("rows")).group_by(found.c.id))
    return {row.id: row.rows for row in rows}


def place_of(after: Sequence[object]) -> tuple[str, str, str]:
    """The bulletin that a position in the natural order lies in, as `Settled` places it."""
    first, last, document_id, _ = after
    return str(first), str(last), str(document_id)


def _sorted_by(question: FlowQuestion) -> list[str]:
    """The columns to sort by as statements name them: one version of a document answers, so its id orders as its name does."""
    return ["document_id" if name == "bulletin" else name for name, _ in question.sort]


def _position(question: FlowQuestion, row: Row[Any]) -> list[object]:
    values = [getattr(row, name) for name in (*_sorted_by(question), *_POSITION)]
    return [value.isoformat() if isinstance(value, date) else value for value in values]


def _read(name: str, value: object) -> object:
    if name in {"period_start", "period_end"} and value is not None:
        return date.fromisoformat(str(value))
    return int(bool(value)) if name == "is_total" else value


def _shown(row: Row[Any]) -> tuple[object, ...]:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row by column
    given = {**values, "period_start": row.period_start.isoformat(), "period_end": row.period_end.isoformat()}
    given |= {"is_total": bool(row.is_total), "bulletin": f"{row.document_id}@v{row.version}"}
    return tuple(given[name] for name in PLAIN)


def published(answer: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    """The rows that answer, in no order: published cells, and the areas that are worked out."""
    cells = _cells(answer, question)
    if not has_areas(question):
        return cells
    both = union_all(cells, _areas(answer, question)).subquery("either")
    return select(both)


def _head(answer: CTE, row: ColumnElement[int]) -> list[ColumnElement[Any]]:
    shared: list[ColumnElement[Any]] = [answer.c["origin" if name == "conference" else name].label(name) for name in OF_BULLETIN]
    return [*shared, answer.c.id, answer.c.document_id, answer.c.version, answer.c.tlp, row.label("row")]


def _cells(answer: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    dimensions = [getattr(Cell, name).label(name) for name in DIMENSIONS]
    figures = [Cell.value.label("value"), Cell.value_status.label("value_status"), func.coalesce(Cell.value, 0).label("lower")]
    columns = [*_head(answer, Cell.row.expression), *dimensions, *figures, Cell.value.label("upper"), Cell.is_total.label("is_total")]
    return select(*columns).join_from(answer, Cell, Cell.bulletin_id == answer.c.id).where(*matches(answer, question))


def matches(answer: CTE, question: FlowQuestion) -> list[ColumnElement[bool]]:
    """Which cells of the answering bulletins are rows: filtered dimensions at their codes, of the others no margins unless asked for."""
    shown = {name: codes for name in DIMENSIONS if (codes := question.shown(name)) is not None}
    found: list[ColumnElement[bool]] = [getattr(Cell, name).in_(sorted(codes)) for name, codes in shown.items()]
    if question.totals:
        return found
    margins = margin_codes()
    if all(margins.isdisjoint(codes) for codes in shown.values()):
        return [*found, not_(Cell.is_total)]
    others = [name for name in DIMENSIONS if name not in shown]
    return found + [or_(getattr(Cell, name).not_in(sorted(margins)), not_(declares(answer.c.dimensions, name))) for name in others]


def has_areas(question: FlowQuestion) -> bool:
    """Whether areas are asked for, at the totals of all other dimensions: an area without a margin has no others."""
    shown = (question.shown(name) for name in DIMENSIONS if name != NATIONALITY)
    return bool(question.areas) and all(codes is None or TOTAL in codes for codes in shown)


def _areas(answer: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    """An interval for each area asked for whose margin a pooled bulletin cannot tell: some of it is in `_O` (guarantees 1, rule 8)."""
    margin = (literal("_") + Hideout.area).expression
    exact = select(Cell.row).where(Cell.bulletin_id == answer.c.id, Cell.nationality == margin).correlate(answer, Hideout)
    whole = [getattr(Cell, name) == TOTAL for name in DIMENSIONS if name != NATIONALITY]
    parts = (
        select(func.sum(Cell.value)).where(Cell.bulletin_id == answer.c.id, Cell.area == Hideout.area, *whole).correlate(answer, Hideout)
    )
    lower = func.coalesce(parts.scalar_subquery(), 0)
    row = case(*((Hideout.area == area, literal(_AFTER_CELLS + at, Integer)) for at, area in enumerate(question.areas)))
    dimensions: list[Any] = [margin.label(name) if name == NATIONALITY else literal(TOTAL).label(name) for name in DIMENSIONS]
    figures: list[Any] = [null().label("value"), literal("withheld").label("value_status"), lower.label("lower")]
    columns: list[ColumnElement[Any]] = [
        *_head(answer, row),
        *dimensions,
        *figures,
        (lower + Hideout.value).label("upper"),
        true().label("is_total"),
    ]
    unproven = and_(Hideout.bulletin_id == answer.c.id, Hideout.area.in_(question.areas), Hideout.rest == OTHER, Hideout.value > 0)
    found: Select[*tuple[Any, ...]] = select(*columns).join_from(answer, Hideout, unproven).where(answer.c.pooled, ~exact.exists())
    return found
