"""Whether the codes that a profile gives are codes of their dimensions: said when it is registered, not at the first file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.directory.dimensions import DIMENSIONS
from app.directory.names import Names, as_code
from app.wire.problem import Finding
from app.wire.profile import Layout, Profile
from app.wire.strict_json import pointer

_JUDGED = frozenset({*DIMENSIONS, "reporting_state", "measure", "unit", "figure_status"})
"""What a column may mean whose codes stand in a list; publishers are open, periods are read."""

Path = tuple[object, ...]


def unknown_codes(profile: Profile) -> Iterator[Finding]:
    """Each code of a profile that its dimension does not have: `code-unknown` at its place, with the nearest."""
    for number, layout in enumerate(profile.layouts):
        yield from _of_layout(layout, ("layouts", number))


def _of_layout(layout: Layout, at: Path) -> Iterator[Finding]:
    yield from _of_pairs(layout.constants.items(), (*at, "constants"))
    for number, column in enumerate(layout.columns):
        place = (*at, "columns", number)
        yield from _of_pairs(column.at.items(), (*place, "at"))
        yield from _of_map(column.means, column.codes, (*place, "codes"))
        for order, earlier in enumerate(column.before):
            yield from _of_map(column.means, earlier.codes, (*place, "before", order, "codes"))
    for number, level in enumerate(layout.levels):
        yield from _of_map((level.means,), level.codes, (*at, "levels", number, "codes"))


def _of_pairs(pairs: Iterable[tuple[str, str]], at: Path) -> Iterator[Finding]:
    for dimension, code in pairs:
        if dimension in _JUDGED and as_code(dimension, code) is None:
            yield _unknown(dimension, code, (*at, dimension))


def _of_map(means: Sequence[str], codes: Mapping[str, Sequence[str]], at: Path) -> Iterator[Finding]:
    """What stands in a map of labels is named by the map: a label may be of anyone."""
    for given in codes.values():
        for dimension, code in zip(means, given, strict=False):
            if dimension in _JUDGED and as_code(dimension, code) is None:
                yield _unknown(dimension, code, at)


def _unknown(dimension: str, code: str, at: Path) -> Finding:
    return Finding("code-unknown", pointer=pointer(*at), params={"known": Names().nearest(dimension, code)})
