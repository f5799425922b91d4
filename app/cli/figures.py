"""What stands under and beside figures: numbers as people write them, facets, coverage, revisions, warnings, and how to cite."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.cli.output import coded, say, tell, words_of
from app.cli.tables import figure, grouped, print_columns

__all__ = ["grouped", "print_coverage", "print_facets", "print_lags", "print_revisions", "tell_about"]

_VALUES = 12
"""Values of a facet that are shown where nobody asked for that one alone."""
_SERIES = ("reporting_state", "publisher", "measure", "unit", "definition_code", "accumulation")
_COVERAGE = ("frequency", "first_period", "last_period", "periods", "missing", "last_update", "usual_lateness_days", "overdue_days")
_PLACE = (
    "nationality",
    "origin_state",
    "sex",
    "age",
    "accompaniment",
    "procedure",
    "route_point",
    "mode",
    "previous_state",
    "destination_state",
)
_LAGS = ("weeks", "compared", "changed", "mean_percent", "median_percent", "mean_absolute_percent")

Items = Sequence[Mapping[str, Any]]


def print_facets(facets: Mapping[str, Mapping[str, Any]], *, everything: bool) -> None:
    """Print a line a value on stdout; a column of one value alone is left out unless it was asked for."""
    rows: list[dict[str, Any]] = []
    for name, facet in facets.items():
        values = facet["values"] if everything else facet["values"][:_VALUES]
        if everything or facet["number"] > 1:
            rows += [{"column": name, **value} for value in values]
            if facet["number"] > len(values):
                rows.append({"column": name, "label": words_of("flows-facets-more", number=grouped(facet["number"] - len(values)))})
    print_columns(rows, ("column", "code", "label", "rows", "bulletins"))


def print_coverage(items: Items) -> None:
    """Print a line a series on stdout."""
    shown = [{**item, "last_update": str(item["last_update"])[:10], "overdue_days": item["overdue_days"] or None} for item in items]
    print_columns(shown, (*_used(items, _SERIES), *_COVERAGE))


def print_revisions(items: Items) -> None:
    """Print a line a cell on stdout: first and latest figure, or what is known of them."""
    shown = [
        {
            **item,
            "first_value": _side(item, "first"),
            "latest_value": coded("withdrawn") if item["withdrawn"] else _side(item, "latest"),
            "difference": _difference(item),
            "reason": next((each["reason"] for each in reversed(item["revisions"]) if each["reason"]), None),
        }
        for item in items
    ]
    columns = ("first_value", "latest_value", "difference", "percent", "versions", "latest_lag_days", "reason", "bulletin")
    print_columns(shown, ("period", *_used(items, _SERIES), *_used(items, _PLACE), *columns))


def print_lags(items: Items) -> None:
    """Print a line a series and distance on stdout."""
    shown = [{**item, "weeks": words_of("flows-lags-first") if item["weeks"] is None else item["weeks"]} for item in items]
    print_columns(shown, (*_used(items, _SERIES), *_LAGS))


def tell_about(page: Mapping[str, Any]) -> None:
    """Say under a table what is withheld in it, what not to compare, as of when it is, and how to cite it."""
    _tell_withheld(page["items"])
    for warning in page.get("warnings") or ():
        say(words_of("flows-warning", words=warning["words"]))
    if page.get("as_of"):
        tell("flows-told-as-of", moment=page["as_of"])
    _tell_how_to_cite(page["items"])


def _tell_withheld(items: Items) -> None:
    if any(item.get("value") is None and item.get("upper") is not None for item in items):
        tell("flows-intervals")
    if any(item.get("value_status") == "withheld" for item in items):
        tell("flows-withheld")


def _tell_how_to_cite(items: Items) -> None:
    name = next((item["bulletin"] for item in items if item.get("bulletin")), None)
    if name:
        tell("flows-how-to-cite", name=name)
    elif items:
        tell("flows-how-to-cite-sums")


def _used(items: Items, columns: Iterable[str]) -> list[str]:
    return [name for name in columns if any(item.get(name) not in (None, "_T") for item in items)]


def _side(item: Mapping[str, Any], side: str) -> str:
    return figure({name: item.get(f"{side}_{name}") for name in ("value", "lower", "upper", "value_status")})


def _difference(item: Mapping[str, Any]) -> object:
    lower, upper = item["difference_lower"], item["difference_upper"]
    if item["difference"] is not None or lower is None or upper is None:
        return item["difference"]
    return words_of("flows-between", lower=grouped(lower), upper=grouped(upper))
