"""Brings a release to the agents in rings, with the same rules as a campaign: what fails too often stops.

The server only chooses when: its plans name a release, and agents install none that operators did not sign.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q, QuerySet

from predvid.core.errors import UserError
from predvid.core.model import Event as Fact
from predvid.core.model import Severity, say
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.automation import rules
from predvid.modules.automation.models import Renewal, Rollout
from predvid.modules.automation.queries import releases
from predvid.modules.inventory.models import Agent, Device
from predvid.modules.inventory.rules import next_plan_version
from predvid.modules.monitoring.actions import event_row
from predvid.modules.monitoring.models import Event, Stream

COMPLAINTS = ("agent.update_refused", "agent.update_reverted")
AT_ONCE = 200  # rows of one UPDATE


@transaction.atomic
def begin(viewer: Viewer, version: str, now: datetime) -> Rollout:
    """Begin to bring a published release to all agents that can install it. Raises Denied or UserError."""
    require(viewer, "release.roll", None)
    if version not in {one.version for one in releases.published()}:
        raise UserError("No operator has published this release.")
    agents = list(releases.renewable().exclude(version=version).order_by("?").values_list("pk", "client_id"))
    if not agents:
        raise UserError("No agent can take this release: all have it, or none can renew itself.")
    try:
        with transaction.atomic():
            rollout = Rollout.objects.create(
                version=version,
                agents=len(agents),
                ring_since=now,
                requested_by_id=viewer.person,
                requested_name=viewer.name,
                requested_at=now,
            )
    except IntegrityError:
        raise UserError("Another release is on its way; wait for its end or stop it.") from None
    rings = rules.rings(len(agents))
    Renewal.objects.bulk_create(
        Renewal(client_id=client, rollout=rollout, agent_id=agent, ring=ring, place=place)
        for place, ((agent, client), ring) in enumerate(zip(agents, rings, strict=True))
    )
    _audited(viewer, "release.rolled", rollout, now)
    return rollout


@transaction.atomic
def stop(viewer: Viewer, rollout_id: UUID, now: datetime) -> Rollout:
    """Stop a rollout: who has not begun stays as they are. Raises NotVisible, Denied or UserError."""
    require(viewer, "release.roll", None)
    rollout = Rollout.objects.select_for_update().filter(pk=rollout_id).first()
    if rollout is None:
        raise NotVisible
    if rollout.state != Rollout.State.RUNNING:
        raise UserError("This rollout has ended already.")
    _end(rollout, Rollout.State.CANCELLED, now)
    _audited(viewer, "release.stopped", rollout, now)
    return rollout


def advance_all(now: datetime) -> int:
    """Move the running rollout on by one step; return 1 if it moved."""
    running = Rollout.objects.filter(state=Rollout.State.RUNNING).values_list("pk", flat=True)
    return sum(_advance(pk, now) for pk in running)


@transaction.atomic
def _advance(rollout_id: UUID, now: datetime) -> int:
    rollout = Rollout.objects.select_for_update().filter(pk=rollout_id, state=Rollout.State.RUNNING).first()
    if rollout is None:
        return 0
    _settle(rollout, now)
    counted = ring_counts(rollout)
    step = rules.advance(counted, rollout.ring, rollout.halt_percent, rollout.ring_since, now)
    if step.halt:
        _halt(rollout, counted, now)
    elif step.finished:
        _end(rollout, Rollout.State.DONE, now)
    elif step.next_ring:
        rollout.ring, rollout.ring_since = rollout.ring + 1, now
        rollout.save(update_fields=["ring", "ring_since"])
    elif step.release:
        mine = Renewal.objects.filter(
            rollout=rollout, ring__lte=rollout.ring, state=Renewal.State.WAITING
        ).order_by("place")
        _release(rollout, list(mine.values_list("agent", flat=True)[: step.release]), now)
    return int(step != rules.Step())


def _settle(rollout: Rollout, now: datetime) -> None:
    """Note which agents run the release by now, and which have said that they do not take it."""
    under_way = Renewal.objects.filter(rollout=rollout, state=Renewal.State.UNDER_WAY)
    ended = {"ended_at": now}
    under_way.filter(agent__version=rollout.version).update(state=Renewal.State.DONE, **ended)
    gone = under_way.exclude(agent__state=Agent.State.APPROVED)
    _plan(list(gone.values_list("agent", flat=True)), "", now)
    gone.update(state=Renewal.State.LEFT, **ended)
    _give_up(under_way.filter(began_at__lte=now - rules.RENEWAL_PATIENCE), now)
    began = {
        device: at for device, at in under_way.values_list("agent__device", "began_at") if at is not None
    }
    if not began:
        return
    told = Event.objects.filter(kind__in=COMPLAINTS, device__in=began, recorded_at__gte=min(began.values()))
    said = {
        device
        for device, at, values in told.values_list("device", "recorded_at", "said_values")
        if at >= began[device] and rules.gives_up(values, rollout.version)
    }
    under_way.filter(agent__device__in=said).update(state=Renewal.State.FAILED, **ended)


def _give_up(late: QuerySet[Renewal], now: datetime) -> None:
    """End the wait for agents of which nothing more is to be expected: a rollout must not hang on them."""
    began = {agent: at for agent, at in late.values_list("agent", "began_at") if at is not None}
    if not began:
        return
    streams = Stream.objects.filter(agent__in=began).values_list("agent").annotate(at=Max("seen_at"))
    heard = dict(streams)
    failed = [agent for agent, at in began.items() if rules.vanished(at, heard.get(agent))]
    _plan(began, "", now)
    late.filter(agent__in=failed).update(state=Renewal.State.FAILED, ended_at=now)
    late.update(state=Renewal.State.LEFT, ended_at=now)


def ring_counts(rollout: Rollout) -> list[rules.RingCount]:
    """Return how the agents of each ring stand; who was left counts as if never there."""
    state = Renewal.State
    rows = (
        Renewal.objects.filter(rollout=rollout)
        .values("ring")
        .order_by("ring")
        .annotate(
            size=Count("pk"),
            waiting=Count("pk", filter=Q(state=state.WAITING)),
            flying=Count("pk", filter=Q(state=state.UNDER_WAY)),
            done=Count("pk", filter=Q(state=state.DONE)),
            bad=Count("pk", filter=Q(state=state.FAILED)),
        )
    )
    return [
        rules.RingCount(row["size"], row["waiting"], row["flying"], row["done"], row["bad"]) for row in rows
    ]


def _release(rollout: Rollout, agents: Sequence[UUID], now: datetime) -> None:
    mine = Renewal.objects.filter(rollout=rollout, agent__in=agents)
    mine.update(state=Renewal.State.UNDER_WAY, began_at=now)
    _plan(agents, rollout.version, now)


def _plan(agents: Iterable[UUID], version: str, now: datetime) -> None:
    """Let the agents' plans name `version` (empty: none), in plans that are newer than those they hold."""
    ids = list(agents)
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        Agent.objects.filter(pk__in=part).update(update_to=version)
        devices = Device.objects.filter(agents__in=part)
        newest = max(devices.values_list("plan_version", flat=True), default=0)
        devices.update(plan_version=next_plan_version(now, newest))


def _halt(rollout: Rollout, counted: Sequence[rules.RingCount], now: datetime) -> None:
    here = next(one for one in counted if rules.halts(one, rollout.halt_percent))
    ring = counted.index(here) + 1
    rollout.halt_reason = {"ring": ring, "bad": here.bad, "ended": here.ended}
    said = say("release.halted", version=rollout.version, bad=here.bad, ended=here.ended, ring=ring)
    _end(rollout, Rollout.State.HALTED, now)
    Event.objects.bulk_create([event_row(Fact("release.halted", said, Severity.ERROR, now), None, None, now)])


def _end(rollout: Rollout, state: str, now: datetime) -> None:
    rollout.state, rollout.ended_at = state, now
    rollout.save(update_fields=["state", "ended_at", "halt_reason"])
    open_ones = Renewal.objects.filter(
        rollout=rollout, state__in=(Renewal.State.WAITING, Renewal.State.UNDER_WAY)
    )
    _plan(list(open_ones.filter(state=Renewal.State.UNDER_WAY).values_list("agent", flat=True)), "", now)
    open_ones.update(state=Renewal.State.LEFT, ended_at=now)
    failed = Renewal.objects.filter(rollout=rollout, state=Renewal.State.FAILED)
    _plan(list(failed.values_list("agent", flat=True)), "", now)


def _audited(viewer: Viewer, verb: str, rollout: Rollout, now: datetime) -> None:
    subject = Subject("release", str(rollout.pk), rollout.version)
    after: audit.Values = {"state": str(rollout.state), "agents": rollout.agents}
    audit.record(viewer, verb, subject, None, now, after=after)
