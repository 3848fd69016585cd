"""Takes what foreign JSON should hold, of the right kind or not at all: rows, texts, numbers."""

import json
import math
from typing import Any

from predvid.checks.errors import CannotRead
from predvid.core.model import say

MOST_ROWS = 2000
MOST_TEXT = 200  # characters
MOST_NUMBER = 1e18


def parsed(text: str, what: str) -> Any:
    """Return the value of JSON `text`; raise CannotRead naming `what` where it is torn or no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        detail = text.strip().splitlines()[0][:80] if text.strip() else "–"
        raise CannotRead(say("read.unexpected", what=what, detail=detail)) from None


def within(tree: Any, *path: str) -> Any:
    """Return what lies at `path` in nested objects, None where the path ends early."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def records(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list (one object counts as a list of one), at most MOST_ROWS."""
    rows = [value] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict)][:MOST_ROWS]


def text(value: Any) -> str:
    """Return a text with its blanks tidied, a number as text, and nothing for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and abs(value) > MOST_NUMBER:
        return ""
    return " ".join(str(value)[: 4 * MOST_TEXT].replace("\x00", "").split())[:MOST_TEXT]


def number(value: Any) -> float | None:
    """Return a number, or a text that is one (ASCII, at most 18 digits); None for anything else."""
    if isinstance(value, str):
        value = value.strip()
        if len(value) > 30 or not value.isascii():
            return None
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not -MOST_NUMBER <= value <= MOST_NUMBER:
        return None
    return float(value) if math.isfinite(value) else None


def whole(value: Any) -> int | None:
    """Return a number as `number` does, cut to a whole one."""
    found = number(value)
    return None if found is None else int(found)
