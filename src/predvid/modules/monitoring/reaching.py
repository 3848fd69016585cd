"""Which explicit settings reach which devices: read in bulk, and changed in thought for a preview."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, Value
from django.db.models.functions import Greatest

from predvid.core.policy import Setting
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.inventory.group_rules import Filter, Traits, read_filter, takes
from predvid.modules.inventory.models import Device, DeviceGroup, DeviceTag, GroupMember
from predvid.modules.inventory.rules import next_plan_version
from predvid.modules.monitoring.models import PolicySetting, TemplateSetting
from predvid.modules.monitoring.ready_templates import templates

Settings = tuple[Setting, ...]
PLACES = ("template", "client", "site", "group", "device")


@dataclass(frozen=True, slots=True)
class Place:
    """Where settings are given: `kind` of PLACES, `key` (a role, else an id), `client` (None: the MSP's)."""

    kind: str
    key: str | UUID
    name: str
    client: UUID | None = None
    rank: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A group as far as it decides settings: who is in it, and how strong it is."""

    key: UUID
    client: UUID | None
    name: str
    priority: int
    filter: Filter
    members: frozenset[UUID] = frozenset()

    def has(self, device: UUID, traits: Traits) -> bool:
        """Tell whether a device is in it, by its filter or because a person put it there."""
        return device in self.members or takes(self.filter, self.client, traits)

    @property
    def rank(self) -> tuple[int, int]:
        """Return its strength among groups: by priority; a client's own beats the MSP's of the same."""
        return self.priority, int(self.client is not None)


@dataclass(frozen=True, slots=True)
class Reach:
    """Every explicit setting by place, and who is in which group.

    `roles` are those of devices that would have others than they have now.
    """

    by_place: Mapping[tuple[str, str | UUID], Settings]
    groups: tuple[Group, ...]
    traits: Mapping[UUID, Traits] = field(default_factory=dict)
    roles: Mapping[UUID, Sequence[str]] = field(default_factory=dict)

    def settings(self, device: Device) -> Settings:
        """Return the settings that reach a device, in any order."""
        roles = self.roles.get(device.pk, device.roles)
        found = [setting for role in roles for setting in self.by_place.get(("template", role), ())]
        for kind, key in (("client", device.client_id), ("site", device.site_id), ("device", device.pk)):
            found += self.by_place.get((kind, key), ())
        for group in self.groups_of(device):
            found += self.by_place.get(("group", group.key), ())
        return tuple(found)

    def groups_of(self, device: Device) -> list[Group]:
        """Return the groups that a device is in, of those that were read."""
        traits = self.traits.get(device.pk)
        return [] if traits is None else [group for group in self.groups if group.has(device.pk, traits)]

    def changed(self, place: Place, check: str, values: Mapping[str, Any], reset: Collection[str]) -> "Reach":
        """Return what would be if `values` were set for `check` at `place` and `reset` fields were not."""
        key = (place.kind, place.key)
        gone = {*values, *reset}
        kept = [one for one in self.by_place.get(key, ()) if one.check != check or one.field not in gone]
        name = "" if place.kind in ("client", "device") else place.name
        new = [Setting(place.kind, check, one, value, name, place.rank) for one, value in values.items()]
        return replace(self, by_place={**self.by_place, key: (*kept, *new)})

    def with_group(self, group: Group) -> "Reach":
        """Return what would be if `group` were as it is here."""
        others = tuple(one for one in self.groups if one.key != group.key)
        mine = self.by_place.get(("group", group.key), ())
        renamed = tuple(replace(one, name=group.name, rank=group.rank) for one in mine)
        return replace(
            self, groups=(*others, group), by_place={**self.by_place, ("group", group.key): renamed}
        )

    def without_group(self, key: UUID) -> "Reach":
        """Return what would be without a group."""
        return replace(self, groups=tuple(one for one in self.groups if one.key != key))


def reach(devices: Collection[Device], viewer: Viewer = PLATFORM, *, every_group: bool = False) -> Reach:
    """Return all that may reach `devices`; a few queries, however many they are.

    Groups without settings are read only for `every_group`. A group of the whole MSP has no name for a
    viewer of some clients.
    """
    clients = {device.client_id for device in devices}
    rows = list(
        PolicySetting.objects.filter(Q(client__in=clients) | Q(client=None)).select_related("site", "group")
    )
    groups = {row.group_id: row.group for row in rows if row.group is not None}
    if every_group:
        groups = {one.pk: one for one in DeviceGroup.objects.filter(Q(client__in=clients) | Q(client=None))}
    known = _groups(groups.values(), viewer)
    by_place: dict[tuple[str, str | UUID], list[Setting]] = {}
    for row in rows:
        place = place_of(row, known)
        one = Setting(place.kind, row.check_name, row.field, row.value, place.name, place.rank)
        by_place.setdefault((place.kind, place.key), []).append(one)
    for role, settings in _templates().items():
        by_place["template", role] = settings
    traits = traits_of(devices) if known else {}
    return Reach({key: tuple(found) for key, found in by_place.items()}, tuple(known.values()), traits)


def place_of(row: PolicySetting, groups: Mapping[UUID, Group]) -> Place:
    """Return where a stored setting is given; a client and a device need no name beside it."""
    if row.device_id is not None:
        return Place("device", row.device_id, "", row.client_id)
    if row.site is not None:
        return Place("site", row.site.pk, row.site.name, row.client_id)
    if row.group is not None:
        group = groups[row.group.pk]
        return Place("group", group.key, group.name, group.client, group.rank)
    return Place("client", row.client_id or "", "", row.client_id)


def _groups(rows: Iterable[DeviceGroup], viewer: Viewer) -> dict[UUID, Group]:
    members: dict[UUID, set[UUID]] = {row.pk: set() for row in rows}
    if members:
        found = GroupMember.objects.filter(group_id__in=members).values_list("group_id", "device_id")
        for group, device in found:
            members[group].add(device)
    return {row.pk: group_of(row, frozenset(members[row.pk]), viewer) for row in rows}


def group_of(row: DeviceGroup, members: frozenset[UUID], viewer: Viewer = PLATFORM) -> Group:
    """Return a stored group with its members by hand, named as far as `viewer` may know."""
    name = row.name if viewer.sees(row.client_id) else ""
    return Group(row.pk, row.client_id, name, row.priority, read_filter(row.filter), members)


def _templates() -> dict[str, list[Setting]]:
    found = {role: list(ready.settings) for role, ready in templates().items()}
    for row in TemplateSetting.objects.all():
        if row.role in found:
            rank = (templates()[row.role].order, 1)
            found[row.role].append(Setting("template", row.check_name, row.field, row.value, row.role, rank))
    return found


def traits_of(devices: Collection[Device]) -> dict[UUID, Traits]:
    """Return what filters can ask of each device; one query for the tags of all their clients."""
    tags: dict[UUID, set[str]] = {}
    clients = {device.client_id for device in devices}
    for device, name in DeviceTag.objects.filter(client__in=clients).values_list("device_id", "name"):
        tags.setdefault(device, set()).add(name)
    return {
        device.pk: Traits(
            device.type,
            device.platform,
            device.os,
            device.client_id,
            device.site_id,
            frozenset(tags.get(device.pk, ())),
            frozenset(device.roles),
        )
        for device in devices
    }


def concern(devices: Iterable[UUID], now: datetime) -> None:
    """Let these devices be planned and judged anew, in one order, so that nobody waits for each other."""
    newest = Value(next_plan_version(now, 0))
    Device.objects.filter(pk__in=sorted(devices)).update(
        plan_version=Greatest(F("plan_version") + 1, newest), judging_version=F("judging_version") + 1
    )
