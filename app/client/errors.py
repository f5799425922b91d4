"""What a caller of the client has to tell apart.

IstmoError
├── Refused              the node judged what was sent; `code` and `findings` say why: mend it
│   ├── Unauthenticated  401: the key, secret or token is wrong, or has ended
│   ├── Forbidden        403: not with this role, conference or State
│   ├── NotFound         404: nothing there, or nothing that you may see
│   ├── Conflict         409: what stands there is not what this expects
│   │   └── Exists       bulletin-exists: other figures stand under the period; revise them, with a reason
│   ├── ResyncRequired   410: the node was restored; begin the feed anew
│   ├── Stale            412, 428: it was changed since you looked at it; look again
│   └── Invalid          400, 406, 413, 422: what was sent does not hold, or the node has no such format; the findings name each place
├── Unreachable          no node answered, or not one that can work now: try again later, the same push is never counted twice
│   └── Throttled        429, 503, or the same is still at work: come back after `retry_after` seconds
└── Unusable             the address, key or extra cannot be used: set it right; nothing was sent
"""

from collections.abc import Mapping
from typing import Any

_SERVER_FAULT = 500

REASONS: Mapping[str, str] = {
    "unreachable-broke-off": "the answer broke off; send the same again, a push is never counted twice",
    "unreachable-fault": "the node answered {status}: {said}",
    "unreachable-foreign": "something at the address answered {status} without an Istmo problem: is a proxy between?",
    "unreachable-no-answer": "no answer from the node: {error}",
    "unreachable-no-file": "what answered at the address is no Istmo node: it sent no file of alerts",
    "unreachable-no-form": "what answered at the address is no Istmo node: it was asked for {form} and sent something else",
    "unreachable-no-node": "what answered at the address is no Istmo node, or its answer broke off",
    "unreachable-redirect": "the address answered {status}, a redirect: give the node's own address",
    "unusable-address": "the address of a node begins with https:// or http://",
    "unusable-extra": "{module} is not installed: pip install 'istmo[{extra}]'",
    "unusable-form": "no format that is known here: one of {known}",
    "unusable-key": "an API key is plain ASCII: copy it again",
    "unusable-login": "give an API key, or a client id with its secret, or a client id with its private key",
    "unusable-private-key": "a private key is of the curve P-256, as PEM without a password",
}
"""What the client itself says, in English; by its codes the command line says it in the user's language."""


class IstmoError(Exception):
    """Anything that keeps a call from its answer."""


class Refused(IstmoError):  # noqa: N818 - the contract's word
    """The node's refusal, as it wrote it (RFC 9457)."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        """Keep the problem document."""
        super().__init__(str(problem.get("detail") or problem.get("title") or problem.get("code")))
        self.problem = dict(problem)

    @property
    def status(self) -> int:
        """HTTP status of the refusal."""
        return int(self.problem.get("status") or 0)

    @property
    def code(self) -> str:
        """Stable code of the problem."""
        return str(self.problem.get("code") or "")

    @property
    def detail(self) -> str:
        """The sentence for people, in the language that was asked for."""
        return str(self)

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Pointer or sheet, row and column, code and detail of each fault."""
        return [dict(item) for item in self.problem.get("errors") or ()]


class Unauthenticated(Refused):
    """The key, secret or token is wrong, or has ended (401)."""


class Forbidden(Refused):
    """Not with this role, conference or State (403)."""


class NotFound(Refused):
    """Nothing there, or nothing that the caller may see (404)."""


class Conflict(Refused):
    """What stands there is not what this expects (409)."""


class Exists(Conflict):
    """Other figures stand under the period of a bulletin (bulletin-exists)."""


class ResyncRequired(Refused):
    """The node was restored: its feed begins anew (410)."""


class Stale(Refused):
    """It was changed since the caller looked at it, or the caller did not say what it looked at (412, 428)."""


class Invalid(Refused):
    """What was sent does not hold, or is asked for in a format that the node does not have (400, 406, 413, 422)."""


class Unreachable(IstmoError):  # noqa: N818 - the contract's word
    """No usable answer; `reason` says in plain words what happened instead."""

    def __init__(self, code: str, **figures: object) -> None:
        """Keep the code of the reason and the figures of its sentence."""
        super().__init__(REASONS[code].format_map(figures))
        self.code = code
        self.figures = figures

    @property
    def reason(self) -> str:
        """The sentence, in English."""
        return str(self)


class Throttled(Unreachable):
    """The node asks to come back later: the code of its `problem`, and the seconds that it names in `retry_after`, if it does."""

    def __init__(self, problem: str, retry_after: int | None, **figures: object) -> None:
        """Keep both, and the figures of the sentence."""
        super().__init__("unreachable-fault", **figures)
        self.problem, self.retry_after = problem, retry_after


class Unusable(IstmoError, ValueError):  # noqa: N818 - says what is the matter, as Refused does
    """An address, key or extra that cannot be used: nothing was sent."""

    def __init__(self, code: str, **figures: object) -> None:
        """Keep the code of the reason and the figures of its sentence."""
        super().__init__(REASONS[code].format_map(figures))
        self.code = code
        self.figures = figures


IN_FLIGHT = "request-in-flight"
_BY_CODE: Mapping[str, type[Refused]] = {"bulletin-exists": Exists, "proposal-stale": Stale, "review-stale": Stale}
_BY_STATUS: Mapping[int, type[Refused]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    406: Invalid,
    409: Conflict,
    410: ResyncRequired,
    412: Stale,
    413: Invalid,
    422: Invalid,
    428: Stale,
}
_COME_BACK = (429, 503)


def refusal(status: int, problem: Mapping[str, Any], retry_after: str = "") -> IstmoError:
    """The error of a problem document: `Unreachable` where the node asks to come back later or has itself failed."""
    code = str(problem.get("code"))
    if status in _COME_BACK or status >= _SERVER_FAULT or code == IN_FLIGHT:
        figures = {"status": status, "said": " ".join(str(problem[name]) for name in ("detail", "request_id") if problem.get(name))}
        if status >= _SERVER_FAULT and status not in _COME_BACK:
            return Unreachable("unreachable-fault", **figures)
        return Throttled(code, int(retry_after) if retry_after.isdecimal() else None, **figures)
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status, Refused)
    return kind({"status": status, **problem})
