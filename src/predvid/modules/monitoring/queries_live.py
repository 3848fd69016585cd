"""What changed since a page last heard: read once for all open pages, filtered by viewer where it is sent."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Max

from predvid.modules.monitoring.models import Event

AT_ONCE = 500
AGAIN = 300  # ids that transactions still running may hold


@dataclass(frozen=True, slots=True)
class LiveChange:
    """One event as far as pages must know: whose, which device, and whether it touches alerts."""

    client: UUID | None
    device: UUID | None
    alert: bool


@dataclass(slots=True)
class Told:
    """What pages have been told: up to which event id, and which of the last AGAIN ids before it."""

    last: int = 0
    ids: set[int] = field(default_factory=set)


def nothing_yet() -> Told:
    """Return the state of a page that has just been drawn: all events that there are count as told."""
    last = Event.objects.aggregate(last=Max("pk"))["last"] or 0
    return Told(last, set(Event.objects.filter(pk__gt=last - AGAIN).values_list("pk", flat=True)))


def changes_since(told: Told) -> list[LiveChange]:
    """Return the changes that were not told yet, at most AT_ONCE, and note them in `told`.

    A lower id may be committed after a higher one, so the last AGAIN ids are looked at again.
    """
    rows = (
        Event.objects.filter(pk__gt=told.last - AGAIN)
        .order_by("pk")
        .values_list("pk", "client_id", "device_id", "alert_id")[: AT_ONCE + AGAIN]
    )
    new = [row for row in rows if row[0] not in told.ids][:AT_ONCE]
    told.last = max([told.last, *(row[0] for row in new)])
    told.ids = {pk for pk in told.ids.union(row[0] for row in new) if pk > told.last - AGAIN}
    return [LiveChange(client, device, alert is not None) for _, client, device, alert in new]
