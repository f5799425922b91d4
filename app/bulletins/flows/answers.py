"""The analyst query: from a question to one page of rows or groups, of what the caller may see (contract: /flows)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.bulletins.flows import rows as plain_rows
from app.bulletins.flows import sums as sum_rows
from app.bulletins.flows.answering import Answered, answering, read_of
from app.bulletins.flows.checks import refuse_sum
from app.bulletins.flows.columns import columns_of
from app.bulletins.flows.question import FlowQuestion
from app.bulletins.flows.standing import NOWHERE, Standing, key_of
from app.wire.codes import TLP

Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class FlowPage:
    """One page of an answer: columns and rows, the position after the last where more wait, the exact number of all, what was read."""

    columns: tuple[str, ...]
    rows: Rows
    position: list[object] | None
    total: int
    answered: list[Answered]


def page(
    session: Session,
    caller: Caller,
    question: FlowQuestion,
    after: Sequence[object] | None = None,
    limit: int | None = None,
    stands: Standing = NOWHERE,
) -> FlowPage:
    """The rows or groups after a position, at most `limit`; a fixed number of statements: two for rows, at most four for groups.

    What does not hang on the page is worked out once while the store `stands` as it does.

    Raises `mixed-sum`, `overlapping-periods`, `group-not-whole` and `too-many-groups` for sums that cannot be.
    """
    answer = answering(caller, question)
    if not question.group_by:
        plain = plain_rows.page(session, answer, question, after, limit)
        total = stands.once(int, ("total", key_of(question)), lambda: plain_rows.total(session, answer, question))
        return FlowPage(columns_of(question.group_by), plain.rows, plain.position, total, plain.answered)
    refuse_sum(session, answer, question)
    sums = sum_rows.page(session, answer, question, after, limit)
    return FlowPage(columns_of(question.group_by), sums.rows, sums.position, sums.total, read_of(session, answer, TLP.AMBER))
