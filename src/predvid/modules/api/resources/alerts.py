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
    """

    phase: Phase = "open"
    state: Literal["warning", "unknown", "critical"] | None = None
    client: UUID | None = None
    q: Words = ""


class Alert(msgspec.Struct):
    """A problem; `sentence` in the words of the token's owner."""

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
    """What to write to the alert that is taken on; may be empty."""

    note: Text = ""


class Note(msgspec.Struct, forbid_unknown_fields=True):
    """What to write to an alert."""

    text: Text


@route("GET", "alerts", "alert.view")
def list_alerts(viewer: Viewer, query: AlertQuery) -> Paged[Alert]:
    """List alerts of one phase: the worst first, of resolved ones the last."""
    found = alert_queries.inbox(
        viewer,
        phase=query.phase,
        state=query.state or "",
        client=query.client,
        q=query.q.strip(),
        number=str(query.page),
        per_page=query.limit,
    )
    return paged([_alert(row) for row in found.object_list], found, query.page)


@route("GET", "alerts/{alert_id}", "alert.view")
def get_alert(viewer: Viewer, alert_id: int) -> WholeAlert:
    """Show one alert."""
    return _whole(viewer, alert_id)


@route("POST", "alerts/{alert_id}/acknowledge", "alert.acknowledge")
def acknowledge_alert(viewer: Viewer, alert_id: int, body: Acknowledgement) -> WholeAlert:
    """Take an open alert on, with a note if one is sent. Doing it twice changes nothing."""
    alert_deeds.acknowledge(viewer, alert_id, body.note, timezone.now())
    return _whole(viewer, alert_id)


@route("POST", "alerts/{alert_id}/notes", "alert.note", status=201)
def note_alert(viewer: Viewer, alert_id: int, body: Note) -> WholeAlert:
    """Add a note to an alert in any phase."""
    alert_deeds.add_note(viewer, alert_id, body.text, timezone.now())
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
    )


def _whole(viewer: Viewer, alert_id: int) -> WholeAlert:
    found = alert_queries.one(viewer, alert_id)
    lines = None
    if viewer.may("device.detail", found.client_id):
        lines = [
            Line(line.at, "note" if line.note else "event", line.text, line.by)
            for line in alert_queries.history(viewer, found)
        ]
    known = _alert(alert_queries.row(viewer, found))
    return WholeAlert(**msgspec.structs.asdict(known), history=lines)
