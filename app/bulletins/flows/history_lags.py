"""Revisions by lag: how far what was known some weeks after a period was from the latest figures (contract: /flows/revisions).

The earlier figure of a cell is compared with the latest one, once for each earlier version; a version counts at every distance at
which it was the newest.  Relative revisions are whole hundredths of a percent, so that both stores add up the same.
"""

from typing import Any, Final

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Subquery,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.flows.answering import SERIES, Answered
from app.bulletins.flows.history_rows import HUNDREDTHS
from app.bulletins.flows.question import FlowQuestion
from app.bulletins.flows.rows import matches
from app.bulletins.flows.versions import latest, versions
from app.bulletins.models import Cell
from app.core.problems import Problem
from app.directory.dimensions import DIMENSIONS
from app.wire.codes import TLP
from app.wire.problem import Finding

WEEKS: Final = (1, 2, 4, 8, 13, 26, 52, 104)
_KEYS: Final = ("origin", *SERIES)
COLUMNS: Final = (
    *("conference", *SERIES, "weeks", "cells", "compared", "changed"),
    *("mean_percent", "median_percent", "mean_absolute_percent"),
)
"""Columns of a row, in the order of every format."""

MOST: Final = 10_000
_DAY: Final = 86_400
_FIRST: Final = 0


def lags(session: Session, caller: Caller, question: FlowQuestion) -> tuple[list[dict[str, object]], list[Answered]]:
    """A row a series and distance, and the versions from AMBER on that they are made of; in two statements.

    Raises `too-many-groups` {count, maximum}.
    """
    newest = latest(caller, question)
    each = versions(caller, question, newest)
    rows = session.execute(_table(newest, each, question)).all()
    if len(rows) > MOST:
        figures = {"count": len(rows), "maximum": MOST}
        raise Problem("too-many-groups", Finding("too-many-groups", params=figures), headers=None, **figures)
    asked = select(each.c.document_id, each.c.version, each.c.tlp).where(each.c.tlp >= TLP.AMBER.rank)
    read = [(row.document_id, row.version, list(TLP)[row.tlp]) for row in session.execute(asked)]
    return [_shown(row) for row in rows], read


def _shown(row: Row[Any]) -> dict[str, object]:
    given: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row by column
    given |= {"conference": row.origin, "weeks": row.weeks or None}
    total = row.compared
    given |= {
        "mean_percent": _mean(row.added, total),
        "mean_absolute_percent": _mean(row.moved, total),
        "median_percent": _mean(row.low + row.high, 2) if total else None,
    }
    return {name: given[name] for name in COLUMNS}


def _mean(added: int, number: int) -> float | None:
    """A mean of hundredths as percent, rounded half away from 0 in whole numbers."""
    if not number:
        return None
    rounded = (2 * abs(added) + number) // (2 * number)
    return (rounded if added >= 0 else -rounded) / 100


def _table(newest: CTE, each: CTE, question: FlowQuestion) -> Select[*tuple[Any, ...]]:
    standing, compared = _standing(newest, each), _compared(newest, each, question)
    keys = [newest.c[name] for name in _KEYS]
    sums = [cast(func.sum(compared.c[name]), BigInteger).label(name) for name in ("cells", "number", "changed")]
    spread = select(*keys, standing.c.weeks, compared.c.revision, *sums).join_from(newest, standing, standing.c.latest_id == newest.c.id)
    spread = spread.join(compared, and_(compared.c.latest_id == standing.c.latest_id, compared.c.id == standing.c.id))
    counted = spread.group_by(*keys, standing.c.weeks, compared.c.revision).subquery("spread")
    same = [counted.c[name] for name in (*_KEYS, "weeks")]
    upto = func.sum(counted.c.number).over(partition_by=same, order_by=counted.c.revision, rows=(None, 0))
    ranked = select(*counted.c, upto.label("upto"), func.sum(counted.c.number).over(partition_by=same).label("whole")).subquery("ranked")
    of = ranked.c
    return (
        select(
            *(of[name] for name in (*_KEYS, "weeks")),
            _whole(func.sum(of.cells)).label("cells"),
            _whole(func.sum(of.number)).label("compared"),
            _whole(func.sum(of.changed)).label("changed"),
            _whole(func.sum(of.revision * of.number)).label("added"),
            _whole(func.sum(func.abs(of.revision) * of.number)).label("moved"),
            # The middle one, or the two around the middle.
            func.min(case((and_(of.number > 0, of.upto * 2 >= of.whole), of.revision))).label("low"),
            func.min(case((and_(of.number > 0, of.upto * 2 >= of.whole + 2 - of.whole % 2), of.revision))).label("high"),
        )
        .group_by(*(of[name] for name in (*_KEYS, "weeks")))
        .order_by(*(of[name] for name in (*_KEYS, "weeks")))
    )


def _whole(column: ColumnElement[Any]) -> ColumnElement[int]:
    """A sum as a whole number, 0 where there is nothing: PostgreSQL makes it a decimal."""
    return cast(func.coalesce(column, 0), BigInteger)


def _standing(newest: CTE, each: CTE) -> CTE:
    """Which version of each bulletin stood at each distance from the end of its period, those at which none did left out; 0 is the first."""
    late = extract("epoch", each.c.published_at) - extract("epoch", newest.c.period_end)
    following = func.lead(late).over(partition_by=each.c.latest_id, order_by=each.c.nth)
    timed = select(each.c.latest_id, each.c.id, each.c.nth, late.label("late"), following.label("following"))
    timed = timed.join_from(each, newest, newest.c.id == each.c.latest_id).where(newest.c.withdrawn == 0)
    one = timed.cte("timed")
    distances = [_FIRST, *WEEKS]
    band = union_all(*(select(literal(weeks).label("weeks"), literal((7 * weeks + 1) * _DAY).label("until")) for weeks in distances)).cte(
        "band"
    )
    then = and_(band.c.weeks > _FIRST, one.c.late < band.c.until, or_(one.c.following.is_(None), one.c.following >= band.c.until))
    met = or_(and_(band.c.weeks == _FIRST, one.c.nth == 1), then)
    return select(band.c.weeks, one.c.latest_id, one.c.id).join_from(one, band, met).cte("standing")


def _compared(newest: CTE, each: CTE, question: FlowQuestion) -> CTE:
    """Of each version the revisions of its cells that came after it, with how many cells have each; none (null) where one has no value."""
    alone = [Cell.bulletin_id == newest.c.id, newest.c.withdrawn == 0, *matches(newest.c.dimensions, question)]
    known = case((Cell.value > 0, literal(0)), else_=null())
    last = select(
        *(newest.c.id.label("latest_id"), newest.c.id.label("id"), known.label("revision"), func.count().label("cells")),
        *(func.count(known).label("number"), literal(0).label("changed")),
    )
    unchanged = last.join_from(newest, Cell, and_(*alone)).group_by(newest.c.id, known)
    both = _side_by_side(newest, each, question)
    rest = both.c.now - both.c.then
    twice = func.abs(rest) * (2 * HUNDREDTHS) + both.c.then
    size = case((rest < 0, -(twice // (2 * both.c.then))), else_=twice // (2 * both.c.then))
    revision = case((both.c.then > 0, size), else_=null())
    figures = [
        func.sum(both.c.there).label("cells"),
        func.count(revision).label("number"),
        func.sum(case((and_(revision.is_not(None), rest != 0), 1), else_=0)).label("changed"),
    ]
    changed = select(both.c.latest_id, both.c.id, revision.label("revision"), *figures).group_by(both.c.latest_id, both.c.id, revision)
    return union_all(unchanged, changed).cte("compared")


def _side_by_side(newest: CTE, each: CTE, question: FlowQuestion) -> Subquery:
    """The value of each cell in each earlier version and in the latest, as `then` and `now`; `there` where the latest names it."""
    codes = [getattr(Cell, name) for name in DIMENSIONS]
    sides = []
    for is_now in (0, 1):
        own = newest.c.id if is_now else each.c.id
        value, nothing = cast(Cell.value, BigInteger), cast(null(), BigInteger)
        figures = [
            (nothing if is_now else value).label("then"),
            (value if is_now else nothing).label("now"),
            literal(is_now).label("there"),
        ]
        side = select(each.c.latest_id, each.c.id, *codes, *figures).join_from(each, newest, newest.c.id == each.c.latest_id)
        side = side.join(Cell, Cell.bulletin_id == own)
        sides.append(side.where(each.c.id != each.c.latest_id, newest.c.withdrawn == 0, *matches(newest.c.dimensions, question)))
    both = union_all(*sides).subquery("both")
    keys = [both.c.latest_id, both.c.id, *(both.c[name] for name in DIMENSIONS)]
    figures = [func.max(both.c[name]).label(name) for name in ("then", "now", "there")]
    return select(*keys, *figures).group_by(*keys).subquery("compare")
