"""Mends JSON that was cut off in the middle: keeps every value that was written whole."""

import json
from typing import Any

_CLOSERS = {"{": "}", "[": "]"}


def mended(text: str) -> Any:
    """Return the value of `text`, JSON cut off anywhere, without its unfinished end; None if hopeless."""
    cut, closers = _last_whole(text)
    try:
        return json.loads(text[:cut] + closers)
    except (ValueError, RecursionError):
        return None


def _last_whole(text: str) -> tuple[int, str]:
    """Return where the last finished value ends and what closes the brackets that are open there."""
    stack: list[str] = []
    cut, depth, quoted, escaped = 0, 0, False, False
    for place, char in enumerate(text):
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "{[":
            stack.append(_CLOSERS[char])
            cut, depth = place + 1, len(stack)
        elif char in "}]":
            if not stack:
                break
            stack.pop()
            cut, depth = place + 1, len(stack)
        elif char == ",":
            cut, depth = place, len(stack)
    return cut, "".join(reversed(stack[:depth]))
