"""Plain rows: the published cells that match, each once, in the order of their periods (contract: /flows)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import attrgetter
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

from app.bulletins.flows.answering import Answered, answering_of, declares
from app.bulletins.flows.columns import OF_BULLETIN, PLAIN
from app.bulletins.flows.ordering import behind, ordered_by
from app.bulletins.flows.prepared import MOST, Shape, fetched, shape_of
from app.bulletins.flows.question import COLUMNS, NATIONALITY, FlowQuestion
from app.bulletins.flows.settling import Head, Settled
from app.bulletins.models import Bulletin, Cell, Hideout
from app.bulletins.projection import OTHER, TOTAL
from app.core.comparing import by_code, one_of
from app.core.db import is_sqlite
from app.directory.codes import margin_codes
from app.directory.dimensions import DIMENSIONS
from app.wire.codes import TLP

_POSITION = ("period_start", "period_end", "document_id", "row")
# Rows that are worked out for an area stand behind all cells of their bulletin.
_AFTER_CELLS = 2_000_000_000
# What follows the period in a row, of what a bulletin says of itself.
_of_kind = attrgetter(*(COLUMNS.get(name, name) for name in OF_BULLETIN[3:]))


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


def page_of(session: Session, found: Settled, question: FlowQuestion, after: Sequence[object] | None, limit: int | None) -> PlainPage:
    """The rows of settled bulletins after a position, at most `limit` of them, in one statement."""
    if question.sort or has_areas(question):
        return page(session, answering_of(question, found.ids, sqlite=is_sqlite(session)), question, after, limit)
    rows = list(_behind(found, cells_of(session, found, question), after))
    given = rows[:limit] if limit is not None else rows
    position: list[object] | None = None
    if len(rows) > len(given):
        head, row, _ = given[-1]
        position = [head.period_start, head.period_end, head.document_id, row]
    answered = dict.fromkeys(head.read for head, _, _ in given)
    return PlainPage([shown for _, _, shown in given], position, list(answered))


def _behind(
    found: Settled, cells: Mapping[int, list[tuple[Any, ...]]], after: Sequence[object] | None
) -> Iterator[tuple[Head, int, tuple[object, ...]]]:
    place, row = (place_of(after), after[-1]) if after else (None, None)
    for head, own in zip(found.heads, found.places, strict=True):
        first = row if own == place else None
        begun, tails = head_of(head), ((False, name := f"{head.document_id}@v{head.version}"), (True, name))
        for cell in cells.get(head.id, ()):
            if first is None or cell[1] > first:
                yield head, cell[1], begun + cell[3:] + tails[cell[2]]


def head_of(head: Head) -> tuple[object, ...]:
    """What a row tells of its bulletin, but for its name."""
    return head.period, head.period_start, head.period_end, *_of_kind(head.kind)


def cells_of(session: Session, found: Settled, question: FlowQuestion) -> Mapping[int, list[tuple[Any, ...]]]:
    """Cells by bulletin, in the order of their rows: bulletin, row, whether it is a total, codes, figures."""
    cells: dict[int, list[tuple[Any, ...]]] = {}
    for cell in _asked(session, _cells_statement, found, question):
        cells.setdefault(cell[0], []).append(cell)
    return cells


def total(session: Session, answer: CTE, question: FlowQuestion) -> int:
    """How many rows answer, exactly, in one statement."""
    return session.scalar(select(func.count()).select_from(all_of(answer, question))) or 0


def all_of(answer: CTE, question: FlowQuestion) -> Subquery:
    """Every row that answers, to be counted: its columns, with the bulletin's `document_id` and `version`."""
    return published(answer, question).subquery("found")


def counts(session: Session, found: Settled, question: FlowQuestion) -> dict[int, int]:
    """How many rows each bulletin gives that gives any, by its row's id, exactly, in one statement."""
    return dict(_asked(session, _count_statement, found, question))


def _asked(
    session: Session, make: Callable[[Shape], Select[*tuple[Any, ...]]], found: Settled, question: FlowQuestion
) -> Sequence[tuple[Any, ...]]:
    shape = shape_of(session, question, found.declared)
    return fetched(session, make(shape), {"ids": shape.listed(found.ids)})


@lru_cache(maxsize=MOST)
def _cells_statement(shape: Shape) -> Select[*tuple[Any, ...]]:
    figures = [Cell.value, Cell.value_status, func.coalesce(Cell.value, 0).label("lower"), Cell.value.label("upper")]
    asked = select(Cell.bulletin_id, Cell.row, Cell.is_total, *(getattr(Cell, name) for name in DIMENSIONS), *figures)
    return _of_settled(asked, shape).order_by(Cell.bulletin_id, Cell.row)


@lru_cache(maxsize=MOST)
def _count_statement(shape: Shape) -> Select[*tuple[Any, ...]]:
    if has_areas(shape.question):
        found = all_of(answering_of(shape.question, (), sqlite=shape.sqlite), shape.question)
        return select(found.c.id, func.count().label("rows")).group_by(found.c.id)
    return _of_settled(select(Cell.bulletin_id, func.count()), shape).group_by(Cell.bulletin_id)


def _of_settled(asked: Select[*tuple[Any, ...]], shape: Shape) -> Select[*tuple[Any, ...]]:
    dimensions = select(Bulletin.dimensions).where(Bulletin.id == Cell.bulletin_id).scalar_subquery()
    return asked.where(one_of(Cell.bulletin_id, "ids", sqlite=shape.sqlite), *matches(dimensions, shape.question))


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
    return select(*columns).join_from(answer, Cell, Cell.bulletin_id == answer.c.id).where(*matches(answer.c.dimensions, question))


def matches(dimensions: ColumnElement[str], question: FlowQuestion) -> list[ColumnElement[bool]]:
    """Which cells of the answering bulletins are rows: filtered dimensions at their codes, of the others no margins unless asked for."""
    shown = _codes_asked(question)
    found: list[ColumnElement[bool]] = [getattr(Cell, name).in_(sorted(codes)) for name, codes in shown.items()]
    if question.totals:
        return found
    margins = margin_codes()
    if all(margins.isdisjoint(codes) for codes in shown.values()):
        return [*found, not_(Cell.is_total)]
    others = [name for name in DIMENSIONS if name not in shown and name in question.declared]
    return found + [or_(getattr(Cell, name).not_in(sorted(margins)), not_(declares(dimensions, name))) for name in others]


def _codes_asked(question: FlowQuestion) -> dict[str, frozenset[str]]:
    return {name: codes for name in DIMENSIONS if (codes := question.shown(name)) is not None}


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
