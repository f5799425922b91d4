"""Where a result goes: the screen is a terminal, all else is a file; what may not be passed on never gets into one (contract: Marking)."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import typer

from app.cli.output import REFUSED, USAGE, as_finding, result, result_json, tell, words_of
from app.client.files import put_whole

NO_ONWARD = "no-onward"
_STEERS = frozenset({"Cc", "Cf", "Cs"})


def is_screen() -> bool:
    """Whether the result goes to a terminal; a pipe is none, whatever the settings of colours say."""
    return sys.stdout.isatty()


def may_leave(document: Mapping[str, Any]) -> bool:
    """Whether a document may be written to a file."""
    return NO_ONWARD not in (document.get("handling") or ())


def for_a_file(items: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The documents that may be written to a file, and the number of the others."""
    every = list(items)
    kept = [item for item in every if may_leave(item)]
    return kept, len(every) - len(kept)


def refuse_file(reference: object, *, as_json: bool) -> None:
    """Say that a document is for the screen alone, and leave with 1."""
    sentence = words_of("alerts-no-file", reference=reference)
    if as_json:
        result_json({"findings": [as_finding({"code": NO_ONWARD, "detail": sentence})]})
    else:
        tell("refused-detail", detail=sentence)
    raise typer.Exit(REFUSED)


def json_text(value: object) -> str:
    """JSON in which what would steer a terminal stands escaped: the same value, whoever reads it."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(json.dumps(each)[1:-1] if unicodedata.category(each) in _STEERS and each != "\n" else each for each in text)


def print_text(raw: bytes) -> None:
    """A text of many lines on the screen, without characters that would steer it."""
    for line in raw.decode("utf-8", "replace").removesuffix("\n").split("\n"):
        result(line.removesuffix("\r"))


def write_whole(pieces: Iterable[bytes], file: Path) -> None:
    """Write a file that is there whole or not at all; leaves with 2 where it cannot be written."""
    try:
        put_whole(pieces, file)
    except OSError as error:
        tell("usage-output", file=file, error=error.strerror or type(error).__name__)
        raise typer.Exit(USAGE) from None
    tell("alerts-written", file=file)
