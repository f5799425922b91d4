"""Routes of the directory by date: conferences, States, offices (contract: Routes)."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.access.rules import Reader
from app.core.clock import utc_now
from app.core.db import Database
from app.core.declared import CONDITIONAL, SPOKEN
from app.core.language import language_of, spoken
from app.core.problems import as_json
from app.core.query import PageQuery
from app.directory import reading
from app.directory.pages import fresh_or, page
from app.directory.queries import DayQuery, DirectoryQuery, conference_asked, conference_named
from app.wire.directory import ConferenceOnDate, ConferencePage, OfficePage, StatePage

router = APIRouter(prefix="/v1", tags=["directory"])

ConferencePath = Annotated[str, Path(max_length=16, description="a conference by its code or alias: RCM or CRM, SACM or CSM")]


@router.get("/conferences", operation_id="list_conferences", response_model=ConferencePage, responses=CONDITIONAL)
def list_conferences(request: Request, caller: Reader, query: Annotated[PageQuery, Query()]) -> Response:
    """The conferences that the node knows, with their names."""
    del caller
    with database(request).read() as session:
        found = reading.conferences(session)
    return page(request, query, [(one["code"], one) for one in found])


@router.get("/conferences/{code}", operation_id="get_conference", response_model=ConferenceOnDate, responses={200: SPOKEN, **CONDITIONAL})
def get_conference(request: Request, caller: Reader, code: ConferencePath, query: Annotated[DayQuery, Query()]) -> Response:
    """A conference on a day: members, observers, presidency and Troika. What is not known is left out, and `findings` say so."""
    del caller
    language = language_of(request)
    with database(request).read() as session:
        shown, unknown = reading.conference_on(session, conference_named(code), day_of(query.on))
    shown["findings"] = [as_json(finding, language) for finding in unknown]
    return fresh_or(request, shown, spoken(language, "Authorization"))


@router.get("/states", operation_id="list_states", response_model=StatePage, responses=CONDITIONAL)
def list_states(request: Request, caller: Reader, query: Annotated[DirectoryQuery, Query()]) -> Response:
    """The States that take part in a conference on a day, with every membership of theirs on that day."""
    del caller
    conference = conference_asked(query.conference)
    with database(request).read() as session:
        found = reading.states_on(session, day_of(query.on), conference)
    return page(request, query, [(one["code"], one) for one in found])


@router.get("/offices", operation_id="list_offices", response_model=OfficePage, responses=CONDITIONAL)
def list_offices(request: Request, caller: Reader, query: Annotated[DirectoryQuery, Query()]) -> Response:
    """The offices on a day: each conference's secretariat, its presidency with the State that holds it, an office of each member."""
    del caller
    conference = conference_asked(query.conference)
    with database(request).read() as session:
        found = reading.offices_on(session, day_of(query.on), conference)
    return page(request, query, [(one["code"], one) for one in found])


def database(request: Request) -> Database:
    """The store of the node that serves a request."""
    db: Database = request.app.state.db
    return db


def day_of(text: str | None) -> date:
    """The day that is asked for, by default today (UTC)."""
    return date.fromisoformat(text) if text else utc_now().date()
