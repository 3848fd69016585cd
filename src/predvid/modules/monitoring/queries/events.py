"""Reads of events across devices, newest first."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.fact_words import HIDDEN
from predvid.modules.monitoring.models import Event
from predvid.modules.monitoring.queries.standing import narrowed


@dataclass(frozen=True)
class Wanted:
    """What is asked for; `kind` also finds the kinds below it (`alert` finds `alert.opened`)."""

    client: UUID | None = None
    device: UUID | None = None
    alert: int | None = None
    kind: str = ""
    before: int | None = None


def newest(viewer: Viewer, wanted: Wanted, limit: int) -> list[Event]:
    """Return at most `limit` visible events written before the one numbered `before`. Raises Denied."""
    require(viewer, "event.view")
    told: QuerySet[Event] = Event.objects.exclude(kind__startswith="inventory.", target__in=HIDDEN)
    rows = narrowed(viewer, told)
    if wanted.client is not None:
        rows = rows.filter(client=wanted.client)
    if wanted.device is not None:
        rows = rows.filter(device=wanted.device)
    if wanted.alert is not None:
        rows = rows.filter(alert=wanted.alert)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind) | rows.filter(kind__startswith=f"{wanted.kind}.")
    if wanted.before is not None:
        rows = rows.filter(pk__lt=wanted.before)
    return list(rows.order_by("-pk")[:limit])
