"""What the bench asks of flows: three kinds of pages and three of groups by week, each of many States, nationalities and years.

A question is put to the node over HTTP, to Datasette over a table of the same rows, and to the node's own tables in SQL.  The SQL
judges no rights and works out no intervals: it is the least that gives the figures.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from filling import MEASURES, STATES

from app.bulletins.flows.columns import PLAIN
from app.bulletins.projection import codes_of_area
from app.directory.dimensions import DIMENSIONS

EACH = 40
"""Questions of a kind; no answer of one is that of another."""

PEOPLE = ("VEN", "CUB", "HTI", "SLV", "GIN", "NPL", "IND", "BGD", "CMR", "GHA", "CHN", "ECU")
SEVERAL = (("VEN", "CUB", "HTI", "ECU"), ("NPL", "IND", "BGD", "CHN"), ("CMR", "GHA", "GIN", "SOM"))
AREAS = ("AFR", "ASI", "CAR")
NOT_STORED = {
    "conference": "b.origin",
    "lower": "coalesce(c.value, 0)",
    "upper": "c.value",
    "bulletin": "b.document_id || '@v' || b.version",
}
SHOWN = ", ".join(
    f"{NOT_STORED.get(name) or ('c.' if name in {*DIMENSIONS, 'value', 'value_status', 'is_total'} else 'b.') + name} AS {name}"
    for name in PLAIN
)
STANDING = "FROM bulletin b JOIN cell c ON c.bulletin_id = b.id WHERE b.superseded_at IS NULL AND b.status = 'published'"
ORDER = "ORDER BY b.period_start, b.period_end, b.document_id, c.row"


@dataclass(frozen=True)
class Question:
    """The node's path, Datasette's path, and the statements in SQL with `:name` for what they are given."""

    path: str
    peer: str
    statements: tuple[str, ...]
    given: dict[str, object]


def page(wanted, people, first, last, limit=100):
    """A page of rows of these States and measures (by column), and nationalities, within some weeks."""
    begin, end = monday(first), monday(last) + timedelta(days=6)
    asked = {**wanted, **({"nationality": ",".join(people)} if people else {}), "period_from": first, "period_to": last, "limit": limit}
    given = {**wanted, "begin": begin, "end": end, **people_given(people)}
    where = " ".join(
        [
            *(f"AND b.{name} = :{name}" for name in wanted),
            "AND b.period_start >= :begin AND b.period_end <= :end",
            among(people, "c.nationality"),
        ]
    )
    rows = f"{STANDING} {where} AND NOT c.is_total"
    peer = {
        "is_total__exact": 0,
        **{f"{name}__exact": code for name, code in wanted.items()},
        **peer_people(people),
        "period_start__gte": begin,
        "period_end__lte": end,
        "_sort": "period_start",
        "_size": limit,
        "_nocount": 1,
        "_nofacet": 1,
        "_nosuggest": 1,
        "_shape": "array",
    }
    statements = (f"SELECT {SHOWN} {rows} {ORDER} LIMIT {limit}", f"SELECT count(*) {rows}")
    return Question(f"/v1/flows?{urlencode(asked)}", f"/cells/cells.json?{urlencode(peer)}", statements, given)


def groups(wanted, asked_as, people, first="2012-W01", last="2024-W52"):
    """The sums of a State and measure by week, of all or of these nationalities."""
    asked = {**wanted, **asked_as, "group_by": "period", "frequency": "week", "period_from": first, "period_to": last, "limit": 1000}
    begin, end = monday(first), monday(last) + timedelta(days=6)
    given = {**wanted, "begin": begin, "end": end, **people_given(people)}
    within = "reporting_state = :reporting_state AND {0}measure = :measure AND {0}period_start >= :begin AND {0}period_end <= :end"
    bare = (
        f"SELECT b.period, min(b.period_start), sum(c.value), count(DISTINCT b.id) {STANDING} AND b.{within.format('b.')} "
        f"{among(people, 'c.nationality')} GROUP BY b.period ORDER BY 2"
    )
    figures = "period, min(period_start) AS first, sum(value) AS value, count(DISTINCT bulletin) AS bulletins"
    peer = (
        f"SELECT {figures} FROM cells "  # noqa: S608 - words of our own
        f"WHERE {within.format('')} {among(people, 'nationality')} GROUP BY period ORDER BY first"
    )
    return Question(
        f"/v1/flows?{urlencode(asked)}",
        f"/cells.json?{urlencode({'sql': peer, '_shape': 'array', '_size': 'max', **given})}",
        (bare,),
        given,
    )


def among(people, column):
    if not people:
        return ""
    names = ", ".join(f":n{at}" for at in range(len(people)))
    return f"AND {column} IN ({names})" if len(people) > 1 else f"AND {column} = :n0"


def people_given(people):
    return {f"n{at}": code for at, code in enumerate(people)}


def peer_people(people):
    return {"nationality__in": ",".join(people)} if len(people) > 1 else {"nationality__exact": people[0]} if people else {}


def monday(week):
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def years(drawn, span):
    """Two weeks that a span of whole years lies between."""
    first = drawn.randint(2012, 2025 - span)
    return f"{first}-W01", f"{first + span - 1}-W52"


def places(drawn):
    """A State and a measure."""
    return {"reporting_state": drawn.choice([state for states in STATES.values() for state in states]), "measure": drawn.choice(MEASURES)}


def area(code):
    return tuple(sorted(codes_of_area(code) | {f"_O{code}"}))


def kinds(window=None):
    """The six kinds of questions by name, each of different ones; within a window of weeks where one is given."""
    drawn = random.Random(581)  # noqa: S311 - figures
    asked = {
        "page: a State's year": lambda: page(places(drawn), (), *(window or years(drawn, 1))),
        "page: a nationality": lambda: page({"measure": drawn.choice(MEASURES)}, (drawn.choice(PEOPLE),), *(window or years(drawn, 2))),
        "page: nationalities of a State": lambda: page(places(drawn), drawn.choice(SEVERAL), *(window or years(drawn, 3))),
        "weeks: a State": lambda: groups(places(drawn), {}, ("_T",), *(window or ())),
        "weeks: a nationality": lambda: by_nationality(drawn.choice(PEOPLE)),
        "weeks: an area": lambda: by_area(drawn.choice(AREAS)),
    }

    def by_nationality(code):
        return groups(places(drawn), {"nationality": code}, (code,), *(window or ()))

    def by_area(code):
        return groups(places(drawn), {"nationality": f"_{code}"}, area(code), *(window or ()))

    return {name: list({made.path: made for made in (one() for _ in range(EACH))}.values()) for name, one in asked.items()}
