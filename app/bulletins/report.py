"""What an officer reads of the protection of a bulletin: a function of its published rows alone (guarantees 1, rule 10)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from app.core.catalogue import filled, sentences
from app.directory.codes import nationalities
from app.directory.dimensions import is_margin
from app.disclosure.base import base_of
from app.disclosure.scheme import AREA_TOTALS, OTHER, RESTS, TOTAL

Document = Mapping[str, Any]
_WHOLE: Final = 100


def report_of(document: Document, audited_with: Sequence[tuple[str, int]], language: str) -> dict[str, object]:
    """The report on a published version, its reasons in the reader's language (es, pt, en)."""
    told = document["disclosure"]
    figures = {name: told[name] for name in ("policy", "k", "method", "declared", "shown", "withheld")}
    return {
        "id": document["id"],
        "version": document["version"],
        **figures,
        "persons_shown_pct": persons_shown_pct(document),
        "reasons": list(_reasons(document, language)),
        "audited_with": [{"id": document_id, "version": version} for document_id, version in audited_with],
    }


def persons_shown_pct(document: Document) -> int | None:
    """Share of the published total that stands under an exact cell of its own, in whole percent; none where no total is published.

    Pools are no cells of their own, and neither is a rounded count of at most the base.
    """
    grand = next((cell["value"] for cell in document["cells"] if _is_total(cell, document["dimensions"])), None)
    if grand is None:
        return None
    return _WHOLE * _exact(document) // grand if grand else _WHOLE


def _exact(document: Document) -> int:
    """The sum of the exact finest cells."""
    least = base_of(document["disclosure"]["k"]) if document["disclosure"]["method"] == "round" else 0
    own = (cell["value"] or 0 for cell in document["cells"] if _is_own(cell, document["dimensions"]))
    return sum(value for value in own if value > least)


def _is_total(cell: Mapping[str, Any], dimensions: Iterable[str]) -> bool:
    return all(cell[name] == TOTAL for name in dimensions)


def _is_own(cell: Mapping[str, Any], dimensions: Sequence[str]) -> bool:
    return not any(is_margin(cell[name]) or cell[name].startswith(OTHER) for name in dimensions)


def _reasons(document: Document, language: str) -> Iterator[dict[str, object]]:
    cells, most = document["cells"], document["disclosure"]["k"] - 1
    for status in ("withheld", "not_collected"):
        number = sum(cell.get("value_status") == status for cell in cells)
        if number and status == "withheld":
            yield _reason("withheld", {"most": most}, language, number)
        elif number:
            yield _reason("not-collected", {}, language, number)
    if document["disclosure"]["method"] == "pool":
        yield from _pools(document, language)
    if document["disclosure"]["method"] == "round":
        base = base_of(document["disclosure"]["k"])
        number = sum(_is_own(cell, document["dimensions"]) and cell["value"] <= base for cell in cells)
        yield _reason("rounded", {"most": base - 1, "base": base}, language, number)


def _pools(document: Document, language: str) -> Iterator[dict[str, object]]:
    """A reason for each published pool by nationality, and one for the areas whose total it takes away."""
    plain = [name for name in document["dimensions"] if name != "nationality"]
    values = {cell["nationality"]: cell["value"] for cell in document["cells"] if _is_total(cell, plain)}
    for code in sorted(values.keys() & {*RESTS, OTHER}):
        figures = {"most": document["disclosure"]["k"] - 1, "group": nationalities()[code].labels[language], "code": code}
        yield _reason("pooled", {**figures, "value": _shown(values[code])}, language, 1)
    lost = sorted(AREA_TOTALS - values.keys()) if OTHER in values and not plain else []
    if lost:
        yield _reason("areas-withheld", {"codes": lost}, language, len(lost))


def _shown(value: int | None) -> object:
    return "–" if value is None else value  # noqa: RUF001 - a dash in a sentence


def _reason(code: str, figures: Mapping[str, object], language: str, cells: int) -> dict[str, object]:
    text = sentences("app.bulletins", "report.toml")[code][language]
    return {"code": code, "cells": cells, "detail": filled(str(text), figures)}
