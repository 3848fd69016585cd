"""What people do with maintenance windows: plan, change, end now, delete."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import available_timezones

from django.db import transaction

from predvid.core.errors import UserError
from predvid.core.maintenance import LONGEST, Repeat, open_at
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Client
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.models import Device, Site
from predvid.modules.monitoring.models import MaintenanceWindow
from predvid.modules.monitoring.windows import window_of

MOST_DAYS = {Repeat.ONCE: 0, Repeat.WEEKLY: 7, Repeat.MONTHLY: 31}
COLUMNS = ("reason", "zone", "first", "at", "minutes", "repeat", "days", "last")


@dataclass(frozen=True, slots=True)
class Where:
    """What a window is over: a device, a site, a client, or (nothing named) every client."""

    client: UUID | None = None
    site: UUID | None = None
    device: UUID | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """When a window opens and why; see `core.maintenance.Window`."""

    reason: str
    zone: str
    first: date
    at: time
    minutes: int
    repeat: Repeat = Repeat.ONCE
    days: frozenset[int] = field(default_factory=frozenset)
    last: date | None = None


@transaction.atomic
def add(viewer: Viewer, where: Where, plan: Plan, now: datetime) -> MaintenanceWindow:
    """Plan a window. Raises NotVisible, Denied, or UserError for one that can never open."""
    place = _place(where)
    require(viewer, "window.change", place.client)
    row = MaintenanceWindow(
        client_id=place.client,
        site_id=place.site,
        device_id=place.device,
        made_by_id=viewer.person,
        made_at=now,
        **_columns(plan),
    )
    row.save()
    _audit(viewer, "window.added", row, now)
    return row


@transaction.atomic
def change(viewer: Viewer, window_id: int, plan: Plan, now: datetime) -> MaintenanceWindow:
    """Change when a window opens and why; over what it is stays. Raises as `add`."""
    row = _held(viewer, window_id)
    for name, value in _columns(plan).items():
        setattr(row, name, value)
    row.cut = None
    row.save()
    _audit(viewer, "window.changed", row, now)
    return row


@transaction.atomic
def end(viewer: Viewer, window_id: int, now: datetime) -> MaintenanceWindow:
    """End the present opening of a window; a recurring one opens again. Raises as `add`."""
    row = _held(viewer, window_id)
    if open_at([window_of(row)], now) is None:
        raise UserError("This window is not open now.")
    row.cut = now
    row.save(update_fields=["cut"])
    _audit(viewer, "window.ended", row, now)
    return row


@transaction.atomic
def delete(viewer: Viewer, window_id: int, now: datetime) -> None:
    """Delete a window; if it is open, that ends it too. Raises as `add`."""
    row = _held(viewer, window_id)
    key, client, name = str(row.pk), row.client_id, row.reason
    row.delete()
    audit.record(viewer, "window.deleted", Subject("window", key, name), client, now)


def _held(viewer: Viewer, window_id: int) -> MaintenanceWindow:
    row = MaintenanceWindow.objects.select_for_update().filter(pk=window_id).first()
    if row is None:
        raise NotVisible
    require(viewer, "window.change", row.client_id)
    return row


def _place(where: Where) -> Where:
    """Return where with the client that its site or device belongs to."""
    if where.device is not None:
        device = Device.objects.filter(pk=where.device, merged_into=None).first()
        if device is None:
            raise NotVisible
        return Where(device.client_id, None, device.pk)
    if where.site is not None:
        site = Site.objects.filter(pk=where.site).first()
        if site is None:
            raise NotVisible
        return Where(site.client_id, site.pk)
    if where.client is not None and not Client.objects.filter(pk=where.client).exists():
        raise NotVisible
    return where


def _columns(plan: Plan) -> dict[str, object]:
    reason = plan.reason.replace("\x00", "").strip()
    longest = int(LONGEST / timedelta(minutes=1))
    if not reason or len(reason) > 200:
        raise UserError("Write why, in at most 200 characters.")
    if plan.zone not in available_timezones():
        raise UserError("There is no such time zone; an example is Europe/Zagreb.")
    if not 1 <= plan.minutes <= longest:
        raise UserError("A window lasts from 1 minute to %(days)s days.", days=LONGEST.days)
    days = _days(plan)
    if plan.last is not None and plan.last < plan.first:
        raise UserError("The last day lies before the first.")
    values = (reason, plan.zone, plan.first, plan.at, plan.minutes, plan.repeat.value, days, plan.last)
    return dict(zip(COLUMNS, values, strict=True))


def _days(plan: Plan) -> list[int]:
    most = MOST_DAYS[plan.repeat]
    if not most:
        return []
    if not plan.days or not plan.days <= set(range(1, most + 1)):
        raise UserError("Choose the days on which the window opens.")
    return sorted(plan.days)


def _audit(viewer: Viewer, verb: str, row: MaintenanceWindow, now: datetime) -> None:
    subject = Subject("window", str(row.pk), row.reason)
    after: audit.Values = {
        "since": f"{row.first} {row.at:%H:%M}",
        "timezone": row.zone,
        "minutes": row.minutes,
        "repeat": row.repeat,
    }
    audit.record(viewer, verb, subject, row.client_id, now, after=after)
