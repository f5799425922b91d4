"""What a new table says together with the tables released before it: which joint systems an audit must judge (guarantees 1, rule 2).

- `version`: earlier versions of the same bulletin, by the least change: each with the new one, and the last few all at once;
- `linked`: the same period by other dimensions or from another publisher: sums over what both share are equal;
- `cover`: periods within periods, all in one system; `part` and `whole`: two of them, where the system of all contradicts itself.

Tables that contradict each other are judged apart, with a warning.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Final

import numpy as np

from app.disclosure.grid import columns_of
from app.disclosure.program import Budget, ImpossibleError, Program, UnsolvedError
from app.disclosure.reading import Reading
from app.disclosure.release import Place, Release
from app.disclosure.space import Mask
from app.disclosure.system import System
from app.disclosure.tiles import Tile, linked, tiled
from app.disclosure.told import Told, told
from app.disclosure.versions import least_change

_TILES: Final = 2
"""From so many released tables on, periods in periods are a system of their own; one is a pair."""

_CHAIN: Final = 4
"""The last versions of a bulletin, the new one among them, that are read all at once; older ones are read with it one by one."""

_CALENDAR: Final = ((7, 7), (28, 31), (90, 92), (365, 366))


@dataclass
class Beside:
    """One reading of a new table together with released ones: its kind, the names of those, and its system for a mask of cells.

    `over` gives its tables over one grid, the new one last, and lays that grid out when it is first asked.  `instead_of` are wider
    readings that say all that this one says: it counts only where each of them contradicts itself.  `shared` are the dimensions over
    which it couples its tables.
    """

    kind: str
    names: tuple[str, ...]
    build: Callable[[Mask], System] = field(repr=False)
    budget: Budget = field(repr=False)
    k: int
    over: Callable[[], tuple[Reading, ...]] = field(repr=False)
    instead_of: tuple["Beside", ...] = field(default=(), repr=False)
    shared: frozenset[str] = frozenset()
    _last: tuple[bytes, System | None] | None = field(default=None, repr=False, init=False)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Its tables over one grid, the new one last."""
        return self.over()

    def system_of(self, shown: Mask) -> System | None:
        """The system to judge while these cells of the new table are shown; None where there is none.

        That is where the tables contradict each other, and where a wider reading is judged.  Raises `UnsolvedError` where it
        cannot be told.
        """
        if any(wider.consistent(shown) is not None for wider in self.instead_of):
            return None
        return self.consistent(shown)

    def consistent(self, shown: Mask) -> System | None:
        """The system of these cells, None where the tables contradict each other."""
        name = shown.tobytes()
        if self._last is None or self._last[0] != name:
            self._last = name, self._solvable(replace(self.build(shown), k=self.k))
        return self._last[1]

    def is_contradicted(self, shown: Mask) -> bool:
        """Whether the tables contradict each other: the warning `linked-totals-differ` of every kind but `cover`."""
        return self.consistent(shown) is None

    def _solvable(self, system: System) -> System | None:
        if system.cost is not None:
            return system  # the least change was found in it
        try:
            Program(system, self.budget).best(np.zeros(system.rows.shape[1]))
        except ImpossibleError:
            return None
        return system


@dataclass(frozen=True)
class _Known:
    """A released table as it is read beside a new one."""

    release: Release
    told: Told


@dataclass(frozen=True)
class _Question:
    """A new table, its place, and what its joint readings need."""

    new: Told
    place: Place
    areas: Mapping[str, str]
    budget: Budget
    k: int

    def strictest(self, others: Sequence[_Known]) -> int:
        """The largest k under which one of these tables or the new one is published."""
        return max(self.k, *(each.release.k for each in others))

    def readings(self, others: Sequence[_Known]) -> Callable[[], tuple[Reading, ...]]:
        """Released tables and the new one over one grid, laid out once and only where it is wanted."""

        @cache
        def over() -> tuple[Reading, ...]:
            *columns, last = columns_of([*(each.told for each in others), self.new], self.areas)
            old = [Reading(each.told, cut, self.areas) for each, cut in zip(others, columns, strict=True)]
            return (*old, Reading(self.new, last, self.areas, is_new=True))

        return over

    def is_of_its_period(self, release: Release) -> bool:
        """Whether a release is for exactly the new table's period."""
        return (release.first, release.last) == (self.place.first, self.place.last)

    def shared_with(self, release: Release) -> frozenset[str]:
        """Dimensions that a released table has too."""
        return frozenset(self.new.space.dimensions).intersection(release.dimensions)

    def tiled(self, kind: str, others: Sequence[_Known], instead_of: tuple[Beside, ...] = ()) -> Beside:
        """The periods of these tables and of the new one in one system."""
        over = self.readings(others)

        def build(shown: Mask) -> System:
            *old, new = over()
            tiles = [Tile(one, each.release.first, each.release.last) for one, each in zip(old, others, strict=True)]
            return tiled([*tiles, Tile(new.over(shown), self.place.first, self.place.last)])

        shared = frozenset(self.new.space.dimensions).intersection(*(each.told.space.dimensions for each in others))
        names = tuple(each.release.name for each in others)
        return Beside(kind, names, build, self.budget, self.strictest(others), over, instead_of, shared)


def beside(new: Told, place: Place, releases: Sequence[Release], areas: Mapping[str, str], budget: Budget, k: int) -> tuple[Beside, ...]:
    """Every joint reading of a new table; `releases` of its flow key stand in the order in which they were published.

    A withhold pattern hands each `system_of` to its loop; a finished table asks each once with the mask of what it shows.
    """
    question = _Question(new, place, areas, budget, k)
    known = [_Known(each, told(each, areas)) for each in releases]
    covers = _every_cover(question, known)
    pairs = [_pair(question, each, covers) for each in known]
    return (*covers, *(pair for pair in pairs if pair), *_chain(question, known))


def _chain(question: _Question, known: Sequence[_Known]) -> Iterator[Beside]:
    """The last versions all at once: three of them may tell what no two do."""
    earlier = [each for each in known if each.release.bulletin == question.place.bulletin][1 - _CHAIN :]
    if len(earlier) > 1:
        yield _versions(question, earlier)


def _versions(question: _Question, earlier: Sequence[_Known]) -> Beside:
    over, budget = question.readings(earlier), question.budget

    def build(shown: Mask) -> System:
        *old, new = over()
        return least_change([*old, new.over(shown)], budget)

    return Beside("version", tuple(each.release.name for each in earlier), build, budget, question.strictest(earlier), over)


def _pair(question: _Question, known: _Known, covers: Sequence[Beside]) -> Beside | None:
    release, place = known.release, question.place
    if release.bulletin == place.bulletin:
        return _versions(question, [known])
    if question.is_of_its_period(release):
        return _linked(question, known)
    shared = question.shared_with(release)
    wider = tuple(cover for cover in covers if release.name in cover.names and shared <= cover.shared)
    if _lies_in(place, release):
        return question.tiled("part", [known], wider)
    if _lies_in(release, place):
        return question.tiled("whole", [known], wider)
    if release.first <= place.last and place.first <= release.last:
        message = "two periods overlap in part: no system tells what they say together"
        raise UnsolvedError(message)
    return None


def _linked(question: _Question, known: _Known) -> Beside:
    over = question.readings([known])

    def build(shown: Mask) -> System:
        old, new = over()
        return linked(old, new.over(shown))

    return Beside("linked", (known.release.name,), build, question.budget, question.strictest([known]), over)


def _every_cover(question: _Question, known: Sequence[_Known]) -> tuple[Beside, ...]:
    """The nested periods by every choice of one table a period; choices that tell the same are one."""
    found: dict[frozenset[str], Beside] = {}
    for choice in _choices(question, known):
        for cover in _covers(question, choice):
            found.setdefault(frozenset(cover.names), cover)
    return tuple(found.values())


def _choices(question: _Question, known: Sequence[_Known]) -> Iterator[list[_Known]]:
    """The tables nearest to the new one; those of each set of dimensions; and each table left out, in the place of its period's."""
    nearest = _one_each(question, known)
    yield nearest
    for dimensions in sorted({each.release.dimensions for each in known}):
        yield _one_each(question, [each for each in known if each.release.dimensions == dimensions])
    chosen = {each.release.name for each in nearest}
    for other in known:
        if other.release.name not in chosen and not question.is_of_its_period(other.release):
            yield _with(nearest, other)


def _with(tables: Sequence[_Known], other: _Known) -> list[_Known]:
    """The same tables, another one in the place of that of its period."""
    return [other, *(each for each in tables if _period(each.release) != _period(other.release))]


def _covers(question: _Question, known: Sequence[_Known]) -> tuple[Beside, ...]:
    """All nested periods in one system; then, should that contradict itself, fewer of them."""
    around = [each for each in known if _lies_in(question.place, each.release)]
    nested = _nested(question.place, around, known)
    if len(nested) < _TILES:
        return ()
    every = question.tiled("cover", nested)
    fewer = (some for some in _fewer(question.place, around, nested) if _TILES <= len(some) < len(nested) and _nest(question.place, some))
    return every, *(question.tiled("cover", some, (every,)) for some in fewer)


def _nest(place: Place, tables: Sequence[_Known]) -> bool:
    """Whether any of these periods, the new one among them, lies in another: else nothing ties them together."""
    periods: list[Place | Release] = [place, *(each.release for each in tables)]
    return any(_lies_in(part, whole) for part in periods for whole in periods)


def _nested(place: Place, around: Sequence[_Known], known: Sequence[_Known]) -> list[_Known]:
    """The longest period around the new one, and all that lies inside it."""
    longest: Place | Release = max((each.release for each in around), key=_days, default=place)
    return [each for each in known if each.release is longest or _lies_in(each.release, longest)]


def _fewer(place: Place, around: Sequence[_Known], nested: Sequence[_Known]) -> Iterator[list[_Known]]:
    """The parts of one length of each longer period and of the new one; then all but one, which may contradict the others."""
    for whole in around:
        yield [whole, *_alike(nested, whole.release, _frequency(place))]
    for frequency in sorted({_frequency(each.release) for each in nested}):
        yield _alike(nested, place, frequency)
    for odd in nested:
        yield [each for each in nested if each is not odd]


def _one_each(question: _Question, known: Sequence[_Known]) -> list[_Known]:
    """One table a period, none for the new table's own: the newest by the same dimensions, else by most of them."""
    best: dict[tuple[date, date], tuple[tuple[int, int], _Known]] = {}
    for each in known:
        period, common = (each.release.first, each.release.last), len(question.shared_with(each.release))
        rank = common, -len(each.release.dimensions)
        if period not in best or rank >= best[period][0]:
            best[period] = rank, each
    best.pop((question.place.first, question.place.last), None)
    return [each for _, each in best.values()]


def _period(release: Release) -> tuple[date, date]:
    return release.first, release.last


def _alike(known: Sequence[_Known], whole: Place | Release, frequency: int) -> list[_Known]:
    return [each for each in known if _lies_in(each.release, whole) and _frequency(each.release) == frequency]


def _lies_in(part: Place | Release, whole: Place | Release) -> bool:
    return whole.first <= part.first and part.last <= whole.last and _days(part) < _days(whole)


def _days(period: Place | Release) -> int:
    return (period.last - period.first).days + 1


def _frequency(period: Place | Release) -> int:
    """Days of a week, of the shortest month, quarter or year; 0 for what is none of them."""
    return next((shortest for shortest, longest in _CALENDAR if shortest <= _days(period) <= longest), 0)
