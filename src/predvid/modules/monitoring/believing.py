"""The worker's chore on alerts: what waited for a moment. Acknowledgements and snoozes end, windows close,
what followed a cause outlives it, what flapped stands still; each tells people once, by one event.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from predvid.core import noise
from predvid.core.alerting import Phase
from predvid.core.model import Severity, State
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.alert_deeds import stand
from predvid.modules.monitoring.alert_events import SEVERITIES, alert_event, as_open, standing_of, told_event
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.monitoring.windows import OpenWindows

AT_ONCE = 500  # alerts a turn


def tick(now: datetime) -> int:
    """Do what is due at `now`; return how many events that made."""
    return _left(now) + _reopened(now) + _woken(now) + _inherited(now) + _due(now)


def _reopened(now: datetime) -> int:
    """Open again what was taken on until now and still stands."""
    over = Alert.objects.filter(phase=Alert.Phase.ACKNOWLEDGED, acknowledged_until__lte=now)
    return sum(_reopen(pk, now) for pk in over.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _reopen(pk: int, now: datetime) -> int:
    _hold_device(pk)
    rows = Alert.objects.select_for_update().filter(pk=pk, phase=Alert.Phase.ACKNOWLEDGED)
    alert = rows.filter(acknowledged_until__lte=now).first()
    if alert is None:
        return 0
    alert.phase, alert.acknowledged_until, alert.changed_at = Alert.Phase.OPEN, None, now
    _tell(alert, "reopened", now)
    alert.save(update_fields=["phase", "acknowledged_until", "changed_at", "quiet", "told"])
    stand(alert, Phase.OPEN)
    return 1


def _hold_device(pk: int) -> None:
    """Hold the device's row before the alert's, in the order in which judging holds them."""
    held = Device.objects.select_for_update().filter(pk__in=Alert.objects.filter(pk=pk).values("device_id"))
    list(held.values_list("pk"))


def _tell(alert: Alert, step: str, now: datetime, said: str = "") -> None:
    windows = OpenWindows.over({alert.device_id}, now)
    known = standing_of(alert, windows.over_device(alert.device_id), now)
    event = told_event(alert, step, SEVERITIES[State(alert.state)], now, noise.quiet(known, now))
    event.said_id = said or event.said_id
    event.save()


def _woken(now: datetime) -> int:
    """End snoozes: who has taken the alert on meanwhile is not disturbed."""
    over = Alert.objects.exclude(phase=Alert.Phase.RESOLVED).filter(snoozed_until__lte=now)
    return sum(_wake(pk, now) for pk in over.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _wake(pk: int, now: datetime) -> int:
    rows = Alert.objects.select_for_update().filter(pk=pk, snoozed_until__lte=now)
    alert = rows.exclude(phase=Alert.Phase.RESOLVED).first()
    if alert is None:
        return 0
    alert.snoozed_until = None
    told = alert.phase == Alert.Phase.OPEN
    if told:
        _tell(alert, "reopened", now, "alert.reopened.woken")
    else:
        alert.quiet = ""
    alert.save(update_fields=["snoozed_until", "quiet", "told"])
    return int(told)


def _left(now: datetime) -> int:
    """Take the alerts of people who were deactivated away from them, visibly."""
    gone = Alert.objects.exclude(phase=Alert.Phase.RESOLVED).filter(assigned_to__is_active=False)
    return sum(_leave(pk, now) for pk in gone.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _leave(pk: int, now: datetime) -> int:
    alert = Alert.objects.select_for_update().filter(pk=pk, assigned_to__isnull=False).first()
    if alert is None or alert.assigned_to is None or alert.assigned_to.is_active:
        return 0
    name, alert.assigned_to = alert.assigned_to.name, None
    kept = alert.quiet
    _tell_left(alert, name, now)
    alert.quiet = kept
    alert.save(update_fields=["assigned_to", "told"])
    return 1


def _tell_left(alert: Alert, name: str, now: datetime) -> None:
    windows = OpenWindows.over({alert.device_id}, now)
    reason = noise.quiet(standing_of(alert, windows.over_device(alert.device_id), now), now)
    event = told_event(alert, "assigned", Severity.NOTICE, now, reason)
    event.said_id, event.said_values = "alert.assigned.left", {**event.said_values, "to": name}
    event.source = {**event.source, "person": ""}
    event.save()


def _inherited(now: datetime) -> int:
    """Let what followed a cause that is over, and has not healed after it, be led by one of its own."""
    over = Alert.objects.exclude(phase=Alert.Phase.RESOLVED).filter(
        cause__phase=Alert.Phase.RESOLVED, cause__resolved_at__lte=now - noise.GRACE
    )
    for cause in sorted(set(over.values_list("cause_id", flat=True))):
        _inherit(cause)
    return 0  # `_due` tells of the one that leads now


@transaction.atomic
def _inherit(cause: int) -> None:
    rows = Alert.objects.select_for_update().filter(cause=cause).exclude(phase=Alert.Phase.RESOLVED)
    left = list(rows.order_by("pk"))
    if not left:
        return
    first = noise.heir([as_open(alert) for alert in left]).id
    wide = Alert.objects.filter(pk=cause, site_wide=True).exists()
    rest = [alert.pk for alert in left if alert.pk != first]
    Alert.objects.filter(pk__in=rest).update(cause=first)
    silent = sum(as_open(alert).offline for alert in left)
    # Whoever heard that the cause is over would believe that all of it is: told anew, even if told before.
    Alert.objects.filter(pk=first).update(
        cause=None,
        site_wide=wide and silent >= noise.SITE_DEVICES,
        quiet=noise.Quiet.FOLLOWER.value,
    )


def _due(now: datetime) -> int:
    """Tell, by one event a device, what stands open of which nobody was told for a reason that is over."""
    rows = Alert.objects.filter(phase=Alert.Phase.OPEN, quiet__in=[reason.value for reason in noise.LATER])
    calm = Q(flapping=True) & Q(changed_at__gt=now - noise.CALM)
    follows = Q(quiet=noise.Quiet.FOLLOWER.value, cause__isnull=False)
    waiting = rows.exclude(calm).exclude(follows).order_by("pk").values_list("pk", "device_id")
    devices: dict[UUID, list[int]] = defaultdict(list)
    for pk, device in waiting[:AT_ONCE]:
        devices[device].append(pk)
    if not devices:
        return 0
    windows = OpenWindows.over(set(devices), now)
    return sum(_tell_due(ids, now) for device, ids in devices.items() if not windows.over_device(device))


@transaction.atomic
def _tell_due(ids: Sequence[int], now: datetime) -> int:
    rows = Alert.objects.select_for_update().filter(pk__in=ids, phase=Alert.Phase.OPEN)
    alerts = list(rows.exclude(quiet="").order_by("pk"))
    told = []
    for alert in alerts:
        alert.flapping = False
        reason = noise.quiet(standing_of(alert, False, now), now)
        alert.quiet = reason.value if reason else ""
        if reason is None:
            told.append(alert)
            alert.told = [*noise.recent(alert.told, now), now.timestamp()]
    Alert.objects.bulk_update(alerts, ["quiet", "told", "flapping"])
    if not told:
        return 0
    _due_event(told, now).save()
    return 1


def _due_event(alerts: Sequence[Alert], now: datetime) -> Event:
    """Return the one event that names alerts of one device; it hangs on the worst of them."""
    worst = max(alerts, key=lambda alert: (alert.state, -alert.pk))
    event = alert_event(worst, "due", SEVERITIES[State(worst.state)], now)
    event.said_values = {**event.said_values, "n": len(alerts)}
    event.source = {**event.source, "alerts": [alert.pk for alert in alerts]}
    return event
