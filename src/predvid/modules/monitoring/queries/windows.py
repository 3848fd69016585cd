"""Reads of maintenance windows: which there are, which is open, what opens next."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from predvid.core.maintenance import Span, next_openings, open_at
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device, Site
from predvid.modules.monitoring.models import MaintenanceWindow
from predvid.modules.monitoring.queries.standing import narrowed
from predvid.modules.monitoring.windows import window_of


@dataclass(frozen=True)
class WindowRow:
    """One window with its present opening, if it is open, and its next ones."""

    window: MaintenanceWindow
    open: Span | None
    next: list[Span]

    @property
    def over(self) -> bool:
        """Tell whether it will never be open again."""
        return self.open is None and not self.next


def _visible(viewer: Viewer) -> QuerySet[MaintenanceWindow]:
    rows: QuerySet[MaintenanceWindow] = MaintenanceWindow.objects.select_related(
        "client", "site", "device", "made_by"
    )
    return narrowed(viewer, rows)


def rows(viewer: Viewer, now: datetime, client: UUID | None = None) -> list[WindowRow]:
    """Return the viewer's windows (of one client, if named): open ones first, then what opens next.

    Raises Denied.
    """
    require(viewer, "window.view")
    found = _visible(viewer)
    if client is not None:
        found = found.filter(client=client)
    listed = [row(window, now) for window in found.order_by("pk")]
    return sorted(listed, key=_order)


def _order(one: WindowRow) -> tuple[int, float]:
    if one.open is not None:
        return 0, one.open.end.timestamp()
    return (1, one.next[0].start.timestamp()) if one.next else (2, -float(one.window.pk))


def row(window: MaintenanceWindow, now: datetime) -> WindowRow:
    """Return a window with its openings as seen from `now`."""
    rule = window_of(window)
    return WindowRow(window, open_at([rule], now), next_openings([rule], now))


def one(viewer: Viewer, window_id: int) -> MaintenanceWindow:
    """Return a visible window; raise NotVisible or Denied."""
    require(viewer, "window.view")
    found = _visible(viewer).filter(pk=window_id).first()
    if found is None:
        raise NotVisible
    return found


def sites(viewer: Viewer) -> list[Site]:
    """Return the viewer's sites with their clients, by client and name."""
    return list(narrowed(viewer, Site.objects.select_related("client").order_by("client__name", "name")))


def device(viewer: Viewer, device_id: UUID) -> Device | None:
    """Return a visible device with its client, None where there is none."""
    return narrowed(viewer, Device.objects.select_related("client").filter(pk=device_id)).first()
