"""Reads of many devices: the list with its filters, the search over everything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from predvid.modules.access.models import Client
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device, Site
from predvid.modules.monitoring.models import Alert
from predvid.modules.monitoring.queries.standing import STANDINGS, devices, narrowed, with_standing

PER_PAGE = 50
SORTS = {
    "state": ("rank", "name"),
    "name": ("name",),
    "client": ("client__name", "name"),
    "os": ("os", "name"),
    "seen": (F("seen").asc(nulls_first=True), "name"),
    "type": ("type", "name"),
    "alerts": ("-alert_count", "name"),
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
class Found:
    """One hit of the search."""

    kind: str
    title: str
    detail: str
    key: Any
    state: str = ""


def device_list(viewer: Viewer, filters: Filters, now: datetime) -> Page[Device]:
    """Return one page of devices with client, site, standing and number of open alerts; two queries."""
    rows = with_standing(_narrow(devices(viewer), filters), now)
    if filters.state in STANDINGS:
        rows = rows.filter(standing=filters.state)
    alerts = Alert.objects.filter(device=OuterRef("pk")).exclude(phase=Alert.Phase.RESOLVED).order_by()
    counted = Coalesce(Subquery(alerts.values("device").annotate(n=Count("pk")).values("n")), 0)
    rows = rows.annotate(alert_count=counted).select_related("client", "site")
    return Paginator(rows.order_by(*SORTS.get(filters.sort, SORTS["state"])), PER_PAGE).get_page(filters.page)


def standing_counts(viewer: Viewer, filters: Filters, now: datetime) -> dict[str, int]:
    """Return how many devices stand how under the other filters, for the filter chips; one query."""
    rows = with_standing(_narrow(devices(viewer), filters), now).order_by()
    found = dict(rows.values_list("standing").annotate(n=Count("pk")))
    return {name: found.get(name, 0) for name in STANDINGS}


def _narrow(rows: QuerySet[Device], filters: Filters) -> QuerySet[Device]:
    if filters.client:
        rows = rows.filter(client=filters.client)
    if filters.site:
        rows = rows.filter(site=filters.site)
    if filters.type in Device.Type.values:
        rows = rows.filter(type=filters.type)
    if filters.q:
        rows = rows.filter(_matching(filters.q))
    return rows


def _matching(q: str) -> Q:
    by_claim = Q(pk__in=Device.objects.filter(claims__value__icontains=q).values("pk"))
    return Q(name__icontains=q) | Q(os__icontains=q) | Q(client__name__icontains=q) | by_claim


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


def search(viewer: Viewer, q: str, now: datetime, limit: int = 8) -> list[Found]:
    """Return clients and devices that match `q` (name, system, address, serial), at most `limit` of each."""
    if len(q) < 2:
        return []
    named = narrowed(viewer, Client.objects.filter(name__icontains=q), "pk")[:limit]
    rows = (
        with_standing(devices(viewer).filter(_matching(q)), now)
        .select_related("client")
        .order_by("rank", "name")
    )
    found = [Found("client", client.name, client.sector, client.pk) for client in named]
    for device in rows[:limit]:
        found.append(Found("device", device.name, device.client.name, device.pk, device.standing))
    return found
