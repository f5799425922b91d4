"""Methods: 405 with a complete Allow, HEAD as GET without a body, 404 for what is no path (RFC 9110 9.1, 9.3.2, 15.5.6)."""

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from bodies import publish
from serving import Served, serving, settings_for

from app.main import create_app

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
MADE_UP = "0193a7c5-3f00-7abc-8def-0123456789ab"


@functools.cache
def served_methods() -> Mapping[str, set[str]]:
    """What every path of the application serves, by hand from its routes."""
    found: dict[str, set[str]] = defaultdict(set)
    for route in create_app(None).routes[1:]:
        found[re.sub(r"\{[^}]*\}", MADE_UP, route.path)] |= set(route.methods)
    # A fixed word is also an answer of the path with a parameter in its place.
    asked = patterns()
    for path in found:
        for pattern, methods in asked:
            if pattern.fullmatch(path):
                found[path] |= methods
    return found


def patterns() -> list[tuple[re.Pattern[str], set[str]]]:
    return [(re.compile(re.sub(r"\{[^}]*\}", "[^/]+", route.path)), set(route.methods)) for route in create_app(None).routes[1:]]


@pytest.fixture(scope="module")
def node(stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("methods")
    with serving(settings_for(stores.ready("sqlite"), folder)) as made:
        yield made


@pytest.mark.parametrize("path", sorted(served_methods()))
def test_every_method_that_a_path_does_not_serve_is_told_all_that_it_does(node: Served, path: str):
    methods = served_methods()[path]
    expected = sorted(methods | ({"HEAD"} if "GET" in methods else set()))
    client = node.as_("operator")
    refused = [method for method in METHODS if method not in expected]
    assert "OPTIONS" in refused  # no CORS: no page of another site calls a node from a browser
    for method in refused:
        answer = client.request(method, path)
        assert answer.status_code == 405, method
        assert answer.headers["allow"] == ", ".join(expected), method
        assert answer.headers["content-type"] == "application/problem+json"
        assert method == "HEAD" or answer.json()["code"] == "method-not-allowed"


@pytest.mark.parametrize("path", sorted(path for path, methods in served_methods().items() if "GET" in methods))
def test_head_answers_as_get_without_a_body(node: Served, path: str):
    client = node.as_("rcm")
    got, headed = client.get(path), client.head(path)
    assert headed.status_code == got.status_code
    assert headed.content == b""
    # How a stream is cut into pieces is known only while it is made (RFC 9110 section 9.3.2).
    changing = {"date", "x-request-id", "transfer-encoding", *(("content-length",) if got.status_code >= 400 or path == "/metrics" else ())}
    assert {name: value for name, value in headed.headers.items() if name not in changing} == {
        name: value for name, value in got.headers.items() if name not in changing
    }


def test_head_of_a_document_and_of_a_stream_keeps_the_connection_whole(node: Served):
    document = publish(node.as_("pan"), period="2021-03")
    client = node.as_("analyst")
    for path in (f"/v1/bulletins/{document['id']}", "/v1/flows?format=csv&reporting_state=PAN"):
        for _ in range(3):
            headed = client.head(path)
            assert (headed.status_code, headed.content) == (200, b"")
            assert client.get(path).status_code == 200
    assert client.head(f"/v1/bulletins/{document['id']}").headers["etag"] == f'"{document["id"]}.v1"'


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/nowhere", "/v1", "/v1/bulletins/", "/livez/", "/v1/bulletins/a/b/c/d", "//v1/bulletins"])
def test_what_is_no_path_is_not_found_whatever_the_method_and_nothing_is_redirected(node: Served, method: str, path: str):
    answer = httpx.request(method, node.url + path, trust_env=False)
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert method == "HEAD" or answer.json()["code"] == "not-found"
