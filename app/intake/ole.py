"""The container of an XLS: its streams by name, found within the bytes that there are."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from app.intake.refusal import refused

_HEADER = struct.Struct("<24x4x2xHH10xLL4xLLLLL")
_ENTRY = struct.Struct("<64sHB49xLL4x")
_NO_SECTOR = 0xFFFFFFFA
_FIRST_LIST, _LISTED = 76, 109
_SECTOR_BITS, _SMALL_BITS = (9, 12), 6
_STORAGE, _STREAM, _ROOT = 1, 2, 5


@dataclass(frozen=True)
class Entry:
    """A storage or a stream of the container, where it starts and how long it is."""

    name: str
    kind: int
    start: int
    size: int


class Compound:
    """A compound file; raises `RefusedError` `workbook-damaged` where its lists lead nowhere or in a circle."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        try:
            self._read_header()
        except (struct.error, IndexError, ValueError) as error:
            raise refused("workbook-damaged") from error

    def _read_header(self) -> None:
        raw = self._raw
        bits, small_bits, lists, directory, self._cutoff, small, small_lists, more, more_lists = _HEADER.unpack_from(raw)
        self._size = 1 << bits if bits in _SECTOR_BITS and small_bits == _SMALL_BITS else 1
        # Lists of more sectors than the file has would be built from the same bytes again and again.
        if self._size == 1 or lists > len(raw) // (self._size * self._size // 4) + _LISTED or more_lists > lists:
            raise refused("workbook-damaged")
        self._next = self._numbers(self._lists(more, more_lists)[:lists])
        self.entries = [entry for sector in self._chain(directory, self._next) for entry in _entries(self._sector(sector))]
        self._read_small(small, self._root().start, small_lists)

    def _root(self) -> Entry:
        """The entry of the whole file, which says where the small streams stand together."""
        for entry in self.entries:
            if entry.kind == _ROOT:
                return entry
        raise refused("workbook-damaged")

    def _read_small(self, listed: int, start: int, lists: int) -> None:
        """What is shorter than a sector stands with others in one stream, which has a list of its own."""
        self._small_next = self._numbers(self._chain(listed, self._next)) if lists else []
        self._small = b"".join(map(self._sector, self._chain(start, self._next))) if lists else b""

    def _lists(self, more: int, count: int) -> list[int]:
        sectors = list(struct.unpack_from(f"<{_LISTED}L", self._raw, _FIRST_LIST))
        for _ in range(count):
            *listed, more = self._numbers([more])
            sectors += listed
        return sectors

    def _numbers(self, sectors: Sequence[int]) -> list[int]:
        return [each for sector in sectors for each in struct.unpack(f"<{self._size // 4}L", self._sector(sector))]

    def _sector(self, index: int) -> bytes:
        start = (index + 1) * self._size
        found = self._raw[start : start + self._size]
        if not found:
            raise refused("workbook-damaged")
        # The last sector of a file may be cut short by writers that save what holds nothing.
        return found.ljust(self._size, b"\0")

    def _chain(self, start: int, following: list[int]) -> list[int]:
        chain: list[int] = []
        while start < _NO_SECTOR:
            if len(chain) > len(following) or start >= len(following):
                raise refused("workbook-damaged")
            chain.append(start)
            start = following[start]
        return chain

    def names(self) -> set[str]:
        """The names of all storages and streams."""
        return {entry.name for entry in self.entries}

    def stream(self, *names: str) -> bytes | None:
        """The first stream of one of these names, whole."""
        entry = next((entry for name in names for entry in self.entries if entry.kind == _STREAM and entry.name == name), None)
        if entry is None:
            return None
        if entry.size < self._cutoff:
            size = 1 << _SMALL_BITS
            chain = self._chain(entry.start, self._small_next)
            whole = b"".join(self._small[each * size : (each + 1) * size] for each in chain)
        else:
            whole = b"".join(map(self._sector, self._chain(entry.start, self._next)))
        if len(whole) < entry.size:
            raise refused("workbook-damaged")
        return whole[: entry.size]


def _entries(sector: bytes) -> list[Entry]:
    found = []
    for raw, length, kind, start, size in _ENTRY.iter_unpack(sector):
        if kind in (_STORAGE, _STREAM, _ROOT):
            found.append(Entry(raw[: max(0, length - 2)].decode("utf-16-le", "replace"), kind, start, size))
    return found
