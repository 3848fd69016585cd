"""Asks a Windows device what may not be there: instances of WMI classes, values of registry keys."""

import re
from typing import Any

from predvid.checks.errors import CannotRead
from predvid.checks.readers.plain import records
from predvid.checks.source import Source

# What may be answered next time: the fact is left out then, for half of it would look like a change.
PASSING = ("read.timed_out", "read.resting", "read.too_large")


def rows(source: Source, question: str) -> list[dict[str, Any]]:
    """Return the instances that `question` finds; none where this Windows cannot answer it.

    Raises CannotRead where it may be able to later.
    """
    try:
        return records(source.query("wmi", question))
    except CannotRead as error:
        if error.said.id in PASSING:
            raise
        return []


def first(source: Source, question: str) -> dict[str, Any]:
    """Return the first instance that `question` finds, or an empty one."""
    return next(iter(rows(source, question)), {})


def number_of(value: Any) -> int | None:
    """Return a number of the registry: a whole one, or up to eight bytes in hex, the least first."""
    if isinstance(value, str) and re.fullmatch(r"(?:[0-9a-f]{2}){1,8}", value):
        return int.from_bytes(bytes.fromhex(value), "little")
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64 else None


def values(source: Source, path: str) -> dict[str, Any]:
    """Return the values of a registry key, none where it does not exist."""
    return _key(source, path)[0]


def sub_keys(source: Source, path: str) -> list[str]:
    """Return the names below a registry key, none where it does not exist."""
    return _key(source, path)[1]


def _key(source: Source, path: str) -> tuple[dict[str, Any], list[str]]:
    try:
        answer = source.query("registry", path)
    except CannotRead:
        return {}, []
    held = answer.get("values") if isinstance(answer, dict) else None
    keys = answer.get("keys") if isinstance(answer, dict) else None
    names = [name for name in keys if isinstance(name, str)] if isinstance(keys, list) else []
    return held if isinstance(held, dict) else {}, names[:5000]
