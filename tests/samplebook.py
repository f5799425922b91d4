"""A sample of the product as somebody keeps it in a spreadsheet."""

import csv
from pathlib import Path

import xlsxwriter

SAMPLE = Path(__file__).parents[1] / "app" / "cli" / "samples" / "darien_by_nationality.csv"


def write_workbook(file: Path) -> None:
    """Two months of the sample as somebody keeps them in a spreadsheet."""
    head, *rows = csv.reader(SAMPLE.read_text("utf-8").splitlines())
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet("Darién")
        for number, row in enumerate([head, *(row for row in rows if row[head.index("period")] in {"2022-01", "2022-02"})]):
            sheet.write_row(
                number, 0, [int(cell) if name == "count" and cell.isdigit() else cell for name, cell in zip(head, row, strict=True)]
            )
