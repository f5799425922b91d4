"""Pages of a feed judged beside the process that writes them: of a long log, judging costs the processor as much as the store does (guarantees 6)."""

import gc
import pickle  # nosec B403 - between this process and one that it starts itself
import select
import signal
import subprocess  # nosec B404 - the same
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import orjson

from app.sync.checking import Doubtful, Item, Rules, document_of, judged_all

_FEW = 1_500
"""Changes that are judged here: to start another process takes as long."""
_CHILD = "from app.sync.judging import serve; serve()"


class Judge:
    """Judges page after page by the same rules; of a long log in a process of its own, which ends with this one."""

    def __init__(self, rules: Rules, coming: int = 0) -> None:
        """Take the rules, and how many changes come at most as far as that is known; nothing is started yet."""
        self._rules = rules
        self._coming = coming
        self._left: float = _FEW
        self._beside: subprocess.Popen[bytes] | None = None
        self._is_there = False

    def changes(self, items: Sequence[Any]) -> list[Item | Doubtful]:
        """The items of a page as they may be applied, or why they may not be."""
        self._left -= len(items)
        if self._is_loading() if self._beside else self._left > 0:
            return judged_all(items, self._rules)
        try:
            return self._asked(items)
        except (OSError, EOFError, pickle.PickleError, RecursionError, TypeError):
            # It cannot be started, or somebody ended it, or a peer sent what nobody can pass on: the work is done here, only later.
            self.close()
            self._left = float("inf")
            return judged_all(items, self._rules)

    def _is_loading(self) -> bool:
        """Whether the other process, which was started ahead, is not there yet: meanwhile the work is done here."""
        pipe = self._beside.stdout if self._beside else None
        return not self._is_there and pipe is not None and not select.select([pipe], [], [], 0)[0]

    def _asked(self, items: Sequence[Any]) -> list[Item | Doubtful]:
        beside = self._beside = self._beside or _started(self._rules)
        if beside.stdout is None:
            raise EOFError
        _tell(beside, orjson.dumps(items))
        if not self._is_there:
            self._is_there = pickle.load(beside.stdout)  # noqa: S301  # nosec B301 - written by our own code
        answer: list[_Bare | Item | Doubtful] = pickle.load(beside.stdout)  # noqa: S301  # nosec B301 - the same
        return [_filled(change, item) for change, item in zip(answer, items, strict=True)]

    def close(self) -> None:
        """End the other process, if there is one."""
        beside, self._beside = self._beside, None
        self._is_there = False
        if beside is None:
            return
        for pipe in (beside.stdin, beside.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()
        # It has nothing to put away.
        beside.kill()
        beside.wait()

    def __enter__(self) -> Self:
        if self._coming > _FEW:
            with suppress(OSError, pickle.PickleError):
                self._beside = _started(self._rules)
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()


_Bare = tuple[str, str, int, str, str | None, str | None, str | None, bool, bool]
"""What an item of a feed with a document was judged to be, without the document."""


def _emptied(change: Item | Doubtful) -> _Bare | Item | Doubtful:
    """A change without its document, which whoever asked has: to bring it back costs as much as to judge it."""
    if isinstance(change, Doubtful) or change.document is None:
        return change
    named = change.kind, change.id, change.version, change.op, change.origin, change.digest
    return *named, change.text, change.is_plain, change.is_formed


def _filled(answer: _Bare | Item | Doubtful, item: Any) -> Item | Doubtful:  # noqa: ANN401 - what a peer sent
    if isinstance(answer, Item | Doubtful):
        return answer
    return Item(*answer[:6], document_of(item, answer[3]), *answer[6:])


def _started(rules: Rules) -> subprocess.Popen[bytes]:
    # -P: what lies in the folder where this was started is not taken for ours.
    command = [sys.executable, "-P", "-c", _CHILD]
    beside = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  # nosec B603 - no word of a sender's
    _tell(beside, rules)
    return beside


def _tell(beside: subprocess.Popen[bytes], said: object) -> None:
    if beside.stdin is None:
        raise EOFError
    beside.stdin.write(pickle.dumps(said, pickle.HIGHEST_PROTOCOL))
    beside.stdin.flush()


def serve() -> None:
    """Judge what comes in until it ends: first the rules, then one page after the other; what whoever started this does."""
    # Ctrl-C is for whoever started this: it closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, BrokenPipeError, pickle.UnpicklingError):
        rules = pickle.load(sys.stdin.buffer)  # noqa: S301  # nosec B301 - written by our own code
        # What was loaded for good is not looked through again for every page, nor a page while it is judged: all of it goes at once.
        gc.freeze()
        gc.disable()
        _say(True)  # noqa: FBT003 - that it is there
        while True:
            _say(_answer(pickle.load(sys.stdin.buffer), rules))  # noqa: S301  # nosec B301 - the same
            gc.collect()


def _answer(page: bytes, rules: Rules) -> list[_Bare | Item | Doubtful]:
    return [_emptied(each) for each in judged_all(orjson.loads(page), rules)]


def _say(said: object) -> None:
    pickle.dump(said, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
    sys.stdout.buffer.flush()
