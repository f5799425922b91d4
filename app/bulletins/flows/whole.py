"""The whole answer, as files carry it: settled first, then read in short reads while it is sent, in flat memory (contract: /flows)."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import CTE, func, select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.flows import rows as plain_rows
from app.bulletins.flows.answering import Answered, answering, in_order, pinned
from app.bulletins.flows.answers import page
from app.bulletins.flows.columns import OF_BULLETIN, columns_of
from app.bulletins.flows.question import FlowQuestion
from app.bulletins.models import Cell
from app.core.db import Database, Patience
from app.core.problems import Problem
from app.directory.dimensions import DIMENSIONS
from app.wire.problem import Finding

Row = tuple[object, ...]
_ROWS_A_READ = 5_000
_BULLETINS_A_READ = 200
_MOST_SORTED = 50_000


class AnswerChangedError(Exception):
    """What was promised cannot be given any more: a bulletin of the answer was withdrawn or hidden while it was sent."""


@dataclass(frozen=True)
class WholeAnswer:
    """Every row of an answer in batches, to be read while it is sent; the exact number of all, and the bulletins that give it."""

    columns: tuple[str, ...]
    batches: Iterator[Sequence[Row]]
    total: int
    answered: list[Answered]


def whole(db: Database, caller: Caller, question: FlowQuestion, patience: Patience | None = None) -> WholeAnswer:
    """The whole answer as it stands now.

    The bulletins that answer are settled first, with the number of their rows, which never change.  They are fetched in short reads,
    so that a slow reader holds no connection.  Where one is withdrawn or hidden meanwhile, reading on raises `AnswerChangedError`:
    what was sent so far is no whole answer.  Raises `too-many-to-sort` {count, maximum} for more rows than are held to be sorted.
    """
    columns = columns_of(question.group_by)
    with db.read(patience) as session:
        answer = answering(caller, question)
        if question.group_by:
            groups = page(session, caller, question)
            return WholeAnswer(columns, iter([groups.rows]), groups.total, groups.answered)
        counts = _counts(session, answer, question)
        total, answered = sum(counts.values()), list[Answered]()
        # Of tens of thousands of bulletins nothing is held twice.
        ids, sizes = array("q"), array("q")
        for number, read in in_order(session, answer):
            if number in counts:
                ids.append(number)
                sizes.append(counts.pop(number))
                answered.append(read)
        if question.sort:
            _refuse_unsorted(total)
            rows = plain_rows.page(session, answer, question, None, None).rows
            return WholeAnswer(columns, iter([rows]), len(rows), answered)
    return WholeAnswer(columns, _fetched(db, caller, question, zip(ids, sizes, strict=True), patience), total, answered)


def _refuse_unsorted(count: int) -> None:
    if count > _MOST_SORTED:
        figures = {"count": count, "maximum": _MOST_SORTED}
        raise Problem("too-many-to-sort", Finding("too-many-to-sort", pointer="sort", params=figures), headers=None, **figures)


def _counts(session: Session, answer: CTE, question: FlowQuestion) -> dict[int, int]:
    counted = select(answer.c.id, func.count())
    if plain_rows.has_areas(question):
        found = plain_rows.published(answer, question).subquery("found")
        counted = counted.join_from(answer, found, found.c.document_id == answer.c.document_id)
    else:
        counted = counted.join_from(answer, Cell, Cell.bulletin_id == answer.c.id).where(*plain_rows.matches(answer.c.dimensions, question))
    rows = session.execute(counted.group_by(answer.c.id).execution_options(yield_per=_BULLETINS_A_READ))
    return {row[0]: row[1] for row in rows}


def _fetched(
    db: Database, caller: Caller, question: FlowQuestion, counts: Iterable[tuple[int, int]], patience: Patience | None
) -> Iterator[Sequence[Row]]:
    for ids, count in _shares(counts):
        with db.read(patience) as session:
            rows = _read(session, pinned(caller, ids), question)
        if len(rows) != count:
            raise AnswerChangedError
        yield rows


def _shares(counts: Iterable[tuple[int, int]]) -> Iterator[tuple[list[int], int]]:
    """Bulletins that are read together, with the number of their rows."""
    ids: list[int] = []
    rows = 0
    for number, count in counts:
        if ids and (rows + count > _ROWS_A_READ or len(ids) == _BULLETINS_A_READ):
            yield ids, rows
            ids, rows = [], 0
        ids.append(number)
        rows += count
    if ids:
        yield ids, rows


def _read(session: Session, answer: CTE, question: FlowQuestion) -> Sequence[Row]:
    if plain_rows.has_areas(question):
        return plain_rows.page(session, answer, question, None, None).rows
    # What a bulletin says of itself is fetched once, and cells as the driver gives them: by far the most of a long answer's time.
    columns = [answer.c["origin" if name == "conference" else name] for name in OF_BULLETIN]
    order = (answer.c.period_start, answer.c.period_end, answer.c.document_id)
    heads = session.execute(select(answer.c.id, answer.c.document_id, answer.c.version, *columns).order_by(*order)).all()
    cells = _cells(session, answer, question)
    rows: list[Row] = []
    for number, document_id, version, period, first, last, *others in heads:
        head = (period, first.isoformat(), last.isoformat(), *others)
        tails = [(False, f"{document_id}@v{version}"), (True, f"{document_id}@v{version}")]
        rows += [head + cell[2:] + tails[cell[1]] for cell in cells.get(number, ())]
    return rows


def _cells(session: Session, answer: CTE, question: FlowQuestion) -> Mapping[int, list[tuple[int, ...]]]:
    """Cells by bulletin, in the order of their rows: bulletin, whether it is a total, codes, figures."""
    figures = [Cell.value, Cell.value_status, func.coalesce(Cell.value, 0).label("lower"), Cell.value.label("upper")]
    asked = select(Cell.bulletin_id, Cell.is_total, *(getattr(Cell, name) for name in DIMENSIONS), *figures)
    asked = asked.join_from(answer, Cell, Cell.bulletin_id == answer.c.id).where(*plain_rows.matches(answer.c.dimensions, question))
    found: dict[int, list[tuple[int, ...]]] = {}
    result = session.connection().execute(asked.order_by(Cell.bulletin_id, Cell.row))
    for cell in result.cursor.fetchall() if result.cursor else ():
        found.setdefault(cell[0], []).append(cell)
    return found
