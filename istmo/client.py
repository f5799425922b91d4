"""The Python client of a node, under the name of the distribution (app.client)."""

from app.client import *  # noqa: F403 - its names are ours
from app.client import __all__  # noqa: F401 - and they are all
