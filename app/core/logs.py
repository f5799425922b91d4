"""Logs: one line an event on stderr, as JSON or as text for a terminal; nothing private in it, no line forged.

A fault is told by the types of its exceptions and the places that they passed through, never by their messages or local values:
those of pydantic, SQLAlchemy and Python itself quote what was sent.  Libraries are heard from `warning` on: below it some of them
tell headers and bodies.
"""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import structlog

from app.core.clock import rfc3339, utc_now

OWN, SERVER = "istmo", "uvicorn"
_DEEPEST = 40
_LONGEST = 500

# ASCII only: U+2028 and U+0085 end a line for some readers.
_JSON = json.JSONEncoder(default=str, separators=(",", ":"))

Fields = dict[str, Any]
_logger: list[Any] = []


def configure(level: str, form: str, stream: TextIO | None = None) -> None:
    """Send every line of the process through one shape: ours and the server's from `level` on, libraries' from `warning` on."""
    wanted, written = logging.getLevelNamesMapping()[level.upper()], _as_text if form == "text" else _as_json
    # Ours go straight to the stream: by way of `logging` a line costs four times as much.
    structlog.configure(
        processors=[_own, written],
        wrapper_class=structlog.make_filtering_bound_logger(wanted),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
    )
    # Made once: for each line anew it costs as much as the line.
    _logger.clear()
    _logger.append(structlog.get_logger().bind())
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[_foreign, written]))
    logging.basicConfig(level=max(wanted, logging.WARNING), handlers=[handler], force=True)
    for name in (OWN, SERVER):
        logging.getLogger(name).setLevel(wanted)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_failed


def tell(level: int, event: str, fields: Fields, error: BaseException | None = None) -> None:
    """Log an event of ours with its fields; what is none is left out. Before `configure` it goes where `logging` sends it."""
    if structlog.is_configured():
        _logger[0].log(level, event, fields=fields, error=error)
    else:
        logging.getLogger(OWN).log(level, event, extra={"fields": fields}, exc_info=error)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None and failed.exc_type is not SystemExit:
        tell(logging.ERROR, "thread failed", {}, failed.exc_value)


def _own(_logger: object, method: str, event: structlog.typing.EventDict) -> Fields:
    return _shaped(utc_now(), method, event["event"], event["fields"], event["error"])


def _foreign(_logger: object, method: str, event: structlog.typing.EventDict) -> Fields:
    record: logging.LogRecord = event["_record"]
    # What follows the first line of a library's message is a traceback or a representation of objects.
    said, error = str(event["event"]).partition("\n")[0], event.get("exc_info")
    fields = {**getattr(record, "fields", {}), "logger": None if record.name.startswith(OWN) else record.name}
    return _shaped(datetime.fromtimestamp(record.created, UTC), method, said, fields, error[1] if isinstance(error, tuple) else None)


def _shaped(at: datetime, level: str, said: str, fields: Fields, error: BaseException | None) -> Fields:
    shaped: Fields = {"time": rfc3339(at), "level": level, "event": said[:_LONGEST]}
    shaped |= {name: value for name, value in fields.items() if value is not None}
    return shaped if error is None else {**shaped, "error": told(error)}


def told(error: BaseException) -> list[Fields]:
    """An exception and what caused it, outermost first: type, the store's own code of the fault, and the places passed through."""
    found: list[Fields] = []
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        code = getattr(at, "sqlite_errorname", None) or getattr(at, "sqlstate", None)
        found.append({"type": _type_of(at), **({"code": code} if code else {}), "at": _places(at.__traceback__)})
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return found


def _type_of(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def _places(traceback: TracebackType | None) -> list[str]:
    places = []
    while traceback is not None:
        frame = traceback.tb_frame
        places.append(f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_name}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return places[-_DEEPEST:]


def _as_json(_logger: object, _method: str, shaped: structlog.typing.EventDict) -> str:
    return _JSON.encode(shaped)


def _as_text(_logger: object, _method: str, shaped: structlog.typing.EventDict) -> str:
    head = [shaped.pop("time"), shaped.pop("level").upper(), json.dumps(shaped.pop("event"))[1:-1]]
    words = (value if isinstance(value, int | float) else json.dumps(value, default=str) for value in shaped.values())
    return " ".join([*head, *(f"{name}={word}" for name, word in zip(shaped, words, strict=True))])
