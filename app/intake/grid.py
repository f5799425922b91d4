"""The rows of one sheet as they are read, cell by cell, within the limits of a file."""

from app.intake.cells import Cell, Limits, Row
from app.intake.refusal import refused


class Grid:
    """A sheet under way; cells come by row and column from 1, rows downwards and the cells of a row to the right."""

    def __init__(self, sheet: str, limits: Limits, cells_left: int) -> None:
        self.sheet = sheet
        self._limits = limits
        self._left = cells_left
        self._rows: list[list[Cell]] = []
        self._width = 0

    def put(self, row: int, column: int, value: Cell) -> None:
        """Keep one value; raises `RefusedError` (`file-too-long`, `file-too-wide`, `workbook-too-large`, `workbook-damaged`)."""
        if row > len(self._rows):
            self._open(row)
        if row < 1 or row != len(self._rows) or column <= len(self._rows[-1]):
            raise refused("workbook-damaged", self.sheet, row)
        if column > self._width:
            self._widen(row, column)
        cells = self._rows[-1]
        cells.extend([None] * (column - len(cells) - 1))
        cells.append(value)

    def again(self, times: int) -> None:
        """The last row so many times more; raises as `put` does, before anything is kept."""
        self._judge_length(len(self._rows) + times)
        self._rows.extend([self._rows[-1]] * times)
        self._judge_size()

    def _open(self, row: int) -> None:
        self._judge_length(row)
        self._rows.extend([[] for _ in range(row - len(self._rows))])
        self._judge_size()

    def _judge_length(self, rows: int) -> None:
        if rows > self._limits.lines:
            raise refused("file-too-long", self.sheet, self._limits.lines + 1, limit=self._limits.rows)

    def _widen(self, row: int, column: int) -> None:
        if column > self._limits.columns:
            raise refused("file-too-wide", self.sheet, row, limit=self._limits.columns)
        self._width = column
        self._judge_size()

    def _judge_size(self) -> None:
        if self.size > self._left:
            raise refused("workbook-too-large", self.sheet)

    @property
    def size(self) -> int:
        """How many cells the sheet has so far, the empty ones among them."""
        return len(self._rows) * self._width

    def rows(self) -> list[Row]:
        """All rows, equally wide."""
        empty: Row = (None,) * self._width
        return [(*cells, *empty[len(cells) :]) if cells else empty for cells in self._rows]
