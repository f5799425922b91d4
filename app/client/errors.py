"""What a caller of the client has to tell apart.

IstmoError
├── Refused       the node judged what was sent, and says why: mend it
└── Unreachable   no node answered, or not one that can work now: try again later, the same push is never counted twice
"""

from collections.abc import Mapping
from typing import Any

TRY_LATER = 429
_SERVER_FAULT = 500


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
    def errors(self) -> list[dict[str, Any]]:
        """Findings: pointer or sheet, row and column, code and detail of each."""
        return [dict(item) for item in self.problem.get("errors") or ()]


class Unreachable(IstmoError):  # noqa: N818 - the contract's word
    """No usable answer; `reason` says in plain words what happened instead."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


def refusal(status: int, problem: Mapping[str, Any]) -> IstmoError:
    """The error of a problem document: `Unreachable` where the node asks to come back later or has itself failed."""
    if status == TRY_LATER or status >= _SERVER_FAULT:
        said = " ".join(str(problem[name]) for name in ("detail", "request_id") if problem.get(name))
        return Unreachable(f"the node answered {status}: {said}")
    return Refused({"status": status, **problem})
