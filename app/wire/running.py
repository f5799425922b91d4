"""What a node says of its own running."""

from typing import Literal

from pydantic import Field

from app.wire.output import Output


class Alive(Output):
    """The process answers."""

    status: Literal["alive"]


class Ready(Output):
    """The node can work."""

    status: Literal["ready"]


class Build(Output):
    """The build that answers."""

    version: str = Field(max_length=64, pattern=r"^[0-9A-Za-z.+!-]+$")
