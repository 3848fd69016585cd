"""Reads moments as devices write them: ISO 8601, or the form of PowerShell's ConvertTo-Json."""

import re
from datetime import UTC, datetime
from typing import Any

_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
EARLIEST, LATEST = 315532800.0, 16725225600.0  # 1980 to 2500: what lies outside means "never"


def seconds(value: Any) -> float | None:
    """Return seconds since the epoch, None for no moment or an implausible one; without a zone it is UTC."""
    if not isinstance(value, str) or len(value) > 60:
        return None
    try:
        if match := _DATE.fullmatch(value):
            found = int(match[1]) / 1000
        else:
            moment = datetime.fromisoformat(value.strip())
            found = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return found if EARLIEST <= found <= LATEST else None


def age(value: Any, now: float) -> int | None:
    """Return how many seconds ago a moment was, at least 0; None as in `seconds`."""
    found = seconds(value)
    return None if found is None else max(0, round(now - found))
