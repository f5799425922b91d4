"""JSON as it may enter: no repeated key, no NaN, no number that no column can hold, no character that no text may hold."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from app.wire.problem import Finding
from app.wire.text import refused_character

_LONGEST_INTEGER = 19
_DEEPEST = 32
_LONGEST_NAME = 64
_OURS = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_DIGITS = 3


class BodyError(ValueError):
    """A body that is no acceptable JSON; `findings` say where and why."""

    def __init__(self, *findings: Finding) -> None:
        """Keep the findings in the order of the document."""
        super().__init__(findings[0].code)
        self.findings = findings


class _Repeated(dict[str, object]):
    """An object in which a key stands twice."""

    repeated: str = ""


class _Refused:
    """A number that JSON or our columns do not know."""

    def __init__(self, code: str) -> None:
        self.code = code


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    flagged, seen = _Repeated(result), set[str]()
    for key, _ in pairs:
        if key in seen:
            flagged.repeated = key
            break
        seen.add(key)
    return flagged


def _integer(digits: str) -> object:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else _Refused("out-of-range")


def _real(digits: str) -> object:
    number = float(digits)
    return number if number - number == 0 else _Refused("not-a-number")


def pointer(*parts: object) -> str:
    """JSON pointer of a path (RFC 6901 section 3); a name longer than any of ours is the sender's own word, and cut."""
    return "".join("/" + str(part)[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1") for part in parts)


def is_ours(name: object) -> bool:
    """Whether a name in a body or a query is written as ours are; what else a sender calls a field may name a person."""
    return isinstance(name, int) or (
        isinstance(name, str) and _OURS.fullmatch(name) is not None and sum(map(str.isdigit, name)) <= _MOST_DIGITS
    )


def place(path: Sequence[object]) -> str:
    """JSON pointer of a path as far as its names are written as ours: of any other name only the object that holds it is told."""
    return pointer(*takewhile(is_ours, path))


def loads(raw: bytes) -> object:
    """The value of a body in UTF-8.

    Raises `BodyError`: `malformed-json` (line and column), `repeated-key`, `not-a-number`, `out-of-range`, `text-character`,
    `too-deep`, each with its pointer (RFC 8259; contract: Writes, Text gate).
    """
    try:
        text = raw.decode("utf-8", "strict")
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_real, parse_constant=lambda _: _Refused("not-a-number")
        )
    except UnicodeDecodeError as error:
        raise BodyError(Finding("malformed-json", pointer="", params=_line(raw, error.start))) from None
    except json.JSONDecodeError as error:
        raise BodyError(Finding("malformed-json", pointer="", params={"line": error.lineno, "column": error.colno})) from None
    except RecursionError:
        raise BodyError(Finding("too-deep", pointer="", params={"limit": _DEEPEST})) from None
    findings = list(_faults(value, ()))
    if findings:
        raise BodyError(*findings)
    return value


def _line(raw: bytes, start: int) -> dict[str, int]:
    """Line and column of a byte, counted as an editor shows them; what stands before it is good UTF-8."""
    before = raw[:start].decode("utf-8")
    return {"line": before.count("\n") + 1, "column": len(before) - (before.rfind("\n") + 1) + 1}


def _faults(value: object, path: tuple[object, ...]) -> Iterator[Finding]:
    if len(path) > _DEEPEST:
        yield Finding("too-deep", pointer=place(path[:2]), params={"limit": _DEEPEST})
    elif isinstance(value, _Refused):
        yield Finding(value.code, pointer=place(path), params={"minimum": 0, "maximum": 2**31 - 1})
    elif isinstance(value, str):
        if not value.isascii() or not value.isprintable():
            yield from _text_faults(value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, (*path, index))
    elif isinstance(value, dict):
        yield from _object_faults(value, path)


def _text_faults(value: str, path: tuple[object, ...]) -> Iterator[Finding]:
    offset = refused_character(value.replace("\r\n", "\n"))
    if offset is not None:
        yield Finding("text-character", pointer=place(path), params={"offset": offset})


def _object_faults(value: dict[str, object], path: tuple[object, ...]) -> Iterator[Finding]:
    for key, item in value.items():
        if refused_character(key) is not None:
            yield Finding("text-character", pointer=place(path), params={"offset": refused_character(key)})
        else:
            yield from _faults(item, (*path, key))
    # A name that no text may hold is told by its place above, and never echoed.
    if isinstance(value, _Repeated) and refused_character(value.repeated) is None:
        yield Finding("repeated-key", pointer=place((*path, value.repeated)))
