"""A book to figures: plainly, by our own column names, or by the layouts of a profile (contract: Tidy CSV; profiles)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.intake.cells import Book, Sheet
from app.intake.figures import MOST_FINDINGS, Figures, Options, TidyFile
from app.intake.header import Header, place, read_header
from app.intake.headings import Misfit, find_heading
from app.intake.manner import How, how_to_read
from app.intake.names import Names
from app.intake.periods import years_in
from app.intake.plan import plan_of
from app.intake.rows import read_rows
from app.intake.settle import settled
from app.intake.stack import body_of
from app.intake.words import folded
from app.wire.problem import Finding
from app.wire.profile import Layout, Profile

Faults = tuple[Finding, ...]


def read_figures(
    book: Book, profile: Profile | None, options: Options, names: Names, dimension_names: Sequence[str]
) -> Figures | tuple[Finding, ...]:
    """Read a whole file, or say where it is at fault, up to 100 findings.

    Without a profile the first sheet that is not hidden is read by our own column names, those of `options.columns` mapped; with one,
    the sheets that its layouts name.  `dimension_names` are all dimensions in the contract's order.
    """
    visible = [sheet for sheet in book.sheets if not sheet.is_hidden]
    if profile is None:
        found = [_plain(book, visible, options, names, dimension_names)]
    else:
        found = list(_described(book, visible, profile, options, names, dimension_names))
    faults = tuple(finding for each in found if isinstance(each, tuple) for finding in each)
    if faults:
        return faults[:MOST_FINDINGS]
    return Figures(tuple(each for each in found if isinstance(each, TidyFile)), book.remarks)


def _plain(book: Book, visible: Sequence[Sheet], options: Options, names: Names, dimension_names: Sequence[str]) -> TidyFile | Faults:
    if not visible:
        return (Finding("file-without-rows"),)
    header = read_header(visible[0], options, dimension_names)
    if isinstance(header, tuple):
        return header
    return _table(book, visible[0], header, None, options, names, dimension_names)


def _described(
    book: Book, visible: Sequence[Sheet], profile: Profile, options: Options, names: Names, dimension_names: Sequence[str]
) -> Iterator[TidyFile | Faults]:
    """Every sheet that a layout names."""
    chosen = [(sheet, layouts) for sheet in visible if (layouts := [each for each in profile.layouts if _names(each, sheet, visible)])]
    if not chosen:
        yield (Finding("sheet-absent", params={"known": sorted({name for each in profile.layouts for name in each.sheets})}),)
    for sheet, layouts in chosen:
        yield _by_first_fitting(book, sheet, layouts, options, names, dimension_names)


def _by_first_fitting(
    book: Book, sheet: Sheet, layouts: Sequence[Layout], options: Options, names: Names, dimension_names: Sequence[str]
) -> TidyFile | Faults:
    """A sheet as the first of these layouts reads it whose heading stands in it."""
    tried = [(layout, find_heading(sheet, layout, options, names, how_to_read(layout, options, book.days).days)) for layout in layouts]
    layout, heading = next(((one, found) for one, found in tried if not isinstance(found, Misfit)), tried[0])
    if isinstance(heading, Misfit):
        nearest = max((found for _, found in tried if isinstance(found, Misfit)), key=lambda each: (each.found, -len(each.lacking)))
        return (place(sheet, "header-absent", nearest.row, known=list(nearest.lacking)),)
    if isinstance(heading, Header):
        return _table(book, sheet, heading, layout, options, names, dimension_names)
    return heading


def _names(layout: Layout, sheet: Sheet, visible: Sequence[Sheet]) -> bool:
    if not layout.sheets:
        return sheet is visible[0]
    return any(re.fullmatch(".*".join(map(re.escape, map(folded, name.split("*")))), folded(sheet.name)) for name in layout.sheets)


def _unclear(sheet: Sheet, header: Header, dimension_names: Sequence[str]) -> Iterator[Finding]:
    """What mapped columns may have brought into a heading: no values, two columns of one meaning, values that stand at other dimensions."""
    values = header.meaning("value")
    if not values:
        yield place(sheet, "column-missing", header.row, "value", known=list(dimension_names))
    for column in values[1:]:
        if column.at.keys() != values[0].at.keys():
            yield place(sheet, "column-twice", header.row, column.shown, first=values[0].index + 1, second=column.index + 1)
    for name in dict.fromkeys(name for column in header.columns for name in column.means if name not in {"value", "total", "ignored"}):
        first, *others = header.meaning(name)
        yield from (place(sheet, "column-twice", header.row, each.shown, first=first.index + 1, second=each.index + 1) for each in others)


def _table(
    book: Book, sheet: Sheet, header: Header, layout: Layout | None, options: Options, names: Names, dimension_names: Sequence[str]
) -> TidyFile | Faults:
    how = _with_year(how_to_read(layout, options, book.days), layout, header)
    if how is None:
        return (place(sheet, "title-without-period", header.row),)
    faults = tuple(_unclear(sheet, header, dimension_names))
    if faults:
        return faults
    body = body_of(sheet, header, layout)
    plan = plan_of(sheet, header, body, how, names, dimension_names)
    found = settled(plan, header, body, read_rows(plan, body))
    if layout is None or not isinstance(found, TidyFile):
        return found
    return replace(found, sum_duplicates=layout.sum_duplicates)


def _with_year(how: How, layout: Layout | None, header: Header) -> How | None:
    """How a table is read whose period is the year that its titles name; None where they name none, or several."""
    if layout is None or not layout.period_in_title or "period" in how.constants:
        return how
    years = {year for title in header.titles for year in years_in(title)}
    return replace(how, constants={**how.constants, "period": years.pop()}) if len(years) == 1 else None
