"""Gives each device the roles that its facts show, so that the templates of those roles apply to it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from predvid.modules.inventory.group_rules import Traits
from predvid.modules.inventory.models import Device, Fact
from predvid.modules.inventory.role_rules import TELLING, roles_of
from predvid.modules.inventory.rules import next_plan_version
from predvid.modules.monitoring.reaching import traits_of
from predvid.modules.monitoring.ready_templates import templates

AT_ONCE = 500  # devices
CHANGES_OS = ("os.release",)  # the fact that the name of the system comes from


def assign(now: datetime) -> int:
    """Work out the roles of devices that told something new since the last time; return how many changed."""
    newer = Fact.objects.filter(
        device=OuterRef("pk"), name__in=(*TELLING, *CHANGES_OS), since__gt=OuterRef("roles_at")
    )
    due = Device.objects.filter(Q(roles_at=None) | Exists(newer), merged_into=None)
    return settle(list(due.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]), now)


def shown(traits: Mapping[UUID, Traits]) -> dict[UUID, list[str]]:
    """Return the roles that devices with these traits have, by what they told; one query."""
    facts: dict[UUID, dict[str, Any]] = {}
    told = Fact.objects.filter(device__in=list(traits), name__in=TELLING)
    for device, name, value in told.values_list("device_id", "name", "value"):
        facts.setdefault(device, {})[name] = value
    return {device: roles_of(mine, facts.get(device, {}), templates()) for device, mine in traits.items()}


@transaction.atomic
def settle(devices: Collection[UUID], now: datetime) -> int:
    """Work out the roles of these devices; those that changed are judged and planned anew."""
    rows = list(Device.objects.select_for_update().filter(pk__in=devices).order_by("pk"))
    found = shown(traits_of(rows))
    changed = 0
    for row in rows:
        roles = found[row.pk]
        if roles != row.roles:
            row.roles = roles
            row.plan_version = next_plan_version(now, row.plan_version)
            changed += 1
            Device.objects.filter(pk=row.pk).update(
                roles=roles, plan_version=row.plan_version, judging_version=F("judging_version") + 1
            )
    Device.objects.filter(pk__in=[row.pk for row in rows]).update(roles_at=now)
    return changed
