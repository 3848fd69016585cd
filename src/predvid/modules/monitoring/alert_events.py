"""What changed standings do to alerts: opened, changed, resolved; each with its event and who is not told.

Only standings whose alert changes come here. What they need to know is read at once for the whole group.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from predvid.checks import registry
from predvid.core import noise
from predvid.core.alerting import Step
from predvid.core.model import Severity, State
from predvid.modules.inventory.models import Device
from predvid.modules.inventory.models import Fact as StoredFact
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.monitoring.rules import AGENT_CHECK, Change, Standing
from predvid.modules.monitoring.windows import OpenWindows

OFFLINE_ITEM = "offline"
SEVERITIES = {
    State.OK: Severity.OK,
    State.WARNING: Severity.WARNING,
    State.UNKNOWN: Severity.WARNING,
    State.CRITICAL: Severity.CRITICAL,
}
STEPS = (Step.OPENED, Step.CHANGED, Step.RESOLVED)
COLUMNS = (
    *("state", "phase", "said_id", "said_values", "changed_at", "resolved_at", "cause", "site_wide"),
    *("quiet", "told", "flapping", "notify"),
)
Key = tuple[UUID, str, str]


def of_changes(changes: Sequence[Change], now: datetime) -> list[Event]:
    """Write the alerts of `changes`; return the unsaved events that follow."""
    noted = [_noted(change, now) for change in changes if change.step is Step.NOTED]
    ours = [change for change in changes if change.step in STEPS]
    if not ours:
        return noted
    scene = Scene.of(ours, now)
    return noted + [event for change in ours for event in scene.apply(change)]


def key_of(alert: Alert | Change) -> Key:
    """Return which item of which check on which device it is."""
    if isinstance(alert, Change):
        return alert.device, alert.check, alert.item
    return alert.device_id, alert.check_name, alert.item


def is_offline(alert: Alert) -> bool:
    """Tell whether an alert says that its whole device is silent."""
    return alert.check_name == AGENT_CHECK and alert.item == OFFLINE_ITEM


def as_open(alert: Alert) -> noise.Open:
    """Return an alert as the rules of causes see it."""
    return noise.Open(alert.pk, State(alert.state), alert.opened_at, alert.cause_id, is_offline(alert))


@dataclass
class Scene:
    """The alerts of the devices of one group: those that stand, and how their items were lately."""

    now: datetime
    windows: OpenWindows
    standing: dict[Key, Alert] = field(default_factory=dict)
    openings: dict[Key, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    told: dict[Key, list[float]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, changes: Sequence[Change], now: datetime) -> "Scene":
        """Read what the alerts of `changes` need; the standing ones are held until the transaction ends."""
        devices = {change.device for change in changes}
        scene = cls(now, OpenWindows.over(devices, now))
        rows = Alert.objects.filter(device_id__in=devices)
        held = rows.exclude(phase=Alert.Phase.RESOLVED).select_for_update().order_by("pk")
        scene.standing = {key_of(alert): alert for alert in held}
        if any(change.step is Step.OPENED for change in changes):
            lately = rows.filter(phase=Alert.Phase.RESOLVED, resolved_at__gt=now - noise.HOUR)
            for device, check, item, at, told in lately.values_list(
                "device_id", "check_name", "item", "opened_at", "told"
            ):
                scene.openings[device, check, item].append(at)
                scene.told[device, check, item] += told
        return scene

    def apply(self, change: Change) -> Iterable[Event]:
        """Do one change; yield its event, and that of an alert which leads its whole site from now on."""
        if change.step is Step.OPENED and change.after is not None:
            yield from self._opened(self._open(change, change.after), change)
        elif (alert := self.standing.get(key_of(change))) is not None:
            self._move(alert, change)
            yield self._event(alert, change)

    def _opened(self, alert: Alert, change: Change) -> Iterable[Event]:
        wide = self._site(alert) if is_offline(alert) else None
        yield self._event(alert, change)
        if wide is not None:
            yield wide

    def _move(self, alert: Alert, change: Change) -> None:
        if change.step is Step.RESOLVED:
            alert.phase, alert.resolved_at = Alert.Phase.RESOLVED, self.now
            del self.standing[key_of(change)]
        elif change.after is not None:
            alert.state, alert.phase = int(change.after.state), change.after.condition.phase.value
            alert.said_id, alert.said_values = change.after.said.id, dict(change.after.said.values)
            alert.notify = change.notify
        alert.changed_at = self.now

    def _event(self, alert: Alert, change: Change) -> Event:
        severity = Severity.OK if change.step is Step.RESOLVED else SEVERITIES[State(alert.state)]
        event = told_event(alert, change.step.value, severity, self.now, self._quiet(alert, change.late))
        alert.save(update_fields=COLUMNS)
        return event

    def _quiet(self, alert: Alert, late: bool) -> noise.Quiet | None:
        in_maintenance = self.windows.over_device(alert.device_id)
        return noise.quiet(standing_of(alert, in_maintenance, self.now, late), self.now)

    def _open(self, change: Change, standing: Standing) -> Alert:
        key = key_of(change)
        mine = [alert for alert in self.standing.values() if alert.device_id == change.device]
        alert = Alert.objects.create(
            client_id=change.client,
            device_id=change.device,
            check_name=change.check,
            item=change.item,
            state=int(standing.state),
            said_id=standing.said.id,
            said_values=dict(standing.said.values),
            since=standing.condition.since or standing.since,
            opened_at=self.now,
            changed_at=self.now,
            evidence=_evidence(change.device, change.check),
            notify=change.notify,
            flapping=noise.flaps([*self.openings[key], self.now], self.now),
            told=noise.recent(self.told[key], self.now),
        )
        self._caused(alert, mine)
        self.standing[key] = alert
        return alert

    def _caused(self, alert: Alert, others: Sequence[Alert]) -> None:
        """Let a new alert follow the cause of its device, or lead what opened at the same moment."""
        by_id = {other.pk: other for other in others}
        opened = as_open(alert)
        seen = [as_open(other) for other in others]
        if (leads := noise.leader(opened, seen)) is not None:
            alert.cause_id = leads.cause or leads.id
            return
        for one in noise.followers(opened, seen):
            by_id[one.id].cause_id = alert.pk
            by_id[one.id].save(update_fields=["cause"])

    def _site(self, alert: Alert) -> Event | None:
        """Let the silent devices of one site and moment follow the first; return its event once it leads."""
        site = Device.objects.filter(pk=alert.device_id).values("site_id")
        silent = Alert.objects.filter(
            device__site_id__in=site,
            check_name=AGENT_CHECK,
            item=OFFLINE_ITEM,
            opened_at__gt=self.now - noise.SITE_MOMENT,
        ).exclude(phase=Alert.Phase.RESOLVED)
        found = list(silent.select_for_update().order_by("opened_at", "pk"))
        if len(found) < noise.SITE_DEVICES:
            return None
        first, rest = found[0], found[1:]
        ids = [one.pk for one in rest]
        Alert.objects.filter(pk__in=ids).update(cause=first)
        Alert.objects.filter(cause__in=ids).update(cause=first)
        alert.cause_id = first.pk if alert.pk in ids else None
        if first.site_wide:
            return None
        first.site_wide, first.cause_id, first.changed_at = True, None, self.now
        return self._led(first, len(found))

    def _led(self, first: Alert, devices: int) -> Event:
        windows = OpenWindows.over({first.device_id}, self.now)
        known = standing_of(first, windows.over_device(first.device_id), self.now)
        reason = noise.quiet(known, self.now)
        event = told_event(first, "changed", SEVERITIES[State(first.state)], self.now, reason)
        event.said_id, event.said_values = "alert.changed.site", {**event.said_values, "n": devices}
        first.save(update_fields=COLUMNS)
        return event


def standing_of(alert: Alert, in_maintenance: bool, now: datetime, late: bool = False) -> noise.Standing:
    """Return what decides whether somebody is told of what happens to `alert` at `now`."""
    return noise.Standing(
        notify=alert.notify,
        late=late,
        in_maintenance=in_maintenance,
        snoozed=alert.snoozed_until is not None and alert.snoozed_until > now,
        follows=alert.cause_id is not None,
        flaps=alert.flapping,
        told=alert.told,
    )


def told_event(
    alert: Alert, step: str, severity: Severity, now: datetime, quiet: noise.Quiet | None, actor: str = ""
) -> Event:
    """Return the unsaved event `alert.<step>`; keep on `alert` (unsaved) whether somebody is told of it."""
    if quiet is None:
        alert.told = [*noise.recent(alert.told, now), now.timestamp()]
    alert.quiet = quiet.value if quiet else ""
    event = alert_event(alert, step, severity, now, actor)
    if quiet is not None:
        event.source["quiet"] = quiet.value
    return event


def alert_event(alert: Alert, step: str, severity: Severity, now: datetime, actor: str = "") -> Event:
    """Return the unsaved event `alert.<step>` with what the alert says now."""
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


def _noted(change: Change, now: datetime) -> Event:
    """Return the event of the timeline that something informational makes."""
    said = change.after.said if change.after is not None else None
    what = f"{change.check} {change.item}".strip()
    return Event(
        client_id=change.client,
        device_id=change.device,
        kind="result.noted",
        severity=int(Severity.INFO),
        at=now,
        recorded_at=now,
        said_id=said.id if said else "result.noted",
        said_values=dict(said.values) if said else {"what": what},
        target=what[:255],
        source={"quiet": noise.Quiet.INFORMATIONAL.value},
    )


def _evidence(device: UUID, check_name: str) -> list[dict[str, Any]]:
    check = registry.checks().get(check_name)
    if check is None or not check.evidence:
        return []
    facts = StoredFact.objects.filter(device_id=device, name__in=check.evidence).order_by("name")
    return [{"name": fact.name, "value": fact.value, "since": fact.since.isoformat()} for fact in facts]


def bump(devices: Iterable[UUID]) -> None:
    """Let every gateway judge these devices anew: a person or the clock moved their alerts' phase."""
    Device.objects.filter(pk__in=sorted(devices)).update(judging_version=F("judging_version") + 1)
