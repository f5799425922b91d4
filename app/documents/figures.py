"""What the reading of a document's texts is told of its figures: k, the words of its categories, the counts that it shows (guarantees 2)."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.directory.categories import words_of
from app.screening.figures import Figures


def figures_of(
    k: int, counted: Iterable[tuple[str, str]], labels: Iterable[str] = (), published: Iterable[int] = (), *, is_bulletin: bool = False
) -> Figures:
    """The figures of a document by what it counts: pairs of a dimension and a code; `labels` name points of the route."""
    words = {word for dimension, code in set(counted) for word in words_of(dimension, code)}
    return Figures(k, words | set(labels), frozenset(published), is_bulletin)


def figures_for_a_reason(document: Mapping[str, Any], k: int) -> Figures:
    """The figures beside which the reason is read for which a published document is taken back: it counts nobody either."""
    disclosure, cells = document.get("disclosure") or {}, document.get("cells") or ()
    counted = [(name, cell[name]) for name in document.get("dimensions") or () for cell in cells]
    counted += [("nationality", code) for code in document.get("nationalities") or ()]
    return figures_of(disclosure.get("k", k), counted, [point["label"] for point in document.get("route_points") or ()])
