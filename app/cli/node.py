"""What an operator does on the node itself: migrate, serve, rebuild, openapi."""

import gc
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from sqlalchemy import make_url

from app.cli.output import REFUSED, finding_line, language, say, tell, words_of
from app.core import logs, schema
from app.core.faults import told
from app.core.problems import Problem, as_json, sentence_of
from app.core.secrets import SecretMissing, Secrets
from app.directory.service import seed
from app.exchange import keys as exchange_keys
from app.exchange.node import Node, open_database, open_node
from app.main import create_app, description_of, worker_of
from app.main import rebuild as rebuild_projections
from app.settings import Settings
from app.web import schemas

Json = Annotated[bool, typer.Option("--json", help=words_of("option-json"))]
BACKLOG = 2048
# Longer than reverse proxies keep a connection to us (60 s): were we the first to close it, a request could already be on its way.
_KEEP_ALIVE_S = 75


@contextmanager
def words() -> Iterator[None]:
    """Say a refusal in plain words and leave with 1."""
    try:
        yield
    except Problem as problem:
        say(sentence_of(problem.code, problem.params, language()))
        for finding in problem.findings:
            say(f"  {finding_line(as_json(finding, language()))}")
        raise typer.Exit(REFUSED) from None
    except SecretMissing as missing:
        say(told(missing.code, missing.figures, language()))
        raise typer.Exit(REFUSED) from None


@contextmanager
def opened(settings: Settings) -> Iterator[Node]:
    """The node for the time of one command; leaves with 1 where there is no migrated database to open."""
    require_migrated(settings)
    node = open_node(settings)
    try:
        yield node
    finally:
        node.close()


def require_migrated(settings: Settings) -> None:
    """Leave with 1 where there is no migrated database, or one into which a backup was put in part only."""
    url = make_url(settings.database_url)
    missing = url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file()
    found = None if missing else schema.current(settings.database_url)
    if found is None:
        tell("store-missing")
        raise typer.Exit(REFUSED)
    _require_finished(found)


def _require_finished(found: str | None) -> None:
    if found == schema.UNFINISHED:
        tell("store-restoring")
        raise typer.Exit(REFUSED)


def prepare_store(settings: Settings) -> None:
    """Bring the schema to its head, add the directory's seed, make the keys of a new node; what exists stays as it is."""
    schema.upgrade(settings.database_url)
    db = open_database(settings)
    try:
        with db.write() as session:
            seed(session)
            exchange_keys.initialise(session, Secrets(settings.secrets_dir), settings)
    finally:
        db.dispose()


def migrate() -> None:
    """Bring the database to the newest schema; a new one gets its directory and its keys. SQLite is copied beside itself first."""
    settings = Settings()
    with words():
        _require_finished(schema.current(settings.database_url))
        prepare_store(settings)
    tell("store-migrated", revision=schema.head(), folder=settings.secrets_dir)


def serve(
    *,
    host: Annotated[str, typer.Option(help=words_of("serve-host"))] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help=words_of("serve-port"))] = 8080,
    no_worker: Annotated[bool, typer.Option("--no-worker", help=words_of("serve-no-worker"))] = False,
) -> None:
    """Run the API and the upkeep. SQLite is migrated first; an old schema on PostgreSQL and a newer one anywhere are refused."""
    settings = Settings()
    with words():
        _require_schema(settings)
        node = open_node(settings)
    run(node, host, port, with_worker=not no_worker)


def server_of(node: Node, host: str, port: int) -> uvicorn.Server:
    """A server over an open node; it does not listen yet."""
    config = uvicorn.Config(
        create_app(node),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        backlog=BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=node.settings.grace_s,
        proxy_headers=False,  # uvicorn believes whoever calls from loopback; ISTMO_TRUSTED_PROXIES says whom we believe
    )
    return uvicorn.Server(config)


def run(node: Node, host: str, port: int, *, with_worker: bool = True) -> None:
    """Serve an open node, and do its upkeep, until it is stopped; what runs is finished first, within `ISTMO_GRACE_S`."""
    settings = node.settings
    logs.configure(settings.log_level, settings.log_format)
    server = server_of(node, host, port)
    # The server raises the signal anew when it has ended: a stop that was asked for is no failure (exit 0).
    stop_on_signal(lambda: None)
    # What is loaded now stays to the end: looking through it for garbage stops every thread for a good 100 ms.
    gc.collect()
    gc.freeze()
    worker = worker_of(node)
    upkeep = threading.Thread(target=worker.run, name="worker", daemon=True)
    if with_worker:
        upkeep.start()
    server.run()
    worker.stop()
    if with_worker:
        upkeep.join(settings.grace_s)


def stop_on_signal(stop: Callable[[], None]) -> None:
    """Call `stop` where the process is asked to end, by Ctrl-C or by the system's manager of services."""
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, lambda _number, _frame: stop())


def _require_schema(settings: Settings) -> None:
    found = schema.current(settings.database_url)
    _require_finished(found)
    if found is not None and not schema.knows(found):
        tell("store-newer", found=found)
        raise typer.Exit(REFUSED)
    if settings.database_url.startswith("sqlite"):
        prepare_store(settings)
    elif found != schema.head():
        tell("store-older", found=found, needed=schema.head())
        raise typer.Exit(REFUSED)


def rebuild() -> None:
    """Drop the tables beside the log and write them anew from it; whole or not at all."""
    with words(), opened(Settings()) as node:
        count = rebuild_projections(node)
    tell("rebuild-done", count=count)


def openapi(*, out: Annotated[Path, typer.Option(help=words_of("openapi-out"))] = Path("openapi")) -> None:
    """Write the description of the API and the JSON Schemas of its documents."""
    written = schemas.write(description_of(), out)
    tell("openapi-done", file=written[0])
