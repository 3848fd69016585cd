"""Reads what `journalctl -o json` prints: one JSON object a line (systemd, Journal JSON Format)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINES = 5000
MAX_MESSAGE = 500  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """One message: who wrote it, its text, both cut to size, and whether it is an error or worse."""

    source: str
    message: str
    error: bool = True


def parse_journal(text: str) -> Iterator[Entry]:
    """Yield the entries; a torn line is left out, a message that comes as bytes is put together."""
    for line in text.splitlines()[:MAX_LINES]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            source = row.get("SYSLOG_IDENTIFIER") or row.get("_COMM") or row.get("_SYSTEMD_UNIT") or "?"
            error = str(row.get("PRIORITY"))[:2] in ("0", "1", "2", "3")  # syslog's emerg to err
            yield Entry(_text(source)[:60], _text(row.get("MESSAGE"))[:MAX_MESSAGE], error)


def _text(value: object) -> str:
    if isinstance(value, list) and all(type(n) is int and 0 <= n < 256 for n in value[: 4 * MAX_MESSAGE]):
        return bytes(value[: 4 * MAX_MESSAGE]).decode(errors="replace")
    if isinstance(value, list):  # a field that occurs more than once
        return next((one for one in value if isinstance(one, str)), "")
    return value if isinstance(value, str) else ""
