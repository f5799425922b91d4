"""Published flows around an alert: of its nationalities, from the States of its route, near its time; asked as anyone asks /v1/flows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.alerts.around import Around
from app.bulletins.flows import rows as plain_rows
from app.bulletins.flows.answering import Answered, answering
from app.bulletins.flows.answers import page
from app.bulletins.flows.query import FlowQuery
from app.bulletins.flows.question import FlowQuestion, question_of

Series = list[tuple[str, str]]
"""Measure and unit of what was found, each pair once, in alphabetical order."""

_YEAR: Final = 12
_EARLIEST: Final = 1900 * _YEAR
"""Number of the first month that a period can have (`app.wire.period`); the last one, in 2100, no alert comes near."""


@dataclass(frozen=True)
class Search:
    """What is looked for around an alert: nationalities, reporting States in the order of the route, the first and the last month."""

    nationalities: tuple[str, ...]
    states: tuple[str, ...]
    period_from: str
    period_to: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be looked for, because the alert names no nationality or no route."""
        return not (self.nationalities and self.states)

    @property
    def asked(self) -> dict[str, Any]:
        """The search as an answer tells it; `href` gives the same rows where anyone asks for flows, none where it is empty."""
        asked = {"nationality": list(self.nationalities), "reporting_state": list(self.states)}
        filters = {name: ",".join(codes) for name, codes in asked.items()}
        span = {"period_from": self.period_from, "period_to": self.period_to}
        return {**asked, **span, "href": None if self.is_empty else f"/v1/flows?{urlencode(filters | span, safe=',')}"}

    @property
    def question(self) -> FlowQuestion:
        """The question of /v1/flows that the search is; not to be asked where it is empty, for then it would ask for everything."""
        texts = {"period_from": self.period_from, "period_to": self.period_to}
        return question_of(FlowQuery(nationality=[*self.nationalities], reporting_state=[*self.states], **texts))


@dataclass(frozen=True)
class Nearby:
    """A page of what was found, the position after its last row where more wait, the exact number of all; `series` are those of all."""

    items: list[dict[str, object]]
    position: list[object] | None
    total: int
    answered: list[Answered]
    series: Series


def search_of(alert: Around, months: int) -> Search:
    """What to look for around an alert, so many months before its first and after its last."""
    return Search(alert.nationalities, tuple(alert.corridor), *window(alert.first, alert.last, months))


def window(first: date, last: date, months: int) -> tuple[str, str]:
    """The first and the last calendar month of a search around these days, so many months before and after.

    One month on either side is the least that helps: persons are counted where they are registered, days or weeks after a network
    moved them, and a figure says something only beside that of the month before.  Whole months, because most figures are of months,
    and one that lies only partly in the window does not answer.
    """
    begin, end = first.year * _YEAR + first.month - 1 - months, last.year * _YEAR + last.month - 1 + months
    return _month(max(begin, _EARLIEST)), _month(end)


def _month(number: int) -> str:
    return f"{number // _YEAR}-{number % _YEAR + 1:02}"


def nearby(session: Session, caller: Caller, search: Search, corridor: Mapping[str, int], after: list[object] | None, limit: int) -> Nearby:
    """The rows after a position, at most `limit`, each with the leg of the route that first touches the State which reports it."""
    if search.is_empty:
        return Nearby([], None, 0, [], [])
    question = search.question
    found = page(session, caller, question, after, limit)
    rows = (dict(zip(found.columns, row, strict=True)) for row in found.rows)
    items = [row | {"leg": corridor[str(row["reporting_state"])]} for row in rows]
    return Nearby(items, found.position, found.total, found.answered, _series(session, caller, question))


def _series(session: Session, caller: Caller, question: FlowQuestion) -> Series:
    """Measure and unit of every row that answers, whatever page it is on: one statement, and one a pair where there are several."""
    answer = answering(caller, question)
    held = session.execute(select(answer.c.measure, answer.c.unit).distinct().order_by(answer.c.measure, answer.c.unit))
    pairs = [(str(row.measure), str(row.unit)) for row in held]
    # A bulletin may answer and yet have no row of these nationalities.
    return pairs if len(pairs) < 2 else [pair for pair in pairs if _has_rows(session, caller, question, *pair)]  # noqa: PLR2004 - several


def _has_rows(session: Session, caller: Caller, question: FlowQuestion, measure: str, unit: str) -> bool:
    narrowed = replace(question, matching={**question.matching, "measure": (measure,), "unit": (unit,)})
    return bool(plain_rows.page(session, answering(caller, narrowed), narrowed, None, 1).rows)
