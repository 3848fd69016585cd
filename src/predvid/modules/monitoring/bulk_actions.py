"""Verbs on many devices at once: tags put on and taken off, a group entered or left. All or none."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from predvid.core.errors import UserError
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.group_rules import Filter
from predvid.modules.inventory.models import Device, DeviceGroup, DeviceTag, GroupMember
from predvid.modules.monitoring import group_actions
from predvid.modules.monitoring.queries import bulk as queries


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done to each chosen device: tags put `on` and taken `off`, `group` entered or left."""

    on: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    group: UUID | None = None
    leave: bool = False


def deed(on: Collection[str], off: Collection[str], group: UUID | None, *, leave: bool = False) -> Deed:
    """Return a deed with tags as they are kept. Raises UserError for a bad tag, or where nothing is asked."""
    put, taken = tuple(group_actions.tags(on)), tuple(group_actions.tags(off))
    if both := sorted(set(put) & set(taken)):
        raise UserError("The tag “%(tag)s” is both put on and taken off.", tag=both[0])
    if not put and not taken and group is None:
        raise UserError("Choose what to change: a tag to put on or take off, or a group.")
    return Deed(put, taken, group, leave)


@transaction.atomic
def change(viewer: Viewer, devices: Sequence[UUID], asked: Deed, now: datetime) -> int:
    """Do a deed to these devices; return how many. Each device's tags leave an entry of the audit.

    Raises NotVisible or Denied for any of them, UserError for none, for too many, or a tag too many.
    """
    rows = queries.chosen(viewer, devices, "device.tag")
    _hold(rows)
    if asked.on or asked.off:
        _tag(viewer, rows, asked, now)
    if asked.group is not None:
        _group(viewer, rows, asked.group, asked.leave, now)
    return len(rows)


@transaction.atomic
def group(viewer: Viewer, devices: Sequence[UUID], name: str, now: datetime) -> DeviceGroup:
    """Make a group of these devices: of their client, or the whole MSP's where they have several.

    Raises NotVisible or Denied, UserError for devices of several clients to who does not see all of them.
    """
    rows = queries.chosen(viewer, devices, "policy.change")
    clients = {row.client_id for row in rows}
    client = clients.pop() if len(clients) == 1 else None
    if client is None and not viewer.sees(None):
        raise UserError("Choose devices of one client: only who sees all clients groups across them.")
    made = group_actions.add(viewer, group_actions.Wanted(name, 100, Filter(), client), now)
    group_actions.set_members(viewer, made.pk, [row.pk for row in rows], now)
    return made


def _hold(rows: Sequence[Device]) -> None:
    """Hold the devices in one order, so that two people who change many never wait for each other."""
    keys = sorted(row.pk for row in rows)
    list(Device.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))


def _tag(viewer: Viewer, rows: Sequence[Device], asked: Deed, now: datetime) -> None:
    kept: dict[UUID, set[str]] = {row.pk: set() for row in rows}
    for device, name in DeviceTag.objects.filter(device__in=rows).values_list("device_id", "name"):
        kept[device].add(name)
    for device, mine in kept.items():
        wanted = (mine | set(asked.on)) - set(asked.off)
        if wanted != mine:
            group_actions.tag(viewer, device, wanted, now)


def _group(viewer: Viewer, rows: Sequence[Device], group: UUID, leave: bool, now: datetime) -> None:
    members = set(GroupMember.objects.filter(group=group).values_list("device_id", flat=True))
    mine = {row.pk for row in rows}
    group_actions.set_members(viewer, group, members - mine if leave else members | mine, now)
