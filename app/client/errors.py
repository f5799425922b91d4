"""What a caller of the client has to tell apart.

IstmoError
├── Refused       the node judged what was sent, and says why: mend it
├── Unreachable   no node answered, or not one that can work now: try again later, the same push is never counted twice
└── Unusable      the address or key cannot be one: set it right
"""

from collections.abc import Mapping
from typing import Any

TRY_LATER = 429
_SERVER_FAULT = 500


REASONS: Mapping[str, str] = {
    "unreachable-broke-off": "the answer broke off; send the same again, a push is never counted twice",
    "unreachable-fault": "the node answered {status}: {said}",
    "unreachable-foreign": "something at the address answered {status} without an Istmo problem: is a proxy between?",
    "unreachable-no-answer": "no answer from the node: {error}",
    "unreachable-no-csv": "what answered at the address is no Istmo node: it sent no CSV",
    "unreachable-no-file": "what answered at the address is no Istmo node: it sent no file of alerts",
    "unreachable-no-node": "what answered at the address is no Istmo node, or its answer broke off",
    "unreachable-redirect": "the address answered {status}, a redirect: give the node's own address",
    "unusable-address": "the address of a node begins with https:// or http://",
    "unusable-key": "an API key is plain ASCII: copy it again",
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
    def errors(self) -> list[dict[str, Any]]:
        """Findings: pointer or sheet, row and column, code and detail of each."""
        return [dict(item) for item in self.problem.get("errors") or ()]


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


class Unusable(IstmoError, ValueError):  # noqa: N818 - says what is the matter, as Refused does
    """An address or key that cannot be one: nothing was sent."""

    def __init__(self, code: str) -> None:
        """Keep the code of the reason."""
        super().__init__(REASONS[code])
        self.code = code


def refusal(status: int, problem: Mapping[str, Any]) -> IstmoError:
    """The error of a problem document: `Unreachable` where the node asks to come back later or has itself failed."""
    if status == TRY_LATER or status >= _SERVER_FAULT:
        said = " ".join(str(problem[name]) for name in ("detail", "request_id") if problem.get(name))
        return Unreachable("unreachable-fault", status=status, said=said)
    return Refused({"status": status, **problem})
