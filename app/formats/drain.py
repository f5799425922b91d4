"""A file that is sent while it is written."""

import io


class Drain(io.RawIOBase):
    """Takes what a writer of files writes, which never goes back; `taken()` hands it over."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        """Tell writers that they may."""
        return True

    def write(self, raw: object) -> int:
        """Keep a piece until it is taken."""
        piece = bytes(raw)  # type: ignore[call-overload]
        self._parts.append(piece)
        self._at += len(piece)
        return len(piece)

    def tell(self) -> int:
        """How much was written so far."""
        return self._at

    def taken(self) -> bytes:
        """What was written since it was last taken."""
        raw = b"".join(self._parts)
        self._parts.clear()
        return raw
