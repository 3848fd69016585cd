"""Reads of the places where settings are given: what stands there, who is concerned, and in which version."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from predvid.modules.access import tenancy
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import Denied, require
from predvid.modules.access.models import Client
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.inventory.models import Device, DeviceGroup, Site
from predvid.modules.monitoring.models import PolicySetting, TemplateSetting
from predvid.modules.monitoring.reaching import Group, Place, Reach, group_of, reach
from predvid.modules.monitoring.ready_templates import templates


@dataclass(frozen=True)
class Ground:
    """A place with the devices that it concerns and all the settings that reach them."""

    place: Place
    devices: list[Device]
    known: Reach


def place(viewer: Viewer, kind: str, key: str | UUID, verb: str = "policy.view") -> Place:
    """Return the place that an address names. Raises NotVisible, or Denied without `verb` there."""
    if kind == "template":
        return _role(viewer, str(key), verb)
    table: Any = {"client": Client, "site": Site, "group": DeviceGroup, "device": Device}[kind]
    row = table.objects.filter(pk=key).first()
    if row is None or (kind == "device" and row.merged_into_id is not None):
        raise NotVisible
    client = row.pk if kind == "client" else row.client_id
    require(viewer, verb, client)
    rank = group_of(row, frozenset()).rank if kind == "group" else ()
    return Place(kind, row.pk, row.name, client, rank)


def _role(viewer: Viewer, role: str, verb: str) -> Place:
    """Return the template of a role: everyone of the staff may read it, the whole MSP's people change it."""
    if role not in templates():
        raise NotVisible
    require(viewer, verb)
    if verb != "policy.view" and not viewer.sees(None):
        raise Denied("Templates are the whole MSP's: only who sees all clients changes them.")
    return Place("template", role, role, None, (templates()[role].order, 1))


def ground(viewer: Viewer, at: Place) -> Ground:
    """Return the devices that a place concerns, as far as the viewer sees them, with what reaches them."""
    with tenancy.as_platform():
        devices = list(_candidates(at).order_by("name"))
        known = reach(devices, viewer, every_group=at.kind == "group")
    mine = [device for device in devices if viewer.sees(device.client_id) and _concerns(at, device, known)]
    return Ground(at, mine, known)


def _candidates(at: Place) -> QuerySet[Device]:
    rows = Device.objects.filter(merged_into=None).select_related("client", "site")
    wanted: dict[str, Any] = {} if at.client is None else {"client": at.client}
    if at.kind in ("device", "site"):
        wanted = {"pk" if at.kind == "device" else "site": at.key}
    return rows.filter(**wanted)


def _concerns(at: Place, device: Device, known: Reach) -> bool:
    if at.kind == "template":
        return at.key in device.roles
    if at.kind == "group":
        return any(group.key == at.key for group in known.groups_of(device))
    return True


def stored(at: Place) -> "QuerySet[PolicySetting] | QuerySet[TemplateSetting]":
    """Return the rows that are given at a place; who asks has been let there by `place`."""
    match at.kind:
        case "template":
            return TemplateSetting.objects.filter(role=at.key)
        case "client":
            return PolicySetting.objects.filter(client=at.client, site=None, group=None, device=None)
        case kind:
            return PolicySetting.objects.filter(**{kind: at.key})


def given(at: Place, check: str) -> dict[str, Any]:
    """Return what is set for one check at a place itself: field -> JSON-like value."""
    return dict(stored(at).filter(check_name=check).order_by("field").values_list("field", "value"))


def version(values: Mapping[str, Any]) -> str:
    """Return what tells these settings of one check at one place from any others."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def group(viewer: Viewer, group_id: UUID, verb: str = "policy.view") -> DeviceGroup:
    """Return a visible group; raise NotVisible, or Denied without `verb` for it."""
    row = DeviceGroup.objects.select_related("client").filter(pk=group_id).first()
    if row is None:
        raise NotVisible
    require(viewer, verb, row.client_id)
    return row


def as_group(row: DeviceGroup) -> Group:
    """Return a group with its members by hand; one query."""
    return group_of(row, frozenset(row.members.values_list("device_id", flat=True)), PLATFORM)
