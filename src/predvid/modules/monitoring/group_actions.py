"""Verbs on tags and groups. What they change in policies reaches the devices concerned in the same moment."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit, tenancy
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.actions import held_device
from predvid.modules.inventory.group_rules import Filter, read_filter, tag_of
from predvid.modules.inventory.models import Device, DeviceGroup, DeviceTag, GroupMember
from predvid.modules.monitoring import roles
from predvid.modules.monitoring.queries.places import ground, place
from predvid.modules.monitoring.queries.places import group as visible_group
from predvid.modules.monitoring.reaching import Place, concern

MAX_TAGS = 20  # of one device
MAX_PRIORITY = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a group should be: `client` counts only when it is made."""

    name: str
    priority: int
    filter: Filter
    client: UUID | None = None


@transaction.atomic
def tag(viewer: Viewer, device_id: UUID, words: Collection[str], now: datetime) -> list[str]:
    """Let a device have exactly these tags; return them as kept. Raises NotVisible, Denied or UserError."""
    device = held_device(viewer, "device.tag", device_id)
    wanted = tags(words)
    before = sorted(device.tags.values_list("name", flat=True))
    if wanted == before:
        return wanted
    device.tags.exclude(name__in=wanted).delete()
    DeviceTag.objects.bulk_create(
        DeviceTag(client_id=device.client_id, device=device, name=name)
        for name in wanted
        if name not in before
    )
    roles.settle([device.pk], now)
    concern([device.pk], now)
    subject = Subject("device", str(device.pk), device.name)
    told = [{"tags": ", ".join(each)} for each in (before, wanted)]
    audit.record(viewer, "device.tagged", subject, device.client_id, now, before=told[0], after=told[1])
    return wanted


def tags(words: Collection[str]) -> list[str]:
    """Return tags as they are kept, sorted. Raises UserError for what cannot be one, or for too many."""
    found = set()
    for word in words:
        try:
            found.add(tag_of(word))
        except ValueError:
            raise UserError(
                "“%(tag)s” cannot be a tag: use up to 40 letters, digits and the signs - _ . :", tag=word[:60]
            ) from None
    if len(found) > MAX_TAGS:
        raise UserError("A device can have at most %(most)s tags.", most=MAX_TAGS)
    return sorted(found)


@transaction.atomic
def add(viewer: Viewer, wanted: Wanted, now: datetime) -> DeviceGroup:
    """Make a group, of a client or of the whole MSP. Raises NotVisible, Denied or UserError."""
    require(viewer, "policy.change", wanted.client)
    name = _fit(wanted)
    try:
        with transaction.atomic():
            row = DeviceGroup.objects.create(
                client_id=wanted.client,
                name=name,
                priority=wanted.priority,
                filter=wanted.filter.stored(),
                created_at=now,
            )
    except IntegrityError:
        raise UserError("There is already a group called %(name)s here.", name=name) from None
    audit.record(viewer, "group.added", _subject(row), row.client_id, now, after=_told(row))
    return row


@transaction.atomic
def change(viewer: Viewer, group_id: UUID, wanted: Wanted, now: datetime) -> DeviceGroup:
    """Rename a group, order it otherwise, or let it take in others. Raises as `add`."""
    row = _held(viewer, group_id)
    before, concerned = _told(row), _members(viewer, row)
    row.name, row.priority, row.filter = _fit(wanted), wanted.priority, wanted.filter.stored()
    try:
        with transaction.atomic():
            row.save(update_fields=["name", "priority", "filter"])
    except IntegrityError:
        raise UserError("There is already a group called %(name)s here.", name=row.name) from None
    _reach(row, concerned | _members(viewer, row), now)
    if before != _told(row):
        audit.record(
            viewer, "group.changed", _subject(row), row.client_id, now, before=before, after=_told(row)
        )
    return row


@transaction.atomic
def set_members(viewer: Viewer, group_id: UUID, devices: Collection[UUID], now: datetime) -> int:
    """Let exactly these devices be in a group by hand; return how many. Raises NotVisible or Denied."""
    row = _held(viewer, group_id)
    rows = list(Device.objects.filter(pk__in=devices, merged_into=None))
    if len(rows) != len(set(devices)) or not all(viewer.sees(one.client_id) for one in rows):
        raise NotVisible
    if row.client_id is not None and any(one.client_id != row.client_id for one in rows):
        raise UserError("A group of one client takes in that client's devices alone.")
    before = set(row.members.values_list("device_id", flat=True))
    wanted = {one.pk: one for one in rows}
    row.members.exclude(device__in=rows).delete()
    GroupMember.objects.bulk_create(
        GroupMember(client_id=one.client_id, group=row, device=one)
        for key, one in wanted.items()
        if key not in before
    )
    if before != set(wanted):
        _reach(row, before ^ set(wanted), now)
        audit.record(
            viewer, "group.changed", _subject(row), row.client_id, now,
            before={"members": len(before)}, after={"members": len(wanted)},
        )  # fmt: skip
    return len(wanted)


@transaction.atomic
def delete(viewer: Viewer, group_id: UUID, now: datetime) -> str:
    """Delete a group with what is set for it; return its name. Raises NotVisible or Denied."""
    row = _held(viewer, group_id)
    concerned, before = _members(viewer, row), _told(row)
    settings = {"settings": row.settings.count()}
    subject, client = _subject(row), row.client_id
    _reach(row, concerned, now)
    row.delete()
    audit.record(viewer, "group.deleted", subject, client, now, before=before | settings)
    return subject.name


def _held(viewer: Viewer, group_id: UUID) -> DeviceGroup:
    list(DeviceGroup.objects.select_for_update().filter(pk=group_id).values_list("pk"))
    return visible_group(viewer, group_id, "policy.change")


def _members(viewer: Viewer, row: DeviceGroup) -> set[UUID]:
    with tenancy.as_platform():
        at: Place = place(viewer, "group", row.pk)
        return {device.pk for device in ground(viewer, at).devices}


def _reach(row: DeviceGroup, devices: Collection[UUID], now: datetime) -> None:
    """Let devices be planned and judged anew, if the group sets anything."""
    if row.settings.exists():
        concern(devices, now)


def _fit(wanted: Wanted) -> str:
    """Return the name of a group that can be; raise UserError."""
    name = " ".join(wanted.name.replace("\x00", "").split())
    if not name or len(name) > 80:
        raise UserError("Give the group a name of at most 80 characters.")
    if not 0 <= wanted.priority <= MAX_PRIORITY:
        raise UserError("The priority is a number from 0 to %(most)s.", most=MAX_PRIORITY)
    return name


def _subject(row: DeviceGroup) -> Subject:
    return Subject("group", str(row.pk), row.name)


def _told(row: DeviceGroup) -> dict[str, str | int | bool | None]:
    asked = read_filter(row.filter).stored()
    filter = "; ".join(
        f"{name}: {value if name == 'os' else ', '.join(value)}" for name, value in asked.items()
    )
    return {"name": row.name, "priority": row.priority, "filter": filter}
