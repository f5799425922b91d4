"""How a table is to be read: what the sender declared, else what its profile says, else what the table itself must prove."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.intake.cells import SerialDays
from app.intake.figures import Options
from app.intake.periods import Manner
from app.intake.words import trimmed
from app.wire.profile import Layout, LeftOut, NumberStyle


@dataclass(frozen=True)
class How:
    """Everything that reading the rows of one table depends on beside its heading; `not_collected` are marks as `marked` has them."""

    days: Manner
    number_style: NumberStyle | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    masked: frozenset[int] = frozenset()
    not_collected: frozenset[str] = frozenset()
    checks_totals: bool = True
    leave_out: tuple[LeftOut, ...] = ()
    members: frozenset[str] | None = None
    row_limit: int = 200_000


def marked(text: str) -> str:
    """A mark such as "s/d" or "-" as marks are compared."""
    return trimmed(text).casefold()


def how_to_read(layout: Layout | None, options: Options, days: SerialDays) -> How:
    """The sender's word stands above the profile's."""
    codes = {trimmed(theirs): ours.strip() for theirs, ours in options.codes.items()}
    given = {"period": options.period} if options.period else {}
    if layout is None:
        manner = Manner(options.frequency, options.date_order, days=days)
        marks = frozenset(map(marked, options.not_collected))
        return How(manner, options.number_style, codes, given, not_collected=marks, members=options.members, row_limit=options.row_limit)
    return How(
        Manner(options.frequency or layout.frequency, options.date_order or layout.date_order, layout.fiscal_month, days),
        options.number_style or layout.number_style,
        codes,
        {**{str(name): code for name, code in layout.constants.items()}, **given},
        frozenset(layout.masked),
        frozenset(map(marked, (*options.not_collected, *layout.not_collected))),
        layout.totals == "check",
        layout.leave_out,
        options.members,
        options.row_limit,
    )
