"""What the pages made from the code need to know: the operations, and from which of them a code can come."""

import ast
import functools
from pathlib import Path
from typing import Any, NamedTuple

from app.core.problems import catalogue
from app.main import create_app
from app.web.description import routes_of

APP = Path(__file__).parents[1] / "app"


class Operation(NamedTuple):
    """One operation as the description tells it, and the module of its endpoint."""

    name: str
    method: str
    path: str
    access: tuple[str, ...]
    summary: str
    statuses: frozenset[int]
    module: str


@functools.cache
def operations() -> tuple[Operation, ...]:
    """Every operation of the API, by path."""
    made = create_app(None)
    modules = {route.operation_id: route.endpoint.__module__ for route in routes_of(made)}
    found = [
        _operation(method, path, described, modules[described["operationId"]])
        for path, methods in made.openapi()["paths"].items()
        for method, described in methods.items()
    ]
    return tuple(sorted(found, key=lambda each: (each.path, each.method)))


def _operation(method: str, path: str, described: dict[str, Any], module: str) -> Operation:
    statuses = frozenset(int(status) for status in described["responses"] if status.isdigit())
    return Operation(described["operationId"], method.upper(), path, tuple(described["x-access"]), described["summary"], statuses, module)


@functools.cache
def trees() -> dict[str, ast.Module]:
    """Every module of the product, parsed."""
    paths = {".".join(path.relative_to(APP.parent).with_suffix("").parts): path for path in APP.rglob("*.py")}
    return {name.removesuffix(".__init__"): ast.parse(path.read_text("utf-8")) for name, path in paths.items()}


@functools.cache
def imported(module: str) -> frozenset[str]:
    """The product's modules that a module names in its imports."""
    found: set[str] = set()
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found & set(trees()))


@functools.cache
def reached(module: str) -> frozenset[str]:
    """A module and all that it imports, and what those import."""
    seen, open_ = {module}, [module]
    while open_:
        new = imported(open_.pop()) - seen
        seen |= new
        open_ += new
    return frozenset(seen)


@functools.cache
def texts() -> dict[str, set[str]]:
    """Every text of the source, with the modules in which it stands."""
    found: dict[str, set[str]] = {}
    for name, tree in trees().items():
        for text in _texts_in(tree):
            found.setdefault(text, set()).add(name)
    return found


@functools.cache
def refusals() -> frozenset[str]:
    """The codes that are refusals of their own: what is raised as `Problem`, and what the router itself refuses."""
    calls = [node for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    raised = [call.args[0] for call in calls if call.args and getattr(call.func, "id", "") == "Problem"]
    return frozenset(text for argument in raised for text in _texts_in(argument)) | {"not-found", "method-not-allowed"}


def _texts_in(tree: ast.AST) -> set[str]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def possible(code: str) -> list[Operation]:
    """The operations whose rooms know the code, and whose description lists its status where any does."""
    status, modules = catalogue()[code]["status"], texts().get(code, set())
    knowing = [each for each in operations() if modules & (reached(each.module) | {"app.main", "app.core.rendering"})]
    return [each for each in knowing if status in each.statuses] or knowing
