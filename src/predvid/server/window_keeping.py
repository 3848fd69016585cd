"""What `predvid window` does once the models are loaded; rows are as its stable JSON has them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError

from predvid.core.errors import UserError
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import PLATFORM
from predvid.modules.monitoring import window_deeds
from predvid.modules.monitoring.models import MaintenanceWindow
from predvid.modules.monitoring.queries import window_places, windows
from predvid.server.secrets_keeping import worded

__all__ = ["DatabaseError", "NotVisible", "add", "end", "listed", "worded"]


def add(
    client: str | None, site: str | None, device: str | None, when: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Plan a window over what is named (nothing: all clients). Raises NotVisible, UserError."""
    if (site or device) and not client:
        raise UserError("Name the client of the site or device too.")
    if site and device:
        raise UserError("Give either --site or --device.")
    place = window_places.named(PLATFORM, client or "", site or "", device or "")
    return _row(window_deeds.add(PLATFORM, place, window_deeds.Plan(**when), now).pk, now)


def end(window_id: int, now: datetime) -> dict[str, Any]:
    """End the present opening of a window. Raises NotVisible, UserError."""
    return _row(window_deeds.end(PLATFORM, window_id, now).pk, now)


def listed(now: datetime) -> list[dict[str, Any]]:
    """Return every window."""
    return [_shown(row) for row in windows.rows(PLATFORM, now)]


def _row(window_id: int, now: datetime) -> dict[str, Any]:
    return _shown(windows.row(windows.one(PLATFORM, window_id), now))


def _shown(row: windows.WindowRow) -> dict[str, Any]:
    window: MaintenanceWindow = row.window
    return {
        "id": window.pk,
        "client": window.client.name if window.client else None,
        "site": window.site.name if window.site else None,
        "device": window.device.name if window.device else None,
        "reason": window.reason,
        "repeat": window.repeat,
        "days": window.days,
        "first": window.first.isoformat(),
        "at": f"{window.at:%H:%M}",
        "minutes": window.minutes,
        "zone": window.zone,
        "last": window.last.isoformat() if window.last else None,
        "open_until": _time(row.open.end) if row.open else None,
        "next": [_time(span.start) for span in row.next],
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
