"""Figures, bulletins and alerts as tables for people."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeGuard

from rich.console import Console
from rich.table import Table

from app.cli.output import coded, heading, language, plain
from app.core.catalogue import LANGUAGES

_QUIET = frozenset(
    {
        "period_start",
        "period_end",
        "frequency",
        "conference",
        "stock_or_flow",
        "definition_code",
        "accumulation",
        "classification",
        "is_total",
        "value_status",
        "figure_status",
        "lower",
        "upper",
        "withheld",
        "published_at",
    }
)
_ENDLESS = 10_000
_TO: Final = "\u2013"
# Marks of thousands and of the decimals; in Spanish a blank, since a comma and a point each mean the other one somewhere.
_MARKS: Final = {"en": (",", "."), "es": ("\u00a0", ","), "pt": (".", ",")}
_SHOWN_OF_ALERT = ("tlp", "handling", "reference", "severity", "case_status", "last_seen", "title")
_SHOWN_OF_REVIEW = ("id", "status", "kind", "issuer", "due", "expires_at")
_SHOWN_OF_BULLETIN = ("id", "version", "period", "reporting_state", "publisher", "measure", "unit", "tlp", "status")


def grouped(number: float) -> str:
    """A number as people of the user's language write it, with its thousands apart."""
    thousands, point = _MARKS[language()]
    return f"{number:,}".translate({ord(","): thousands, ord("."): point})


def figure(item: Mapping[str, Any]) -> str:
    """A figure, or the interval that it lies in, or why there is none."""
    if item.get("value") is not None:
        return grouped(item["value"])
    lower, upper = item.get("lower"), item.get("upper")
    if upper is not None:
        return f"{grouped(lower or 0)}{_TO}{grouped(upper)}"
    return f"{grouped(lower)}+" if lower is not None else coded(item["value_status"]) if item.get("value_status") else ""


def print_flows(items: Sequence[Mapping[str, Any]], *, everything: bool = False) -> None:
    """Print figures on stdout; a column that is empty, or `_T`, in every row is left out, unless everything is wanted."""
    names = dict.fromkeys(name for item in items for name in item)
    if not everything:
        names = dict.fromkeys(name for name in names if name not in _QUIET and any(item.get(name) not in (None, "_T") for item in items))
        names.pop("value", None)
        names["value"] = None
    print_columns([{**item, "value": figure(item)} for item in items] if "value" in names else items, tuple(names), {"value"})


def print_columns(items: Sequence[Mapping[str, Any]], columns: Sequence[str], numbers: Collection[str] = ()) -> None:
    """Print these columns on stdout; numbers, and columns named as such, stand at the right."""
    table = Table(box=None, pad_edge=False)
    for name in columns:
        is_number = name in numbers or any(_is_number(item.get(name)) for item in items)
        table.add_column(heading(name), justify="right" if is_number else "left")
    for item in items:
        table.add_row(*(grouped(item[name]) if _is_number(item.get(name)) else _cell(item.get(name)) for name in columns))
    _print(table)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def print_readings(items: Sequence[Mapping[str, Any]]) -> None:
    """Print figures as they would be read, each at its place in the file, on stdout."""
    used = dict.fromkeys(name for item in items for name in item if name not in {"value", "value_status"})
    table = Table(*map(heading, used), box=None, pad_edge=False)
    table.add_column(heading("value"), justify="right")
    for item in items:
        table.add_row(*(_cell(item.get(name)) for name in used), figure(item))
    _print(table)


def print_bulletins(items: Sequence[Mapping[str, Any]]) -> None:
    """Print a line a bulletin on stdout."""
    table = Table(*map(heading, _SHOWN_OF_BULLETIN), box=None, pad_edge=False)
    for item in items:
        shown = {**item, "status": coded(item["status"])} if item.get("status") else item
        table.add_row(*(_cell(shown.get(name)) for name in _SHOWN_OF_BULLETIN))
    _print(table)


def print_reviews(items: Sequence[Mapping[str, Any]]) -> None:
    """Print a line a waiting item on stdout."""
    table = Table(*map(heading, _SHOWN_OF_REVIEW), box=None, pad_edge=False)
    for item in items:
        shown = {**item, "status": coded(item["status"]), "kind": coded(item["kind"])}
        table.add_row(*(_cell(shown.get(name)) for name in _SHOWN_OF_REVIEW))
    _print(table)


def print_alerts(items: Sequence[Mapping[str, Any]]) -> None:
    """Print a line an alert on stdout, its marking first; one that is withdrawn, or of which only that is told, says so for a title."""
    rows = [_alert(item) for item in items]
    used = [name for name in _SHOWN_OF_ALERT if name != "handling" or any(row[name] for row in rows)]
    table = Table(box=None, pad_edge=False)
    for name in used:
        table.add_column(heading(name), no_wrap=name in {"tlp", "reference", "last_seen"})
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in used))
    _print(table)


def _alert(item: Mapping[str, Any]) -> dict[str, object]:
    told = {
        "handling": ", ".join(map(str, item.get("handling") or ())),
        "last_seen": item.get("last_seen") or item.get("first_seen"),
        "title": text_in(item.get("title")) or coded(item.get("status")),
    }
    return {name: told.get(name, item.get(name)) for name in _SHOWN_OF_ALERT}


def text_in(texts: object) -> str:
    """A text in the reader's language, else in the first that it was written in, which is named then."""
    if not isinstance(texts, Mapping):
        return ""
    for each in (language(), *LANGUAGES):
        if texts.get(each):
            return str(texts[each]) if each == language() else f"{texts[each]} [{each}]"
    return ""


def _cell(value: object) -> str:
    return "" if value is None else plain(value).replace("[", r"\[")


def _print(table: Table) -> None:
    screen = Console(highlight=False)
    if not screen.is_terminal:
        # What is piped into a file is not cut to the width of a screen that is not there.
        endless = Console(highlight=False, width=_ENDLESS)
        screen = Console(highlight=False, width=max(endless.measure(table).maximum, 1))
    screen.print(table)
