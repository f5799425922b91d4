"""The shelves find what trying all routes one after another finds."""

import re

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from app.core.shelves import Shelves
from app.main import create_app

MADE = create_app(None).routes
SHELVES, *OTHERS = MADE
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
PATHS = sorted({re.sub(r"\{[^}]*\}", "some-id", route.path) for route in OTHERS if isinstance(route, APIRoute)})
ODD = [
    "/",
    "",
    "//",
    "/v1",
    "/v1/",
    "/v1/flows/",
    "/v1//flows",
    "/V1/flows",
    "/v1/flows/x/y/z",
    "/v1/none",
    "/docs",
    "/docs/",
    "/docs/a/b",
    "/v1/%66lows",
]


def asked(method: str, path: str) -> Scope:
    return {"type": "http", "method": method, "path": path, "root_path": ""}


def one_after_another(method: str, path: str) -> BaseRoute | None:
    return next((route for route in OTHERS if route.matches(asked(method, path))[0] is Match.FULL), None)


@pytest.mark.parametrize("path", [*PATHS, *ODD])
def test_the_shelves_find_the_route_that_all_routes_in_their_order_find(path: str):
    assert isinstance(SHELVES, Shelves)
    for method in METHODS:
        match, found = SHELVES.matches(asked(method, path))
        expected = one_after_another(method, path)
        if match is Match.FULL:
            assert found["route"] is expected
        else:
            # Only a route whose first words vary, or nothing at all, is left to those behind.
            assert (match, found) == (Match.NONE, {})
            assert expected is None or not isinstance(expected, APIRoute) or "{" in "/".join(expected.path.split("/")[1:3])


def test_nearly_every_route_stands_on_a_shelf():
    routes = [route for route in OTHERS if isinstance(route, APIRoute)]
    shelved = Shelves(routes)
    found = [shelved.matches(asked(min(route.methods), re.sub(r"\{[^}]*\}", "some-id", route.path)))[0] for route in routes]
    assert found.count(Match.FULL) >= len(routes) - 4


def test_what_is_no_request_is_left_to_the_others():
    assert SHELVES.matches({"type": "websocket", "path": "/v1/flows"}) == (Match.NONE, {})
