"""From a body or a query to a wire model, or to findings that name the place and the rule."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.core.problems import Problem, catalogue
from app.wire.problem import Finding
from app.wire.strict_json import BodyError, loads, place, pointer

Model = TypeVar("Model", bound=BaseModel)

_CODES = {
    "missing": "field-missing",
    "extra_forbidden": "field-unknown",
    "greater_than_equal": "out-of-range",
    "less_than_equal": "out-of-range",
    "greater_than": "out-of-range",
    "less_than": "out-of-range",
    "int_type": "not-a-whole-number",
    "int_parsing": "not-a-whole-number",
    "int_from_float": "not-a-whole-number",
    "int_parsing_size": "out-of-range",
    "enum": "code-unknown",
    "literal_error": "code-unknown",
    "string_too_long": "text-too-long",
    "string_too_short": "text-empty",
    "too_long": "list-too-long",
    "too_short": "list-too-short",
    "string_pattern_mismatch": "format",
}
_QUOTED = re.compile(r"'([^']+)'")
_NUMBER_BOUNDS = {"minimum": 0, "maximum": 2**31 - 1}
_MOST_FINDINGS = 100


def read_json(raw: bytes) -> object:
    """The value of a JSON body; raises `Problem` `invalid-document` with the findings of the strict reader."""
    try:
        return loads(raw)
    except BodyError as error:
        raise Problem("invalid-document", *error.findings[:_MOST_FINDINGS]) from None


def parse(model: type[Model], value: object, *, at: Sequence[object] = ()) -> Model:
    """The wire model of a JSON value; raises `Problem` `invalid-document` whose findings carry JSON pointers."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Problem("invalid-document", *findings_of(error, model, at)) from None


def findings_of(error: ValidationError, model: type[BaseModel], at: Sequence[object] = ()) -> list[Finding]:
    """Each fault that pydantic found, in our codes; never with the rejected value."""
    return [_finding(details, model, at) for details in error.errors(include_url=False, include_input=False)[:_MOST_FINDINGS]]


def _finding(details: ErrorDetails, model: type[BaseModel], at: Sequence[object]) -> Finding:
    loc = details["loc"]
    own = loc[-1:] if details["type"] == "extra_forbidden" else ()  # the sender's own word, whatever it looks like
    path = (*(part for part in loc[: len(loc) - len(own)] if not _is_branch(part)), *own)
    return Finding(code_of(details["type"]), pointer=pointer(*at) + place(path), params=_params(details, model))


def _is_branch(part: object) -> bool:
    # pydantic names the branch of a union or validator in the path; it is no part of the document.
    return isinstance(part, str) and ("[" in part or part in {"str", "int", "none"})


def code_of(kind: str) -> str:
    """Our code of a pydantic error type; a type of our own making is a code already."""
    return _CODES.get(kind, kind if kind in catalogue() else "format")


def _params(details: ErrorDetails, model: type[BaseModel]) -> Mapping[str, object]:
    context: dict[str, Any] = dict(details.get("ctx") or {})
    if details["type"] == "extra_forbidden":
        name = str(details["loc"][-1])
        known = known_names(model) if len(details["loc"]) == 1 else []
        return {"suggestions": nearest(name, known), "known": known}
    bounds = {"minimum": context.get("ge", context.get("gt", 0)), "maximum": context.get("le", context.get("lt", 2**31 - 1))}
    limit = context.get("max_length", context.get("min_length"))
    expected = expected_of(context)
    return {
        **_NUMBER_BOUNDS,
        **bounds,
        "limit": limit,
        "expected": expected,
        "known": expected,
        **{k: v for k, v in context.items() if k in {"offset", "known", "suggestions"}},
    }


def expected_of(context: Mapping[str, Any]) -> object:
    """What pydantic says was expected: the codes of an enumeration without its English words, or a form."""
    said = str(context.get("expected", context.get("pattern", "")))
    return _QUOTED.findall(said) or said


def known_names(model: type[BaseModel]) -> list[str]:
    """Names of a model's fields as they cross the wire."""
    return [field.alias or name for name, field in model.model_fields.items()]


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to three known names that resemble a misspelt one: suggestions, never applied."""
    return difflib.get_close_matches(name.lower()[:64], list(known), n=3, cutoff=0.6)
