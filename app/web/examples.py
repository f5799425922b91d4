"""Worked examples: of every document as it is sent and answered, and of every problem as it is rendered."""

import functools
import importlib.resources
import json
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from app.core.problems import Problem, catalogue
from app.core.rendering import problem_body
from app.wire.problem import Finding

REQUEST_ID = "019aa4f2-0c4d-7d0a-b0a3-5a1f6c9e2d47"
_FOLDER = "app.web"
_LANGUAGE = "en"


def of_model(name: str) -> Mapping[str, Mapping[str, Any]]:
    """Examples of a document by name, each with a summary and its value; none where it has no file in `examples/`."""
    return {f"{name}.{key}": shown for key, shown in _shipped().get(name, {}).items()}


def of_models(names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Examples of several documents."""
    return {key: shown for name in sorted(names) for key, shown in of_model(name).items()}


@functools.cache
def _shipped() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    files = [file for file in importlib.resources.files(_FOLDER).joinpath("examples").iterdir() if file.name.endswith(".json")]
    return {file.name.removesuffix(".json"): json.loads(file.read_text("utf-8")) for file in files}


def problems() -> dict[int, dict[str, dict[str, Any]]]:
    """An example of each problem, by status and code, as a reader of English gets it."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for code in sorted(catalogue()):
        problem = _problem(code)
        shown = {"summary": catalogue()[code]["title"][_LANGUAGE], "value": problem_body(problem, _LANGUAGE, REQUEST_ID)}
        found.setdefault(problem.status, {})[code] = shown
    return found


def _problem(code: str) -> Problem:
    """A problem as it is met: a finding stands under the problem that carries it, at a place where it may stand."""
    if code in _said()["carries"]:
        return Problem(code, *(_finding(each)[1] for each in _said()["carries"][code]))
    carrier, finding = _finding(code)
    findings = [finding] if carrier else []
    return Problem(code, *findings, headers=None, **figures_of(code)) if carrier in {"", "itself"} else Problem(carrier, finding)


def _finding(code: str) -> tuple[str, Finding]:
    """A finding of this code at its place, and the problem that carries it; nothing where the code needs no place."""
    if code in _said()["in"]:
        return "invalid-file", Finding(code, params=figures_of(code), **_said()["in"][code])
    for carrier, places in _said()["at"].items():
        if code in places:
            return carrier, Finding(code, pointer=places[code] or None, params=figures_of(code))
    return "", Finding(code)


def figures_of(code: str) -> dict[str, Any]:
    """Plausible figures for the sentence of a code."""
    return {**_said()["figures"], **_said()["of"].get(code, {})}


@functools.cache
def _said() -> Mapping[str, Any]:
    return tomllib.loads(importlib.resources.files(_FOLDER).joinpath("examples", "problems.toml").read_text("utf-8"))
