"""The guard on numerals: what a text counts beside the figures of its document (guarantees 2)."""

from collections.abc import Collection, Iterator

from app.screening.counted import Ahead, Reading, ahead, behind, counts, is_person, of_them, reading
from app.screening.figures import Figures, plurals
from app.screening.folding import Folded
from app.screening.labels import Labels
from app.screening.quantities import WORDS_OF_QUANTITY, Quantity, Tokens, is_in_row, is_share, is_within, is_year, quantities, stretches
from app.screening.spans import MOST_FINDINGS, Kind, Span
from app.screening.words import COUNTS

_LEAST, _PERCENTS, _SINCE = (frozenset(COUNTS["words"][name].split()) for name in ("least", "percents", "since"))
_GENERIC = frozenset(form for word in COUNTS["words"]["generic"].split() for form in plurals(word))


def numerals(text: Folded, figures: Figures, most: int) -> Iterator[Span]:
    """Counts below k beside a category of the document; and at most so many numerals that wait as no cell, date or citation explains them.

    Text in the shape of a table is left alone: counts belong in cells.
    """
    if not text.has_digits and WORDS_OF_QUANTITY.isdisjoint(text.words):
        return
    read = reading(text, figures)
    least = figures.k if read.named else 0
    if least or most:
        yield from _counts(text, read, figures, least, most)


def _counts(text: Folded, read: Reading, figures: Figures, least: int, most: int) -> Iterator[Span]:
    told = {True: 0, False: 0}
    labels = Labels(read.tokens)
    within = ((0, len(read.tokens.words)),) if most else stretches(read.tokens, read.named)
    for quantity in quantities(text, read.tokens, _quiet(read.tokens, figures, least, most > 0), within):
        if quantity.is_article and not counts(read, quantity.last + 1):
            continue
        span = _found(read, quantity, labels, least, told[False] < most)
        if span is not None and not is_within(text.short_tables, text.starts[quantity.first]):
            told[span.is_hard] += 1
            yield span
        if told[True] >= MOST_FINDINGS:
            return


def _quiet(read: Tokens, figures: Figures, least: int, may_wait: bool) -> Collection[str]:
    """Numerals in digits that tell nothing by themselves, wherever they stand."""
    large = {word: value for word, value in read.values.items() if not 0 < value < least}
    published = figures.published
    told = (each for each, value in large.items() if value < 0 or value in published or each[0] == "0" or is_year(each))
    return set(told) if may_wait else large


def _found(read: Reading, quantity: Quantity, labels: Labels, least: int, may_more_wait: bool) -> Span | None:
    is_small = 0 < quantity.value < least
    if not (is_small or may_more_wait):
        return None
    is_part = is_share(read.tokens, quantity)
    may_wait = may_more_wait and (is_part or not _is_known(read, quantity))
    may_be_hard = is_small and not is_part
    return _judged(read, quantity, labels, may_be_hard, may_wait) if may_be_hard or may_wait else None


def _judged(read: Reading, quantity: Quantity, labels: Labels, may_be_hard: bool, may_wait: bool) -> Span | None:
    text = read.tokens.text
    label = labels.of(quantity.first)
    if label == "certain" or (label and not may_be_hard):
        return None
    following = ahead(read, quantity)
    counted = _counted(read, quantity, following) if may_be_hard else None
    if counted is not None or label or not may_wait or _is_explained(read, quantity, following):
        return counted
    return Span(text.starts[quantity.first], text.end(quantity.last), Kind.NUMERAL)


def _counted(read: Reading, quantity: Quantity, following: Ahead) -> Span | None:
    """A numeral together with the category that it counts, after it or before."""
    before = behind(read, quantity, following)
    if following.category is None and before is None:
        return None
    first = quantity.first if before is None else before
    last = quantity.last if following.category is None else following.category
    return Span(read.tokens.text.starts[first], read.tokens.text.end(last), Kind.SMALL_COUNT)


def _is_explained(read: Reading, quantity: Quantity, following: Ahead) -> bool:
    """Whether a numeral of a bulletin's text is a measure or the count of things rather than of persons."""
    after = read.word(quantity.last + 1)
    if after in _PERCENTS or is_share(read.tokens, quantity):
        return following.category is None
    if quantity.value == 1:
        return not following.has_person or after in _GENERIC
    return following.is_thing and of_them(read, quantity, following) is None


def _is_known(read: Reading, quantity: Quantity) -> bool:
    """Whether a numeral is a published cell, the threshold, a fraction, a year, or no number but a mark."""
    words, figures = read.tokens.words, read.figures
    first, last, value, _ = quantity
    word = words[first]
    if value < 0 or value in figures.published or word[0] == "0" or is_in_row(read.tokens, first):
        return True
    if value == figures.k and words[first - 1] in _LEAST:
        return True
    return is_year(word) and (words[first - 1] in _SINCE or not is_person(words[last + 1])) and words[last + 1] not in _PERCENTS
