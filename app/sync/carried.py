"""A folder that an officer carries: which files it has, the signed list of them, and how each is read within bounds (docs: Carried files)."""

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from app.sync.faults import told
from app.sync.line import LARGEST_ANSWER
from app.sync.pulling import PAGE

FORMAT = 1
LIST, SUMS = "carried.json", "SHA256SUMS"
NODE, CHECKPOINT, LOG, WITNESSES, CERTIFICATES = "node.json", "checkpoint.json", "log.ndjson", "witnesses.json", "certificates.ndjson"
LARGEST_PAGE, MOST_WITNESSES = 8 * 1024 * 1024, 500
"""Bytes after which a file of changes ends and the next one begins; counter-signatures of one log that are carried."""

_MIB = 1024 * 1024
_LARGEST = {LIST: 16 * _MIB, SUMS: 16 * _MIB, NODE: 4 * _MIB, CHECKPOINT: _MIB // 16, WITNESSES: 8 * _MIB, LOG: 2**36, CERTIFICATES: 2**36}
_LONGEST_LINE = {LOG: 1_024, CERTIFICATES: 64 * _MIB}
_FIXED = (NODE, CHECKPOINT, LOG, WITNESSES, CERTIFICATES)
_STATED = {"format", "node", "epoch", "size", "conference", "after", "time", "files", "signature"}
_SUM = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = _MIB


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a folder: the file, the place in it (a line or a JSON pointer, or nothing), and the rule by its code."""

    file: str
    place: str
    code: str
    figures: Mapping[str, object] = field(default_factory=dict)

    def said(self, language: str = "en") -> str:
        """The rule in words."""
        return told(self.code, self.figures, language)


class Flawed(Exception):  # noqa: N818 - says what is the matter, as SyncFault does
    """A folder that cannot be read on; nothing of it was taken."""

    def __init__(self, *flaws: Flaw) -> None:
        """Keep what was found, in the order of the files."""
        super().__init__("; ".join(f"{flaw.file} {flaw.place}: {flaw.said()}" for flaw in flaws))
        self.flaws = flaws


@dataclass(frozen=True)
class Listed:
    """What the list says of one file."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Folder:
    """A folder and its signed list: whose log, how far it goes, for whose eyes, the changes after which entry, and the files."""

    path: Path
    stated: Mapping[str, Any]
    files: Mapping[str, Listed]

    @property
    def pages(self) -> list[str]:
        """The files of changes, in their order."""
        return sorted(name for name in self.files if name not in _FIXED)

    def read(self, name: str, *, exact: bool = False) -> bytes:
        """A whole file, within its bound; `exact`: as it is listed. Raises `Flawed`."""
        raw = read_bounded(self.path, name)
        if exact and (len(raw), hashlib.sha256(raw).hexdigest()) != (self.files[name].bytes, self.files[name].sha256):
            raise Flawed(Flaw(name, "", "carried-sum"))
        return raw

    def value(self, name: str, *, exact: bool = False) -> Any:  # noqa: ANN401 - any JSON
        """A whole file as JSON; raises `Flawed`."""
        return json_of(self.read(name, exact=exact), name)

    def items(self, name: str, *, exact: bool = False) -> list[Any]:
        """What a file with `items` holds; raises `Flawed`."""
        value = self.value(name, exact=exact)
        items = value.get("items") if isinstance(value, dict) and set(value) == {"items"} else None
        if not isinstance(items, list) or len(items) > (MOST_WITNESSES * 2 if name == WITNESSES else PAGE):
            raise Flawed(Flaw(name, "", "carried-form"))
        return items

    def lines(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The JSON objects of a file of lines, each with its place; raises `Flawed` at the first that is none."""
        longest = _LONGEST_LINE[name]
        with _opened(self.path, name) as file:
            number = 0
            while line := file.readline(longest + 1):
                number += 1
                if len(line) > longest:
                    raise Flawed(Flaw(name, f"line {number}", "carried-too-large", {"limit": longest}))
                value = json_of(line, name, f"line {number}")
                if not isinstance(value, dict):
                    raise Flawed(Flaw(name, f"line {number}", "carried-form"))
                yield f"line {number}", value


def page_name(number: int) -> str:
    """The name of a file of changes, from 1."""
    return f"changes-{number:05}.json"


def sums_text(sums: Mapping[str, str]) -> bytes:
    """The sums of files as `sha256sum -c` reads them."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()


def opened(path: Path) -> Folder:
    """A carried folder by its list, of which nothing is believed yet; raises `Flawed`."""
    stated = json_of(read_bounded(path, LIST), LIST)
    if isinstance(stated, dict) and isinstance(stated.get("format"), int) and stated["format"] > FORMAT:
        raise Flawed(Flaw(LIST, "/format", "carried-format", {"format": stated["format"]}))
    if not isinstance(stated, dict) or set(stated) != _STATED or not _is_stated(stated):
        raise Flawed(Flaw(LIST, "", "carried-form"))
    return Folder(path, stated, _files(stated))


def _files(stated: Mapping[str, Any]) -> dict[str, Listed]:
    files = {str(name): _listed(str(name), each) for name, each in stated["files"].items()}
    names = [*_FIXED, *(page_name(number) for number in range(1, len(files) - len(_FIXED) + 1))]
    if set(files) != set(names) or files[LOG].bytes > stated["size"] * _LONGEST_LINE[LOG]:
        raise Flawed(Flaw(LIST, "/files", "carried-form"))
    return files


def _is_stated(stated: Mapping[str, Any]) -> bool:
    numbers = all(isinstance(stated[name], int) and 0 <= stated[name] < 2**31 for name in ("format", "size", "after"))
    texts = all(isinstance(stated[name], str) and len(stated[name]) <= _AT_ONCE for name in ("node", "epoch", "conference", "time"))
    return numbers and texts and stated["format"] == FORMAT and isinstance(stated["files"], dict)


def _listed(name: str, told_of: object) -> Listed:
    if not isinstance(told_of, dict) or set(told_of) != {"bytes", "sha256"}:
        raise Flawed(Flaw(LIST, "/files", "carried-form"))
    length, summed = told_of["bytes"], told_of["sha256"]
    if not isinstance(length, int) or not isinstance(summed, str) or _SUM.fullmatch(summed) is None:
        raise Flawed(Flaw(LIST, "/files", "carried-form"))
    if length > largest(name):
        raise Flawed(Flaw(name, "", "carried-too-large", {"limit": largest(name)}))
    return Listed(length, summed)


def largest(name: str) -> int:
    """Bytes beyond which a file of this name is not read."""
    return _LARGEST.get(name, LARGEST_ANSWER)


def read_bounded(path: Path, name: str) -> bytes:
    """A whole small file of a folder; raises `Flawed` for what is no file, or longer than any honest one."""
    with _opened(path, name) as file:
        return file.read()


def is_as_listed(path: Path, name: str, listed: Listed) -> bool:
    """Whether a file has the length and the sum that the list says, read in parts, and only where its length is right; raises `Flawed`."""
    summed = hashlib.sha256()
    with _opened(path, name) as file:
        if os.fstat(file.fileno()).st_size != listed.bytes:
            return False
        while part := file.read(_AT_ONCE):
            summed.update(part)
    return summed.hexdigest() == listed.sha256


@contextlib.contextmanager
def _opened(path: Path, name: str) -> Iterator[BinaryIO]:
    """A regular file within its bound: no link, no pipe, nothing that would be waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path / name, flags)
    except OSError:
        raise Flawed(Flaw(name, "", "carried-missing")) from None
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise Flawed(Flaw(name, "", "carried-missing"))
        if found.st_size > largest(name):
            raise Flawed(Flaw(name, "", "carried-too-large", {"limit": largest(name)}))
        yield file


def json_of(raw: bytes, name: str, place: str = "") -> Any:  # noqa: ANN401 - any JSON
    """A JSON value; raises `Flawed`."""
    try:
        return orjson.loads(raw)
    except ValueError:
        raise Flawed(Flaw(name, place, "carried-json")) from None
