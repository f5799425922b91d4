"""The guard on numerals: what a text counts beside the figures of its document (guarantees 2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.screening.columns import tables
from app.screening.counted import ENDS, Ahead, Reading, ahead, behind, counts, is_person, singulars
from app.screening.figures import Figures
from app.screening.folding import Folded, plain
from app.screening.quantities import WORDS_OF_QUANTITY, Quantity, quantities, tokens
from app.screening.spans import MOST_FINDINGS, Kind, Span
from app.screening.words import COUNTS

_JOINS, _CITES, _LABELS, _LEAST, _GENERIC, _PERCENTS, _SINCE = (
    frozenset(COUNTS["words"][name].split()) for name in ("joins", "cites", "labels", "least", "generic", "percents", "since")
)
_LONGEST_ABBREVIATION, _LONGEST_LIST = 4, 3
_CELL, _BEFORE_COMMA = 4, 2
"""Words of a table's cell, at most: two lines with a comma each are no table yet."""
_ROW = 3


@dataclass(frozen=True, slots=True)
class _Label:
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
    in_tables = [(lines[0][0], lines[-1][0] + len(lines[-1][1])) for lines, separator in tables(text.text) if _is_table(lines, separator)]
    label, hard, soft = None, 0, 0
    for quantity in quantities(text, read.tokens):
        if quantity.is_article and not counts(read, quantity.last + 1):
            continue
        label = _label(read, quantity, label)
        start = read.tokens.starts[quantity.first]
        if quantity.is_apart or (label and label.is_certain) or any(begin <= start < end for begin, end in in_tables):
            continue
        if 0 < quantity.value < figures.k or (figures.is_bulletin and label is None and soft < MOST_FINDINGS):
            for span in _judged(read, quantity, label is not None or soft >= MOST_FINDINGS):
                hard, soft = hard + span.is_hard, soft + (not span.is_hard)
                yield span
        if hard >= MOST_FINDINGS:
            return


def _is_table(lines: Sequence[tuple[int, str]], separator: str) -> bool:
    most = _BEFORE_COMMA if separator == "," else _CELL
    return all(len(cell.split()) <= most for _, line in lines for cell in line.split(separator))


def _judged(read: Reading, quantity: Quantity, is_labelled: bool) -> Iterator[Span]:
    start, end = read.tokens.starts[quantity.first], read.tokens.ends[quantity.last]
    following = ahead(read, quantity)
    before = None if following.is_thing else behind(read, quantity)
    if 0 < quantity.value < read.figures.k and not quantity.is_share and (following.category, before) != (None, None):
        first = start if before is None else read.tokens.starts[before]
        yield Span(first, end if following.category is None else read.tokens.ends[following.category], Kind.SMALL_COUNT)
    elif read.figures.is_bulletin and not is_labelled and not _is_explained(read, quantity, following):
        yield Span(start, end, Kind.NUMERAL)


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
    """Whether a numeral of a bulletin's text is a published cell, a year, a measure or the count of things rather than of persons."""
    before, after = read.word(quantity.first - 1), read.word(quantity.last + 1)
    if quantity.is_share or after in _PERCENTS:
        return following.category is None
    if quantity.is_article or quantity.value == 1:
        return not following.has_person or not _GENERIC.isdisjoint(singulars(after))
    if quantity.is_year and (not is_person(after) or before in _SINCE):
        return True
    if following.is_thing or quantity.value < 0 or quantity.value in read.figures.published:
        return True
    return (quantity.value == read.figures.k and before in _LEAST) or _is_reference(read, quantity)


def _is_reference(read: Reading, quantity: Quantity) -> bool:
    """Whether a numeral begins with a nought, or is one of three or more in a row: a telephone of an office, the number of a book."""
    if read.word(quantity.first).startswith("0"):
        return True
    first = last = quantity.first
    while read.word(last + 1)[:1].isdigit() and read.gap(last + 1) in {" ", "-"} and last - first < _ROW:
        last += 1
    while first > 0 and read.word(first - 1)[:1].isdigit() and read.gap(first) in {" ", "-"} and last - first < _ROW:
        first -= 1
    return last - first + 1 >= _ROW
