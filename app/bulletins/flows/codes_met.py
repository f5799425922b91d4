"""The codes that occur in an answer, gathered while it passes by, with their names in every language."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.bulletins.flows.labels import labels_of
from app.bulletins.flows.showing import NAMED, Row
from app.core.catalogue import LANGUAGES


class CodesMet:
    """What was met in the columns of codes, of those that are shown."""

    def __init__(self, columns: Sequence[str], shown: Sequence[str], points: Mapping[str, str]) -> None:
        self._places = {column: columns.index(column) for column in columns if column in NAMED and column in shown}
        self._points = points
        self._met: dict[str, set[object]] = {column: set() for column in self._places}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose codes are gathered."""
        return tuple(self._places)

    def passing(self, batches: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
        """The same batches; their codes are remembered."""
        for batch in batches:
            given = list(zip(*batch, strict=True))
            for column, at in self._places.items() if given else ():
                self._met[column].update(given[at])
            yield batch

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Column, code, and its name in en, es and pt, in the order of the columns and codes; what has no name stands as its code."""
        return [
            row for column, met in self._met.items() for row in self._named(column, sorted(str(code) for code in met if code is not None))
        ]

    def _named(self, column: str, codes: Iterable[str]) -> Iterator[tuple[str, str, str, str, str]]:
        names = [labels_of(column, language) for language in LANGUAGES]
        for code in codes:
            own = self._points.get(code, code) if column == "route_point" else code
            en, es, pt = (each.get(code, own) for each in names)
            yield column, code, en, es, pt
