"""What people do with alerts: take on, snooze, assign, write notes; one by one or many at once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from predvid.core import noise
from predvid.core.alerting import Phase
from predvid.core.errors import UserError
from predvid.core.model import Severity
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Person
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.alert_events import alert_event, bump, standing_of, told_event
from predvid.modules.monitoring.models import Alert, AlertNote, Result
from predvid.modules.monitoring.queries.alert_people import assignable
from predvid.modules.monitoring.windows import OpenWindows

MAX_NOTE = 10_000  # characters
LONGEST = timedelta(days=90)  # how far ahead a snooze or an acknowledgement may end
AT_ONCE = 200


@transaction.atomic
def acknowledge(
    viewer: Viewer,
    alert_id: int,
    note: str,
    now: datetime,
    until: datetime | None = None,
    *,
    solution: bool = False,
) -> Alert:
    """Take an open alert on, with a note if given; at `until` it is open again, should it still stand.

    Of one that is taken on already only a new `until` is kept. Raises NotVisible, Denied, or UserError if it
    is resolved or `until` cannot be.
    """
    alert = _standing(viewer, "alert.acknowledge", alert_id)
    mine = _written(note)
    _check_until(until, now)
    taken = alert.phase == Alert.Phase.OPEN
    if taken:
        alert.phase, alert.acknowledged_at, alert.changed_at = Alert.Phase.ACKNOWLEDGED, now, now
        alert.acknowledged_by_id = viewer.person
    if taken or until is not None:
        before = {"phase": str(Alert.Phase.OPEN if taken else alert.phase)}
        alert.acknowledged_until = until
        alert.save(
            update_fields=[
                *("phase", "acknowledged_at", "acknowledged_by", "changed_at"),
                "acknowledged_until",
            ]
        )
        if taken:
            stand(alert, Phase.ACKNOWLEDGED)
        alert_event(alert, "acknowledged", Severity.INFO, now, viewer.name).save()
        number = _note(viewer, alert, mine, now, solution=solution).pk if mine else None
        after = {"phase": str(alert.phase), "note": number, "until": _iso(until)}
        audit.record(
            viewer, "alert.acknowledged", _subject(alert), alert.client_id, now, before=before, after=after
        )
    elif mine:
        _noted(viewer, alert, mine, now, solution=solution)
    return alert


def stand(alert: Alert, phase: Phase) -> None:
    """Let the judged standing of an alert's item have the alert's phase, for every gateway."""
    rows = Result.objects.filter(device_id=alert.device_id, check_name=alert.check_name, item=alert.item)
    rows.update(phase=phase.value)
    bump([alert.device_id])


@transaction.atomic
def snooze(viewer: Viewer, alert_id: int, until: datetime | None, note: str, now: datetime) -> Alert:
    """Let nobody be told of an alert until a moment (None: wake it now). Raises as `acknowledge`."""
    alert = _standing(viewer, "alert.snooze", alert_id)
    mine = _written(note)
    _check_until(until, now)
    if until is None and alert.snoozed_until is None:
        raise UserError("This alert is not snoozed.")
    before = {"until": _iso(alert.snoozed_until)}
    alert.snoozed_until = until
    # A person's own deed is in the timeline; whoever is told of alerts need not hear of it.
    event = told_event(alert, "snoozed", Severity.INFO, now, noise.Quiet.SNOOZED, viewer.name)
    if until is None:
        event.said_id = "alert.snoozed.woken"
        alert.quiet = ""
    alert.save(update_fields=["snoozed_until", "quiet"])
    event.save()
    number = _note(viewer, alert, mine, now).pk if mine else None
    after = {"until": _iso(until), "note": number}
    audit.record(viewer, "alert.snoozed", _subject(alert), alert.client_id, now, before=before, after=after)
    return alert


@transaction.atomic
def assign(viewer: Viewer, alert_id: int, person_id: UUID | None, now: datetime) -> Alert:
    """Give an alert to a person who may see to it (None: to nobody). Raises as `acknowledge`.

    Giving it to whoever has it already changes nothing.
    """
    alert = _standing(viewer, "alert.assign", alert_id)
    person = _assignee(viewer, alert, person_id)
    if alert.assigned_to_id == (person.pk if person else None):
        return alert
    before = {"assigned": bool(alert.assigned_to_id)}
    alert.assigned_to = person
    windows = OpenWindows.over({alert.device_id}, now)
    known = standing_of(alert, windows.over_device(alert.device_id), now)
    kept = alert.quiet
    event = told_event(alert, "assigned", Severity.INFO, now, noise.quiet(known, now), viewer.name)
    alert.quiet = kept  # of the problem itself nobody was told more or less than before
    event.said_id = "alert.assigned" if person else "alert.assigned.nobody"
    event.said_values = {**event.said_values, "to": person.name if person else ""}
    event.source |= {"person": str(person.pk) if person else "", "by": str(viewer.person or "")}
    alert.save(update_fields=["assigned_to", "told"])
    event.save()
    after: audit.Values = {"assigned": person is not None, "to": str(person.pk) if person else ""}
    audit.record(viewer, "alert.assigned", _subject(alert), alert.client_id, now, before=before, after=after)
    return alert


def _assignee(viewer: Viewer, alert: Alert, person_id: UUID | None) -> Person | None:
    if person_id is None:
        return None
    found = next((one for one in assignable(viewer, alert.client_id) if one.pk == person_id), None)
    if found is None:
        raise UserError("Choose somebody who looks after this client.")
    return found


@transaction.atomic
def add_note(viewer: Viewer, alert_id: int, text: str, now: datetime, *, solution: bool = False) -> AlertNote:
    """Add a note to an alert in any phase; `solution` says that it tells what solved it.

    Raises NotVisible, or UserError if the text is empty or too long.
    """
    alert = _held(viewer, "alert.note", alert_id)
    mine = _written(text)
    if not mine:
        raise UserError("Write something into the note.")
    return _noted(viewer, alert, mine, now, solution=solution)


@transaction.atomic
def bulk(viewer: Viewer, alert_ids: Sequence[int], deed: Callable[[int], object]) -> int:
    """Do `deed` to each of these alerts, all or none; return how many.

    Raises as the deed does, and UserError if there are none or too many.
    """
    if not alert_ids:
        raise UserError("Choose at least one alert.")
    if len(alert_ids) > AT_ONCE:
        raise UserError("At most %(most)s alerts at once; these are %(n)s.", most=AT_ONCE, n=len(alert_ids))
    for alert_id in sorted(set(alert_ids)):
        deed(alert_id)
    return len(set(alert_ids))


def _held(viewer: Viewer, verb: str, alert_id: int) -> Alert:
    # The device before the alert: in the order in which judging holds them.
    mine = Alert.objects.filter(pk=alert_id).values("device_id")
    list(Device.objects.select_for_update().filter(pk__in=mine).values_list("pk"))
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise NotVisible
    require(viewer, verb, alert.client_id)
    return alert


def _standing(viewer: Viewer, verb: str, alert_id: int) -> Alert:
    alert = _held(viewer, verb, alert_id)
    if alert.phase == Alert.Phase.RESOLVED:
        raise UserError("This alert is already resolved.")
    return alert


def _check_until(until: datetime | None, now: datetime) -> None:
    if until is not None and not now < until <= now + LONGEST:
        raise UserError("Choose a moment within the next %(days)s days.", days=LONGEST.days)


def _iso(moment: datetime | None) -> str:
    return moment.isoformat(timespec="minutes") if moment else ""


def _subject(alert: Alert) -> Subject:
    return Subject("alert", str(alert.pk), f"{alert.check_name} {alert.item}".strip())


def _noted(viewer: Viewer, alert: Alert, text: str, now: datetime, *, solution: bool) -> AlertNote:
    """Add a note and tell the audit its number; what people write may be personal and stays out of it."""
    note = _note(viewer, alert, text, now, solution=solution)
    after: audit.Values = {"note": note.pk, "solution": True} if solution else {"note": note.pk}
    audit.record(viewer, "alert.noted", _subject(alert), alert.client_id, now, after=after)
    return note


def _note(viewer: Viewer, alert: Alert, text: str, now: datetime, *, solution: bool = False) -> AlertNote:
    return AlertNote.objects.create(
        client_id=alert.client_id, alert=alert, person_id=viewer.person, at=now, text=text, solution=solution
    )


def _written(text: str) -> str:
    """Return what a person wrote, without NUL, which PostgreSQL refuses. Raises UserError if too long."""
    mine = text.replace("\x00", "").strip()
    if len(mine) > MAX_NOTE:
        raise UserError(
            "A note has at most %(most)s characters; this one has %(n)s. Shorten it or write two.",
            most=MAX_NOTE,
            n=len(mine),
        )
    return mine
