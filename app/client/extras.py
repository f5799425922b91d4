"""Modules that an extra of the distribution brings, loaded where they are asked for."""

import importlib
from typing import Any

from app.client.errors import Unusable


def brought(module: str, by: str) -> Any:  # noqa: ANN401 - a module
    """A module that an extra brings; raises `Unusable` with what to install where it is not there."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise Unusable("unusable-extra", module=error.name, extra=by) from None
