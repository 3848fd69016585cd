"""Reads of a person's board: the charts that they pinned, as far as they may still see them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.models import Pin
from predvid.modules.monitoring.queries.standing import devices, narrowed


@dataclass(frozen=True)
class Pinned:
    """One pin with its devices; `lost` counts those that the viewer may no longer see."""

    pin: Pin
    device: Device
    others: list[Device]
    lost: int
    first: bool
    last: bool

    @property
    def keys(self) -> list[UUID]:
        """Return the ids of the devices beside the first."""
        return [device.pk for device in self.others]


def board(viewer: Viewer) -> list[Pinned]:
    """Return the pins of the person who looks, in their order; two queries. Raises Denied."""
    require(viewer, "device.detail")
    pins = [pin for pin in visible_pins(viewer) if viewer.may("device.detail", pin.device.client_id)]
    wanted = {key for pin in pins for key in keys_of(pin.others)}
    known = {device.pk: device for device in devices(viewer).filter(pk__in=wanted)}
    found = []
    for number, pin in enumerate(pins):
        keys = keys_of(pin.others)
        others = [known[key] for key in keys if key in known]
        ends = number == 0, number == len(pins) - 1
        found.append(Pinned(pin, pin.device, others, len(keys) - len(others), *ends))
    return found


def visible_pins(viewer: Viewer) -> list[Pin]:
    """Return the pins of the person who looks whose device they see, in their order."""
    mine = narrowed(viewer, Pin.objects.filter(person=viewer.person), "device__client")
    rows = list(mine.select_related("device__client", "device__merged_into__client").order_by("place", "pk"))
    for row in rows:
        row.device = row.device.merged_into or row.device
    return rows


def one(viewer: Viewer, pin_id: int) -> Pin:
    """Return a pin of the person who looks; raise NotVisible for any other."""
    found = next((pin for pin in visible_pins(viewer) if pin.pk == pin_id), None)
    if found is None:
        raise NotVisible
    return found


def keys_of(texts: Any) -> list[UUID]:
    """Return the ids among `texts`, without what is none."""
    found = []
    for text in texts:
        try:
            found.append(UUID(str(text)))
        except ValueError:
            continue
    return found
