"""Hands tasks over to agents: which agents have something waiting, and the leases of one."""

from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import F, Q

from predvid.modules.automation import rules
from predvid.modules.automation.models import AgentTrust, KeySetRow, PlacementRow, Task
from predvid.modules.inventory.models import Agent
from predvid.wire.authority import Leased, Signed
from predvid.wire.v1 import TaskLease

AT_ONCE = 8  # leases in one answer; an agent runs one task after the other
NEWS = "trust"
_ENCODE = msgspec.msgpack.Encoder().encode


def waiting_agents(now: datetime) -> set[UUID]:
    """Return the agents for which a task is ready, or lies unanswered, or is to be stopped: one query."""
    to_stop = Q(cancel_at__isnull=False, state__in=(Task.State.LEASED, Task.State.STARTED))
    rows = Task.objects.filter(_to_hand(now) | to_stop)
    return set(rows.values_list("agent_id", flat=True).distinct())


def _to_hand(now: datetime) -> Q:
    """Return the condition of tasks to hand over: ready, or handed over without a word.

    An agent that has begun a task said so; its ledger makes a repeated lease harmless. What was asked for at
    one client does not follow a device to another.
    """
    again = Q(leased_at__lte=now - rules.LEASE_AGAIN) | ~Q(leased_boot=F("agent__boot"))
    unheard = Q(state=Task.State.LEASED, cancel_at=None) & again
    here = Q(expires_at__gt=now, client=F("agent__client"))
    return (Q(state=Task.State.QUEUED) | unheard) & here


def behind_on_trust() -> dict[UUID, int]:
    """Return the agents that pin a root but hold an older key set than the newest, with its version."""
    newest = KeySetRow.objects.order_by("-version").values_list("version", flat=True).first()
    if newest is None:
        return {}
    rows = AgentTrust.objects.filter(keyset__lt=newest).exclude(root=b"")
    return dict.fromkeys(rows.values_list("agent_id", flat=True), newest)


@transaction.atomic
def take(agent_id: UUID, boot: str, now: datetime) -> tuple[list[TaskLease], list[str]]:
    """Return (leases, tasks to stop) for this start of an approved agent, and note that it has them.

    The lease NEWS is no task: it only brings news of trust.
    """
    agent = Agent.objects.select_for_update().filter(pk=agent_id).first()
    if agent is None or agent.state != Agent.State.APPROVED or agent.boot != boot:
        return [], []
    mine = Task.objects.filter(agent=agent)
    ready = list(
        mine.filter(_to_hand(now), client=agent.client_id)  # a device may have moved to another client
        .select_related("request__publication")
        .order_by("queued_at", "place")[:AT_ONCE]
    )
    news = _news(agent)
    leases = [TaskLease(task.wire, _ENCODE(_leased(task, news))) for task in ready]
    mine.filter(pk__in=[task.pk for task in ready]).update(
        state=Task.State.LEASED, leased_at=now, leased_boot=boot, handed=F("handed") + 1
    )
    if not leases and news != Leased():
        leases = [TaskLease(NEWS, _ENCODE(news))]
    going = (Task.State.LEASED, Task.State.STARTED)
    stop = mine.filter(cancel_at__isnull=False, state__in=going)
    return leases, list(stop.values_list("wire", flat=True))


def _news(agent: Agent) -> Leased:
    """Return the key set, root changes and placement that the agent has not told of yet."""
    trust = AgentTrust.objects.filter(agent=agent).first()
    if trust is None or not trust.root:
        return Leased()
    newer = list(KeySetRow.objects.filter(version__gt=trust.keyset).order_by("version"))
    changes = {
        row.root_serial: _signed(row.root_change) for row in newer if row.root_serial > trust.root_serial
    }
    placement = PlacementRow.objects.filter(agent=agent, serial__gt=trust.placement).first()
    return Leased(
        keyset=_signed(newer[-1].signed) if newer else None,
        placement=_signed(placement.signed) if placement else None,
        roots=[changes[serial] for serial in sorted(changes)],
    )


def _leased(task: Task, news: Leased) -> Leased:
    publication = task.request.publication
    if publication is None:
        return msgspec.structs.replace(news, order=_signed(task.request.signed))
    return msgspec.structs.replace(news, publication=_signed(publication.signed), start=_signed(task.start))


def _signed(blob: bytes | memoryview) -> Signed:
    return msgspec.msgpack.decode(bytes(blob), type=Signed)
