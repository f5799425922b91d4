"""What reading a file gives: its figures by the codes that they stand at, each at its place, or findings about that place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.wire.period import Frequency
from app.wire.problem import Finding
from app.wire.profile import DateOrder, NumberStyle

MOST_FINDINGS = 100
IGNORED = "-"
"""What a sender maps a column to that is not to be read."""


@dataclass(frozen=True)
class Options:
    """What the sender declared about a file, above what a profile says; names and codes of theirs are mapped to ours.

    `members` are the States whose rows are taken (None: all); `period` is the one of a file that has no column of periods;
    `dimensions` are those that are kept, the others being added up (None: all).
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    row_limit: int = 200_000
    period: str | None = None
    frequency: Frequency | None = None
    date_order: DateOrder | None = None
    number_style: NumberStyle | None = None
    not_collected: tuple[str, ...] = ()
    members: frozenset[str] | None = None


@dataclass(slots=True)
class TidyRow:
    """One figure: its row as the file shows it, the text of its codes aligned with the file's dimensions, and its column's heading.

    All codes "" with the value 0 is a nil report.  `overrides` are (name, text) pairs that stand above the options of the push; a
    fiscal year brings its `period_start` the same way.
    """

    row: int
    period: str
    value: int | None = field(repr=False)
    value_status: str | None
    codes: tuple[str, ...]
    overrides: tuple[tuple[str, str], ...] = ()
    column: str = "value"


class Note(NamedTuple):
    """A line of text below a table, kept beside its figures."""

    row: int
    text: str


@dataclass(frozen=True)
class TidyFile:
    """A table without faults: the declared dimensions in the contract's order, its rows, and the file's own name of each column.

    `sheet` is None in a CSV; `header` is the row of its headings; `constants` stand below the options of the push.  `remarks` are no
    refusals.
    """

    dimensions: tuple[str, ...]
    rows: tuple[TidyRow, ...]
    column_of: Mapping[str, str]
    remarks: tuple[Finding, ...] = ()
    sheet: str | None = None
    header: int = 1
    notes: tuple[Note, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    sum_duplicates: bool = False


@dataclass(frozen=True)
class Figures:
    """A file without faults: its tables in the order of its sheets, and what is said about the file as a whole."""

    tables: tuple[TidyFile, ...]
    remarks: tuple[Finding, ...] = ()
