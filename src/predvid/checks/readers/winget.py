"""Reads the table that `winget upgrade` prints, in whatever language Windows speaks.

The table has a header of one word per column (name, id, version, offered version, sometimes source), a line
of dashes, and rows whose names may hold blanks and be cut with an ellipsis: a row is read from its right end
(learn.microsoft.com/windows/package-manager/winget/upgrade).
"""

import re

MOST_LINES = 3000
_RULE = re.compile(r"-{10,}")


def parse_upgrades(text: str) -> list[dict[str, str]]:
    """Return rows of `key` (the id), `name`, `from`, `to`; what follows a table and is none is skipped."""
    found: dict[str, dict[str, str]] = {}
    columns, before = 0, ""
    for raw in text.splitlines()[:MOST_LINES]:
        line = raw.rpartition("\r")[2].strip()[:1000]  # a progress bar draws over its own line
        if _RULE.fullmatch(line):
            columns = len(before.split())
        elif columns:
            row = _row(line.split(), columns)
            columns = columns if row else 0
            if row:
                found[row["key"]] = row
        before = line
    return [found[key] for key in sorted(found)]


def _row(words: list[str], columns: int) -> dict[str, str] | None:
    if columns not in (4, 5) or len(words) < columns:
        return None
    if columns == 5:
        words.pop()  # the source
    to, version = words.pop(), words.pop()
    if words[-1] in ("<", ">"):
        version = f"{words.pop()} {version}"
    key = words.pop()
    if not words or not any(char.isdigit() for char in to):
        return None
    return {"key": key[:200], "name": " ".join(words)[:200], "from": version[:100], "to": to[:100]}


def has_table(text: str) -> bool:
    """Tell whether `text` holds a table at all: without one nothing waits, or winget said something else."""
    return any(_RULE.fullmatch(line.rpartition("\r")[2].strip()) for line in text.splitlines()[:MOST_LINES])
