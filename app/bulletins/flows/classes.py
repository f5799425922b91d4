"""Classes of nationalities as groups: their areas, and what a scheme counts as extra-continental (contract: /flows)."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, case

from app.bulletins.flows.question import AREA, NATIONALITY, FlowQuestion, scheme_codes
from app.bulletins.projection import NOWHERE, TOTAL
from app.directory.codes import area_of, states

_NOBODYS = frozenset(code for code in states() if area_of(code) is None)
INSIDE, OUTSIDE, NEITHER = "true", "false", "unclassified"


def parts(question: FlowQuestion) -> Mapping[tuple[str, ...], frozenset[str]]:
    """The nationalities that a sum adds up and a rest may hold, by the classes among its groups; one part where there are none."""
    found: dict[tuple[str, ...], set[str]] = {}
    wanted = question.added(NATIONALITY)
    # A land that lies in no area has no nationals: by itself it would be a group of what a rest may hold.
    for code in wanted - _NOBODYS if question.classes else wanted:
        key = tuple(_class(name, code, question.classification) for name in question.classes)
        found.setdefault(key, set()).add(code)
    nothing: tuple[str, ...] = tuple("" for _ in question.classes)
    return {key: frozenset(codes) for key, codes in found.items()} or {nothing: frozenset()}


def classified(question: FlowQuestion, area: ColumnElement[Any], code: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """The classes among the groups of a published code that lies in an area, as columns."""
    return [_column(name, question.classification, area, code).label(name) for name in question.classes]


def _column(name: str, classification: str, area: ColumnElement[Any], code: ColumnElement[Any]) -> ColumnElement[Any]:
    if name == AREA:
        return case((area == NOWHERE, code), else_=area)
    inside, outside = (code.in_(sorted(scheme_codes(classification, inside=side))) for side in (True, False))
    return case((code == TOTAL, TOTAL), (inside, INSIDE), (outside, OUTSIDE), else_=NEITHER)


@cache
def _class(name: str, code: str, classification: str) -> str:
    if name == AREA:
        return area_of(code) or code
    if code in scheme_codes(classification, inside=True):
        return INSIDE
    return OUTSIDE if code in scheme_codes(classification, inside=False) else NEITHER
