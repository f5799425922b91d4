"""The options by which the commands of the flows ask: the names of the analyst query, declared once."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import typer

from app.cli.office import Filters, Text, _given, _pairs
from app.cli.output import words_of

Query = Mapping[str, object]
Command = Callable[..., None]

_OF_BULLETINS = {
    "reporting_state": "flows-reporting-state",
    "conference": "flows-conference",
    "publisher": "flows-publisher",
    "measure": "flows-measure",
    "unit": "flows-unit",
    "definition_code": "flows-definition-code",
    "accumulation": "flows-accumulation",
    "period_from": "flows-period-from",
    "period_to": "flows-period-to",
    "frequency": "flows-frequency",
    "figure_status": "flows-figure-status",
}
_OF_ROWS = {
    "nationality": "flows-nationality",
    "classification": "flows-classification",
    "origin_state": "flows-origin-state",
    "sex": "flows-sex",
    "age": "flows-age",
    "accompaniment": "flows-accompaniment",
    "procedure": "flows-procedure",
    "route_point": "flows-route-point",
    "mode": "flows-mode",
    "previous_state": "flows-previous-state",
    "destination_state": "flows-destination-state",
}
_OF_ANSWERS = {
    "group_by": "flows-group-by",
    "fields": "flows-fields",
    "sort": "flows-sort",
    "labels": "flows-labels",
    "as_of": "flows-as-of",
    "excel": "flows-excel",
    "facets": "flows-facets",
}
_OPTIONS: Mapping[str, Any] = {
    **{name: Annotated[Text, typer.Option(help=words_of(code))] for name, code in (_OF_BULLETINS | _OF_ROWS | _OF_ANSWERS).items()},
    "extra_continental": Annotated[bool | None, typer.Option(help=words_of("flows-extra-continental"))],
    "totals": Annotated[bool | None, typer.Option("--totals", help=words_of("flows-totals"))],
    "unrevised": Annotated[bool | None, typer.Option("--unrevised", help=words_of("flows-unrevised"))],
    "limit": Annotated[int | None, typer.Option(min=1, help=words_of("flows-limit"))],
}
BULLETINS = tuple(_OF_BULLETINS)
"""Filters by what a bulletin as a whole bears."""
ROWS = ("nationality", *BULLETINS, "extra_continental", *tuple(_OF_ROWS)[1:])
"""Filters of rows."""


def asks(*names: str) -> Callable[[Command], Command]:
    """Give a command the options of these names; it takes those that were given as one `query`, with what `--filter` names beside them."""
    options = {**{name: _OPTIONS[name] for name in names}, "filters": Filters}

    def with_options(command: Command) -> Command:
        def run(**given: Any) -> None:  # noqa: ANN401 - options of every type
            query = _given({name: given.pop(name) for name in names})
            command(query | _pairs(given.pop("filters")), **given)

        run.__signature__ = inspect.Signature([*_parameters(options), *_own(command)])  # type: ignore[attr-defined]
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        return run

    return with_options


def _parameters(options: Mapping[str, Any]) -> Iterable[inspect.Parameter]:
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation) for name, annotation in options.items()
    ]


def _own(command: Command) -> Iterable[inspect.Parameter]:
    """What the command takes beside the query."""
    return list(inspect.signature(command, eval_str=True).parameters.values())[1:]
