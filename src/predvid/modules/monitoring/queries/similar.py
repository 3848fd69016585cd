"""Alerts of the past that resemble one: how long they lasted, what people did, what solved them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, IntegerField, Prefetch, Value, When

from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring.models import Alert, AlertNote, Event
from predvid.modules.monitoring.queries.alerts import AlertRow, row
from predvid.modules.monitoring.queries.standing import narrowed
from predvid.modules.monitoring.words import event_sentence

LOOKED_AT = 5
TASKS = ("task.started", "task.done", "task.failed")


@dataclass(frozen=True)
class Similar:
    """A resolved alert like the present one; `near` is `device`, `client` or `other`."""

    row: AlertRow
    near: str
    lasted: timedelta
    solutions: list[str]
    notes: list[str]
    tasks: list[str]


def kind_of(item: str) -> str:
    """Return what kind of item it is: `!data` and its like are one each, everything else one together."""
    return item if item.startswith("!") else ""


def similar(viewer: Viewer, alert: Alert, limit: int = LOOKED_AT) -> list[Similar]:
    """Return resolved alerts of the same check and kind of item, in three queries.

    Those of this device come first (the same item before others), then of this client, then of whatever else
    the viewer sees; of each the ones that somebody wrote a solution to, then the newest.
    """
    rows = narrowed(
        viewer, Alert.objects.filter(check_name=alert.check_name, phase=Alert.Phase.RESOLVED)
    ).exclude(pk=alert.pk)
    kind = kind_of(alert.item)
    rows = rows.filter(item=kind) if kind else rows.exclude(item__startswith="!")
    near = Case(
        When(device=alert.device_id, item=alert.item, then=Value(0)),
        When(device=alert.device_id, then=Value(1)),
        When(client=alert.client_id, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    notes = narrowed(viewer, AlertNote.objects.order_by("-solution", "at", "pk"))
    ordered = rows.annotate(near=near).order_by("near", "-resolved_at", "-pk")
    found = list(
        ordered.select_related("client", "device__site", "acknowledged_by", "assigned_to").prefetch_related(
            Prefetch("notes", queryset=notes)
        )[:limit]
    )
    tasks = _tasks(viewer, found)
    return [_one(viewer, one, tasks.get(one.pk, [])) for one in found]


def _one(viewer: Viewer, alert: Alert, tasks: list[str]) -> Similar:
    notes = list(alert.notes.all())
    return Similar(
        row(viewer, alert),
        ("device", "device", "client", "other")[getattr(alert, "near", 3)],
        (alert.resolved_at or alert.changed_at) - alert.opened_at,
        [note.text for note in notes if note.solution],
        [note.text for note in notes if not note.solution][:2],
        tasks,
    )


def _tasks(viewer: Viewer, alerts: Sequence[Alert]) -> dict[int, list[str]]:
    """Return, per alert, what tasks its device did between its opening and its end."""
    if not alerts:
        return {}
    since: datetime = min(alert.opened_at for alert in alerts)
    devices = {alert.device_id for alert in alerts}
    events = narrowed(viewer, Event.objects.filter(device_id__in=devices, kind__in=TASKS, at__gte=since))
    out: dict[int, list[str]] = {}
    for event in events.order_by("at", "pk")[:200]:
        for alert in alerts:
            until = alert.resolved_at or alert.changed_at
            if event.device_id == alert.device_id and alert.opened_at <= event.at <= until:
                said = event_sentence(
                    event.kind, event.said_id, event.said_values, event.source, viewer.language
                )
                out.setdefault(alert.pk, []).append(said)
    return out
