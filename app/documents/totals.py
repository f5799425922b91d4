"""How many documents answer a question, remembered for as long as nothing has changed that the asker may see."""

import threading
from collections import OrderedDict
from collections.abc import Callable

_REMEMBERED = 4_096


def total_of(key: tuple[object, ...], count: Callable[[], int]) -> int:
    """The number that answers a question: counted once, and known until the key changes.

    The key holds all that the number follows from: the store, the highest entry that the asker may see, the question, the day.  A
    list's pages need their number each; to count is the one thing about a page that costs more the more there is.
    """
    with _lock:
        known = _totals.get(key)
        if known is not None:
            _totals.move_to_end(key)
            return known
    found = count()
    with _lock:
        _totals[key] = found
        while len(_totals) > _REMEMBERED:
            _totals.popitem(last=False)
    return found


_lock = threading.Lock()
_totals: OrderedDict[tuple[object, ...], int] = OrderedDict()
