"""What a command says: results on stdout, words for people on stderr, and the exit codes of the contract."""

import contextlib
import functools
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console

from app.client import Refused, Unreachable
from app.core.catalogue import LANGUAGES, filled, sentences
from app.settings import Settings

REFUSED, USAGE, UNREACHABLE = 1, 2, 3
_PLACE_WORDS = {"sheet": "place-sheet", "row": "place-row", "column": "place-column", "pointer": "place-pointer"}
_OF_THE_TERMINAL = ("LC_ALL", "LC_MESSAGES", "LANG")
PLACE = ("sheet", "row", "column")
_SPOKEN = re.compile(rf"({'|'.join(LANGUAGES)})(?![a-z0-9])", re.IGNORECASE)
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


def tell(code: str, **figures: object) -> None:
    """One sentence of the catalogue for people, on stderr, in their language."""
    say(words_of(code, **figures))


def words_of(code: str, **figures: object) -> str:
    """A text of `commands.toml` in the user's language with its figures filled in; raises KeyError for a code that is not there."""
    return filled(str(_texts()[code][language()]), figures)


def _texts() -> Mapping[str, Mapping[str, Any]]:
    return sentences("app.cli", "commands.toml")


def word_for(code: object) -> str:
    """The word for a code of ours in the user's language; the code itself where there is none."""
    text = _texts().get(f"word-{code}")
    return str(text[language()]) if text else str(code)


def coded(code: object) -> str:
    """A code for people: the word for it in their language, with the code beside it where that is another."""
    word = word_for(code)
    return word if word == str(code) else f"{word} ({code})"


def heading(name: str) -> str:
    """The name of a column in the user's language; the name itself where there is none."""
    text = _texts().get(f"column-{name.removesuffix('_label')}")
    return str(text[language()]) if text else plain(name)


def language() -> str:
    """The user's language: ISTMO_LANG, else the terminal's by LC_ALL, LC_MESSAGES or LANG (POSIX), else English."""
    return _language(os.getcwd(), *(os.environ.get(name, "") for name in ("ISTMO_LANG", *_OF_THE_TERMINAL)))  # noqa: PTH109


@functools.lru_cache(maxsize=64)
def _language(_folder: str, chosen: str, *terminal: str) -> str:
    # Kept for as long as folder (its .env) and environment stay: every help text asks.
    with contextlib.suppress(ValidationError):  # a setting without a valid value is told by the command itself
        chosen = Settings().lang
    spoken = _SPOKEN.match(chosen or next(filter(None, terminal), ""))
    return spoken[1].lower() if spoken else "en"


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
    place = [f"{words_of(code)} {item[name]}" for name, code in _PLACE_WORDS.items() if item.get(name) is not None]
    return f"{', '.join(place)}: {item.get('detail')} [{item.get('code')}]" if place else f"{item.get('detail')} [{item.get('code')}]"


def findings_of(refused: Refused) -> list[dict[str, Any]]:
    """The findings of a refusal; a refusal without any is one itself."""
    return [as_finding(item) for item in refused.findings or [{"code": refused.code, "detail": refused.detail}]]


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
            tell("refused-detail", detail=refused.detail)
            for finding in findings:
                result(f"{coded('refused')}  {finding_line(finding)}") if frame is not None else say(f"  {finding_line(finding)}")
        raise typer.Exit(REFUSED) from None
    except Unreachable as lost:
        reason = words_of(lost.code, **lost.figures)
        if as_json:
            nowhere = as_finding({"code": "unreachable", "detail": reason})
            result_json({**(frame or {}), "findings": [nowhere]})
        say(reason)
        raise typer.Exit(UNREACHABLE) from None
