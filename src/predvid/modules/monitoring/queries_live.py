"""What changed since a page last heard: read once for all open pages, filtered by viewer where it is sent."""

from dataclasses import dataclass
from uuid import UUID

from django.db import close_old_connections
from django.db.models import Max

from predvid.modules.monitoring.models import Event

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class LiveChange:
    """One event as far as pages must know: whose, which device, and whether it touches alerts."""

    client: UUID | None
    device: UUID | None
    alert: bool


def last_event() -> int:
    """Return the id of the newest event, 0 when there is none."""
    close_old_connections()
    return Event.objects.aggregate(last=Max("pk"))["last"] or 0


def changes_since(last: int) -> tuple[int, list[LiveChange]]:
    """Return the newest event id and the changes after `last`, at most AT_ONCE."""
    close_old_connections()
    rows = list(
        Event.objects.filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", "client_id", "device_id", "alert_id")[:AT_ONCE]
    )
    changes = [LiveChange(client, device, alert is not None) for _, client, device, alert in rows]
    return (rows[-1][0] if rows else last), changes
