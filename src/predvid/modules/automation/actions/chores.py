"""The worker's chores on tasks: campaigns go on, what nobody began in time expires, quiet alerts close."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from predvid.core.errors import UserError
from predvid.core.model import Severity
from predvid.modules.access import audit
from predvid.modules.access.rules import PLATFORM, Subject, Viewer
from predvid.modules.automation import rules
from predvid.modules.automation.actions import telling
from predvid.modules.automation.actions.outcomes import REFUSED_ITEM
from predvid.modules.automation.models import AgentTrust, PlacementRow, Task, TaskRequest
from predvid.modules.inventory.actions import held_device
from predvid.modules.inventory.models import Agent
from predvid.modules.monitoring.actions import Conflict, record
from predvid.modules.monitoring.intake import load_states
from predvid.modules.monitoring.models import Event, Result
from predvid.modules.monitoring.rules import AGENT_CHECK, spoke

UNHEARD = timedelta(minutes=10)  # an agent that took a task may still say what became of it
GONE = timedelta(days=7)  # without a word beyond its time limit: an outbox keeps no longer
LONGEST_RUN = timedelta(days=1)  # as agents admit
KEPT = timedelta(days=400)  # how long requests stay with their tasks and output


def expire(now: datetime) -> int:
    """End tasks that nobody began in time and requests that waited too long; return how many tasks."""
    idle = Task.objects.filter(expires_at__lte=now, state__in=(Task.State.WAITING, Task.State.QUEUED))
    handed = Task.objects.filter(expires_at__lte=now - UNHEARD, state=Task.State.LEASED)
    ended = {"state": Task.State.EXPIRED, "ended_at": now}
    count = idle.update(**ended) + handed.update(**ended)
    waited = TaskRequest.objects.filter(state=TaskRequest.State.WAITING, expires_at__lte=now)
    for pk in waited.values_list("pk", flat=True):
        _expire_request(pk, now)
    return count


@transaction.atomic
def _expire_request(request_id: UUID, now: datetime) -> None:
    request = TaskRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is None or request.state != TaskRequest.State.WAITING:
        return
    request.state, request.ended_at = TaskRequest.State.EXPIRED, now
    request.save(update_fields=["state", "ended_at"])
    telling.told(PLATFORM, "task.expired", request, now)


def follow_moves(now: datetime) -> int:
    """Let no task of a former client run on a device that has moved; return how many were cancelled.

    What the agent holds of trust goes along with it; what ran before stays with whoever asked for it.
    """
    left = Task.objects.exclude(client=F("agent__client"))
    going = (Task.State.LEASED, Task.State.STARTED)
    left.filter(state__in=going, cancel_at=None).update(cancel_at=now)
    idle = left.filter(state__in=(Task.State.WAITING, Task.State.QUEUED))
    cancelled = idle.update(state=Task.State.CANCELLED, ended_at=now)
    here = Agent.objects.filter(pk=OuterRef("agent")).values("client")
    for table in (AgentTrust, PlacementRow):
        table._default_manager.exclude(client=F("agent__client")).update(client=Subquery(here))
    return cancelled


def give_up(now: datetime) -> int:
    """Call tasks unknown whose agent has not said for a week how they ended; return how many."""
    old = Task.objects.filter(state=Task.State.STARTED, started_at__lte=now - GONE - LONGEST_RUN)
    return old.update(state=Task.State.UNKNOWN, ended_at=now, reason_id="task.no_word")


def forget(now: datetime) -> None:
    """Delete requests that ended long ago, with their tasks and output; the audit keeps the deeds."""
    TaskRequest.objects.filter(ended_at__lt=now - KEPT).delete()


def close_quiet_alerts(now: datetime) -> int:
    """Close the alert of refused tasks where nothing more was refused for a day; return how many."""
    standing = Result.objects.filter(check_name=AGENT_CHECK, item=REFUSED_ITEM, since__lte=now - rules.CLEAN)
    recent = Event.objects.filter(at__gt=now - rules.CLEAN)
    ours = recent.filter(kind="task.refused", severity=int(Severity.CRITICAL))
    agents = recent.filter(kind="security.task_refused").exclude(source__code__in=sorted(rules.HONEST))
    loud = {device for rows in (ours, agents) for device in rows.values_list("device_id", flat=True)}
    return sum(_close(device, now) for device in set(standing.values_list("device_id", flat=True)) - loud)


def _close(device: UUID, now: datetime) -> int:
    try:
        with transaction.atomic():
            state = load_states([device])[device]
            changes = spoke(state, AGENT_CHECK, REFUSED_ITEM, now)
            record(changes, {device: state.version}, now)
    except Conflict:  # a batch came in meanwhile: the next turn looks again
        return 0
    return len(changes)


@transaction.atomic
def settle(viewer: Viewer, device_id: UUID, why: str, now: datetime) -> None:
    """Close a device's alert of refused tasks: a person has looked. Raises NotVisible or UserError."""
    device = held_device(viewer, "alert.acknowledge", device_id)
    if not why.strip():
        raise UserError("Write what you found out.")
    state = load_states([device_id])[device_id]
    changes = spoke(state, AGENT_CHECK, REFUSED_ITEM, now)
    if not changes:
        raise UserError("No refused task is open on this device.")
    record(changes, {device_id: state.version}, now)
    subject = Subject("device", str(device.pk), device.name)
    audit.record(viewer, "task.settled", subject, device.client_id, now, why=why.strip())
