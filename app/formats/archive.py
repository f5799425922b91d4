"""A ZIP that is sent while it is written, the same for the same content."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from app.formats.csv_text import CHUNK
from app.formats.drain import Drain


@dataclass(frozen=True)
class Sent:
    """A file that stands in the archive: its name, how many bytes it has, and its SHA-256."""

    name: str
    bytes: int
    sha256: str


class Archive:
    """Files are added one after another; what an `add` yields is to be sent at once."""

    def __init__(self, made: datetime) -> None:
        """Begin an archive whose files bear one time."""
        self._drain = Drain()
        self._file = zipfile.ZipFile(self._drain, "w", zipfile.ZIP_DEFLATED)
        self._made = made
        self.sent: dict[str, Sent] = {}

    def add(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Write a file from its pieces; afterwards `sent` tells of it."""
        info = zipfile.ZipInfo(name, self._made.timetuple()[:6])
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        seal, size, ready = hashlib.sha256(), 0, bytearray()
        with self._file.open(info, "w", force_zip64=True) as opened:
            for piece in pieces:
                seal.update(piece)
                size += len(piece)
                opened.write(piece)
                ready += self._drain.taken()
                # An empty piece keeps the reader's absence noticed while little comes out of the compression.
                yield b"" if len(ready) < CHUNK else bytes(ready)
                if len(ready) >= CHUNK:
                    ready.clear()
        self.sent[name] = Sent(name, size, seal.hexdigest())
        yield bytes(ready) + self._drain.taken()

    def end(self) -> bytes:
        """The directory of the archive, by which a reader knows that it is whole."""
        self._file.close()
        return self._drain.taken()
