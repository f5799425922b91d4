"""What no sum may do: mix what is never added, count days twice, or call parts a whole (contract: /flows)."""

from typing import Any

from sqlalchemy import CTE, ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from app.bulletins.flows.answering import SERIES, answering_of, bucket_days, days
from app.bulletins.flows.question import ATTRIBUTES, UNMIXED, FlowQuestion, period_of, refuse_mixed
from app.bulletins.flows.settling import Settled
from app.core.db import is_sqlite
from app.core.problems import Problem
from app.wire.period import Bucket
from app.wire.problem import Finding


def refuse_sum(session: Session, found: Settled, question: FlowQuestion) -> None:
    """Raise where the answering bulletins cannot be added up as asked; at most one statement.

    `mixed-sum` {parameter, known}: they hold several units, measures, publishers, definition codes or accumulations;
    `overlapping-periods` {earlier, later}: a group has a month and its year, or the like, and neither period nor frequency is asked for;
    `group-not-whole` {group}: the smaller periods do not fill a calendar group; beside it `weeks-not-whole` where they are weeks.
    """
    names = [name for name in UNMIXED if name not in question.group_by]
    refuse_mixed(question, {name: sorted({getattr(kind, name) for kind in found.kinds}) for name in names})
    if "period" in question.group_by and not question.bucket:
        return
    answer = answering_of(question, found.ids, sqlite=is_sqlite(session))
    if question.bucket:
        _refuse_gaps(session, answer, question, question.bucket)
    else:
        _refuse_overlaps(session, answer, question)


def _apart(answer: CTE, question: FlowQuestion, *names: str) -> list[ColumnElement[Any]]:
    """What tells series apart within the groups: nothing is counted twice, and nothing is whole, but within one group."""
    grouped = [name for name in ("origin", *ATTRIBUTES.values()) if name in {ATTRIBUTES.get(each) for each in question.group_by}]
    return [answer.c[name] for name in dict.fromkeys([*names, *SERIES, *grouped])]


def _refuse_overlaps(session: Session, answer: CTE, question: FlowQuestion) -> None:
    series, order = _apart(answer, question), [answer.c.period_start, answer.c.period_end]
    furthest = func.max(answer.c.period_end).over(partition_by=series, order_by=order, rows=(None, -1))
    # Before the first overlap of a series nothing reaches further than what stands right before it.
    before = func.lag(answer.c.period).over(partition_by=series, order_by=order)
    spans = select(*order, answer.c.period, before.label("before"), furthest.label("furthest"), *series).subquery("span")
    first = select(spans.c.before, spans.c.period).where(spans.c.furthest >= spans.c.period_start)
    found = session.execute(first.order_by(*(column for column in spans.c if column.key not in {"before", "furthest"})).limit(1)).first()
    if found:
        both = {"earlier": found.before, "later": found.period}
        raise Problem("overlapping-periods", Finding("overlapping-periods", pointer="frequency", params=both), headers=None, **both)


def _refuse_gaps(session: Session, answer: CTE, question: FlowQuestion, bucket: Bucket) -> None:
    filled = func.sum(days(answer.c.period_start, answer.c.period_end))
    broken = or_(filled != bucket_days(bucket, answer.c.bucket), func.max(answer.c.overlapped) > 0)
    weekly = func.max(case((answer.c.frequency == "week", 1), else_=0))
    series = _apart(answer, question, "origin")
    asked = select(answer.c.bucket, weekly.label("weekly")).group_by(answer.c.bucket, *series).having(broken)
    found = session.execute(asked.order_by(answer.c.bucket, weekly.desc()).limit(1)).first()
    if found:
        group = {"group": period_of(bucket, found.bucket).code}
        codes = ["group-not-whole", *(["weeks-not-whole"] if found.weekly else [])]
        findings = [Finding(code, pointer="frequency", params=group) for code in codes]
        raise Problem("group-not-whole", *findings, headers=None, **group)
