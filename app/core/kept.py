"""What was worked out once and may be given again: in memory, bounded in bytes, the longest unused goes first."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeVar

_Value = TypeVar("_Value")


class Kept:
    """Values under keys that say all that they depend on, so that none is ever wrong: one that is out of date is asked for no more."""

    def __init__(self, most_bytes: int) -> None:
        """Hold at most so many bytes; 0 keeps nothing."""
        self._most, self._held = most_bytes, 0
        self._values: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = self.misses = 0

    @property
    def held(self) -> int:
        """Bytes that are held now, as their makers said."""
        return self._held

    def get(self, key: Hashable, kind: type[_Value]) -> _Value | None:
        """The value of a kind under a key, where it is held."""
        with self._lock:
            value = self._values.get(key, (None, 0))[0]
            if isinstance(value, kind):
                self._values.move_to_end(key)
                self.hits += 1
                return value
            self.misses += 1
            return None

    def put(self, key: Hashable, value: object, size: int) -> None:
        """Hold a value of so many bytes; one that is larger than an eighth of all is not worth what it drives out."""
        if size > self._most // 8:
            return
        with self._lock:
            self._held += size - self._values.pop(key, (None, 0))[1]
            self._values[key] = (value, size)
            while self._held > self._most:
                self._held -= self._values.popitem(last=False)[1][1]
