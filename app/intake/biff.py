"""The records of an XLS: the list of its sheets and what they all refer to, read within the bytes that there are."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.intake.cells import SYSTEM_1900, SYSTEM_1904, SerialDays, told_name
from app.intake.numerals import is_date_format
from app.intake.refusal import refused

_RECORD, _LONG, _SHORT = struct.Struct("<HH"), struct.Struct("<L"), struct.Struct("<H")
_BOF, _EOF, CONTINUE = 0x809, 0x0A, 0x3C
_LISTED, _LOCKED, _DAYS_1904, _BOOK, _SHARED, _STYLE, _FORMAT = 0x85, 0x2F, 0x22, 0x1AE, 0xFC, 0xE0, 0x41E
_READ = frozenset({_LISTED, _LOCKED, _DAYS_1904, _BOOK, _SHARED, _STYLE, _FORMAT})
_VERSION = 0x600
_WORKSHEET, _MACRO_SHEET = 0, 1
_OWN = (b"\x01\x04", b"\x01\x3a")
_WIDE, _EXTENDED, _RICH = 1, 4, 8

Record = tuple[int, bytes]


@dataclass(frozen=True)
class Listed:
    """A worksheet as the workbook lists it, and where its records begin."""

    name: str
    start: int
    is_hidden: bool


@dataclass(frozen=True)
class Workbook:
    """What all sheets of an XLS share."""

    stream: bytes = field(repr=False)
    sheets: tuple[Listed, ...]
    days: SerialDays
    texts: Sequence[str] = field(repr=False)
    date_styles: frozenset[int]


def read_workbook(stream: bytes) -> Workbook:
    """The worksheets in order and what they refer to.

    Raises `RefusedError`: `workbook-encrypted`, `workbook-active`, `workbook-damaged`, `form-unknown` for what is older than 1997.
    """
    if len(stream) < _RECORD.size + 2 or _SHORT.unpack_from(stream, _RECORD.size)[0] != _VERSION:
        raise refused("form-unknown", known=["CSV", "XLS (1997-)", "XLSX", "ODS"])
    found: dict[int, list[bytes]] = {}
    last = 0
    for kind, body in records(stream, 0):
        # What continues a record belongs to it.
        last = last if kind == CONTINUE else kind
        if last in _READ:
            found.setdefault(last, []).append(body)
    _judge(found)
    listed = tuple(each for body in found.get(_LISTED, []) for each in _listed(body))
    days = SYSTEM_1904 if b"\x01\x00" in found.get(_DAYS_1904, []) else SYSTEM_1900
    return Workbook(stream, listed, days, _shared(found.get(_SHARED, [])), _date_styles(found))


def _judge(found: Mapping[int, list[bytes]]) -> None:
    if _LOCKED in found:
        raise refused("workbook-encrypted")
    if any(body[2:4] not in _OWN for body in found.get(_BOOK, [])):
        raise refused("workbook-active", kind="linked")


def _date_styles(found: Mapping[int, list[bytes]]) -> frozenset[int]:
    formats = {_SHORT.unpack_from(body)[0]: Texts([body], 2).text() for body in found.get(_FORMAT, [])}
    styles = [_SHORT.unpack_from(body, 2)[0] for body in found.get(_STYLE, [])]
    return frozenset(index for index, number in enumerate(styles) if is_date_format(number, formats.get(number)))


def records(stream: bytes, start: int) -> Iterator[Record]:
    """Kind and body of each record of the part that begins at `start`, those of charts inside of it left out."""
    depth = 0
    while start + _RECORD.size <= len(stream):
        kind, length = _RECORD.unpack_from(stream, start)
        start += _RECORD.size
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            break
        if depth == 1:
            yield kind, stream[start : start + length]
        start += length
    if depth:
        raise refused("workbook-damaged")


def _listed(body: bytes) -> list[Listed]:
    start, state, kind = struct.unpack_from("<LBB", body)
    if kind == _MACRO_SHEET:
        raise refused("workbook-active", kind="macros")
    name = Texts([body], 6).text(short=True)
    return [Listed(told_name(name), start, bool(state & 3))] if kind == _WORKSHEET else []


class Texts:
    """Texts one after the other in the body of a record and of those that continue it."""

    def __init__(self, bodies: Sequence[bytes], at: int = 0) -> None:
        self._bodies = bodies
        self._index, self._at = 0, at

    def text(self, *, short: bool = False) -> str:
        """The next text, without its runs and extensions; `short` ones have one byte for their length."""
        length = self._take(1)[0] if short else _SHORT.unpack(self._take(2))[0]
        flags = self._take(1)[0]
        runs = _SHORT.unpack(self._take(2))[0] if flags & _RICH else 0
        extension = _LONG.unpack(self._take(4))[0] if flags & _EXTENDED else 0
        text = self._characters(length, flags & _WIDE)
        self._skip(4 * runs + extension)
        return text.replace("\r\n", "\n")

    def _characters(self, length: int, wide: int) -> str:
        parts = []
        while length:
            if not self._left():
                self._next()
                wide = self._take(1)[0] & _WIDE
            count = min(length, self._left() >> wide)
            if not count:
                raise refused("workbook-damaged")
            parts.append(self._take(count << wide).decode("utf-16-le" if wide else "latin-1", "replace"))
            length -= count
        return "".join(parts)

    def _left(self) -> int:
        return len(self._bodies[self._index]) - self._at

    def _next(self) -> None:
        if self._index + 1 >= len(self._bodies):
            raise refused("workbook-damaged")
        self._index, self._at = self._index + 1, 0

    def _take(self, count: int) -> bytes:
        """Bytes that no writer divides over two records."""
        if not self._left():
            self._next()
        if self._left() < count:
            raise refused("workbook-damaged")
        self._at += count
        return self._bodies[self._index][self._at - count : self._at]

    def _skip(self, count: int) -> None:
        while count > self._left():
            count -= self._left()
            self._next()
        self._at += count


def _shared(bodies: Sequence[bytes]) -> list[str]:
    """The shared texts: as many as there are, whatever number is announced."""
    if not bodies:
        return []
    announced = _LONG.unpack_from(bodies[0], 4)[0]
    if announced * 3 > sum(map(len, bodies)):
        raise refused("workbook-damaged")
    texts = Texts(bodies, 8)
    return [texts.text() for _ in range(announced)]
