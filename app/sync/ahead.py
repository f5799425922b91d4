"""What a thread makes ahead of whoever uses it, and no further than it was told: pages that come while the ones before are written."""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Generic, TypeVar

_One = TypeVar("_One")


def one_ahead(each: Generator[_One, None, None]) -> Generator[_One, None, None]:
    """The same, each made in a thread beside while the one before it is used."""
    with closing(gathered_ahead(each, lambda _: 1, 1)) as lists:
        for made in lists:
            yield from made


def gathered_ahead(each: Generator[_One, None, None], weigh: Callable[[_One], int], enough: int) -> Generator[list[_One], None, None]:
    """All that was made in a thread beside since the last time, in its order: at least one, and none begun where `enough` waits.

    What went wrong while one was made is raised where that one would come, behind all that was made before it.
    """
    beside = _Beside(each, weigh, enough)
    beside.thread.start()
    try:
        yield from iter(beside.taken, [])
    finally:
        beside.end()


class _Beside(Generic[_One]):
    """The thread that makes them, and what waits to be taken."""

    def __init__(self, each: Generator[_One, None, None], weigh: Callable[[_One], int], enough: int) -> None:
        self.thread = threading.Thread(target=self._make, args=(each, weigh, enough), name="ahead", daemon=True)
        self._changed = threading.Condition()
        self._waiting: list[_One] = []
        self._weight = 0
        self._is_over = False
        self._error: BaseException | None = None

    def _make(self, each: Generator[_One, None, None], weigh: Callable[[_One], int], enough: int) -> None:
        try:
            with closing(each):
                self._make_all(each, weigh, enough)
        except BaseException as error:  # noqa: BLE001 - whoever takes raises it
            self._error = error
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _make_all(self, each: Iterable[_One], weigh: Callable[[_One], int], enough: int) -> None:
        for one in each:
            weight = weigh(one)
            with self._changed:
                self._waiting.append(one)
                self._weight += weight
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._is_over or self._weight < enough)
                if self._is_over:
                    return

    def taken(self) -> list[_One]:
        """All that waits, as soon as there is any; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or bool(self._waiting))
            made, self._waiting, self._weight = self._waiting, [], 0
            self._changed.notify_all()
        if not made and self._error:
            raise self._error
        return made

    def end(self) -> None:
        """Let nothing more be begun, and wait for what was."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self.thread.join()
