"""Events: what happened, newest first."""

from uuid import UUID

import msgspec

from predvid.core.model import Severity
from predvid.modules.access.rules import Viewer
from predvid.modules.api.parts import Limit, Moment, RowId, Words
from predvid.modules.api.route import route
from predvid.modules.monitoring.queries import events as event_queries
from predvid.modules.monitoring.words import event_sentence


class EventQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which events.

    client: only those of this client.
    device: only those of this device.
    alert: only those of this alert.
    kind: only those of this kind, and of the kinds below it.
    before: only those older than the one with this id; `next` of the page before.
    limit: how many at most.
    """

    client: UUID | None = None
    device: UUID | None = None
    alert: RowId | None = None
    kind: Words = ""
    before: RowId | None = None
    limit: Limit = 50


class Event(msgspec.Struct):
    """Something that happened; `sentence` in the words of the token's owner."""

    id: int
    kind: str
    severity: str
    at: Moment
    recorded_at: Moment
    sentence: str
    actor: str
    target: str
    client: UUID | None
    device: UUID | None
    alert: int | None


class Events(msgspec.Struct):
    """Events, newest first; `next` is what to ask for as `before` to go on, null at the end."""

    items: list[Event]
    next: int | None


@route("GET", "events", "event.view")
def list_events(viewer: Viewer, query: EventQuery) -> Events:
    """List events, newest first. Whoever reads on by `next` misses none and reads none twice."""
    wanted = event_queries.Wanted(query.client, query.device, query.alert, query.kind, query.before)
    rows = event_queries.newest(viewer, wanted, query.limit + 1)
    shown = rows[: query.limit]
    items = [
        Event(
            row.pk,
            row.kind,
            Severity(row.severity).name.lower(),
            row.at,
            row.recorded_at,
            event_sentence(row.kind, row.said_id, row.said_values, row.source, viewer.language),
            row.actor,
            row.target,
            row.client_id,
            row.device_id,
            row.alert_id,
        )
        for row in shown
    ]
    return Events(items, shown[-1].pk if len(rows) > query.limit else None)
