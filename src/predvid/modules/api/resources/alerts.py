"""Alerts: the inbox, one alert with its history, acknowledging and noting."""

from typing import Literal
from uuid import UUID

import msgspec
from django.utils import timezone

from predvid.modules.access.rules import Viewer
from predvid.modules.api.parts import Moment, OnePage, Text, Words, named, paged
from predvid.modules.api.route import Named, Paged, route
from predvid.modules.monitoring import alert_deeds
from predvid.modules.monitoring.queries import alerts as alert_queries

Phase = Literal["open", "acknowledged", "resolved"]


class AlertQuery(OnePage, forbid_unknown_fields=True):
    """Which alerts.

    page: from 1 on; beyond the last one there are no items.
    limit: how many items on a page.
    phase: open, acknowledged or resolved.
    state: only those of this state.
    client: only those of this client.
    q: only those whose device, client or item contains this.
    check: only those of the check of this name.
    assigned: me (whose token it is) or nobody.
    held: those in maintenance, or those snoozed, which stand in no other list of open ones.
    """

    phase: Phase = "open"
    state: Literal["warning", "unknown", "critical"] | None = None
    client: UUID | None = None
    q: Words = ""
    check: Words = ""
    assigned: Literal["me", "nobody"] | None = None
    held: Literal["maintenance", "snoozed"] | None = None


class Alert(msgspec.Struct):
    """A problem; `sentence` in the words of the token's owner.

    `cause` is the alert that leads this one, `followers` how many this one leads; `quiet` says why nobody was
    told of its last event (maintenance, flapping, follower, snoozed, policy, backlog), empty if somebody was.
    """

    id: int
    phase: str
    state: str
    check: str
    item: str
    sentence: str
    device: Named
    client: Named
    site: Named
    opened_at: Moment
    resolved_at: Moment | None
    acknowledged_by: str
    acknowledged_until: Moment | None
    assigned_to: Named | None
    snoozed_until: Moment | None
    flapping: bool
    quiet: str
    cause: int | None
    followers: int


class Line(msgspec.Struct):
    """One thing that happened to an alert, or a note of a person."""

    at: Moment
    kind: Literal["event", "note"]
    text: str
    by: str


class WholeAlert(Alert):
    """An alert with its history, which only those see who have the verb device.detail."""

    history: list[Line] | None


class Acknowledgement(msgspec.Struct, forbid_unknown_fields=True):
    """What to write to the alert that is taken on (may be empty), and when it is open again (null: never)."""

    note: Text = ""
    until: Moment | None = None


class Snooze(msgspec.Struct, forbid_unknown_fields=True):
    """Until when nobody is told of the alert (null: from now on somebody is), and a note."""

    until: Moment | None = None
    note: Text = ""


class Assignment(msgspec.Struct, forbid_unknown_fields=True):
    """Whose the alert is; null: nobody's."""

    person: UUID | None = None


class Note(msgspec.Struct, forbid_unknown_fields=True):
    """What to write to an alert; `solution` says that it tells what solved it."""

    text: Text
    solution: bool = False


@route("GET", "alerts", "alert.view")
def list_alerts(viewer: Viewer, query: AlertQuery) -> Paged[Alert]:
    """List alerts of one phase: the worst first, of resolved ones the last."""
    wanted = alert_queries.Wanted(
        phase=query.phase,
        state=query.state or "",
        client=query.client,
        q=query.q.strip(),
        check=query.check.strip(),
        assigned=query.assigned or "",
        held=query.held or "",
        number=str(query.page),
    )
    found = alert_queries.inbox(viewer, wanted, query.limit)
    return paged([_alert(row) for row in found.object_list], found, query.page)


@route("GET", "alerts/{alert_id}", "alert.view")
def get_alert(viewer: Viewer, alert_id: int) -> WholeAlert:
    """Show one alert."""
    return _whole(viewer, alert_id)


@route("POST", "alerts/{alert_id}/acknowledge", "alert.acknowledge")
def acknowledge_alert(viewer: Viewer, alert_id: int, body: Acknowledgement) -> WholeAlert:
    """Take an open alert on, with a note if one is sent. Doing it twice changes nothing."""
    alert_deeds.acknowledge(viewer, alert_id, body.note, timezone.now(), body.until)
    return _whole(viewer, alert_id)


@route("POST", "alerts/{alert_id}/notes", "alert.note", status=201)
def note_alert(viewer: Viewer, alert_id: int, body: Note) -> WholeAlert:
    """Add a note to an alert in any phase."""
    alert_deeds.add_note(viewer, alert_id, body.text, timezone.now(), solution=body.solution)
    return _whole(viewer, alert_id)


@route("POST", "alerts/{alert_id}/snooze", "alert.snooze")
def snooze_alert(viewer: Viewer, alert_id: int, body: Snooze) -> WholeAlert:
    """Let nobody be told of an alert until a moment, or end that."""
    alert_deeds.snooze(viewer, alert_id, body.until, body.note, timezone.now())
    return _whole(viewer, alert_id)


@route("POST", "alerts/{alert_id}/assign", "alert.assign")
def assign_alert(viewer: Viewer, alert_id: int, body: Assignment) -> WholeAlert:
    """Give an alert to a person who looks after its client, or to nobody."""
    alert_deeds.assign(viewer, alert_id, body.person, timezone.now())
    return _whole(viewer, alert_id)


def _alert(row: alert_queries.AlertRow) -> Alert:
    device = Named(row.device.pk, row.device.name)
    return Alert(
        row.id,
        row.phase,
        row.state,
        row.check,
        row.item,
        row.sentence,
        device,
        named(row.client),
        named(row.site),
        row.opened_at,
        row.resolved_at,
        row.acknowledged_by,
        row.acknowledged_until,
        Named(row.assigned_to.pk, row.assigned_to.name) if row.assigned_to else None,
        row.snoozed_until,
        row.flapping,
        row.quiet,
        row.cause,
        len(row.followers),
    )


def _whole(viewer: Viewer, alert_id: int) -> WholeAlert:
    found = alert_queries.one(viewer, alert_id)
    lines = None
    if viewer.may("device.detail", found.client_id):
        lines = [
            Line(line.at, "note" if line.note else "event", line.text, line.by)
            for line in alert_queries.history(viewer, found)
        ]
    known = _alert(alert_queries.folded(viewer, [found])[0])
    return WholeAlert(**msgspec.structs.asdict(known), history=lines)
