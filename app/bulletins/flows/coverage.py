"""Coverage: who reported what for which periods, what is missing, how late it comes, and whether the next is overdue (contract: /flows)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from statistics import median_low
from typing import Any, Final

from sqlalchemy import CTE, Row, exists, func, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from app.access.callers import Caller
from app.access.visibility import visible_to
from app.bulletins.flows.answering import SERIES, Answered, answering
from app.bulletins.flows.question import FlowQuestion
from app.bulletins.models import Bulletin, Cell
from app.core.clock import rfc3339
from app.core.comparing import by_code
from app.wire.codes import TLP
from app.wire.period import Period, following, number_between, parse_period

MOST_LISTED: Final = 60
_KEYS: Final = ("origin", *SERIES, "frequency")


@dataclass(frozen=True)
class CoveragePage:
    """A row a series, the position after the last where more wait, the exact number of all, and the bulletins that they tell of."""

    rows: list[dict[str, object]]
    position: list[object] | None
    total: int
    answered: list[Answered]


def page(session: Session, caller: Caller, question: FlowQuestion, today: date, after: Sequence[object] | None, limit: int) -> CoveragePage:
    """The series after a position, at most `limit`, in two statements; `today` decides what is overdue."""
    answer = answering(caller, question, ["id"])
    total, series = _series(session, answer, after, limit)
    given = series[:limit]
    documents = _documents(session, caller, answer, given[0], given[-1]) if given else []
    rows = [_row(key, list(each), today) for key, each in groupby(documents, key=_key)]
    position: list[object] | None = [*given[-1]] if len(series) > len(given) else None
    read = [(row.document_id, row.version, list(TLP)[row.tlp]) for row in documents if row.tlp >= TLP.AMBER.rank]
    return CoveragePage(rows, position, total, read)


def _key(row: Row[Any]) -> tuple[str, ...]:
    return tuple(row[: len(_KEYS)])


def _series(session: Session, answer: CTE, after: Sequence[object] | None, limit: int) -> tuple[int, list[tuple[str, ...]]]:
    every = select(*(answer.c[name] for name in _KEYS)).distinct().cte("series")
    order = [by_code(session, every.c[name]) for name in _KEYS]
    asked = select(every).order_by(*order).limit(limit + 1)
    found = (asked.where(tuple_(*order) > tuple_(*after)) if after else asked).subquery("found")
    counted = select(func.count().label("total")).select_from(every).subquery("counted")
    asked_with = select(counted.c.total, *(found.c[name] for name in _KEYS)).outerjoin_from(counted, found, true())
    rows = session.execute(asked_with.order_by(*(by_code(session, found.c[name]) for name in _KEYS))).all()
    return rows[0].total, [tuple(row[1:]) for row in rows if row.origin is not None]


def _documents(session: Session, caller: Caller, answer: CTE, first: Sequence[str], last: Sequence[str]) -> Sequence[Row[Any]]:
    """The newest version of each bulletin of the series from one to another, with what the versions tell that the caller may see."""
    newest, earlier, seen = aliased(Bulletin), aliased(Bulletin), visible_to(caller).subquery("seen")
    keys = [answer.c[name] for name in _KEYS]
    order = [by_code(session, key) for key in keys]
    said = exists().where(Cell.bulletin_id == answer.c.id, or_(Cell.value.is_(None), Cell.value > 0)).correlate(answer)
    own = [answer.c[name] for name in ("document_id", "version", "tlp", "period", "period_start", "period_end", "id")]
    figures = [
        newest.published_at.label("latest"),
        func.min(earlier.published_at).label("earliest"),
        func.count().label("versions"),
        (~said).label("nil"),
    ]
    found = (
        select(*keys, *own, *figures)
        .join_from(answer, newest, newest.id == answer.c.id)
        .join(earlier, earlier.document_id == answer.c.document_id)
        .join(seen, (seen.c.document_id == earlier.document_id) & (seen.c.version == earlier.version))
        .where(tuple_(*order) >= tuple_(*first), tuple_(*order) <= tuple_(*last))
        .group_by(*keys, *own, newest.published_at)
    )
    return session.execute(found.order_by(*order, answer.c.period_start, answer.c.period_end, answer.c.document_id)).all()


@dataclass(frozen=True)
class _Told:
    """One period of a series: when it was first told, and whether all that is told of it is that nothing happened."""

    code: str
    first: date
    last: date
    since: datetime
    nil: bool

    @property
    def late(self) -> int:
        return (self.since.date() - self.last).days

    def period(self, frequency: str) -> Period:
        return parse_period(self.code, self.first if frequency == "fiscal_year" else None)


def _row(key: tuple[str, ...], documents: Sequence[Row[Any]], today: date) -> dict[str, object]:
    by_period = groupby(documents, key=lambda row: (row.period, row.period_start, row.period_end))
    told = [_told(place, list(each)) for place, each in by_period]
    newest = max(told, key=lambda each: each.last)
    first, last = told[0].period(key[-1]), newest.period(key[-1])
    missing = _missing(told, first, last)
    nil = [each.code for each in told if each.nil]
    named = dict(zip(("conference", *_KEYS[1:]), key, strict=True))
    span = {"first_period": first.code, "last_period": last.code, "first_day": first.first.isoformat(), "last_day": last.last.isoformat()}
    counts = {
        "periods": len(told),
        "missing": missing[0],
        "missing_periods": missing[1],
        "gap_days": _gap_days(told),
        "nil": len(nil),
        "nil_periods": nil[:MOST_LISTED],
        "bulletins": len(documents),
        "versions": sum(row.versions for row in documents),
        "last_update": rfc3339(max(row.latest for row in documents)),
    }
    return named | span | counts | _punctuality(told, newest, last, today)


def _told(place: tuple[str, date, date], documents: Sequence[Row[Any]]) -> _Told:
    return _Told(*place, min(row.earliest for row in documents), all(row.nil for row in documents))


def _missing(told: Sequence[_Told], first: Period, last: Period) -> tuple[int, list[str]]:
    """How many periods of the calendar are missing between the first and the last, and the first of them."""
    if first.frequency == "interval":
        return 0, []
    present = {each.first for each in told}
    absent = (each.code for each in _walk(first, last) if each.first not in present)
    number = number_between(first.frequency, first.first, last.last) - len(present)
    return number, list(islice(absent, min(number, MOST_LISTED)))


def _walk(first: Period, last: Period) -> Iterator[Period]:
    at: Period | None = first
    while at is not None and at.first <= last.first:
        yield at
        at = following(at)


def _gap_days(told: Sequence[_Told]) -> int:
    """Days between the first and the last that no period holds."""
    gap, until = 0, told[0].last
    for each in told:
        gap += max(0, (each.first - until).days - 1)
        until = max(until, each.last)
    return gap


def _punctuality(told: Sequence[_Told], newest: _Told, last: Period, today: date) -> dict[str, object]:
    """How late the series usually is, and whether the next period is later than that; of those loaded on one day only the last tells."""
    loaded = {each.since.date(): each.late for each in told}
    usual = median_low(loaded.values())
    coming = following(last)
    expected = coming.last + timedelta(days=usual) if coming else None
    overdue = max(0, (today - expected).days) if expected else 0
    return {
        "usual_lateness_days": usual,
        "last_lateness_days": newest.late,
        "next_period": coming.code if coming else None,
        "expected_by": expected.isoformat() if expected else None,
        "overdue": overdue > 0,
        "overdue_days": overdue,
    }
