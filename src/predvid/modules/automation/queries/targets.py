"""Where a task would run: a device's agent, what that agent accepts, and whether a template fits it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db.models import Count

from predvid.core.authority import TaskRefused
from predvid.core.errors import UserError
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.models import AgentTrust, PlacementRow, Publication, Task
from predvid.modules.inventory.models import Agent, Device
from predvid.modules.monitoring.models import Stream
from predvid.wire.authority import Parameter, Targets
from predvid.wire.verifying import Here, check_reach

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Aim:
    """A device, the agent that would run there, and what it holds of task authority."""

    device: Device
    agent: Agent
    classes: tuple[int, ...]
    pinned: bool
    tags: tuple[str, ...] = ()


def aims(viewer: Viewer, devices: Sequence[UUID]) -> list[Aim]:
    """Return an Aim for each visible device, those heard of last first.

    Raises NotVisible where one is not there, UserError where one has no approved agent.
    """
    rows = {row.pk: row for row in Device.objects.filter(pk__in=devices, merged_into=None)}
    if len(rows) != len(devices) or not all(viewer.sees(row.client_id) for row in rows.values()):
        raise NotVisible
    agents = list(Agent.objects.filter(device__in=rows, state=Agent.State.APPROVED))
    seen = dict(
        Stream.objects.filter(agent__in=agents).order_by("seen_at").values_list("agent_id", "seen_at")
    )
    never = datetime.min.replace(tzinfo=next(iter(seen.values())).tzinfo) if seen else None
    agents.sort(key=lambda agent: (agent.pk in seen, seen.get(agent.pk, never) or agent.enrolled_at))
    newest = {agent.device_id: agent for agent in agents}
    for row in rows.values():
        if row.pk not in newest:
            raise UserError("%(device)s has no approved agent.", device=row.name)
    trust = {row.agent_id: row for row in AgentTrust.objects.filter(agent__in=newest.values())}
    tags = dict(PlacementRow.objects.filter(agent__in=newest.values()).values_list("agent_id", "tags"))
    last_first = sorted(newest.values(), key=agents.index, reverse=True)
    return [_aim(rows[agent.device_id], agent, trust.get(agent.pk), tags) for agent in last_first]


def _aim(device: Device, agent: Agent, trust: AgentTrust | None, tags: Mapping[UUID, list[str]]) -> Aim:
    classes = tuple(trust.classes) if trust else (0,)
    return Aim(device, agent, classes, bool(trust and trust.root), tuple(tags.get(agent.pk, ())))


def parameters(publication: Publication) -> list[Parameter]:
    """Return the parameters of a template."""
    return msgspec.convert(publication.parameters, list[Parameter])


def fits(publication: Publication, aim: Aim) -> bool:
    """Tell whether a template was published for this device."""
    device = aim.device
    here = Here(
        str(aim.agent.pk),
        device.platform,
        b"",
        str(device.client_id),
        str(device.site_id),
        frozenset(aim.tags),
    )
    try:
        check_reach(msgspec.convert(publication.targets, Targets), here)
    except TaskRefused:
        return False
    return True


def refuse_unfit(publication: Publication, aims: Sequence[Aim], now: datetime) -> None:
    """Raise UserError where an agent would refuse the template: better said now than by the device."""
    if publication.expires_at <= now:
        raise UserError("This template has expired; an operator must publish it again.")
    mine = Task.objects.filter(agent__in=[aim.agent for aim in aims], created_at__gt=now - DAY)
    recent = dict(
        mine.filter(request__publication__key=publication.key)
        .exclude(state__in=(Task.State.CANCELLED, Task.State.EXPIRED))
        .values_list("agent_id")
        .annotate(n=Count("pk"))
    )
    for aim in aims:
        name = aim.device.name
        refuse_without_class(aim, 1)
        if not fits(publication, aim):
            raise UserError("This template was not published for %(device)s.", device=name)
        if recent.get(aim.agent.pk, 0) >= publication.rate:
            raise UserError(
                "This template may not run on %(device)s more often within 24 hours.", device=name
            )


def refuse_without_class(aim: Aim, kind: int) -> None:
    """Raise UserError where the device does not run tasks of class `kind`."""
    if not aim.pinned:
        raise UserError(
            "%(device)s does not know the trust root yet: run 'predvid agent trust' on it.",
            device=aim.device.name,
        )
    if kind not in aim.classes:
        raise UserError("The owner of %(device)s does not allow such tasks on it.", device=aim.device.name)
