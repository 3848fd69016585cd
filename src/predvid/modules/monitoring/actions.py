"""Verbs of monitoring: write changed standings with their alerts and events, acknowledge, note."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from predvid.checks import registry
from predvid.core.alerting import Phase, Step
from predvid.core.errors import UserError
from predvid.core.model import Event as Fact
from predvid.core.model import Severity, State, say
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.models import Device
from predvid.modules.inventory.models import Fact as StoredFact
from predvid.modules.monitoring.models import Alert, AlertNote, Event, Result
from predvid.modules.monitoring.rules import Change, Standing

SEVERITIES = {
    State.OK: Severity.OK,
    State.WARNING: Severity.WARNING,
    State.UNKNOWN: Severity.WARNING,
    State.CRITICAL: Severity.CRITICAL,
}


class Conflict(Exception):
    """Another process judged one of these devices meanwhile: reload and judge again."""

    def __init__(self, devices: set[UUID]) -> None:
        super().__init__(f"{len(devices)} devices judged elsewhere")
        self.devices = devices


def record(changes: Sequence[Change], versions: dict[UUID, int], now: datetime) -> None:
    """Write changed standings, and the alerts and events that follow; must run inside a transaction.

    `versions` holds the judging version that each changed device was judged at; raises Conflict (and the
    transaction must end) if one has moved on. Afterwards each version is one higher.
    """
    devices = {change.device for change in changes}
    # Sorted, so that two gateways cannot wait for each other.
    moved = {device for device in sorted(devices) if not _claim_version(device, versions[device])}
    if moved:
        raise Conflict(moved)
    gone = [change for change in changes if change.after is None]
    for change in gone:
        Result.objects.filter(device_id=change.device, check_name=change.check, item=change.item).delete()
    _write_results([change for change in changes if change.after is not None])
    events = [event for change in changes if (event := _apply_alert(change, now)) is not None]
    Event.objects.bulk_create(events)


def _claim_version(device: UUID, version: int) -> bool:
    rows = Device.objects.filter(pk=device, judging_version=version)
    return rows.update(judging_version=F("judging_version") + 1) == 1


def _write_results(changes: Iterable[Change]) -> None:
    rows = {}
    for change in changes:
        standing = change.after
        if standing is None:
            continue
        reason = standing.reason
        rows[change.device, change.check, change.item] = Result(
            client_id=change.client,
            device_id=change.device,
            check_name=change.check,
            item=change.item,
            state=int(standing.state),
            said_id=standing.said.id,
            said_values=dict(standing.said.values),
            reason_id=reason.id if reason else "",
            reason_values=dict(reason.values) if reason else {},
            since=standing.since,
            phase=standing.condition.phase.value,
            bad_since=standing.condition.since,
        )
    Result.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["device", "check_name", "item"],
        update_fields=[
            "client",
            "state",
            "said_id",
            "said_values",
            "reason_id",
            "reason_values",
            "since",
            "phase",
            "bad_since",
        ],
    )


def _apply_alert(change: Change, now: datetime) -> Event | None:
    if change.step is Step.OPENED and change.after is not None:
        return _open_alert(change, change.after, now)
    if change.step not in (Step.CHANGED, Step.RESOLVED):
        return None
    alert = (
        Alert.objects.filter(device_id=change.device, check_name=change.check, item=change.item)
        .exclude(phase=Alert.Phase.RESOLVED)
        .first()
    )
    if alert is None:
        return None
    if change.step is Step.RESOLVED:
        alert.phase, alert.resolved_at = Alert.Phase.RESOLVED, now
    elif change.after is not None:
        alert.state, alert.phase = int(change.after.state), change.after.condition.phase.value
        alert.said_id, alert.said_values = change.after.said.id, dict(change.after.said.values)
        alert.notify = change.notify
    alert.changed_at = now
    alert.save()
    return _alert_event(
        alert,
        change.step.value,
        Severity.OK if change.step is Step.RESOLVED else SEVERITIES[State(alert.state)],
        now,
    )


def _open_alert(change: Change, standing: Standing, now: datetime) -> Event:
    alert = Alert.objects.create(
        client_id=change.client,
        device_id=change.device,
        check_name=change.check,
        item=change.item,
        state=int(standing.state),
        said_id=standing.said.id,
        said_values=dict(standing.said.values),
        since=standing.condition.since or standing.since,
        opened_at=now,
        changed_at=now,
        evidence=_evidence(change.device, change.check),
        notify=change.notify,
    )
    return _alert_event(alert, "opened", SEVERITIES[standing.state], now)


def _evidence(device: UUID, check_name: str) -> list[dict[str, Any]]:
    check = registry.checks().get(check_name)
    if check is None or not check.evidence:
        return []
    facts = StoredFact.objects.filter(device_id=device, name__in=check.evidence).order_by("name")
    return [{"name": fact.name, "value": fact.value, "since": fact.since.isoformat()} for fact in facts]


def _alert_event(alert: Alert, step: str, severity: Severity, now: datetime, actor: str = "") -> Event:
    what = f"{alert.check_name} {alert.item}".strip()
    return Event(
        client_id=alert.client_id,
        device_id=alert.device_id,
        alert=alert,
        kind=f"alert.{step}",
        severity=int(severity),
        at=now,
        recorded_at=now,
        said_id=f"alert.{step}",
        said_values={"what": what, "who": actor},
        actor=actor,
        target=what[:255],
        source={"said_id": alert.said_id, "said_values": alert.said_values},
    )


def event_row(fact: Fact, client: UUID | None, device: UUID | None, now: datetime) -> Event:
    """Return an unsaved row of a `core.model.Event`; `now` also stands in for a missing moment."""
    return Event(
        client_id=client,
        device_id=device,
        kind=fact.kind[:60],
        severity=int(fact.severity),
        at=fact.at or now,
        recorded_at=now,
        said_id=fact.said.id[:80],
        said_values=dict(fact.said.values),
        actor=fact.actor[:255],
        target=fact.target[:255],
        source=dict(fact.source),
    )


def note_event(
    kind: str,
    client_id: UUID | None,
    device_id: UUID | None,
    now: datetime,
    severity: Severity = Severity.INFO,
    by: str = "",
    /,
    **values: str | int | float,
) -> Event:
    """Write one event at once and return its row."""
    row = event_row(Fact(kind, say(kind, **values), severity, now, actor=by), client_id, device_id, now)
    row.save()
    return row


def _held_alert(viewer: Viewer, verb: str, alert_id: int) -> Alert:
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise NotVisible
    require(viewer, verb, alert.client_id)
    return alert


@transaction.atomic
def acknowledge(viewer: Viewer, alert_id: int, note: str, now: datetime) -> Alert:
    """Acknowledge an open alert, with a note if given. Raises NotVisible, or UserError if it is resolved."""
    alert = _held_alert(viewer, "alert.acknowledge", alert_id)
    if alert.phase == Alert.Phase.RESOLVED:
        raise UserError("This alert is already resolved.")
    mine = _written(note)
    if alert.phase == Alert.Phase.OPEN:
        alert.phase, alert.acknowledged_at, alert.acknowledged_by_id = (
            Alert.Phase.ACKNOWLEDGED,
            now,
            viewer.person,
        )
        alert.changed_at = now
        alert.save()
        Result.objects.filter(device_id=alert.device_id, check_name=alert.check_name, item=alert.item).update(
            phase=Phase.ACKNOWLEDGED.value
        )
        Device.objects.filter(pk=alert.device_id).update(judging_version=F("judging_version") + 1)
        _alert_event(alert, "acknowledged", Severity.INFO, now, viewer.name).save()
        after = {"phase": str(alert.phase), "note": _note(viewer, alert, mine, now).pk if mine else None}
        before = {"phase": str(Alert.Phase.OPEN)}
        subject = _subject(alert)
        audit.record(viewer, "alert.acknowledged", subject, alert.client_id, now, before=before, after=after)
    elif mine:
        _noted(viewer, alert, mine, now)
    return alert


@transaction.atomic
def add_note(viewer: Viewer, alert_id: int, text: str, now: datetime) -> AlertNote:
    """Add a note to an alert in any phase. Raises NotVisible, or UserError if the text is empty."""
    alert = _held_alert(viewer, "alert.note", alert_id)
    if not _written(text):
        raise UserError("Write something into the note.")
    return _noted(viewer, alert, text, now)


def _subject(alert: Alert) -> Subject:
    return Subject("alert", str(alert.pk), f"{alert.check_name} {alert.item}".strip())


def _noted(viewer: Viewer, alert: Alert, text: str, now: datetime) -> AlertNote:
    """Add a note and tell the audit its number; what people write may be personal and stays out of it."""
    note = _note(viewer, alert, text, now)
    audit.record(viewer, "alert.noted", _subject(alert), alert.client_id, now, after={"note": note.pk})
    return note


def _note(viewer: Viewer, alert: Alert, text: str, now: datetime) -> AlertNote:
    return AlertNote.objects.create(
        client_id=alert.client_id, alert=alert, person_id=viewer.person, at=now, text=_written(text)
    )


def _written(text: str) -> str:
    """Return what a person wrote, without NUL: PostgreSQL refuses it in texts."""
    return text.replace("\x00", "").strip()
