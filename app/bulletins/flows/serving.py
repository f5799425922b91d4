"""How an answer about the flows is served: as unchanged, from memory, or worked out in the analysts' share of the threads (ADR 0019)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from app.access.callers import Caller
from app.access.read_sets import Reading
from app.access.rules import attempt_of
from app.bulletins.flows.answering import Answered
from app.bulletins.flows.standing import Standing, glanced, standing
from app.core.conditional import answer_etag, is_fresh
from app.core.db import Patience
from app.core.gate import Share
from app.documents.edge import node_of
from app.exchange.noticing import Within

_READ_BYTES = 240
_VARY = "Authorization, Accept"


@dataclass(frozen=True)
class Given:
    """An answer as it may be given again: its bytes, the headers of its form, the cursor after it, and what was read for it."""

    body: bytes
    headers: Mapping[str, str]
    cursor: str | None = None
    answered: list[Answered] = field(default_factory=list)

    @cached_property
    def reading(self) -> Reading:
        """What was read, as the audit names it however often the answer is given."""
        return Reading(self.answered)


@dataclass(frozen=True)
class Streamed:
    """A long answer that is made while it is sent: its parts, the headers of its form, and what is read for it."""

    parts: Iterator[bytes]
    headers: Mapping[str, str]
    answered: list[Answered] = field(default_factory=list)


Asked = tuple[object, ...]
"""All of a question that decides its answer's bytes, beside the caller's rights and the store: route, binding, page, form, language."""


@dataclass(frozen=True)
class Page:
    """A question whose answer may be kept, and how it is worked out in one read."""

    asked: Asked
    make: Callable[[Session, Standing], Given]
    vary: str = _VARY
    within: Within | None = None


@dataclass(frozen=True)
class Whole:
    """A question whose answer is too long for that, and how it is settled in reads of its own."""

    asked: Asked
    make: Callable[[Patience], Streamed]
    vary: str = _VARY
    within: Within | None = None


async def served(request: Request, caller: Caller, judge: Callable[[], Page | Whole]) -> Response:
    """The answer to what `judge` makes of a request: 304, what is kept, or what is worked out behind the analysts' gate.

    Raises `busy` (503, Retry-After) where too many questions wait, `query-too-long` (422), and what judging and making raise.
    """
    share: Share = request.app.state.analysts
    job, known = await share.look(partial(_known, request, caller, judge))
    if known is not None:
        return known
    if isinstance(job, Page):
        return await share.work(request.receive, partial(_page, request, caller, job))
    made, headers = await share.work(request.receive, partial(_whole, request, caller, job))
    return StreamingResponse(share.parts(made.parts), headers=headers)


def _known(request: Request, caller: Caller, judge: Callable[[], Page | Whole]) -> tuple[Page | Whole, Response | None]:
    job = judge()
    return job, known_answer(request, caller, stands_now(request, caller, job.within), job.asked, job.vary)


def stands_now(request: Request, caller: Caller, within: Within | None) -> Standing:
    """How the store stands for a caller and a question, at a glance where nothing came since it was asked last."""
    node, kept = node_of(request), request.app.state.kept
    stands = glanced(node.db, caller, node.cursor_seal, kept, within)
    if stands is None:
        with node.db.read() as session:
            stands = standing(session, caller, node.cursor_seal, kept, within)
    return stands


def known_answer(request: Request, caller: Caller, stands: Standing, asked: Asked, vary: str, *, at_once: bool = False) -> Response | None:
    """304, or what is kept of the answer to a question while the store stands so; none where it must be worked out.

    `at_once`: none also where its audit would have to wait for the store.
    """
    tag = _tag(stands, asked)
    if is_fresh(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=_headers(tag, vary))
    given = stands.kept.get((caller.rights, tag), Given)
    if given is None or (at_once and not node_of(request).read_audit.takes_at_once(given.reading)):
        return None
    return _response(request, given, _headers(tag, vary))


def _tag(stands: Standing, asked: Asked) -> str:
    return answer_etag("flows", *stands.mark, *asked)


def _page(request: Request, caller: Caller, job: Page, patience: Patience) -> Response:
    with node_of(request).db.read(patience) as session:
        stands = standing(session, caller, node_of(request).cursor_seal, request.app.state.kept, job.within)
        given = job.make(session, stands)
    tag = _tag(stands, job.asked)
    stands.kept.put((caller.rights, tag), given, len(given.body) + _READ_BYTES * len(given.answered))
    return _response(request, given, _headers(tag, job.vary))


def _whole(request: Request, caller: Caller, job: Whole, patience: Patience) -> tuple[Streamed, dict[str, str]]:
    tag = _tag(stands_now(request, caller, job.within), job.asked)
    made = job.make(patience)
    node_of(request).read_audit.note(attempt_of(request), made.answered)
    return made, _headers(tag, job.vary) | dict(made.headers)


def _headers(tag: str, vary: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": vary}


def _response(request: Request, given: Given, headers: Mapping[str, str]) -> Response:
    node_of(request).read_audit.note(attempt_of(request), given.reading)
    headers = {**headers, **given.headers}
    if given.cursor:
        link = request.url.include_query_params(cursor=given.cursor)
        headers["Link"] = f'<{link.path}?{link.query}>; rel="next"'
    return Response(given.body, headers=headers)
