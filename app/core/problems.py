"""Problems: what the caller did that cannot be, or what the node cannot do now, each under a stable code.

One class and one catalogue (`problems.toml`: status, title and sentence of every code in en, es and pt, where what was found is of
several kinds one more sentence a kind); services raise
`Problem("code", ...)`, one handler renders RFC 9457 (`app.core.rendering`).
"""

from collections.abc import Mapping
from typing import Any

from app.core.catalogue import filled, sentences
from app.wire.problem import Finding

_IN_TEXTS = frozenset({"kept-to-confirm", "reason-to-confirm", "text-personal", "text-to-confirm"})
_SPOT = ("offset", "length", "kind", "excerpt")
"""Where in a text something was found, what it looks like, and as much of it as its sender sees again."""


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A refusal with a stable code, its findings, and the headers that it needs (RFC 9457)."""

    def __init__(self, code: str, *findings: Finding, headers: Mapping[str, str] | None = None, **params: object) -> None:
        """Take the catalogue's status and texts for `code`; `params` fill its sentence and never hold the rejected text."""
        super().__init__(code)
        self.code = code
        self.findings = findings
        self.params = params
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """HTTP status that the catalogue gives this code."""
        return int(catalogue()[self.code]["status"])


def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Every code with its status (of problems), and its title and sentence a language."""
    return sentences("app.core", "problems.toml")


def title_of(code: str, language: str) -> str:
    """The short name of a problem for people."""
    return str(catalogue()[code]["title"][language])


def sentence_of(code: str, params: Mapping[str, object], language: str) -> str:
    """The sentence of a code with its figures filled in."""
    return filled(str(catalogue()[code]["detail"][language]), params)


def as_json(finding: Finding, language: str) -> dict[str, object]:
    """A finding as it crosses the wire: its place, code and sentence."""
    place = {"pointer": finding.pointer, "sheet": finding.sheet, "row": finding.row, "column": finding.column}
    present = {name: value for name, value in place.items() if value is not None}
    kinds, sentence = catalogue()[finding.code].get("kinds"), sentence_of(finding.code, finding.params, language)
    if kinds:
        sentence = f"{sentence} {kinds[finding.params['kind']][language]}"
    spot = {name: finding.params[name] for name in _SPOT if name in finding.params} if finding.code in _IN_TEXTS else {}
    return {**present, **spot, "code": finding.code, "detail": sentence}
