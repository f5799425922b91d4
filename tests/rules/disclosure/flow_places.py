"""Where the tables of these tests stand, and what was released before them."""

from datetime import date

from app.disclosure.program import Budget
from app.disclosure.release import Place, Release

OCTOBER = (date(2022, 10, 1), date(2022, 10, 31))


def stands(dimensions, period=OCTOBER):
    """Where a table of these dimensions stands in the one flow of these tests."""
    return Place(f"{','.join(dimensions)}@{period[0]}/{period[1]}", *period)


def released(table, name="0@v1", period=OCTOBER):
    """A protected table as a release that later ones are judged against."""
    return Release(name, stands(table.dimensions, period).bulletin, table.dimensions, *period, table.method, table.k, table.rows)


def budget():
    return Budget(30)
