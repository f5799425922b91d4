"""`istmo worker`: the node's upkeep by itself, where `istmo serve` runs without it."""

import logging
from typing import Annotated

import typer

from app.cli.node import opened, stop_on_signal, words
from app.cli.output import REFUSED, tell, words_of
from app.core import logs, schema
from app.exchange.upkeep import upkeep
from app.main import JOBS, worker_of
from app.settings import Settings


def worker(*, once: Annotated[bool, typer.Option("--once", help=words_of("worker-once"))] = False) -> None:
    """Write the audit's daily digests and remove what has had its time, once a minute until stopped; two at once do no harm."""
    settings = Settings()
    with words(), opened(settings) as node:
        found = schema.current(settings.database_url)
        if found != schema.head():
            tell("store-older", found=found, needed=schema.head())
            raise typer.Exit(REFUSED)
        if once:
            tell("worker-done", **upkeep(node, JOBS))
            return
        logs.configure(settings.log_level, settings.log_format)
        runs = worker_of(node)
        stop_on_signal(runs.stop)
        logs.tell(logging.INFO, "worker started", {})
        runs.run()
