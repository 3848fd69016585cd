"""Reads property lists of macOS, XML or binary, by the question `bytes` (plist(5))."""

import base64
import binascii
import plistlib
import struct
from datetime import datetime
from typing import Any
from xml.parsers.expat import ExpatError

from predvid.checks.errors import CannotRead
from predvid.checks.source import Source
from predvid.core.model import say

MOST = 2 << 20  # characters in base64
_BROKEN = (
    plistlib.InvalidFileException, ExpatError, binascii.Error, struct.error, ValueError, TypeError,
    LookupError, AttributeError, OverflowError, RecursionError, MemoryError,
)  # fmt: skip


def read(source: Source, path: str) -> dict[str, Any]:
    """Return the dictionary that a property list holds; raise CannotRead where it is torn or no such list."""
    return parsed(source.query("bytes", path), path)


def parsed(encoded: Any, path: str) -> dict[str, Any]:
    """Return the dictionary in the base64 text of a property list; raise CannotRead as `read` does."""
    try:
        if not isinstance(encoded, str) or len(encoded) > MOST:
            raise ValueError("no property list")
        found = plistlib.loads(base64.b64decode(encoded))
    except _BROKEN:
        found = None
    if not isinstance(found, dict):
        raise CannotRead(say("read.unexpected", what=path, detail="no property list"))
    return found


def moment(value: Any) -> float | None:
    """Return a time of a property list (UTC without a zone) in seconds since the epoch, else None."""
    if not isinstance(value, datetime):
        return None
    try:
        return (value - datetime(1970, 1, 1, tzinfo=value.tzinfo)).total_seconds()
    except (OverflowError, ValueError):
        return None
