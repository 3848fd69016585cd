"""Which devices are in maintenance: rows of windows as `core.maintenance` reads them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Q

from predvid.core.maintenance import Repeat, Window, open_at
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.models import MaintenanceWindow


def window_of(row: MaintenanceWindow) -> Window:
    """Return a stored window as the rules read it; a zone that the machine no longer knows counts as UTC."""
    try:
        zone = ZoneInfo(row.zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    return Window(
        zone,
        row.first,
        row.at,
        timedelta(minutes=row.minutes),
        Repeat(row.repeat),
        frozenset(row.days),
        row.last,
        row.cut,
    )


@dataclass
class OpenWindows:
    """The windows that are open at one moment over some devices."""

    rows: list[MaintenanceWindow] = field(default_factory=list)
    places: dict[UUID, tuple[UUID, UUID]] = field(default_factory=dict)

    @classmethod
    def over(cls, devices: Collection[UUID], now: datetime) -> "OpenWindows":
        """Read the windows over `devices` that are open at `now`: one query, a second one where any is."""
        mine = Device.objects.filter(pk__in=devices).values("client_id")
        rows = MaintenanceWindow.objects.filter(Q(client=None) | Q(client__in=mine))
        found = [row for row in rows if open_at([window_of(row)], now)]
        if not found:
            return cls()
        places = Device.objects.filter(pk__in=devices).values_list("pk", "client_id", "site_id")
        return cls(found, {pk: (client, site) for pk, client, site in places})

    def over_device(self, device: UUID) -> bool:
        """Tell whether a device is in maintenance."""
        return any(self._covers(row, device) for row in self.rows)

    def _covers(self, row: MaintenanceWindow, device: UUID) -> bool:
        if device not in self.places:
            return False
        client, site = self.places[device]
        if row.device_id or row.site_id:
            return row.device_id == device or row.site_id == site
        return row.client_id in (None, client)
