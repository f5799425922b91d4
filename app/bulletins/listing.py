"""The list of bulletins: its filters and its order."""

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.models import Bulletin
from app.bulletins.queries import ListQuery
from app.core.problems import Problem
from app.directory import codes
from app.documents import reading
from app.documents.reading import Found, Listing, Order, known_code, marking_filters
from app.wire.period import Period, PeriodError, parse_period
from app.wire.problem import Finding

_BY_COLUMN = ("reporting_state", "publisher", "measure", "unit", "definition_code")
_ORDER = Order("published_at", Bulletin.published_at)


def listing_of(caller: Caller, query: ListQuery) -> Listing:
    """The newest versions in the order of their publication, of those that the caller may see."""
    conditions = _filters(query)

    def page(session: Session, after: tuple[str, str] | None, limit: int, _total: int) -> list[Found]:
        return reading.page(session, caller, Bulletin, conditions, _ORDER, after, limit)

    return Listing(lambda session: reading.count(session, caller, Bulletin, conditions), page)


def _filters(query: ListQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name in _BY_COLUMN:
        wanted = getattr(query, name)
        if wanted:
            conditions.append(getattr(Bulletin, name).in_(_canonical(name, wanted)))
    conditions += marking_filters(Bulletin, query)
    if query.figure_status:
        conditions.append(Bulletin.figure_status == query.figure_status.value)
    if query.period_from:
        conditions.append(Bulletin.period_start >= _asked_period(query.period_from, "period_from").first)
    if query.period_to:
        conditions.append(Bulletin.period_end <= _asked_period(query.period_to, "period_to").last)
    return conditions


def _asked_period(text: str, parameter: str) -> Period:
    """The period that a parameter names; raises `invalid-query`."""
    try:
        return parse_period(text)
    except PeriodError:
        raise Problem("invalid-query", Finding("period-invalid", pointer=parameter)) from None


def _canonical(name: str, wanted: list[str]) -> list[str]:
    """Codes as they are stored; raises `invalid-query` with suggestions for one that no vocabulary knows."""
    if name == "reporting_state":
        return [known_code(codes.resolve_state(text), name, text, sorted(codes.states())) for text in wanted]
    if name in {"measure", "unit"}:
        terms = codes.vocabulary(name).terms
        return [known_code(text if text in terms else None, name, text, list(terms)) for text in wanted]
    return wanted
