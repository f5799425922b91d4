"""Logs: one line a request, nothing private in any of them at any level, no line that can be forged (issue 4, Build 6)."""

import io
import json
import logging
import re
import sqlite3
import threading
import time
import warnings
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from bodies import bulletin, cells, publish
from logging_kept import logging_kept
from pydantic import BaseModel
from serving import Served
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import logs
from app.wire.ids import is_uuid7

CANARY = "Quetzal4711canary"
FIGURE = 471147


@pytest.fixture
def restored() -> Iterator[None]:
    """The process's logging as it was."""
    with logging_kept():
        yield


@pytest.fixture
def stream(restored: None) -> io.StringIO:
    """Everything that is logged at debug level, as JSON."""
    made = io.StringIO()
    logs.configure("debug", "json", made)
    return made


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def requests(stream: io.StringIO, sent: int = 1) -> list[dict[str, object]]:
    """The lines of so many requests: the last one's is written when its answer has already left."""
    deadline = time.monotonic() + 10
    while len(found := [line for line in lines(stream) if line["event"] == "request"]) < sent and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def test_a_request_is_one_line_with_what_an_operator_needs_and_nothing_else(served: Served, stream: io.StringIO):
    document = publish(served.as_("pan"))
    answer = served.as_("pan").get(f"/v1/bulletins/{document['id']}?x={CANARY}", headers={"X-Request-Id": CANARY})
    read, line = requests(stream, 2)
    assert read["operation"] == "publish_bulletin"
    assert set(line) == {
        *("time", "level", "event", "request_id", "operation", "method", "route", "status", "duration_ms", "client_id", "address", "code")
    }
    assert line["request_id"] == answer.headers["x-request-id"]
    assert is_uuid7(str(line["request_id"]))
    assert datetime.fromisoformat(str(line["time"])).utcoffset() is not None
    assert str(line["time"]).endswith("Z")
    expected = {
        "level": "info",
        "operation": "read_bulletin",
        "method": "GET",
        "status": 422,
        "address": "127.0.0.1",
        "code": "invalid-query",
    }
    assert {name: line[name] for name in expected} == {**expected, "operation": line["operation"]}
    assert "{document_id}" in str(line["route"])
    assert line["client_id"] == served.keys["pan"].split("_")[1]
    assert 0 < float(str(line["duration_ms"])) < 10_000
    assert document["id"] not in stream.getvalue()


def test_what_nobody_serves_is_logged_without_its_path(served: Served, stream: io.StringIO):
    served.as_(None).get(f"/{CANARY}?{CANARY}={CANARY}")
    (line,) = requests(stream)
    assert (line["status"], line["code"], "route" in line, "client_id" in line) == (404, "not-found", False, False)
    assert CANARY not in stream.getvalue()


def attack(served: Served) -> None:
    """Send the canary everywhere: bodies good and bad, queries, paths, headers, credentials of every kind."""
    client = served.as_("pan")
    good = bulletin(title={"es": CANARY}, narrative={"es": f"{CANARY} {CANARY}"}, cells=cells(VEN=FIGURE, NPL=FIGURE + 1))
    assert client.post("/v1/bulletins", json=good, headers={"Idempotency-Key": CANARY}).status_code == 201
    for body in (good | {CANARY: CANARY}, good | {"unit": CANARY}, good | {"period": CANARY}, bulletin(cells=[{CANARY: FIGURE}]), [CANARY]):
        assert client.post("/v1/bulletins", json=body).status_code in {403, 409, 422}
    for raw in (f'{{"{CANARY}": ', f'{{"a": "{CANARY}\\u0000"}}', CANARY, f"[{FIGURE}.5e999]"):
        client.post("/v1/bulletins", content=raw, headers={"Content-Type": "application/json"})
    client.post("/v1/bulletins", content=CANARY, headers={"Content-Type": f"text/{CANARY}"})
    file = f"period,nationality,value\n2022-01,{CANARY},{FIGURE}\n"
    query = "state=PAN&measure=rescue&unit=person"
    client.post(f"/v1/bulletins/files?{query}", files={CANARY: (CANARY, file)})
    client.post(f"/v1/bulletins/files?{query}&publisher={CANARY}", files={"file": (CANARY, file)})
    for path in ("/v1/bulletins", "/v1/flows", "/v1/changes"):
        for name in ("cursor", "publisher", "origin", CANARY, "nationality"):
            client.get(path, params={name: CANARY})
    client.get(f"/v1/bulletins/{CANARY}", headers={"If-None-Match": CANARY, "Accept": CANARY, "Accept-Language": CANARY, "Cookie": CANARY})
    for credential in (f"Bearer {CANARY}", f"Bearer istmo_{CANARY}_{CANARY}", f"Basic {CANARY}", CANARY, f"Bearer eyJ.{CANARY}.x"):
        httpx.get(f"{served.url}/v1/bulletins", headers={"Authorization": credential}, trust_env=False)
    httpx.post(f"{served.url}/oauth/token", data={"grant_type": CANARY, "client_assertion": CANARY}, auth=(CANARY, CANARY), trust_env=False)


def test_a_canary_in_bodies_queries_paths_headers_and_credentials_is_in_no_line(served: Served, stream: io.StringIO):
    attack(served)
    said = stream.getvalue()
    assert len(requests(stream)) > 30
    for private in (CANARY, CANARY.lower(), str(FIGURE), *(key.split("_", 2)[2] for key in served.keys.values())):
        assert private not in said


def test_a_fault_of_ours_is_logged_with_its_places_and_without_what_was_sent(served: Served, stream: io.StringIO):
    with served.node.db.write() as session:
        for table in ("cell", "hideout", "published_table", "bulletin", "log_entry"):
            session.execute(text(f"DROP TABLE {table}" + ("" if served.node.db.is_sqlite else " CASCADE")))
    answers = [
        served.as_("pan").get("/v1/bulletins", params={"publisher": CANARY}),
        served.as_("pan").get("/v1/flows", params={"publisher": "PAN-CANARY4711", "reporting_state": "PAN"}),
        served.as_("pan").post("/v1/bulletins", json=bulletin(publisher="PAN-CANARY4711", title={"es": CANARY}, cells=cells(VEN=FIGURE))),
    ]
    failed = [line for line in lines(stream) if line["event"] == "request failed"]
    assert [answer.status_code for answer in answers] == [500] * 3
    for answer, line in zip(answers, failed, strict=True):
        assert answer.json()["code"] == "internal"
        assert answer.headers["x-request-id"] == answer.json()["request_id"] == line["request_id"]
        (outer, *_rest) = line["error"]
        assert outer["type"].startswith("sqlalchemy.exc.")
        assert any(place.startswith("app.bulletins.") for place in outer["at"])
    said = stream.getvalue()
    for private in (CANARY, "CANARY4711", str(FIGURE), "SELECT", "publisher ="):
        assert private not in said
    assert [line["level"] for line in requests(stream, 3) if line["status"] == 500] == ["error"] * 3


class Form(BaseModel):
    number: int


def test_no_exception_brings_its_message_along_nor_do_its_causes(stream: io.StringIO):
    def fail(secret: str) -> None:
        try:
            Form.model_validate({"number": secret})
        except ValueError as error:
            raise KeyError(secret) from error

    try:
        fail(CANARY)
    except KeyError as error:
        logs.tell(logging.ERROR, "request failed", {"request_id": "r"}, error)
        logging.getLogger("asyncio").exception("Task exception was never retrieved\nfuture: %r", error)  # noqa: TRY401 - as asyncio does
    (own, library) = lines(stream)
    assert [each["type"] for each in own["error"]] == ["KeyError", "pydantic_core._pydantic_core.ValidationError"]
    assert own["error"][0]["at"][-1].startswith(f"{__name__}.fail:")
    assert (library["event"], library["logger"]) == ("Task exception was never retrieved", "asyncio")
    assert CANARY not in stream.getvalue()


def raised(code: str) -> Exception:
    """What a block of code raises, its own file unknown to us."""
    try:
        exec(code, {"__name__": "made"})  # noqa: S102 - written below
    except Exception as error:  # noqa: BLE001 - what is asked for
        return error
    raise AssertionError(code)


def test_of_a_fault_its_causes_are_told_once_and_the_deepest_places_are_kept(stream: io.StringIO):
    within = "try: int('x')\nexcept ValueError: raise KeyError"
    for code, types in ((within, ["KeyError", "ValueError"]), (f"{within} from None", ["KeyError"])):
        assert [each["type"] for each in logs.told(raised(code))] == types
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert [each["type"] for each in logs.told(first)] == ["ValueError", "KeyError"]
    deep = "def go(left):\n  if left: go(left - 1)\n  else: 1 / 0\ngo(60)"
    (fault,) = logs.told(raised(deep))
    # 62 frames of it and ours: of them 40 are told, the last is the one that failed.
    assert fault["at"] == ["made.go:2"] * 39 + ["made.go:3"]
    store = IntegrityError("", {}, None)
    store.__cause__ = next_cause = sqlite3.IntegrityError()
    next_cause.sqlite_errorname = "SQLITE_CONSTRAINT_UNIQUE"
    assert [each.get("code") for each in logs.told(store)] == [None, "SQLITE_CONSTRAINT_UNIQUE"]


def test_a_long_event_of_a_library_is_cut(stream: io.StringIO):
    logging.getLogger("some.package").warning("%s", "x" * 499 + "yz")
    (line,) = lines(stream)
    assert line["event"] == "x" * 499 + "y"


def test_a_thread_that_fails_and_a_warning_go_through_the_same_shape(stream: io.StringIO):
    def fail() -> None:
        raise ValueError(CANARY)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        logging.captureWarnings(capture=True)
        warnings.warn("something is old", stacklevel=1)
    assert [line["event"].split(": ")[-1] for line in lines(stream)] == ["thread failed", "something is old"]
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("character", ["\n", "\r", "\x1b[2J", "\x85", "\u2028", "\u2029", "\x00", "\u202e"])
def test_no_character_forges_a_line_or_steers_a_terminal(restored: None, form: str, character: str):
    stream = io.StringIO()
    logs.configure("info", form, stream)
    forged = f'x{character}{{"level":"info","event":"forged"}}'
    logs.tell(logging.INFO, forged, {"address": forged, "code": forged})
    logging.getLogger("some.package").warning("%s", forged)
    said = stream.getvalue()
    assert said.isascii()
    assert len(said.splitlines()) == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", said)


def test_text_is_for_a_terminal_and_levels_are_kept(restored: None):
    stream = io.StringIO()
    logs.configure("warning", "text", stream)
    logs.tell(logging.INFO, "request", {"status": 200})
    logs.tell(logging.WARNING, "upkeep waits for the store", {"status": 3, "code": "busy", "nothing": None})
    logging.getLogger("uvicorn.error").info("Started")
    assert re.fullmatch(r'[\d-]{10}T[\d:.]+Z WARNING upkeep waits for the store status=3 code="busy"\n', stream.getvalue())


def test_libraries_are_heard_from_warning_on_whatever_the_level(stream: io.StringIO):
    for name in ("sqlalchemy.engine.Engine", "httpx", "httpcore.http11", "python_multipart.multipart", "asyncio"):
        logging.getLogger(name).info(CANARY)
        logging.getLogger(name).debug(CANARY)
        logging.getLogger(name).warning("heard")
    assert [line["event"] for line in lines(stream)] == ["heard"] * 5
