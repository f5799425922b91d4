"""What is wrong with what was sent, in a form that every room can return and every language can say."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One fault at one place: a stable code, where it is, and the figures that its sentence needs.

    The place is a JSON pointer (RFC 6901) into the body, a query parameter's name, or sheet, row and column of a file
    (rows counted from 1 as the file shows them).  `params` fill the sentence of `code` in the message catalogue; they never hold
    the rejected text (contract: Errors), only rules, names of ours and the two numbers of a totals check.
    """

    code: str
    pointer: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    params: Mapping[str, object] = field(default_factory=dict, repr=False)
