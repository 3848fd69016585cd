"""Files for spreadsheets: the one place that writes them, so that no cell of any export can be a formula."""

import csv
import io
from collections.abc import Iterable, Iterator

from predvid.modules.access.rules import plain_cell

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
