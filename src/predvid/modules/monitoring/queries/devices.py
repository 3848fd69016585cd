"""Reads of many devices: the list with its filters."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import CharField, Count, F, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from predvid.modules.access.models import Client
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device, DeviceClaim, Fact, Site
from predvid.modules.monitoring.models import Stream
from predvid.modules.monitoring.queries.standing import (
    CODES,
    STANDINGS,
    WORDS,
    devices,
    narrowed,
    open_alerts,
    shown,
    with_code,
)

PER_PAGE = 50
MOST_EXPORTED = 100_000
ADDRESS = re.compile(r"(?=.*[.:])[0-9a-fA-F.:]{3,45}")  # a part of an IPv4 or IPv6 address, or of a MAC
# What each sorting reads, and whether it begins with the highest.
SORTS = {
    "state": ("code", True),
    "name": ("name", False),
    "client": ("client__name", False),
    "os": ("os", False),
    "type": ("type", False),
    "seen": ("seen", False),
    "alerts": ("alerts", True),
}


@dataclass(frozen=True)
class Filters:
    """What the address of the device list asks for; unknown words ask for nothing."""

    state: str = ""
    client: UUID | None = None
    site: UUID | None = None
    type: str = ""
    q: str = ""
    sort: str = "state"
    page: str = "1"


@dataclass(frozen=True)
class Listed:
    """One page of devices, and how many stand how under the same filters (but that by state)."""

    page: Page[Any]
    counted: dict[str, int]


def device_list(viewer: Viewer, filters: Filters, now: datetime, per_page: int = PER_PAGE) -> Listed:
    """Return one page of devices with client, site, `standing`, `seen` and `alert_count`; four queries."""
    alerts = dict(open_alerts(viewer).order_by().values_list("device").annotate(n=Count("pk")))
    rows = _sorted(with_code(_narrow(devices(viewer), filters), now), filters.sort, alerts)
    counted = Counter(WORDS[code] for _, code in rows)
    wanted = CODES.get(filters.state)
    keys = [key for key, code in rows if wanted is None or code == wanted]  # thousands: kept as text
    page: Page[Any] = Paginator(keys, per_page).get_page(filters.page)
    here = [UUID(key) for key in page.object_list]
    found = with_code(Device.objects.select_related("client", "site"), now).in_bulk(here)
    page.object_list = shown(found[key] for key in here)
    for device in page.object_list:
        device.alert_count = alerts.get(device.pk, 0)
    return Listed(page, {name: counted[name] for name in STANDINGS})


def every_device(viewer: Viewer, filters: Filters, now: datetime) -> list[Any]:
    """Return all devices that the filters leave, in their order, as `device_list` gives those of one page."""
    return list(device_list(viewer, replace(filters, page="1"), now, MOST_EXPORTED).page.object_list)


def _sorted(rows: QuerySet[Any], sort: str, alerts: Mapping[UUID, int]) -> list[tuple[str, int]]:
    """Return (key, code) of every row in order: one reading is both counted and paged."""
    rows = rows.annotate(key=Cast("pk", CharField()))
    column, highest = SORTS.get(sort, SORTS["state"])
    if column == "alerts":
        named = list(rows.order_by("name").values_list("key", "code"))
        many = {str(key): n for key, n in alerts.items()} | {key.hex: n for key, n in alerts.items()}
        return sorted(named, key=lambda row: -many.get(row[0], 0))
    if column == "seen":
        streams = Stream.objects.filter(agent__device=OuterRef("pk")).order_by("-seen_at")
        rows = rows.annotate(seen=Subquery(streams.values("seen_at")[:1]))
    order = F(column).desc() if highest else F(column).asc(nulls_first=True)
    return list(rows.order_by(order, "name", "pk").values_list("key", "code"))


def _narrow(rows: QuerySet[Device], filters: Filters) -> QuerySet[Device]:
    if filters.client:
        rows = rows.filter(client=filters.client)
    if filters.site:
        rows = rows.filter(site=filters.site)
    if filters.type in Device.Type.values:
        rows = rows.filter(type=filters.type)
    if filters.q:
        rows = rows.filter(matching(filters.q))
    return rows


def matching(q: str) -> Q:
    """Return what finds devices by a part of name, system, client, serial number, MAC or network address."""
    claimed = Q(pk__in=DeviceClaim.objects.filter(value__icontains=q).values("device"))
    found = Q(name__icontains=q) | Q(os__icontains=q) | Q(client__name__icontains=q) | claimed
    if ADDRESS.fullmatch(q):  # a look into every device's interfaces costs more, and finds nothing else
        interfaces = Fact.objects.annotate(text=Cast("value", TextField())).filter(name="network.interfaces")
        found |= Q(pk__in=interfaces.filter(text__icontains=q).values("device"))
    return found


def types() -> list[tuple[str, str]]:
    """Return the device types with their names, for the filter."""
    return [(str(value), str(label)) for value, label in Device.Type.choices]


def clients(viewer: Viewer) -> list[Client]:
    """Return the visible clients by name."""
    return list(narrowed(viewer, Client.objects.all(), "pk"))


def sites(viewer: Viewer, client: UUID | None = None) -> list[Site]:
    """Return the visible sites (of one client, if named) by client and name."""
    rows = narrowed(viewer, Site.objects.select_related("client"))
    if client is not None:
        rows = rows.filter(client=client)
    return list(rows.order_by("client__name", "name"))
