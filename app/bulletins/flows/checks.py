"""What no sum may do: mix what is never added, count days twice, or call parts a whole (contract: /flows)."""

from sqlalchemy import CTE, case, func, or_, select
from sqlalchemy.orm import Session

from app.bulletins.flows.answering import SERIES, bucket_days, days
from app.bulletins.flows.question import UNMIXED, FlowQuestion, period_of, refuse_mixed
from app.core.problems import Problem
from app.wire.period import Bucket
from app.wire.problem import Finding


def refuse_sum(session: Session, answer: CTE, question: FlowQuestion) -> None:
    """Raise where the answering bulletins cannot be added up as asked; at most two statements.

    `mixed-sum` {parameter, known}: they hold several units, measures, publishers, definition codes or accumulations;
    `overlapping-periods`: a series has a month and its year, or the like, and neither period nor frequency is asked for;
    `group-not-whole` {group}: the smaller periods do not fill a calendar group, or a week is among them.
    """
    names = [name for name in UNMIXED if name not in question.group_by]
    if names:
        held = session.execute(select(*(answer.c[name] for name in names)).distinct()).all()
        refuse_mixed(question, {name: sorted({getattr(row, name) for row in held}) for name in names})
    if question.bucket:
        _refuse_gaps(session, answer, question.bucket)
    elif "period" not in question.group_by:
        _refuse_overlaps(session, answer)


def _refuse_overlaps(session: Session, answer: CTE) -> None:
    order = [answer.c.period_start, answer.c.period_end]
    before = func.max(answer.c.period_end).over(partition_by=[answer.c[name] for name in SERIES], order_by=order, rows=(None, -1))
    spans = select(answer.c.period_start, before.label("before")).subquery("span")
    if session.execute(select(spans.c.before).where(spans.c.before >= spans.c.period_start).limit(1)).first():
        raise Problem("overlapping-periods", Finding("overlapping-periods", pointer="frequency"))


def _refuse_gaps(session: Session, answer: CTE, bucket: Bucket) -> None:
    # A week is never a part: it fills no day of any month, though four of them can fill a February.
    filled = func.sum(case((answer.c.frequency == "week", 0), else_=days(answer.c.period_start, answer.c.period_end)))
    broken = or_(filled != bucket_days(bucket, answer.c.bucket), func.max(answer.c.overlapped) > 0)
    series = [answer.c[name] for name in ("origin", *SERIES)]
    asked = select(answer.c.bucket).group_by(answer.c.bucket, *series).having(broken).order_by(answer.c.bucket).limit(1)
    number = session.scalar(asked)
    if number is not None:
        group = period_of(bucket, number).code
        raise Problem("group-not-whole", Finding("group-not-whole", pointer="frequency", params={"group": group}), group=group)
