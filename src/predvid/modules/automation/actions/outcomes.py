"""Takes over what agents tell of their tasks and of the trust that they hold, inside the ingest transaction.

All from outside is hostile: an agent speaks of its own tasks alone, output is capped, repeats change nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from predvid.core.model import Event as Fact
from predvid.core.model import Result as Judgement
from predvid.core.model import Said, Severity, State, say
from predvid.modules.automation import rules
from predvid.modules.automation.models import AgentTrust, Task, TaskOutput
from predvid.modules.monitoring.actions import event_row, record
from predvid.modules.monitoring.columns import said
from predvid.modules.monitoring.delivery import Delivery, moment
from predvid.modules.monitoring.intake import load_states
from predvid.modules.monitoring.models import Event
from predvid.modules.monitoring.plain import text
from predvid.modules.monitoring.rules import AGENT_CHECK, silent
from predvid.wire.v1 import TaskOutcome, TrustHeld

REFUSED_ITEM = "task"  # the item of the agent's check under which refused tasks stand
MAX_PART = 64 << 10  # characters of one part of output
SEVERITIES = {
    "done": Severity.OK,
    "failed": Severity.WARNING,
    "refused": Severity.CRITICAL,
    "unknown": Severity.WARNING,
}


@dataclass
class Taken:
    """What a group of batches changes, gathered before it is written."""

    now: datetime
    tasks: dict[tuple[UUID, str], Task] = field(default_factory=dict)
    known: set[tuple[UUID, int]] = field(default_factory=set)  # parts of output that are here already
    changed: dict[UUID, Task] = field(default_factory=dict)
    parts: list[TaskOutput] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    tried: set[UUID] = field(default_factory=set)  # devices where something unsigned was refused


def take_in(deliveries: Sequence[Delivery], now: datetime) -> None:
    """Write what came with a group of batches; must run inside the transaction that takes the group.

    Each delivery is new to its stream, so that what it tells is told once.
    """
    telling = [delivery for delivery in deliveries if delivery.batch.outcomes]
    if telling:
        tasks = _tasks_of(telling)
        taken = Taken(now, tasks, _parts_of(tasks.values()))
        for delivery in telling:
            for outcome in delivery.batch.outcomes:
                _outcome(taken, delivery, outcome)
        _write(taken)
    for delivery in deliveries:
        if delivery.batch.trust is not None:
            _hold(delivery, delivery.batch.trust, now)


def _tasks_of(deliveries: Iterable[Delivery]) -> dict[tuple[UUID, str], Task]:
    """Return the tasks spoken of, by agent and their name on the wire."""
    rows = list(deliveries)
    names = {text(outcome.task, 64) for delivery in rows for outcome in delivery.batch.outcomes}
    found = Task.objects.filter(agent__in=[delivery.agent for delivery in rows], wire__in=names)
    return {(task.agent_id, task.wire): task for task in found.select_related("request__publication")}


def _parts_of(tasks: Iterable[Task]) -> set[tuple[UUID, int]]:
    printing = [task.pk for task in tasks if task.output_bytes]
    if not printing:
        return set()
    return set(TaskOutput.objects.filter(task__in=printing).values_list("task_id", "part"))


def _outcome(taken: Taken, delivery: Delivery, outcome: TaskOutcome) -> None:
    task = taken.tasks.get((delivery.agent, text(outcome.task, 64)))
    if outcome.state == "refused":
        _refused(taken, delivery, task, outcome)
    elif task is None:
        return
    elif outcome.state == "output":
        _output(taken, task, outcome)
    elif rules.moves(task.state, outcome.state):
        _moved(taken, delivery, task, outcome)


def _moved(taken: Taken, delivery: Delivery, task: Task, outcome: TaskOutcome) -> None:
    at = min(moment(outcome.at), taken.now)
    task.state = Task.State(outcome.state)
    if outcome.state == "started":
        task.started_at, task.ended_at = at, None
    else:
        task.ended_at = at
        task.code = outcome.code if outcome.code is not None and abs(outcome.code) < 1 << 31 else None
    task.truncated = task.truncated or outcome.truncated
    if outcome.reason is not None:
        reason = said(outcome.reason)
        task.reason_id, task.reason_values = reason.id[:80], dict(reason.values)
    if outcome.state == "done" and task.request.publication is not None:
        task.minutes_saved = task.request.publication.minutes_by_hand
    taken.changed[task.pk] = task
    kind = f"task.{outcome.state}"
    fact = Fact(
        kind,
        say(kind, title=task.request.title, code=task.code, who=""),
        SEVERITIES.get(outcome.state, Severity.INFO),
        at,
        target=task.request.title,
        source={"task": str(task.pk)},
    )
    taken.events.append(event_row(fact, delivery.client, delivery.device, taken.now))


def _output(taken: Taken, task: Task, outcome: TaskOutcome) -> None:
    """Keep one part of output, up to the cap; parts are numbered from 1, a repeated one changes nothing."""
    if not 0 < outcome.part < 1 << 31 or (task.pk, outcome.part) in taken.known:
        return
    taken.known.add((task.pk, outcome.part))
    room = rules.MAX_OUTPUT - task.output_bytes
    whole = outcome.output.replace("\x00", "")[:MAX_PART].encode("utf-8", "replace")
    kept = whole[: max(room, 0)].decode("utf-8", "ignore")
    task.truncated = task.truncated or outcome.truncated or len(whole) > room
    task.output_bytes += len(kept.encode())
    taken.changed[task.pk] = task
    if kept:
        taken.parts.append(TaskOutput(client_id=task.client_id, task=task, part=outcome.part, text=kept))


def _refused(taken: Taken, delivery: Delivery, task: Task | None, outcome: TaskOutcome) -> None:
    reason = said(outcome.reason) if outcome.reason is not None else Said("task.refused.unreadable")
    late = task is not None and task.expires_at <= taken.now
    code = reason.id.rpartition(".")[2]
    spare = task is not None and task.repeats < task.handed - 1
    if task is not None and code == "repeated":
        task.repeats += 1
        taken.changed[task.pk] = task
    suspicious = rules.suspicious(code, task.state if task else None, late=late, spare=spare)
    if task is not None and rules.moves(task.state, "refused"):
        task.state, task.ended_at = Task.State.REFUSED, min(moment(outcome.at), taken.now)
        task.reason_id, task.reason_values = reason.id[:80], dict(reason.values)
        taken.changed[task.pk] = task
    if suspicious:
        taken.tried.add(delivery.device)
    if task is None:  # the agent's own event, `security.task_refused`, tells of it
        return
    title = task.request.title
    fact = Fact(
        "task.refused",
        say("task.refused", **{**reason.values, "title": title, "reason": reason.id[:80]}),
        Severity.CRITICAL if suspicious else Severity.WARNING,
        min(moment(outcome.at), taken.now),
        target=title,
        source={"task": str(task.pk), "reason": reason.id[:80]},
    )
    taken.events.append(event_row(fact, delivery.client, delivery.device, taken.now))


def _write(taken: Taken) -> None:
    fields = ["state", "started_at", "ended_at", "code", "truncated", "reason_id", "reason_values"]
    Task.objects.bulk_update(
        taken.changed.values(), [*fields, "output_bytes", "minutes_saved", "repeats"], 200
    )
    TaskOutput.objects.bulk_create(taken.parts, ignore_conflicts=True)
    Event.objects.bulk_create(taken.events)
    for device in sorted(taken.tried):
        _alarm(device, taken.now)


def _alarm(device: UUID, now: datetime) -> None:
    """Let the device stand critical: somebody tried to run what was not signed. A person or a day ends it."""
    state = load_states([device])[device]
    judged = Judgement(REFUSED_ITEM, State.CRITICAL, say("agent.task_refused"))
    changes = silent(state, AGENT_CHECK, judged, now)
    if changes:
        record(changes, {device: state.version}, now)


def _hold(delivery: Delivery, held: TrustHeld, now: datetime) -> None:
    classes = sorted({cls for cls in held.classes if cls in (0, 1, 2)})
    bounded = {
        name: min(max(getattr(held, name), 0), (1 << 62) - 1)
        for name in ("root_serial", "keyset", "placement")
    }
    AgentTrust.objects.update_or_create(
        agent_id=delivery.agent,
        defaults={
            **bounded,
            "client_id": delivery.client,
            "root": held.root[:32],
            "classes": classes,
            "renews": held.renews,
            "told_at": now,
        },
    )
