"""Reads of groups, tags and roles: which there are, and how many devices are in each."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count

from predvid.modules.access.models import Client
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.group_rules import Filter, read_filter
from predvid.modules.inventory.models import Device, DeviceGroup, DeviceTag, Site
from predvid.modules.monitoring.queries.standing import devices as living
from predvid.modules.monitoring.queries.standing import narrowed
from predvid.modules.monitoring.reaching import group_of, traits_of

MOST = 500  # devices offered to be put into a group by hand


@dataclass(frozen=True)
class GroupRow:
    """A group with how many visible devices are in it and how many settings it gives."""

    group: DeviceGroup
    devices: int
    settings: int


def groups(viewer: Viewer) -> list[GroupRow]:
    """Return the visible groups, the strongest first."""
    rows = narrowed(viewer, DeviceGroup.objects.select_related("client").prefetch_related("members"))
    found = list(rows.annotate(given=Count("settings", distinct=True)).order_by("-priority", "name"))
    if not found:
        return []
    mine = list(living(viewer))
    traits = traits_of(mine)
    known = {row.pk: group_of(row, frozenset(one.device_id for one in row.members.all())) for row in found}
    return [
        GroupRow(row, sum(known[row.pk].has(one.pk, traits[one.pk]) for one in mine), row.given)
        for row in found
    ]


def devices_by_role(viewer: Viewer) -> Counter[str]:
    """Return how many visible devices have each role; one query."""
    counted: Counter[str] = Counter()
    for roles in living(viewer).values_list("roles", flat=True):
        counted.update(roles)
    return counted


def clients_with_settings(viewer: Viewer) -> list[Client]:
    """Return the visible clients by name, each with `given`, how many settings it has in all."""
    rows = narrowed(viewer, Client.objects.annotate(given=Count("policysetting")), "pk")
    return list(rows.order_by("name"))


def choices(viewer: Viewer, client: UUID | None) -> dict[str, list[tuple[str, str]]]:
    """Return what a filter may name: tags, clients and sites that the viewer sees, of one client if named."""
    tags, sites = narrowed(viewer, DeviceTag.objects.all()), narrowed(viewer, Site.objects.all())
    clients = narrowed(viewer, Client.objects.all(), "pk")
    if client is not None:
        tags, sites, clients = tags.filter(client=client), sites.filter(client=client), clients.none()
    named: Any = sites.select_related("client").order_by("client__name", "name")
    return {
        "tags": [(tag, tag) for tag in sorted(set(tags.values_list("name", flat=True)))],
        "clients": [(str(one.pk), one.name) for one in clients.order_by("name")],
        "sites": [(str(one.pk), f"{one.client.name} · {one.name}") for one in named],
    }


def candidates(viewer: Viewer, client: UUID | None, members: Collection[UUID]) -> list[Device]:
    """Return the devices that can be put into a group by hand: its present ones, and MOST others by name."""
    rows = living(viewer).select_related("client").order_by("name")
    fitting = rows if client is None else rows.filter(client=client)
    return [*fitting.filter(pk__in=members), *fitting.exclude(pk__in=members)[:MOST]]


def filter_of(row: DeviceGroup) -> Filter:
    """Return what a group asks for."""
    return read_filter(row.filter)


def tags_of(viewer: Viewer, device: Device) -> list[str]:
    """Return the tags of a device that the viewer may see."""
    rows = narrowed(viewer, DeviceTag.objects.filter(device=device))
    return list(rows.order_by("name").values_list("name", flat=True))
