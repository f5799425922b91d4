"""What may be asked of waiting items."""

from pydantic import Field

from app.core.parsing import nearest
from app.core.problems import Problem
from app.core.query import PageQuery, Word, Words
from app.wire.codes import WaitingStatus
from app.wire.problem import Finding


class ReviewQuery(PageQuery):
    """Which items are asked for."""

    status: Words | None = Field(None, description="items in these states only; repeated or with commas: any of them")
    kind: Word | None = Field(None, description="items of this kind of document only")


def states_asked(query: ReviewQuery) -> list[str]:
    """The states that are asked for; raises `invalid-query` for one that is none."""
    known = [each.value for each in WaitingStatus]
    for word in query.status or ():
        if word not in known:
            raise Problem(
                "invalid-query", Finding("code-unknown", pointer="status", params={"suggestions": nearest(word, known), "known": known})
            )
    return list(query.status or ())
