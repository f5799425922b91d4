"""The bytes of an office's text file as text: UTF-8, UTF-16 by its mark, else Windows-1252; never a statistical guess."""

import codecs
import re
from dataclasses import dataclass, field

from app.wire.problem import Finding

_UTF_8 = "utf-8"
_MARKS = {codecs.BOM_UTF8: _UTF_8, codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# Accented letters of es and pt as UTF-8 writes them; Windows-1252 would show odd pairs of letters in their place.
_UTF8_PAIR = re.compile(rb"\xc3[\x80-\xbf]|\xc2[\xa0-\xbf]")
_SHOWN = {"utf-8": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16LE", "utf-16-be": "UTF-16BE", "cp1252": "Windows-1252"}
# ISO 8859-1 in a declaration is Windows-1252 in the file: the letters are the same, and only the latter has quotes and the euro.
_READ_AS = {"iso8859-1": "cp1252", "ascii": "utf-8", "utf-8-sig": "utf-8"} | {name: name for name in _SHOWN}
_DECLARED = _SHOWN | {"iso8859-1": "ISO-8859-1", "ascii": "US-ASCII", "utf-8-sig": "UTF-8"}


@dataclass(frozen=True)
class Decoded:
    """A file's text without its byte order mark, the encoding that it was read in, and what there is to say about that."""

    text: str = field(repr=False)
    encoding: str
    remarks: tuple[Finding, ...] = ()


def decode(raw: bytes, charset: str | None = None) -> Decoded | Finding:
    """Read the bytes of a whole file; `charset` is what the sender declared, which what the file proves stands above.

    Remarks: `read-as-windows-1252` where nobody declared it, `charset-overruled` with both names.  Returns a `Finding` for what no
    reading proves: `encoding-mixed` (lines in UTF-8 and lines in Windows-1252, as happens when two files are pasted together) and
    `encoding-unknown`, each with the row of the first line that does not fit, and `charset-unknown`.
    """
    name = _codec(charset) if charset else None
    if isinstance(name, Finding):
        return name
    if name is None:
        marked = _marked(raw)
        return _strict(raw, marked) if marked else _undeclared(raw)
    return _declared(raw, name)


def _marked(raw: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS.items() if raw.startswith(mark)), None)


def _declared(raw: bytes, name: str) -> Decoded | Finding:
    declared = _READ_AS[name]
    decoded = _strict(raw, _marked(raw) or _proven(raw, declared) or declared)
    if isinstance(decoded, Finding) or declared.startswith(decoded.encoding):
        return decoded
    names = {"declared": _DECLARED[name], "read": _SHOWN[decoded.encoding]}
    return Decoded(decoded.text, decoded.encoding, (Finding("charset-overruled", params=names),))


def _codec(charset: str) -> str | Finding:
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        name = ""
    return name if name in _DECLARED else Finding("charset-unknown", params={"known": list(dict.fromkeys(_DECLARED.values()))})


def _proven(raw: bytes, declared: str) -> str | None:
    """UTF-8 where a file declared otherwise holds its pairs and nothing else: read as declared, they would be odd pairs of letters."""
    if declared != "cp1252" or raw.isascii():
        return None
    try:
        raw.decode()
    except UnicodeDecodeError:
        return None
    return _UTF_8


def _undeclared(raw: bytes) -> Decoded | Finding:
    try:
        return Decoded(raw.decode(), "utf-8")
    except UnicodeDecodeError as error:
        pair = _UTF8_PAIR.search(raw)
        if pair:
            return Finding("encoding-mixed", row=_row(raw, error.start), params={"other": _row(raw, pair.start())})
    read = _strict(raw, "cp1252")
    return read if isinstance(read, Finding) else Decoded(read.text, "cp1252", (Finding("read-as-windows-1252"),))


def _strict(raw: bytes, encoding: str) -> Decoded | Finding:
    try:
        return Decoded(raw.decode("utf-8-sig" if encoding == "utf-8" else encoding), encoding)
    except UnicodeDecodeError as error:
        return Finding("encoding-unknown", row=_row(raw, error.start))


def _row(raw: bytes, offset: int) -> int:
    return raw.count(b"\n", 0, offset) + 1
