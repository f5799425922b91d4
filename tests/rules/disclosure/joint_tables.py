"""Small released tables of one flow, and what a new one tells beside them."""

from calendar import monthrange
from datetime import date

from app.disclosure.joint import beside
from app.disclosure.judge import judge
from app.disclosure.program import Budget, Program
from app.disclosure.release import Place, Release
from app.disclosure.table import row
from app.disclosure.told import Told, told

AREAS = {"SOM": "AFR", "ERI": "AFR", "CMR": "AFR", "NPL": "ASI", "BGD": "ASI"}
YEAR = (date(2022, 1, 1), date(2022, 12, 31))
K = 5


def month(number):
    return date(2022, number, 1), date(2022, number, monthrange(2022, number)[1])


def quarter(number):
    return month(3 * number - 2)[0], month(3 * number)[1]


def rows_of(cells):
    """Rows of {key or only code: count or None}."""
    keyed = {key if isinstance(key, tuple) else (key,): value for key, value in cells.items()}
    return tuple(row(key, value, "withheld" if value is None else None) for key, value in keyed.items())


def release(name, dimensions, period, cells, *, method="withhold", k=K, bulletin=None):
    """Version 1 of a bulletin, unless told which bulletin it is."""
    dimensions = (dimensions,) if isinstance(dimensions, str) else dimensions
    return Release(f"{name}@v1", bulletin or name, dimensions, *period, method, k, rows_of(cells))


class New:
    """A new table beside released ones."""

    def __init__(self, new, releases, *, budget=30):
        self.told: Told = told(new, AREAS)
        self.place = Place(new.bulletin, new.first, new.last)
        self.all = beside(self.told, self.place, releases, AREAS, Budget(budget), 5)

    def of(self, kind):
        return [each for each in self.all if each.kind == kind]

    def system(self, kind):
        judged = self.judged_of(kind)
        return judged[0].system_of(self.told.shown) if judged else None

    def only(self, kind):
        """The one reading of a kind that is judged: others stand by for tables that contradict each other."""
        (only,) = self.judged_of(kind)
        return only

    def judged_of(self, kind):
        return [each for each in self.of(kind) if each.system_of(self.told.shown) is not None]

    def leaks(self, kind):
        """{(low, high, names of the new table's cells in the proof)} of one reading."""
        return self.judged(self.only(kind))

    def judged(self, reading):
        system = reading.system_of(self.told.shown)
        found, _ = judge(system, K, Program(system, Budget(30)))
        return {(leak.low, leak.high, frozenset(self.told.space.cells[cell] for cell in leak.proof)) for leak in found}

    def spans(self, kind):
        return {(low, high) for low, high, _ in self.leaks(kind)}
