"""Makes of any value what the wire can carry: UTF-8 text, numbers of 64 bits, no deep nesting."""

import math
from collections.abc import Mapping
from typing import Any

from predvid.core.model import Said, Value

MAX_DEPTH = 16
_LEAST, _MOST = -(2**63), 2**64 - 1  # whole numbers that msgpack knows (its specification, int format family)


def text(value: object) -> str:
    """Return `value` as text without NUL; bytes that were no UTF-8 (a file name's) become question marks."""
    plain = value if isinstance(value, str) else str(value)
    if plain.isascii():
        return plain.replace("\x00", "")
    return plain.encode(errors="replace").decode().replace("\x00", "")


def scalar(value: object) -> Value:
    """Return a single value: a number too large for 64 bits as a float, one that is not finite as None."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and _LEAST <= value <= _MOST:
        return int(value)
    if isinstance(value, int | float):
        return _finite(value)
    return text(value)


def _finite(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def tree(value: Any, depth: int = 0) -> Any:
    """Return `value` JSON-like: keys as text, sequences as lists, what lies too deep as an ellipsis."""
    if not isinstance(value, dict | list | tuple | set | frozenset):
        return scalar(value)
    if depth >= MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {text(key): tree(one, depth + 1) for key, one in value.items()}
    rows = value if isinstance(value, list | tuple) else sorted(value, key=str)
    return [tree(one, depth + 1) for one in rows]


def said(sentence: Said) -> Said:
    """Return `sentence` with plain values."""
    return Said(text(sentence.id), plain_values(sentence.values))


def plain_values(values: Mapping[str, Any]) -> dict[str, Value]:
    """Return named single values, plain."""
    return {text(name): scalar(value) for name, value in values.items()}
