"""What a numeral is the mark of rather than a number: the week, the article of a law, the day; and so of a whole list of them."""

from typing import Literal

from app.screening.counted import ENDS
from app.screening.quantities import CITES, WORDS_OF_QUANTITY, Tokens, is_numeral
from app.screening.words import COUNTS

Label = Literal["", "likely", "certain"]
"""None, one that a category beside the numeral outweighs, one that nothing does."""

_JOINS, _LABELS = (frozenset(COUNTS["words"][name].split()) for name in ("joins", "labels"))
_NAMES = CITES | _LABELS
_LEADING = _NAMES | _JOINS | WORDS_OF_QUANTITY
_BREAKS = ENDS | {":"}
_LONGEST_ABBREVIATION, _LONGEST_LIST = 4, 3


class Labels:
    """The labels of a text's numerals: each is looked for once, however long the list in which it stands."""

    def __init__(self, read: Tokens) -> None:
        """Of these words and numerals."""
        self._read = read
        self._known: dict[int, Label] = {}

    def of(self, at: int) -> Label:
        """What the numeral at a token is labelled by: a word right before it, or before the list or range that it belongs to."""
        before = self._read.words[at - 1]
        if before not in _LEADING and not "0" <= before < "a":
            return ""
        listed: list[int] = []
        place: int | None = at
        found: Label = ""
        while place is not None and not found:
            if place in self._known:
                found = self._known[place]
                break
            listed.append(place)
            found = self._named(place)
            place = self._before(place)
        for each in listed:
            self._known[each] = found
        return found

    def _named(self, at: int) -> Label:
        word = self._read.words[at - 1]
        if word not in _NAMES:
            return ""
        gap = self._read.gaps[at].strip(" º°")
        if gap and (gap != "." or len(word) > _LONGEST_ABBREVIATION):
            return ""
        return "certain" if word in CITES else "likely"

    def _before(self, at: int) -> int | None:
        """The numeral before one in the same list or range: "days 4, 5 and 9", "weeks 3-7"."""
        words = self._read.words
        for back in range(1, _LONGEST_LIST + 1):
            if is_numeral(words[at - back]):
                between = "".join(self._read.gaps[at - back + 1 : at + 1])
                is_one = back > 1 or words[at] >= "a" or between.strip()
                return at - back if is_one and _BREAKS.isdisjoint(between) else None
            if words[at - back] not in _JOINS:
                break
        return None
