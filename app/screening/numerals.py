"""The guard on numerals: what a text counts beside the figures of its document (guarantees 2)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.screening.columns import tables
from app.screening.counted import ENDS, Ahead, Reading, ahead, behind, counts, is_person
from app.screening.figures import Figures, plurals
from app.screening.folding import Folded, plain
from app.screening.quantities import WORDS_OF_QUANTITY, Quantity, quantities, tokens
from app.screening.spans import MOST_FINDINGS, Kind, Span
from app.screening.words import COUNTS

_JOINS, _CITES, _LABELS, _LEAST, _PERCENTS, _SINCE = (
    frozenset(COUNTS["words"][name].split()) for name in ("joins", "cites", "labels", "least", "percents", "since")
)
_GENERIC = frozenset(form for word in COUNTS["words"]["generic"].split() for form in plurals(word))
_LONGEST_ABBREVIATION, _LONGEST_LIST = 4, 3
_CELL, _BEFORE_COMMA = 4, 2
"""Words of a table's cell, at most: two lines with a comma each are no table yet."""


class _Label(NamedTuple):
    """That a numeral is the mark of something, up to which token, and whether a category beside it changes nothing."""

    last: int
    is_certain: bool


def numerals(text: Folded, figures: Figures) -> Iterator[Span]:
    """Counts below k beside a category of the document; in a bulletin also what no cell, date or citation explains.

    Text in the shape of a table is left alone: counts belong in cells.
    """
    if not text.has_digits and WORDS_OF_QUANTITY.isdisjoint(map(plain, text.words)):
        return
    read = Reading(tokens(text), figures)
    least = 0 if figures.by_first.keys().isdisjoint(read.tokens.words) else figures.k
    told = {True: 0, False: 0}
    for quantity, may_wait in _counts(text, read):
        span = _judged(read, quantity, 0 < quantity.value < least and not quantity.is_share, may_wait and told[False] < MOST_FINDINGS)
        if span is not None:
            told[span.is_hard] += 1
            yield span
        if told[True] >= MOST_FINDINGS:
            return


def _counts(text: Folded, read: Reading) -> Iterator[tuple[Quantity, bool]]:
    """The numerals that may count, and whether they wait for a second person where no category is beside them."""
    in_tables = [(lines[0][0], lines[-1][0] + len(lines[-1][1])) for lines, separator in tables(text.text) if _is_table(lines, separator)]
    label = None
    for quantity in quantities(text, read.tokens):
        if quantity.is_article and not counts(read, quantity.last + 1):
            continue
        label = _label(read, quantity, label)
        if not _is_mark(quantity, label) and not _is_within(in_tables, read.tokens.starts[quantity.first]):
            yield quantity, read.figures.is_bulletin and label is None and not _is_known(read, quantity)


def _is_mark(quantity: Quantity, label: _Label | None) -> bool:
    return quantity.is_apart or (label is not None and label.is_certain)


def _is_within(parts: Sequence[tuple[int, int]], place: int) -> bool:
    return any(start <= place < end for start, end in parts)


def _is_table(lines: Sequence[tuple[int, str]], separator: str) -> bool:
    most = _BEFORE_COMMA if separator == "," else _CELL
    return all(len(cell.split()) <= most for _, line in lines for cell in line.split(separator))


def _judged(read: Reading, quantity: Quantity, may_be_hard: bool, may_be_soft: bool) -> Span | None:
    if not may_be_hard and not may_be_soft:
        return None
    following = ahead(read, quantity)
    counted = _counted(read, quantity, following) if may_be_hard else None
    if counted is not None or not may_be_soft or _is_explained(read, quantity, following):
        return counted
    return Span(read.tokens.starts[quantity.first], read.tokens.ends[quantity.last], Kind.NUMERAL)


def _counted(read: Reading, quantity: Quantity, following: Ahead) -> Span | None:
    """A numeral together with the category that it counts, after it or before."""
    before = None if following.is_thing else behind(read, quantity)
    if following.category is None and before is None:
        return None
    first = quantity.first if before is None else before
    last = quantity.last if following.category is None else following.category
    return Span(read.tokens.starts[first], read.tokens.ends[last], Kind.SMALL_COUNT)


def _label(read: Reading, quantity: Quantity, before: _Label | None) -> _Label | None:
    """What a numeral is the mark of: a word stands right before it, or before the list that it belongs to."""
    word = read.word(quantity.first - 1)
    if word in _CITES or word in _LABELS:
        gap = read.gap(quantity.first).strip(" º°")
        if not gap or (gap == "." and len(word) <= _LONGEST_ABBREVIATION):
            return _Label(quantity.last, word in _CITES)
    if before is not None and _is_listed(read, before.last, quantity.first):
        return _Label(quantity.last, before.is_certain)
    return None


def _is_listed(read: Reading, last: int, first: int) -> bool:
    """Whether two numerals are of one list or range: "days 4, 5 and 9", "weeks 3-7"."""
    between = "".join(read.gap(at) for at in range(last + 1, first + 1))
    joins = [read.word(at) for at in range(last + 1, first)]
    return len(joins) < _LONGEST_LIST and _JOINS.issuperset(joins) and (ENDS | {":"}).isdisjoint(between) and bool(joins or between.strip())


def _is_explained(read: Reading, quantity: Quantity, following: Ahead) -> bool:
    """Whether a numeral of a bulletin's text is a year, a measure or the count of things rather than of persons."""
    before, after = read.word(quantity.first - 1), read.word(quantity.last + 1)
    if quantity.is_share or after in _PERCENTS:
        return following.category is None
    if quantity.value == 1:
        return not following.has_person or after in _GENERIC
    if quantity.is_year and (not is_person(after) or before in _SINCE):
        return True
    return following.is_thing


def _is_known(read: Reading, quantity: Quantity) -> bool:
    """Whether a numeral is a published cell, the threshold, a fraction, or no number but a mark."""
    if quantity.is_share:
        return False
    return (
        quantity.value < 0
        or quantity.value in read.figures.published
        or (quantity.value == read.figures.k and read.word(quantity.first - 1) in _LEAST)
        or read.word(quantity.first).startswith("0")
        or quantity.is_in_row
    )
