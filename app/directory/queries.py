"""What may be asked of the directory."""

from pydantic import Field

from app.core.problems import Problem
from app.core.query import PageQuery, Query, Word
from app.directory import codes
from app.wire.directory import CalendarDay
from app.wire.problem import Finding


class DayQuery(Query):
    """The day for which a conference is asked."""

    on: CalendarDay | None = Field(None, description="the day that is asked for; by default today (UTC)")


class DirectoryQuery(PageQuery):
    """A day and a conference."""

    on: CalendarDay | None = Field(None, description="the day that is asked for; by default today (UTC)")
    conference: Word | None = Field(None, description="this conference alone, by its code or alias")


def conference_named(text: str) -> str:
    """Code of the conference in a path, by its code or an alias; raises `conference-unknown` (404)."""
    code = codes.resolve_conference(text)
    if code is None:
        raise Problem("conference-unknown")
    return code


def conference_asked(text: str | None) -> str | None:
    """Code of the conference that a parameter names; raises `invalid-query` for one that nobody knows."""
    if text is None:
        return None
    code = codes.resolve_conference(text)
    if code is None:
        known = [one.code for one in codes.conferences()]
        raise Problem("invalid-query", Finding("code-unknown", pointer="conference", params={"suggestions": [], "known": known}))
    return code
