"""Reads of a chart that compares: one metric of several devices, and of each some time earlier."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import QueryDict

from predvid.core.wording import Text
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring import charts
from predvid.modules.monitoring.queries.device import clamped
from predvid.modules.monitoring.queries.devices import matching
from predvid.modules.monitoring.queries.standing import devices
from predvid.modules.monitoring.store import SeriesWindow
from predvid.modules.monitoring.stores import store

MOST_OTHERS = 3  # beside the first: four dashes and colours can be told apart
OFFERED = 5
LONGEST = 120  # characters of a metric's name
SHIFTS = {"1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
EARLIER = {
    "1d": Text("a day earlier", "dan ranije"),
    "7d": Text("a week earlier", "tjedan ranije"),
    "30d": Text("30 days earlier", "30 dana ranije"),
}


@dataclass(frozen=True)
class Asked:
    """What a chart is of: a metric, the devices beside the first, and how much earlier (a key of SHIFTS)."""

    metric: str
    others: tuple[UUID, ...] = ()
    shift: str = ""
    only: str = ""

    @property
    def compares(self) -> bool:
        """Tell whether it draws more than one device as it is."""
        return bool(self.others or self.shift)


@dataclass(frozen=True)
class Row:
    """The figures of one curve, for those who do not look at the drawing."""

    name: str
    lowest: float
    mean: float
    highest: float
    newest: float


def asked(words: QueryDict) -> Asked:
    """Return what an address asks for; what cannot be is left out, and one device counts once."""
    others: dict[UUID, None] = {}
    for text in words.getlist("with"):
        try:
            others[UUID(text)] = None
        except ValueError:
            continue
    shift = words.get("shift", "")
    return Asked(
        words.get("metric", "").replace("\x00", "")[:LONGEST],
        tuple(others)[:MOST_OTHERS],
        shift if shift in SHIFTS else "",
        words.get("only", ""),
    )


def shown(viewer: Viewer, first: Device, others: Sequence[UUID]) -> list[Device]:
    """Return the first device and the others, each asked for by the policy. Raises NotVisible, Denied."""
    require(viewer, "device.detail", first.client_id)
    known = {device.pk: device for device in devices(viewer).filter(pk__in=others)} if others else {}
    found = [first]
    for key in others:
        if key not in known:
            raise NotVisible
        require(viewer, "device.detail", known[key].client_id)
        if key != first.pk:
            found.append(known[key])
    return found


def curves(
    viewer: Viewer, found: Sequence[Device], wanted: Asked, start: datetime, end: datetime
) -> list[charts.Curve]:
    """Return the curves of devices that `shown` gave, those of earlier moved to where they are compared.

    Raises StoreUnavailable or StoreRefused.
    """
    several = len(found) > 1
    made: list[charts.Curve] = []
    tones: dict[tuple[UUID, str], int] = {}
    for shift in ("", wanted.shift) if wanted.shift else ("",):
        back = SHIFTS.get(shift, timedelta(0))
        for device in found:
            for window in _windows(viewer, device, wanted, start - back, end - back):
                label = ", ".join(window.labels.values())
                parts = [device.name if several else "", label, _earlier(shift, viewer.language)]
                tone = tones.setdefault((device.pk, label), len(tones))
                made.append(
                    charts.Curve(_moved(window, back), " · ".join(filter(None, parts)), tone, bool(shift))
                )
    return made


def _windows(
    viewer: Viewer, device: Device, wanted: Asked, start: datetime, end: datetime
) -> Sequence[SeriesWindow]:
    known = clamped(viewer, device, start, end)
    if known >= end:
        return []
    read = store().window([str(device.pk)], wanted.metric, known, end, charts.POINTS)
    return charts.of_item(read, wanted.only)


def _earlier(shift: str, language: str) -> str:
    return EARLIER[shift].pattern(language) if shift else ""


def _moved(window: SeriesWindow, back: timedelta) -> SeriesWindow:
    if not back:
        return window
    later = round(back.total_seconds() * 1000)
    return replace(window, ts=[moment + later for moment in window.ts])


def rows(found: Sequence[charts.Curve]) -> list[Row]:
    """Return the figures of curves, in their order."""
    return [
        Row(
            curve.name,
            min(curve.window.min),
            sum(curve.window.mean) / len(curve.window.mean),
            max(curve.window.max),
            curve.window.mean[-1],
        )
        for curve in found
        if curve.window.mean
    ]


def offered(viewer: Viewer, found: Sequence[Device], q: str) -> list[Any]:
    """Return devices that may be added: those that `q` finds, else some of the same client and type."""
    rows = devices(viewer).exclude(pk__in=[device.pk for device in found]).select_related("client")
    rows = rows.filter(matching(q)) if q else rows.filter(client=found[0].client_id, type=found[0].type)
    return list(rows.order_by("name")[:OFFERED])
