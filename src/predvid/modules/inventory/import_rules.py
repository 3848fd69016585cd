"""Reads lists of clients, sites and devices as spreadsheets write them, in either language."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from predvid.core.errors import UserError
from predvid.modules.access.exports import csv_rows

KINDS = ("clients", "sites", "devices")
LARGEST = 1 << 20  # bytes
MOST_ROWS = 5000
DELIMITERS = (";", ",", "\t")
ENCODINGS = ("utf-8-sig", "cp1250")  # what spreadsheets write in this part of Europe
# An apostrophe before what a spreadsheet would compute: exports put it there (access.rules.plain_cell).
GUARD = re.compile(r"^'(?=\s*['=+\-@])")
# Columns by kind: the name here, how long a cell may be, whether it must be filled in, what heads call it.
COLUMNS: Mapping[str, Mapping[str, tuple[int, bool, tuple[str, ...]]]] = {
    "clients": {
        "name": (120, True, ("name", "client", "naziv", "klijent")),
        "sector": (80, False, ("sector", "sektor", "djelatnost")),
    },
    "sites": {
        "client": (120, True, ("client", "klijent")),
        "name": (120, True, ("name", "site", "naziv", "lokacija")),
        "timezone": (40, False, ("time zone", "timezone", "vremenska zona")),
    },
    "devices": {
        "client": (120, True, ("client", "klijent")),
        "site": (120, False, ("site", "lokacija")),
        "name": (255, True, ("name", "device", "naziv", "uređaj")),
        "type": (40, False, ("type", "vrsta", "tip")),
        "serial": (255, False, ("serial", "serial number", "serijski broj", "serijski")),
        "note": (255, False, ("note", "napomena", "bilješka")),
    },
}
TYPES = {
    "server": "server", "poslužitelj": "server", "workstation": "workstation", "radna stanica": "workstation",
    "računalo": "workstation", "laptop": "laptop", "prijenosnik": "laptop", "prijenosno računalo": "laptop",
    "network": "network", "network device": "network", "mrežni uređaj": "network", "mreža": "network",
    "other": "other", "other device": "other", "ostalo": "other", "drugi uređaj": "other", "": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a list: where it stands in the file, its cells by column, what is wrong with it."""

    number: int
    cells: Mapping[str, str]
    wrong: UserError | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list that was read, and how: `encoding` and `delimiter` as they were found."""

    kind: str
    encoding: str
    delimiter: str
    lines: tuple[Line, ...]


def read(raw: bytes, kind: str) -> Sheet:
    """Return the list of `kind` in a CSV file (RFC 4180). Raises UserError where the whole cannot be read."""
    if kind not in KINDS:
        raise UserError("Choose what the list holds: clients, sites or devices.")
    if len(raw) > LARGEST:
        raise UserError("A list has at most %(n)d kB; split it.", n=LARGEST >> 10)
    text, encoding = _text(raw)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=lambda mark: (len(_columns(first.split(mark), kind)), first.count(mark)))
    return Sheet(kind, encoding, delimiter, tuple(_lines(text, delimiter, kind)))


def _text(raw: bytes) -> tuple[str, str]:
    for encoding in ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text, "utf-8" if encoding == "utf-8-sig" else encoding
    raise UserError("The file is no text in UTF-8 or Windows-1250; save it as CSV once more.")


def _columns(heads: list[str], kind: str) -> dict[str, int]:
    """Return at which place each column that is known stands."""
    found: dict[str, int] = {}
    for place, head in enumerate(heads):
        word = " ".join(head.strip(' "\r\ufeff').lower().replace("_", " ").split())
        for name, (_, _, words) in COLUMNS[kind].items():
            if word in words:
                found.setdefault(name, place)
    return found


def _lines(text: str, delimiter: str, kind: str) -> Iterator[Line]:
    rows = csv_rows(text, delimiter)
    _, heads = next(rows, (0, []))
    places = _columns(heads, kind)
    needed = [name for name, (_, must, _) in COLUMNS[kind].items() if must and name not in places]
    if needed:
        words = " / ".join(COLUMNS[kind][needed[0]][2])
        raise UserError("The first line must name the columns; %(column)s is missing.", column=words)
    told = {name: heads[place].strip() for name, place in places.items()}
    for count, (number, row) in enumerate(rows):
        if count >= MOST_ROWS:
            raise UserError("A list has at most %(n)d rows; split it.", n=MOST_ROWS)
        if any(cell.strip() for cell in row):
            yield _line(number, row, places, told, kind)


def _line(number: int, row: list[str], places: Mapping[str, int], told: Mapping[str, str], kind: str) -> Line:
    """Return one row; what is wrong with it names columns as the file does (`told`)."""
    cells = {name: _cell(row[place]) if place < len(row) else "" for name, place in places.items()}
    for name, (longest, must, _) in COLUMNS[kind].items():
        if must and not cells[name]:
            return Line(number, cells, UserError("%(column)s is empty.", column=told[name]))
        if len(cells.get(name, "")) > longest:
            wrong = UserError("%(column)s is longer than %(n)d characters.", column=told[name], n=longest)
            return Line(number, cells, wrong)
    if cells.get("type", "").lower() not in TYPES:
        return Line(number, cells, UserError("%(type)s is no type of device.", type=cells["type"]))
    return Line(number, cells)


def _cell(text: str) -> str:
    return " ".join(GUARD.sub("", text.strip()).split())
