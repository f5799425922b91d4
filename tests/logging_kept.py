"""The process's logging as it was before a test that sets it."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from app.core import logs


@contextmanager
def logging_kept() -> Iterator[None]:
    """Put back what `logs.configure` changes when the block ends."""
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:], threading.excepthook = handlers, hook
    root.setLevel(level)
    for name in (logs.OWN, logs.SERVER):
        logging.getLogger(name).setLevel(logging.NOTSET)
