"""What a command says: results on stdout, words for people on stderr, and the exit codes of the contract."""

import contextlib
import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from rich.console import Console

from app.client import Refused, Unreachable

REFUSED, USAGE, UNREACHABLE = 1, 2, 3
PLACE = ("sheet", "row", "column")
_CONSOLE = Console(stderr=True, highlight=False)


def console() -> Console:
    """Where progress and words for people go: stderr."""
    return _CONSOLE


def plain(text: object) -> str:
    """Text from elsewhere without characters that would steer a terminal."""
    return "".join("�" if unicodedata.category(character) in {"Cc", "Cf", "Cs"} else character for character in str(text))


def say(words: str) -> None:
    """One line for people, on stderr, as it stands."""
    _CONSOLE.print(plain(words), markup=False, soft_wrap=True)


def result(line: object) -> None:
    """One line of the result, on stdout."""
    typer.echo(plain(line))


def result_json(value: object) -> None:
    """The machine-readable result, on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def as_finding(item: Mapping[str, Any]) -> dict[str, Any]:
    """A finding in the one shape of `--json`: sheet, row, column, code, detail; a pointer where the node names one."""
    found = {name: item.get(name) for name in (*PLACE, "code", "detail")}
    return {**found, "pointer": item["pointer"]} if item.get("pointer") is not None else found


def finding_line(item: Mapping[str, Any]) -> str:
    """A finding for people: where, why and its code."""
    place = [f"{name} {item[name]}" for name in (*PLACE, "pointer") if item.get(name) is not None]
    return f"{', '.join(place)}: {item.get('detail')} [{item.get('code')}]" if place else f"{item.get('detail')} [{item.get('code')}]"


def findings_of(refused: Refused) -> list[dict[str, Any]]:
    """The findings of a refusal; a refusal without any is one itself."""
    return [as_finding(item) for item in refused.errors or [{"code": refused.code, "detail": refused.detail}]]


@contextlib.contextmanager
def outcome(as_json: bool, frame: Mapping[str, object] | None = None) -> Iterator[None]:
    """Turn what the client raises into words, or into `{**frame, findings}` on stdout, and into exit 1 or 3."""
    try:
        yield
    except Refused as refused:
        findings = findings_of(refused)
        if as_json:
            result_json({**(frame or {}), "findings": findings})
        else:
            _CONSOLE.print("refused:", plain(refused.detail), markup=False, soft_wrap=True)
            for finding in findings:
                result(f"refused  {finding_line(finding)}") if frame is not None else say(f"  {finding_line(finding)}")
        raise typer.Exit(REFUSED) from None
    except Unreachable as lost:
        if as_json:
            nowhere = as_finding({"code": "unreachable", "detail": lost.reason})
            result_json({**(frame or {}), "findings": [nowhere]})
        say(lost.reason)
        raise typer.Exit(UNREACHABLE) from None
