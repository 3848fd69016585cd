"""Verbs on devices and agents that leave an event behind: enrolment, approval, moves, merges."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from predvid.core.model import Result as Judgement
from predvid.core.model import Severity, State, say
from predvid.modules.access import audit
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory import actions as inventory
from predvid.modules.inventory import enrolment
from predvid.modules.inventory.models import Agent, Device
from predvid.modules.inventory.rules import next_plan_version
from predvid.modules.inventory.secret_bindings import bound_names
from predvid.modules.monitoring.actions import note_event, record
from predvid.modules.monitoring.intake import load_states
from predvid.modules.monitoring.models import Alert, Event, PolicySetting, Result, Stream
from predvid.modules.monitoring.rules import AGENT_CHECK, Change, silent, spoke
from predvid.modules.monitoring.store import SeriesRow, TenureRow
from predvid.modules.monitoring.stores import store
from predvid.wire.v1 import Enrolment

BUSY = timedelta(minutes=10)  # a device heard of within this reports, and no second machine can be it
IDENTITY = "identity"  # the item of the agent's check under which a locked agent stands
HEARD = (Agent.State.APPROVED, Agent.State.LOCKED)  # a device of which someone expects to hear


@transaction.atomic
def enrol(secret: str, request: Enrolment, now: datetime) -> Agent:
    """Enrol an agent by its token and record it. Raises `enrolment.TokenRefused`."""

    def busy(device: Device) -> bool:
        mine = Stream.objects.filter(agent__device=device, agent__state=Agent.State.APPROVED)
        return mine.filter(seen_at__gte=now - BUSY).exists()

    done = enrolment.enrol(secret, request, now, busy)
    agent = done.agent
    if done.new:
        note_event("agent.enrolled", agent.client_id, agent.device_id, now, host=agent.device.name)
    if done.twin is not None:
        note_event(
            "agent.enrolled.twin",
            agent.client_id,
            agent.device_id,
            now,
            Severity.WARNING,
            host=agent.device.name,
            device=done.twin.name,
        )
    return agent


@transaction.atomic
def approve(viewer: Viewer, agent_id: UUID, now: datetime) -> Agent:
    """Let a pending (or once revoked) agent report. Raises NotVisible or UserError."""
    _hold_device(agent_id)
    before = _state(agent_id)
    agent = enrolment.set_state(viewer, "device.approve", agent_id, Agent.State.APPROVED, now)
    _judge_agents(agent.device_id, now)
    note_event(
        "agent.approved", agent.client_id, agent.device_id, now, Severity.INFO, viewer.name, who=viewer.name
    )
    _audit(viewer, "agent.approved", agent, before, now)
    return agent


@transaction.atomic
def revoke(viewer: Viewer, agent_id: UUID, now: datetime) -> Agent:
    """Refuse an agent from now on; it keeps its data. With its last agent a device has no standing any more.

    Raises NotVisible or UserError.
    """
    _hold_device(agent_id)
    before = _state(agent_id)
    agent = enrolment.set_state(viewer, "device.revoke", agent_id, Agent.State.REVOKED, now)
    _judge_agents(agent.device_id, now)
    note_event(
        "agent.revoked", agent.client_id, agent.device_id, now, Severity.WARNING, viewer.name, who=viewer.name
    )
    _audit(viewer, "agent.revoked", agent, before, now)
    return agent


@transaction.atomic
def release(viewer: Viewer, agent_id: UUID, now: datetime) -> Agent:
    """Let a locked agent report again; what it has delivered is forgotten. Raises as above."""
    _hold_device(agent_id)
    before = _state(agent_id)
    agent = enrolment.set_state(viewer, "device.release", agent_id, Agent.State.APPROVED, now)
    _judge_agents(agent.device_id, now)
    Stream.objects.filter(agent=agent).delete()
    note_event(
        "agent.released", agent.client_id, agent.device_id, now, Severity.INFO, viewer.name, who=viewer.name
    )
    _audit(viewer, "agent.released", agent, before, now)
    return agent


def _state(agent_id: UUID) -> str:
    return str(Agent.objects.filter(pk=agent_id).values_list("state", flat=True).first() or "")


def _audit(viewer: Viewer, verb: str, agent: Agent, before: str, now: datetime) -> None:
    subject, after = Subject("agent", str(agent.pk), agent.device.name), {"state": str(agent.state)}
    audit.record(viewer, verb, subject, agent.client_id, now, before={"state": before}, after=after)


@transaction.atomic
def lock(agent_id: UUID, reason: str, now: datetime) -> None:
    """Lock an agent's identity, once, with an event and an alert; `reason` is `fork` or `copied`."""
    _hold_device(agent_id)
    agent = Agent.objects.filter(pk=agent_id).first()
    if agent is not None and enrolment.lock(agent_id, reason):
        note_event("agent.locked", agent.client_id, agent.device_id, now, Severity.CRITICAL, why=reason)
        _judge_agents(agent.device_id, now)


def _hold_device(agent_id: UUID) -> None:
    """Lock the agent's device before the agent, in the order in which moves and merges do."""
    mine = Agent.objects.filter(pk=agent_id).values("device")
    list(Device.objects.select_for_update().filter(pk__in=mine).values_list("pk"))


def _judge_agents(device_id: UUID, now: datetime) -> None:
    """Let a device stand as its agents do: bad while one is locked, not at all with none left to hear."""
    states = set(Agent.objects.filter(device=device_id).values_list("state", flat=True))
    state = load_states([device_id])[device_id]
    changes: list[Change] = []
    for check, item in list(state.standings):
        released = (check, item) == (AGENT_CHECK, IDENTITY) and Agent.State.LOCKED not in states
        if released or not states.intersection(HEARD):
            changes += spoke(state, check, item, now)
    if Agent.State.LOCKED in states:
        changes += silent(state, AGENT_CHECK, Judgement(IDENTITY, State.CRITICAL, say("agent.identity")), now)
    if changes:
        record(changes, {device_id: state.version}, now)


@transaction.atomic
def move(viewer: Viewer, device_id: UUID, site_id: UUID, since: datetime, now: datetime) -> Device:
    """Move a device from a date on; its open alerts go along. Raises as `inventory.actions.move`."""
    former = Device.objects.filter(pk=device_id).select_related("site").first()
    bound = bound_names(device_id)
    device = inventory.move(viewer, device_id, site_id, since, now)
    ended = sorted(set(bound) - set(bound_names(device_id)))
    day = timezone.localdate(since)
    Result.objects.filter(device=device).update(client=device.client)
    PolicySetting.objects.filter(device=device).update(client=device.client)
    going = Alert.objects.filter(device=device).exclude(phase=Alert.Phase.RESOLVED)
    # Cause and assignee may be of the former client alone.
    going.update(client=device.client, cause=None, site_wide=False, assigned_to=None)
    Alert.objects.filter(cause__device=device).exclude(device=device).update(cause=None)
    Event.objects.filter(device=device, at__gte=since).update(client=device.client)
    store().set_tenure([TenureRow(str(device.pk), str(device.client_id), day)])
    note_event(
        "device.moved",
        device.client_id,
        device.pk,
        now,
        Severity.INFO,
        viewer.name,
        client=device.client.name,
        date=day.isoformat(),
    )
    if former is not None:
        _audit_move(viewer, former, device, day.isoformat(), ended, now)
    return device


def _audit_move(
    viewer: Viewer, former: Device, device: Device, day: str, ended: list[str], now: datetime
) -> None:
    """Tell each client its own part: neither learns where a device came from or went to.

    `ended` are the names of the secrets of where it was, which it is handed no more.
    """
    subject = Subject("device", str(device.pk), device.name)
    left: audit.Values = {"site": former.site.name} | ({"secrets": ", ".join(ended)} if ended else {})
    there: audit.Values = {"site": device.site.name, "since": day}
    if former.client_id == device.client_id:
        audit.record(viewer, "device.moved", subject, device.client_id, now, before=left, after=there)
        return
    parts: list[tuple[UUID, str, audit.Values, audit.Values]] = [
        (former.client_id, "device.moved_away", left, {"since": day}),
        (device.client_id, "device.moved", {}, there),
    ]
    for client, verb, before, after in sorted(parts, key=lambda part: str(part[0])):  # all in one order
        audit.record(viewer, verb, subject, client, now, before=before, after=after)


@transaction.atomic
def merge(viewer: Viewer, keep_id: UUID, other_id: UUID, now: datetime) -> Device:
    """Fold one device into another with its history. Raises as `inventory.actions.merge`."""
    other_name = inventory.held_device(viewer, "device.merge", other_id).name
    keep = inventory.merge(viewer, keep_id, other_id, now)
    Alert.objects.filter(device_id=other_id).exclude(phase=Alert.Phase.RESOLVED).update(
        phase=Alert.Phase.RESOLVED, resolved_at=now, changed_at=now
    )
    Alert.objects.filter(device_id=other_id).update(device=keep)
    Event.objects.filter(device_id=other_id).update(device=keep)
    Result.objects.filter(device_id=other_id).delete()
    PolicySetting.objects.filter(device_id=other_id).delete()  # those of the device that stays hold
    _hand_over_series(str(keep_id), str(other_id))
    _judge_agents(keep.pk, now)
    note_event(
        "device.merged",
        keep.client_id,
        keep.pk,
        now,
        Severity.INFO,
        viewer.name,
        other=other_name,
        device=keep.name,
    )
    folded = {"other": other_name, "other_id": str(other_id)}
    subject = Subject("device", str(keep.pk), keep.name)
    audit.record(viewer, "device.merged", subject, keep.client_id, now, before=folded)
    return keep


def _hand_over_series(keep: str, other: str) -> None:
    rows = store().series_of(other)
    store().register_series(SeriesRow(row.series, keep, row.metric, row.labels) for row in rows)


def replan_all(now: datetime) -> int:
    """Give every device a new plan version (the installed checks changed); return how many."""
    return Device.objects.update(
        plan_version=Greatest(F("plan_version") + 1, Value(next_plan_version(now, 0)))
    )
