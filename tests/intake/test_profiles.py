"""The profiles that are shipped say only what our vocabularies know, each in three languages."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.directory import codes
from app.directory.dimensions import DIMENSIONS, resolve
from app.intake.shipped import shipped
from app.wire.profile import Layout, profile_of

VALUE = {"labels": ["n"], "means": "value"}
PERIOD = {"labels": ["mes"], "means": "period"}


def said(layout: Layout) -> Iterator[tuple[str, str]]:
    """Every code of a layout with what it is a code of."""
    yield from layout.constants.items()
    for column in layout.columns:
        yield from column.at.items()
        for described in (column.codes, *(each.codes for each in column.before)):
            for found in described.values():
                yield from zip(column.means, found, strict=True)
    for level in layout.levels:
        yield from ((level.means, found[0]) for found in level.codes.values())


def is_known(name: str, code: str) -> bool:
    if name in DIMENSIONS:
        return resolve(name, code) is not None
    if name in {"measure", "unit"}:
        return code in codes.vocabulary(name).terms
    return name == "publisher" or (name == "reporting_state" and codes.resolve_state(code) == code)


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_profile_names_codes_that_exist(name: str):
    profile = shipped()[name]
    assert all((profile.title.es, profile.title.pt, profile.title.en))
    assert [(of, code) for layout in profile.layouts for of, code in said(layout) if not is_known(of, code)] == []


def test_a_profile_is_shipped_for_every_family_of_public_files():
    assert sorted(shipped()) == [
        "brazil-conare", "colombia-migracion", "honduras-inm", "mexico-rechazos", "mexico-upmrip", "panama-snm", "unhcr", "usa-cbp",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "layout",
    [
        {"columns": [PERIOD]},
        {"columns": [VALUE], "wide": ["sex"]},
        {"columns": [{"labels": ["a"], "means": ["sex", "period"]}, VALUE]},
        {"columns": [{"labels": ["a"], "means": ["sex", "age"], "codes": {"h": "M"}}, VALUE]},
        {"columns": [{"labels": ["a"], "means": "sex"}, {"labels": ["b"], "means": "sex"}, VALUE]},
        {"columns": [{"labels": ["h"], "means": "value", "at": {"sex": "M"}}, VALUE]},
        {"columns": [{"labels": ["a"], "means": "sex"}, {**VALUE, "at": {"sex": "M"}}]},
        {"columns": [{"labels": ["a"], "means": "levels"}, VALUE]},
        {"columns": [{"labels": ["a"], "means": "sex", "before": [{"period": "soon", "codes": {}}]}, VALUE]},
    ],
)
def test_a_layout_that_leaves_open_what_a_figure_stands_at_is_no_layout(layout: Mapping[str, Any]):
    with pytest.raises(ValueError, match="format"):
        profile_of({"name": "office", "version": 1, "title": {"es": "x"}, "layouts": [layout]})
