"""Files for spreadsheets: the one place that knows them, so that no cell of any export can be a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from predvid.core.errors import UserError
from predvid.modules.access.rules import plain_cell

Cell = str | int | float | datetime | None
SHEETS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
WIDEST, NARROWEST = 60, 8  # characters of a column
LONGEST = 32_767  # characters of a cell (ECMA-376); what is longer would be left out whole

MARK = "\ufeff"  # tells a spreadsheet that the text is UTF-8


def csv_lines(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180) with its head; every cell is text, none a formula."""
    yield MARK + _line(head)
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow([plain_cell(cell) for cell in cells])
    return text.getvalue()


def csv_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV text, each with the number of its last line. Raises UserError if it is none."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error:
        raise UserError(
            "Line %(n)d is no CSV: a quotation mark is not closed or stands alone.", n=reader.line_num
        ) from None


def texts(rows: Iterable[Iterable[Cell]]) -> Iterator[list[str]]:
    """Yield rows as texts: moments as local ISO 8601, nothing as an empty cell."""
    for row in rows:
        yield ["" if cell is None else _text(cell) for cell in row]


def _text(cell: Cell) -> str:
    return cell.isoformat(" ", "seconds") if isinstance(cell, datetime) else str(cell)


def workbook(name: str, head: Sequence[str], rows: Iterable[Iterable[Cell]]) -> bytes:
    """Return an XLSX file of one sheet `name`: a head that stays in view, filters, columns as wide as needed.

    Texts are stored as texts (ECMA-376, type `s`), which no spreadsheet computes; moments as local dates.
    """
    file = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, {"in_memory": True, "remove_timezone": True, **safe}) as book:
        sheet = book.add_worksheet(name[:31])
        bold = book.add_format({"bold": True, "bottom": 1})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(0, 0, head, bold)
        sheet.freeze_panes(1, 0)
        widths = [len(title) for title in head]
        last = 0
        for last, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                _write(sheet, last, column, cell, moment)
                widths[column] = max(widths[column], _width(cell))
        sheet.autofilter(0, 0, last, len(head) - 1)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(max(width + 2, NARROWEST), WIDEST))
    return file.getvalue()


def _width(cell: Cell) -> int:
    return 16 if isinstance(cell, datetime) else len(str(cell or ""))


def _write(sheet: Any, line: int, column: int, cell: Cell, moment: Any) -> None:
    if isinstance(cell, datetime):
        sheet.write_datetime(line, column, cell, moment)
    elif isinstance(cell, str):
        sheet.write_string(line, column, cell[:LONGEST])
    elif cell is not None:
        sheet.write_number(line, column, cell)
