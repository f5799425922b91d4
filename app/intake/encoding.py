"""The bytes of an office's text file as text: UTF-8, UTF-16 by its mark, else Windows-1252; never a statistical guess."""

import codecs
import re
from dataclasses import dataclass

from app.wire.problem import Finding

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Accented letters of es and pt as UTF-8 writes them; Windows-1252 would show odd pairs of letters in their place.
_UTF8_PAIR = re.compile(rb"\xc3[\x80-\xbf]|\xc2[\xa0-\xbf]")


@dataclass(frozen=True)
class Decoded:
    """A file's text without its byte order mark, and the encoding that it was read in."""

    text: str
    encoding: str


def decode(raw: bytes) -> Decoded | Finding:
    """Read the bytes of a whole file.

    Returns a `Finding` for what no reading proves: `encoding-mixed` (lines in UTF-8 and lines in Windows-1252, as happens when two
    files are pasted together) and `encoding-unknown`, each with the row of the first line that does not fit.
    """
    if raw.startswith(_UTF16_MARKS):
        return _strict(raw, "utf-16")
    try:
        return Decoded(raw.decode("utf-8-sig"), "utf-8")
    except UnicodeDecodeError as error:
        pair = _UTF8_PAIR.search(raw)
        if pair:
            return Finding("encoding-mixed", row=_row(raw, error.start), params={"other": _row(raw, pair.start())})
    return _strict(raw, "cp1252")


def _strict(raw: bytes, encoding: str) -> Decoded | Finding:
    try:
        return Decoded(raw.decode(encoding), encoding)
    except UnicodeDecodeError as error:
        return Finding("encoding-unknown", row=_row(raw, error.start))


def _row(raw: bytes, offset: int) -> int:
    return raw.count(b"\n", 0, offset) + 1
