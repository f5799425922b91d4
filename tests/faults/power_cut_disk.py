"""A disk that keeps only what was synced: a layer below SQLite that knows at every moment what a power cut would leave."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import apsw

MODES = ("all lost", "some lost", "torn")
_Change = tuple[int, bytes | None]


class PowerCutError(Exception):
    """The power is gone: the operation was not done, or in part."""


@dataclass
class Platter:
    """One file: what is on it for certain, and the changes since (place and bytes; no bytes cut it off there), oldest first.

    A file that was never synced may be missing after a cut: SQLite syncs its folder with its first sync.
    """

    certain: bytearray = field(default_factory=bytearray)
    stands: bool = False
    pending: list[_Change] = field(default_factory=list)

    def sync(self) -> None:
        """Put everything that waits on the platter."""
        for change in self.pending:
            _apply(self.certain, change)
        self.pending.clear()
        self.stands = True


def _apply(content: bytearray, change: _Change) -> None:
    place, written = change
    if written is None:
        del content[place:]
        return
    content.extend(bytes(max(place - len(content), 0)))
    content[place : place + len(written)] = written


class Disk(apsw.VFS):
    """The layer, under a name of its own; `cut_at` is the number of the operation in which the power fails, without one it never does.

    An operation is a write, a truncation or a sync; `seen` names them with the end of their file's name ("-wal", or none). What a cut
    left stands in `left`, by that end; SQLite may go on unhurt, nobody looks at its own files any more.
    """

    def __init__(self, name: str, cut_at: int | None = None, mode: str = MODES[0], seed: int = 0) -> None:
        self.platters: dict[str, Platter] = {}
        self.deleted: dict[str, Platter] = {}
        self.seen: list[str] = []
        self.left: dict[str, bytes] | None = None
        self.cut_at, self.mode, self.chance = cut_at, mode, random.Random(seed)
        super().__init__(name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - the library's own names
        if name is None:  # what no power cut leaves anything of
            return super().xOpen(name, flags)
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        suffix = path.name.removeprefix("store.db")
        if suffix not in self.platters:
            stands = path.is_file()
            self.platters[suffix] = Platter(bytearray(path.read_bytes() if stands else b""), stands=stands)
        return _File(self, suffix, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802
        super().xDelete(name, sync)
        suffix = Path(name).name.removeprefix("store.db")
        # Until its folder is synced a file that was deleted may come back.
        self.deleted[suffix] = self.platters.pop(suffix)

    def did(self, what: str, change: Callable[[], None], torn: Callable[[float], None]) -> None:
        """One operation: it is done, or the power fails before its end."""
        if self.cut_at == len(self.seen) and self.left is None:
            if self.mode == "torn":
                torn(self.chance.random())
            self.left = self._remains()
            raise PowerCutError
        self.seen.append(what)
        change()

    def _remains(self) -> dict[str, bytes]:
        deleted = {suffix: platter for suffix, platter in self.deleted.items() if self.chance.random() < 0.5}
        both = [*deleted.items(), *self.platters.items()]
        return {suffix: content for suffix, platter in both if (content := self._remains_of(platter)) is not None}

    def _remains_of(self, platter: Platter) -> bytes | None:
        content, kept = bytearray(platter.certain), 0
        for change in platter.pending:
            if self.mode == "all lost" or (self.mode == "some lost" and self.chance.random() < 0.5):
                continue
            if self.mode == "torn" and change[1] is not None and self.chance.random() < 0.2:
                _apply(content, (change[0], change[1][: self.chance.randrange(max(len(change[1]), 1))]))
            else:
                _apply(content, change)
            kept += 1
        return bytes(content) if platter.stands or kept else None


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, suffix: str, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self.disk, self.suffix = disk, suffix
        super().__init__("", name, flags)

    @property
    def platter(self) -> Platter:
        return self.disk.platters[self.suffix]

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        pending = self.platter.pending
        written = bytes(data)
        self.disk.did(
            f"write{self.suffix}",
            lambda: pending.append((offset, written)),
            lambda part: pending.append((offset, written[: int(len(written) * part)])),
        )
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self.disk.did(f"truncate{self.suffix}", lambda: self.platter.pending.append((size, None)), lambda _: None)
        super().xTruncate(size)

    def xSync(self, flags: int) -> bool:  # noqa: ARG002, N802
        # Nothing is asked of the real disk: what it holds is not what is judged.
        self.disk.did(f"sync{self.suffix}", self.platter.sync, lambda _: None)
        return True
