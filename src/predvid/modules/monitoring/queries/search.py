"""The search over everything that a viewer sees: clients, sites, devices, open alerts, people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from predvid.core.model import State
from predvid.modules.access.models import Client
from predvid.modules.access.queries_people import seen as people_seen
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Site
from predvid.modules.monitoring.queries.devices import matching
from predvid.modules.monitoring.queries.standing import (
    WORD_OF,
    devices,
    narrowed,
    shown,
    unresolved,
    with_code,
)
from predvid.modules.monitoring.words import sentence

SHORTEST = 2  # letters of a search that is worth its answer
MOST = 8  # hits of a kind


@dataclass(frozen=True)
class Found:
    """One hit: `kind` is client, site, device, alert or person, `key` what its page is found by."""

    kind: str
    title: str
    detail: str
    key: Any
    state: str = ""


def search(viewer: Viewer, q: str, now: datetime, most: int = MOST) -> list[Found]:
    """Return what matches `q`, at most `most` of each kind; nothing for fewer letters than SHORTEST.

    Devices are found by name, system, client, serial number, MAC and network address; alerts are open ones,
    by device, client and item; people by name and mail address, where the viewer sees people at all.
    """
    if len(q) < SHORTEST:
        return []
    kinds = (_clients, _sites, _devices, _alerts, _people)
    return [hit for kind in kinds for hit in kind(viewer, q, now, most)]


def _clients(viewer: Viewer, q: str, now: datetime, most: int) -> Iterator[Found]:
    for client in narrowed(viewer, Client.objects.filter(name__icontains=q), "pk")[:most]:
        yield Found("client", client.name, client.sector, client.pk)


def _sites(viewer: Viewer, q: str, now: datetime, most: int) -> Iterator[Found]:
    rows = narrowed(viewer, Site.objects.filter(name__icontains=q).select_related("client"))
    for site in rows.order_by("name", "client__name")[:most]:
        yield Found("site", site.name, site.client.name, site.client_id)


def _devices(viewer: Viewer, q: str, now: datetime, most: int) -> Iterator[Found]:
    rows = with_code(devices(viewer).filter(matching(q)), now)
    for device in shown(rows.select_related("client").order_by("-code", "name")[:most]):
        yield Found("device", device.name, device.client.name, device.pk, device.standing)


def _alerts(viewer: Viewer, q: str, now: datetime, most: int) -> Iterator[Found]:
    named = Q(device__name__icontains=q) | Q(client__name__icontains=q) | Q(item__icontains=q)
    rows = unresolved(viewer).filter(named).select_related("device")
    for alert in rows.order_by("-state", "-opened_at", "-pk")[:most]:
        said = sentence(alert.said_id, alert.said_values, viewer.language)
        yield Found("alert", said, alert.device.name, alert.pk, WORD_OF[State(alert.state)])


def _people(viewer: Viewer, q: str, now: datetime, most: int) -> Iterator[Found]:
    if not viewer.may("person.view"):
        return
    rows = people_seen(viewer).filter(Q(name__icontains=q) | Q(email__icontains=q))
    for person in rows.order_by("name", "email")[:most]:
        yield Found("person", person.name, person.email, person.pk)
