"""Which codes have names that look like a label: for suggestions, never to be taken for its meaning."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import chain

from app.directory.name_tables import Words, table_of

_MOST, _LEAST = 3, 0.4
_SHORTEST, _LONG_WORD, _LONGEST = 3, 5, 60


def alike(kind: str, told: Words) -> Words:
    """Up to three codes of a table whose names share the most pairs of letters with a label's words, the likeliest first."""
    text = " ".join(told)[:_LONGEST]
    if len(text) < _SHORTEST:
        return ()
    pairs, (names, where) = _pairs(text), _places(kind)
    shared = Counter(chain.from_iterable(where.get(pair, ()) for pair in pairs))
    scored = [(2 * count / (len(pairs) + names[place][0]), names[place][1]) for place, count in shared.items()]
    ranked = sorted((-score, code) for score, code in scored if score >= _LEAST)
    return tuple(dict.fromkeys(code for _, code in ranked))[:_MOST]


@cache
def _places(kind: str) -> tuple[list[tuple[int, str]], Mapping[str, list[int]]]:
    """Of each name and each long word in one its number of pairs and its code, and of each pair where it stands in that list."""
    table = table_of(kind)
    names: list[tuple[int, str]] = []
    where: dict[str, list[int]] = defaultdict(list)
    for text, code in sorted({(text, code) for told, code in chain(table.names.items(), table.people.items()) for text in _texts(told)}):
        for pair in _pairs(text):
            where[pair].append(len(names))
        names.append((len(_pairs(text)), code))
    return names, where


def _texts(told: Words) -> Iterable[str]:
    return {" ".join(told), *(word for word in told if len(word) >= _LONG_WORD)}


def _pairs(text: str) -> frozenset[str]:
    padded = f" {text} "
    return frozenset(padded[at : at + 2] for at in range(len(padded) - 1))
