"""The container of a workbook, inspected before anything in it is read: what it unpacks to, and what it must not hold."""

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from app.intake.cells import Limits
from app.intake.markup import elements
from app.intake.refusal import RefusedError, refused
from app.wire.problem import Finding

_END = struct.Struct("<4s4H2LH")
_END_MARK, _FAR_END_MARK = b"PK\x05\x06", b"PK\x06\x07"
_LOCAL = struct.Struct("<26xHH")
_MOST_PARTS, _LONGEST_LIST = 2_000, 1024 * 1024
_CHUNK = 256 * 1024
# Text of a workbook packs 10 to 30 times; what packs more than this was made to be small.
_MOST_PACKED, _SMALL = 100, 1024 * 1024
_ENCRYPTED = 0x1
_DOCTYPE, _ENTITY = b"<!DOCTYPE", b"<!ENTITY"
_OVERLAP = 16
_NESTED = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_MACROS = re.compile(r"vbaproject|(?:^|/)(?:intl)?macrosheets/|^basic/|^scripts/", re.IGNORECASE)
_EMBEDDED = re.compile(r"(?:^|/)(?:embeddings|activex)/", re.IGNORECASE)
_LINKED = re.compile(r"(?:^|/)(?:externallinks|connections\.xml|querytables)", re.IGNORECASE)


class Container:
    """The parts of a zipped workbook that passed its inspection; `read` and `open` unpack one of them."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._parts = {each.filename: each for each in archive.infolist() if not each.is_dir()}

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    @property
    def names(self) -> Sequence[str]:
        """The names of the parts in the order of the container."""
        return tuple(self._parts)

    def read(self, name: str) -> bytes:
        """One part, whole; raises KeyError for a part that is not there."""
        return self._archive.read(self._parts[name])

    def chunks(self, name: str) -> Iterator[bytes]:
        """One part in pieces; raises KeyError for a part that is not there."""
        with self._archive.open(self._parts[name]) as part:
            while chunk := part.read(_CHUNK):
                yield chunk


def inspect(raw: bytes, limits: Limits) -> Container | Finding:
    """Look through a whole zipped container.

    Findings: `workbook-damaged`, `workbook-encrypted`, `workbook-too-large`, `workbook-doctype`, `workbook-active` (its `kind`:
    macros, embedded, linked).
    """
    try:
        _judge_end(raw)
        archive = zipfile.ZipFile(io.BytesIO(raw))
        _judge_list(archive.infolist(), limits)
        _judge_places(raw, archive)
        for part in _content_types_first(archive.infolist()):
            _judge_part(archive, part)
    except RefusedError as found:
        return found.finding
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error, OverflowError):
        return Finding("workbook-damaged")
    return Container(archive)


def _judge_end(raw: bytes) -> None:
    """One list of parts at the very end, of a bounded size: two readers must not find two lists, and none may be built from millions."""
    place = raw.rfind(_END_MARK, max(0, len(raw) - 65_557))
    if place < 0 or len(raw) < place + _END.size:
        raise refused("workbook-damaged")
    _, _, _, _, parts, size, start, comment = _END.unpack_from(raw, place)
    if start + size != place or place + _END.size + comment != len(raw) or raw[max(0, place - 20) : place].startswith(_FAR_END_MARK):
        raise refused("workbook-damaged")
    if parts > _MOST_PARTS or size > _LONGEST_LIST:
        raise refused("workbook-too-large")


def _judge_list(parts: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    names = {part.filename.casefold() for part in parts}
    if len(names) < len(parts) or not all(map(_is_plain, parts)):
        raise refused("workbook-damaged")
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise refused("workbook-encrypted")
    if any(map(_is_bomb, parts)) or sum(part.file_size for part in parts) > limits.unpacked:
        raise refused("workbook-too-large")


def _is_plain(part: zipfile.ZipInfo) -> bool:
    return part.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not _leaves(part.filename)


def _is_bomb(part: zipfile.ZipInfo) -> bool:
    return part.file_size > max(_SMALL, _MOST_PACKED * part.compress_size)


def _leaves(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ".." in name.split("/")


def _judge_places(raw: bytes, archive: zipfile.ZipFile) -> None:
    """Parts stand one behind the other: bytes that serve as several parts unpack to more than they seem to."""
    free = 0
    for part in sorted(archive.infolist(), key=lambda each: each.header_offset):
        name, extra = _LOCAL.unpack_from(raw, part.header_offset)
        if part.header_offset < free:
            raise refused("workbook-damaged")
        free = part.header_offset + _LOCAL.size + name + extra + part.compress_size


def _content_types_first(parts: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    return sorted(parts, key=lambda each: (each.filename != "[Content_Types].xml", each.file_size))


def _judge_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpack one part to its end, so that its size and its checksum are true, and look at its bytes; nothing is kept."""
    kept = whole = b""
    size = 0
    with archive.open(part) as opened:
        while chunk := opened.read(_CHUNK):
            if not size and chunk.startswith(_NESTED):
                raise refused("workbook-active", kind="embedded")
            size += len(chunk)
            # Without its zero bytes a part in UTF-16 or UTF-32 reads as one in UTF-8 does.
            seen = kept + chunk.replace(b"\0", b"")
            if _DOCTYPE in seen or _ENTITY in seen:
                raise refused("workbook-doctype")
            kept = seen[-_OVERLAP:]
            if part.filename.endswith(".rels"):
                whole += chunk
    if size != part.file_size:
        raise refused("workbook-damaged")
    _judge_name(part.filename)
    if whole and any(map(_is_outside, elements([whole], "Relationship"))):
        raise refused("workbook-active", kind="linked")


def _judge_name(name: str) -> None:
    for kind, pattern in (("macros", _MACROS), ("embedded", _EMBEDDED), ("linked", _LINKED)):
        if pattern.search(name):
            raise refused("workbook-active", kind=kind)


def _is_outside(relation: tuple[str, dict[str, str]]) -> bool:
    """A relation to something outside of the file, other than a link that a person may follow."""
    _, attributes = relation
    return attributes.get("TargetMode", "").lower() == "external" and not attributes.get("Type", "").endswith("/hyperlink")


def target_of(part: str, target: str) -> str:
    """The name of the part that a relation of `part` leads to."""
    return target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(posixpath.dirname(part), target))
