"""Reads for deeds on many devices: who is chosen, what they have, and what a deed would do."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from predvid.checks.v1 import Check
from predvid.core.errors import UserError
from predvid.modules.access import tenancy
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device, DeviceGroup, DeviceTag
from predvid.modules.monitoring import roles
from predvid.modules.monitoring.foretelling import Forecast, foretell
from predvid.modules.monitoring.queries.places import as_group, group
from predvid.modules.monitoring.queries.standing import devices, narrowed
from predvid.modules.monitoring.reaching import Reach, reach, traits_of
from predvid.modules.monitoring.store import Store

AT_ONCE = 1000


class Deed(Protocol):
    """What is done to each device: `bulk_actions.Deed`."""

    @property
    def on(self) -> Collection[str]:
        """Return the tags that are put on."""

    @property
    def off(self) -> Collection[str]:
        """Return the tags that are taken off."""

    @property
    def group(self) -> UUID | None:
        """Return the group that is entered or left."""

    @property
    def leave(self) -> bool:
        """Tell whether the group is left."""


@dataclass(frozen=True)
class Choices:
    """What chosen devices can be given: their tags with how many have each, and the groups that fit all."""

    tags: list[tuple[str, int]]
    groups: list[DeviceGroup]


def chosen(viewer: Viewer, keys: Sequence[UUID], verb: str = "device.view") -> list[Device]:
    """Return these devices by name, `verb` allowed on each.

    Raises NotVisible or Denied for any that is not, UserError for none or too many.
    """
    wanted = set(keys)
    if not wanted:
        raise UserError("Choose at least one device.")
    if len(wanted) > AT_ONCE:
        raise UserError("At most %(most)s devices at once; these are %(n)s.", most=AT_ONCE, n=len(wanted))
    found = devices(viewer).filter(pk__in=wanted).select_related("client", "site").order_by("name", "pk")
    rows: list[Device] = list(found)
    if len(rows) != len(wanted):
        raise NotVisible
    for client in {row.client_id for row in rows}:
        require(viewer, verb, client)
    return rows


def choices(viewer: Viewer, rows: Sequence[Device]) -> Choices:
    """Return what `rows` can be given; two queries."""
    clients = {row.client_id for row in rows}
    tags = Counter(DeviceTag.objects.filter(device__in=rows).values_list("name", flat=True))
    groups = narrowed(viewer, DeviceGroup.objects.select_related("client")).order_by("name")
    fitting = [one for one in groups if one.client_id is None or clients == {one.client_id}]
    able = [one for one in fitting if viewer.may("policy.change", one.client_id)]
    return Choices(sorted(tags.items()), able)


def forecast(
    viewer: Viewer,
    rows: Sequence[Device],
    asked: Deed,
    checks: Mapping[str, Check],
    store: Store,
    now: datetime,
) -> Forecast:
    """Return what a deed on `rows` would do: settings that would hold otherwise, alerts that would follow."""
    with tenancy.as_platform():
        known = reach(rows, viewer, every_group=True)
        known = replace(known, traits=traits_of(rows))
        after = _after(viewer, rows, asked, known)
    return foretell(rows, known, after, checks, store, now)


def _after(viewer: Viewer, rows: Sequence[Device], asked: Deed, known: Reach) -> Reach:
    on, off = frozenset(asked.on), frozenset(asked.off)
    traits = {
        row.pk: replace(known.traits[row.pk], tags=(known.traits[row.pk].tags | on) - off) for row in rows
    }
    told = roles.shown(traits)
    traits = {key: replace(mine, roles=frozenset(told[key])) for key, mine in traits.items()}
    after = replace(known, traits=traits, roles=told)
    if asked.group is None:
        return after
    mine, moved = as_group(group(viewer, asked.group)), frozenset(row.pk for row in rows)
    members = mine.members - moved if asked.leave else mine.members | moved
    return after.with_group(replace(mine, members=members))
