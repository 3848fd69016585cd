"""Reads of what happened on one device in a span of time: its alerts, its tasks, its changes."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from predvid.core.model import State
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.fact_words import HIDDEN
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.monitoring.queries.device import SEVERITY_WORDS, icon_of
from predvid.modules.monitoring.queries.standing import WORD_OF, narrowed
from predvid.modules.monitoring.timeline import Entry
from predvid.modules.monitoring.words import event_sentence, sentence

MOST = 400  # of alerts, and of events: the newest of them
TASK_ENDS = {"task.done": "ok", "task.failed": "critical", "task.unknown": "unknown"}
TASK_ENDS |= {"task.refused": "critical", "task.cancelled": "waiting"}


@dataclass
class Happened:
    """What happened, by lane, each oldest first; `more` counts what is older and not shown."""

    alerts: list[Entry] = field(default_factory=list)
    tasks: list[Entry] = field(default_factory=list)
    changes: list[Entry] = field(default_factory=list)
    more: bool = False

    @property
    def listed(self) -> list[Entry]:
        """Return everything, newest first."""
        return sorted(
            (*self.alerts, *self.tasks, *self.changes), key=lambda e: (e.start, e.key), reverse=True
        )


def happened(viewer: Viewer, device: Device, start: datetime, end: datetime) -> Happened:
    """Return what happened on a visible device in [start, end), as far as `viewer` may know; two queries."""
    alerts = narrowed(viewer, Alert.objects.filter(device=device, opened_at__lt=end))
    alerts = alerts.filter(Q(resolved_at=None) | Q(resolved_at__gt=start)).order_by("-opened_at", "-pk")
    told = Event.objects.filter(device=device, at__gte=start, at__lt=end).exclude(kind__startswith="alert.")
    told = told.exclude(kind__startswith="inventory.", target__in=HIDDEN)
    events = list(narrowed(viewer, told).order_by("-at", "-pk")[: MOST + 1])
    found = Happened(more=len(events) > MOST)
    found.alerts = [_alert(viewer, row) for row in reversed(alerts.defer("evidence")[:MOST])]
    of_tasks: dict[str, list[Event]] = {}
    for event in reversed(events[:MOST]):
        if task := _task_of(event):
            of_tasks.setdefault(task, []).append(event)
        else:
            found.changes.append(_change(viewer, event))
    found.tasks = [_task(viewer, task, steps, start) for task, steps in of_tasks.items()]
    return found


def _alert(viewer: Viewer, row: Alert) -> Entry:
    tone = WORD_OF[State(row.state)]
    said = sentence(row.said_id, row.said_values, viewer.language)
    return Entry(
        f"a{row.pk}", row.opened_at, row.resolved_at, tone, "bell", said, "alert", "alert", str(row.pk)
    )


def _task_of(event: Event) -> str:
    """Return the task that an event tells of, empty for none: a request is no run."""
    return _key(event.source.get("task")) if event.kind.startswith("task.") else ""


def _key(value: object) -> str:
    """Return the key of a row that a source names, empty for what is none."""
    try:
        return str(UUID(str(value)))
    except ValueError:
        return ""


def _task(viewer: Viewer, task: str, steps: list[Event], start: datetime) -> Entry:
    """Return the run of a task from its steps: it began before `start` where no step tells of its start."""
    last = steps[-1]
    began = steps[0].at if steps[0].kind == "task.started" or last.kind in ("task.refused",) else start
    ended = last.at if last.kind in TASK_ENDS else None
    return Entry(
        f"t{last.pk}",
        min(began, last.at),
        ended,
        TASK_ENDS.get(last.kind, "info"),
        "player-play",
        _said(viewer, last),
        "task",
        "task",
        task,
        last.actor,
    )


def _change(viewer: Viewer, event: Event) -> Entry:
    """Return an event of any other kind; the page of its request tells more of one about a task."""
    request = _key(event.source.get("request")) if event.kind.startswith(("task.", "campaign.")) else ""
    return Entry(
        f"e{event.pk}",
        event.at,
        event.at,
        SEVERITY_WORDS[event.severity],
        icon_of(event.kind),
        _said(viewer, event),
        "change",
        "task-request" if request else "",
        request,
        event.actor,
    )


def _said(viewer: Viewer, event: Event) -> str:
    return event_sentence(event.kind, event.said_id, event.said_values, event.source, viewer.language)
