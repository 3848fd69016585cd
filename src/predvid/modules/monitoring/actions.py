"""Verbs of monitoring: write changed standings with their alerts and events, acknowledge, note."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F

from predvid.core.model import Event as Fact
from predvid.core.model import Severity, say
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring import alert_events
from predvid.modules.monitoring.models import Event, Result
from predvid.modules.monitoring.rules import Change


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
    Event.objects.bulk_create(alert_events.of_changes(changes, now))


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
