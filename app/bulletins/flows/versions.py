"""The versions behind an answer: of each bulletin that answers, or was taken back, those that its reader may still read (contract: /flows)."""

from collections.abc import Mapping, Sequence

from sqlalchemy import CTE, ColumnElement, and_, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from app.access.callers import Caller
from app.access.visibility import version_is_seen
from app.bulletins.flows.answering import answering, withdrawals
from app.bulletins.flows.question import FlowQuestion
from app.bulletins.models import Bulletin
from app.exchange.knowing import known_by, reasons
from app.wire.codes import Status

_OF_BULLETIN = (
    *("id", "document_id", "version", "tlp", "period", "period_start", "period_end", "dimensions", "pooled", "origin"),
    *("reporting_state", "publisher", "measure", "unit", "stock_or_flow", "definition_code", "accumulation", "figure_status"),
)
# Made once: an alias costs as much as all else of a statement.
_EACH = aliased(Bulletin)


def latest(caller: Caller, question: FlowQuestion) -> CTE:
    """The latest version of every bulletin that answers, `withdrawn` 0; and the withdrawal of every one that was taken back, 1."""
    answer = answering(caller, question)
    standing = select(*(answer.c[name] for name in _OF_BULLETIN), literal(0).label("withdrawn"))
    gone = select(*(getattr(Bulletin, name) for name in _OF_BULLETIN), literal(1).label("withdrawn"))
    return union_all(standing, gone.where(*withdrawals(caller, question))).cte("latest")


def versions(caller: Caller, question: FlowQuestion, newest: CTE) -> CTE:
    """Every version up to the latest one that the caller may read, numbered (`nth`) and counted (`versions`) by bulletin.

    Of a bulletin that was taken back all versions count, though none of them shows a figure any more.
    """
    same = newest.c.id
    found = select(
        same.label("latest_id"),
        *(getattr(_EACH, name) for name in ("id", "document_id", "version", "tlp", "published_at", "figure_status", "pooled")),
        func.row_number().over(partition_by=same, order_by=_EACH.version).label("nth"),
        func.count().over(partition_by=same).label("versions"),
    )
    own = and_(_EACH.document_id == newest.c.document_id, _EACH.version <= newest.c.version)
    readable = or_(newest.c.withdrawn == 1, _EACH.status == Status.PUBLISHED.value)
    return found.join_from(newest, _EACH, own).where(readable, *_seen(caller, question)).cte("version")


def ends(newest: CTE, each: CTE, *, unrevised: bool, only: Sequence[int] | None = None) -> CTE:
    """Of each bulletin its latest version beside the first that can be read; those of one version where they are asked for.

    `only` keeps those whose latest version has one of these numbers of rows.
    """
    first, last = each.alias("first"), each.alias("last")
    columns = [
        *(newest.c[name] for name in (*_OF_BULLETIN, "withdrawn")),
        first.c.versions,
        *(first.c[name].label(f"first_{name}") for name in ("id", "version", "published_at", "figure_status", "pooled")),
        last.c.published_at.label("latest_published_at"),
    ]
    found = select(*columns).join_from(newest, first, and_(first.c.latest_id == newest.c.id, first.c.nth == 1))
    found = found.join(last, last.c.id == newest.c.id)
    if not unrevised:
        found = found.where(or_(first.c.versions > 1, newest.c.withdrawn == 1))
    return (found if only is None else found.where(newest.c.id.in_(only))).cte("history")


def story(
    session: Session, caller: Caller, question: FlowQuestion, last: Mapping[str, tuple[int, bool]]
) -> list[tuple[Bulletin, str | None]]:
    """The same versions of a few bulletins with the reason of each, oldest first, in two statements.

    `last` tells of each document its latest version and whether that one took it back.
    """
    if not last:
        return []
    asked = select(_EACH).where(_EACH.document_id.in_(last), *_seen(caller, question)).order_by(_EACH.document_id, _EACH.version)
    found = [each for each in session.scalars(asked) if _belongs(each, *last[each.document_id])]
    why = reasons(session, [(each.document_id, each.version) for each in found if each.version > 1])
    return [(each, why.get((each.document_id, each.version))) for each in found]


def _belongs(each: Bulletin, number: int, gone: bool) -> bool:
    return each.version <= number and (gone or each.status == Status.PUBLISHED.value)


def _seen(caller: Caller, question: FlowQuestion) -> list[ColumnElement[bool]]:
    seen = [version_is_seen(caller, _EACH.document_id, _EACH.version)]
    return [*seen, known_by(_EACH.document_id, _EACH.version, question.as_of)] if question.as_of else seen
