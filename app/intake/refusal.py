"""How a reader deep in a file stops: the door turns it into the finding that it carries."""

from app.wire.problem import Finding


class RefusedError(Exception):
    """A file that is not read further; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def refused(code: str, sheet: str | None = None, row: int | None = None, **params: object) -> RefusedError:
    """The refusal of a file by a code of the catalogue."""
    return RefusedError(Finding(code, sheet=sheet, row=row, params=params))
