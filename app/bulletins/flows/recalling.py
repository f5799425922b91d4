"""A question that was asked before in the very same words: answered at two glances, without being judged anew (ADR 0020)."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.access.callers import Caller
from app.access.rules import Rule
from app.bulletins.flows.serving import Asked, known_answer, stands_now
from app.bulletins.flows.standing import glanced
from app.core.db import PASSING
from app.core.gate import Share
from app.core.glance import AtHand
from app.core.kept import Kept
from app.core.problems import Problem
from app.documents.edge import node_of
from app.exchange.noticing import Within

_WORDS = ("accept", "accept-language")
_BYTES = 600


@dataclass(frozen=True)
class Recalled:
    """What a question's words came to: all that decides its answer's bytes beside the store, and what that depends on of the headers."""

    asked: Asked
    vary: str
    within: Within | None


class RecallingRoute(APIRoute):
    """A route that knows its caller first and then looks whether these words were answered before.

    For answers that hang on nothing but the words, the caller's rights and the store.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that judges, behind one that recalls."""
        judged = super().get_route_handler()
        rule = next(each.call for each in self.dependant.dependencies if isinstance(each.call, Rule))

        async def handler(request: Request) -> Response:
            share: Share = request.app.state.analysts
            at_hand: AtHand | None = request.app.state.at_hand
            recalled = _recalled_at_once(request, rule, at_hand) if at_hand else None
            if recalled is None and (_may_stand(request) or not share.gate.is_full):
                recalled = await share.look(partial(_recalled, request, rule))
            if recalled is not None:
                return recalled
            # Before it is judged: that takes longer than all else of a refusal.
            share.gate.require_room()
            answer = await judged(request)
            _note_answered(request)
            return answer

        return handler


def remember(request: Request, caller: Caller, recalled: Recalled) -> None:
    """Keep what the words of a request came to."""
    kept: Kept = request.app.state.kept
    kept.put(_words(request, caller), recalled, _BYTES + 4 * len(request.scope["query_string"]))


def _recalled_at_once(request: Request, rule: Rule, at_hand: AtHand) -> Response | None:
    # In the event loop: a thread would take as long as all the rest, and nothing here waits.
    try:
        caller = rule.known_to(at_hand, request)
        known = _known(request, caller)
        stands = known and glanced(at_hand, caller, node_of(request).cursor_seal, request.app.state.kept, known.within)
        return known_answer(request, caller, stands, known.asked, known.vary, at_once=True) if known and stands else None
    except Problem as problem:
        if problem.code not in PASSING:
            raise
        return None


def _recalled(request: Request, rule: Rule) -> Response | None:
    # Entries that came since may have been about something else.
    caller = rule(request)
    known = _known(request, caller)
    if known is None:
        return None
    return known_answer(request, caller, stands_now(request, caller, known.within), known.asked, known.vary)


def _known(request: Request, caller: Caller) -> Recalled | None:
    kept: Kept = request.app.state.kept
    return kept.get(_words(request, caller), Recalled)


def _may_stand(request: Request) -> bool:
    """Whether there may be an answer to these words that can be given again, or none is needed."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None or "if-none-match" in request.headers:
        return True
    kept: Kept = request.app.state.kept
    return kept.get((*_words(request, caller), "answered"), bool) is not None


def _note_answered(request: Request) -> None:
    kept: Kept = request.app.state.kept
    kept.put((*_words(request, request.state.caller), "answered"), value=True, size=_BYTES + 4 * len(request.scope["query_string"]))


def _words(request: Request, caller: Caller) -> tuple[object, ...]:
    """All that a question can be read from, and the rights by which it is read."""
    said = (tuple(request.headers.getlist(name)) for name in _WORDS)
    return ("words", request.scope["path"], request.scope["query_string"], *said, caller.rights)
