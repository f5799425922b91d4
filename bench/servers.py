"""The two servers that are compared, each in a process of its own: the node, and an empty sync route under the same settings."""

import os
import sys
from contextlib import asynccontextmanager

import anyio.to_thread
import uvicorn
from fastapi import FastAPI, Response

from app.cli.node import run
from app.exchange.node import open_node
from app.settings import Settings


def empty_app(threads):
    """One sync route that does nothing, under the node's own thread limit."""

    @asynccontextmanager
    async def lifespan(_):
        anyio.to_thread.current_default_thread_limiter().total_tokens = threads
        yield

    made = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None)

    @made.get("/empty")
    def empty():
        return Response(b"{}", media_type="application/json")

    return made


def main(which, port):
    settings = Settings()
    if which == "node":
        run(open_node(settings), "127.0.0.1", port)
        return
    # As app.cli.node.run serves the node.
    config = uvicorn.Config(empty_app(settings.threads), host="127.0.0.1", port=port, log_level="warning", access_log=False, backlog=2048)
    uvicorn.Server(config).run()


if __name__ == "__main__":
    if len(sys.argv) > 3:
        os.sched_setaffinity(0, {int(sys.argv[3])})
    main(sys.argv[1], int(sys.argv[2]))
