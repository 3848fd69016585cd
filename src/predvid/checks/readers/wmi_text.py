"""Reads what `wmic ... get /format:list` writes: instances as `Name=value` lines, apart by blank lines.

Values are typed as Windows' own answers are: TRUE and FALSE, `{"a","b"}` lists, CIM_DATETIME (DMTF DSP0004,
5.5.1) as ISO 8601 in UTC; numbers stay text. The values are escaped as in HTML.
"""

import html
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

MOST_ROWS = 20_000
MOST_TEXT = 4000  # characters of a value
_NAME = re.compile(r"([A-Za-z_]\w{0,100})=(.*)", re.ASCII | re.DOTALL)
_TIME = re.compile(r"(\d{14})\.\d{6}([+-]\d{3})", re.ASCII)
_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,]+)')


def parse_instances(text: str) -> list[dict[str, Any]]:
    """Return the instances in `text`; lines before the first `Name=value` and comments (`#`) are skipped.

    A name that comes again begins the next instance; any other line continues the value before it.
    """
    rows: list[dict[str, str]] = []
    row: dict[str, str] = {}
    last = ""
    for line in text.replace("\r\r\n", "\n").replace("\r\n", "\n").lstrip("\ufeff").split("\n"):
        found = _NAME.fullmatch(line)
        if not line.strip() or (found and found[1] in row):
            rows, row, last = _kept(rows, row), {}, ""
        if found:
            last = found[1]
            row[last] = found[2]
        elif last and line.strip() and not line.startswith("#"):
            row[last] = f"{row[last]}\n{line}"
        if len(rows) >= MOST_ROWS:
            return [{name: value(part) for name, part in each.items()} for each in rows]
    return [{name: value(part) for name, part in each.items()} for each in _kept(rows, row)]


def _kept(rows: list[dict[str, str]], row: dict[str, str]) -> list[dict[str, str]]:
    if row:
        rows.append(row)
    return rows


def value(text: str) -> Any:
    """Return one value as WMI means it: None, bool, list, ISO 8601 time, or text."""
    text = html.unescape(text[:MOST_TEXT])
    plain = text.strip()
    if plain in ("TRUE", "FALSE"):
        return plain == "TRUE"
    if not plain:
        return None
    if plain.startswith("{") and plain.endswith("}") and not re.fullmatch(r"\{[0-9A-Fa-f-]{36}\}", plain):
        return [quoted or bare.strip() for quoted, bare in _ITEM.findall(plain[1:-1])]
    return moment(plain) or text


def moment(text: str) -> str:
    """Return a CIM_DATETIME as ISO 8601 in UTC; nothing where `text` is none or means no time (1601)."""
    found = _TIME.fullmatch(text)
    if not found:
        return ""
    try:
        zone = timezone(timedelta(minutes=int(found[2])))
        at = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at.year > 1601 else ""
