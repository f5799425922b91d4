"""Problems: what the caller did that cannot be, or what the node cannot do now, each under a stable code.

One class and one catalogue (`problems.toml`: status, title and sentence of every code in en, es and pt); services raise
`Problem("code", ...)`, one handler renders RFC 9457 (`app.core.rendering`).
"""

import functools
import importlib.resources
import tomllib
from collections.abc import Mapping
from typing import Any

from app.wire.problem import Finding

LANGUAGES = ("en", "es", "pt")


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


@functools.cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Every code with its status (of problems), and its title and sentence a language."""
    text = importlib.resources.files("app.core").joinpath("problems.toml").read_text("utf-8")
    return tomllib.loads(text)


def title_of(code: str, language: str) -> str:
    """The short name of a problem for people."""
    return str(catalogue()[code]["title"][language])


def sentence_of(code: str, params: Mapping[str, object], language: str) -> str:
    """The sentence of a code with its figures filled in."""
    shown = {name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else value for name, value in params.items()}
    return str(catalogue()[code]["detail"][language]).format_map(_Blank(shown))


class _Blank(dict[str, object]):
    """A figure that was not given leaves nothing, so that an error about an error is never raised."""

    def __missing__(self, key: str) -> str:
        return ""


def as_json(finding: Finding, language: str) -> dict[str, object]:
    """A finding as it crosses the wire: its place, code and sentence."""
    place = {"pointer": finding.pointer, "sheet": finding.sheet, "row": finding.row, "column": finding.column}
    present = {name: value for name, value in place.items() if value is not None}
    return {**present, "code": finding.code, "detail": sentence_of(finding.code, finding.params, language)}
