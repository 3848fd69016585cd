"""Makes of what agents send JSON and text that every database takes: a hostile value must fail no group."""

import math
from typing import Any

MAX_DEPTH = 16
MAX_TEXT = 300


def text(value: object, length: int = MAX_TEXT) -> str:
    """Return `value` as text of at most `length` characters, without NUL (PostgreSQL refuses it)."""
    if isinstance(value, dict | list | tuple):  # a container may be nested deeper than `str` survives
        return "…"
    return str(value).replace("\x00", "")[:length]


def scalar(value: object) -> str | int | float | bool | None:
    """Return a value of a sentence or an event's source: numbers finite (else None), the rest as text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int) else text(value)


def tree(value: Any, depth: int = 0) -> Any:
    """Return `value` as JSON: keys as text, numbers finite, the rest, and what lies too deep, as text."""
    if isinstance(value, dict) and depth < MAX_DEPTH:
        return {text(key): tree(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple) and depth < MAX_DEPTH:
        return [tree(one, depth + 1) for one in value]
    return value.replace("\x00", "") if isinstance(value, str) else scalar(value)
