"""What the reading of a document's texts is told of its figures."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from app.screening.folding import plain
from app.screening.words import COUNTS

ABBREVIATIONS: Mapping[str, Sequence[str]] = COUNTS["abbreviations"]
"""Categories of which a word is short."""
_SHORT = frozenset(ABBREVIATIONS)
_SHORTEST_CUT, _VOWELS = 4, frozenset("aeiou")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Figures:
    """The `k` of the flow, its categories, its published counts, and whether it is a bulletin.

    Categories are words and phrases in es, pt and en: nationalities also as people say them, sexes, ages, States; in any case, with or
    without accents; the plural in -s, -es is found by itself.  Published are the counts of all cells that are shown, totals among them.
    In a bulletin every numeral that nothing explains waits for a second person.
    """

    k: int
    categories: Collection[str]
    published: Collection[int] = frozenset()
    is_bulletin: bool = False

    def named(self, words: AbstractSet[str]) -> AbstractSet[str]:
        """Of the words of a text those with which a category may begin."""
        return self._openings & words

    @cached_property
    def _openings(self) -> frozenset[str]:
        return self.shortened.union(self.by_first)

    @cached_property
    def shortened(self) -> frozenset[str]:
        """What categories of one word may be cut to before a full stop: "venez.", "mujs."."""
        singles = [word for word, phrases in self.by_first.items() if any(len(phrase) == 1 for phrase in phrases)]
        cut = {word[:size] for word in singles for size in range(_SHORTEST_CUT, len(word)) if word[size - 1] not in _VOWELS}
        return frozenset((cut | {f"{word}s" for word in cut}) - self.by_first.keys() | (_SHORT & self.by_first.keys()))

    @cached_property
    def by_first(self) -> Mapping[str, Sequence[Sequence[str]]]:
        """The words of each category by the first of them, in the singular and the plural, longest first."""
        found: dict[str, list[list[str]]] = {}
        for words in sorted((_WORD.findall(plain(each)) for each in self.categories), key=len, reverse=True):
            for form in plurals(words[0]) if words else ():
                found.setdefault(form, []).append(words)
        for short, longs in ABBREVIATIONS.items():
            if any(len(words) == 1 for word in longs for words in found.get(word, ())):
                found.setdefault(short, []).append([short])
        return found


def plurals(word: str) -> Iterator[str]:
    """A word and its plurals in es, pt and en, as far as they end in -s."""
    yield from (word, f"{word}s", f"{word}es")
    for ending, instead in (("ao", "oes"), ("y", "ies"), ("m", "ns"), ("l", "is")):
        if word.endswith(ending):
            yield word.removesuffix(ending) + instead
