"""Maintenance windows: which there are, planning, ending and deleting one."""

from datetime import date, time
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta

from predvid.core.maintenance import Repeat
from predvid.modules.access.rules import Viewer
from predvid.modules.api.parts import Moment, Words
from predvid.modules.api.route import route
from predvid.modules.monitoring import window_deeds
from predvid.modules.monitoring.queries import windows as queries

Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Day = Annotated[int, Meta(ge=1, le=31)]
Minutes = Annotated[int, Meta(ge=1, le=7 * 24 * 60)]


class Window(msgspec.Struct):
    """A window over a device, a site, a client or (all null) every client; `at` by the clock of `zone`.

    `open_until` is null unless it is open now, `next` the moments at which it opens next.
    """

    id: int
    client: UUID | None
    site: UUID | None
    device: UUID | None
    reason: str
    zone: str
    first: date
    at: str
    minutes: int
    repeat: str
    days: list[int]
    last: date | None
    open_until: Moment | None
    next: list[Moment]


class Windows(msgspec.Struct):
    """All windows that are visible: open ones first, then what opens next."""

    items: list[Window]


class NewWindow(msgspec.Struct, forbid_unknown_fields=True):
    """A window to plan; `days` are 1 (Monday) to 7 of a weekly one, 1 to 31 of a monthly one."""

    reason: Reason
    first: date
    at: Clock
    minutes: Minutes
    zone: Words = "Europe/Zagreb"
    repeat: Literal["once", "weekly", "monthly"] = "once"
    days: list[Day] = []
    last: date | None = None
    client: UUID | None = None
    site: UUID | None = None
    device: UUID | None = None


@route("GET", "windows", "window.view")
def list_windows(viewer: Viewer) -> Windows:
    """List maintenance windows."""
    return Windows([_window(row) for row in queries.rows(viewer, timezone.now())])


@route("POST", "windows", "window.change", status=201)
def add_window(viewer: Viewer, body: NewWindow) -> Window:
    """Plan a maintenance window; over every client only who sees them all."""
    now = timezone.now()
    days, at = frozenset(body.days), time.fromisoformat(body.at)
    plan = window_deeds.Plan(
        body.reason, body.zone, body.first, at, body.minutes, Repeat(body.repeat), days, body.last
    )
    where = window_deeds.Where(body.client, body.site, body.device)
    made = window_deeds.add(viewer, where, plan, now)
    return _window(queries.row(queries.one(viewer, made.pk), now))


@route("POST", "windows/{window_id}/end", "window.change")
def end_window(viewer: Viewer, window_id: int) -> Window:
    """End the present opening of a window; a recurring one opens again."""
    now = timezone.now()
    window_deeds.end(viewer, window_id, now)
    return _window(queries.row(queries.one(viewer, window_id), now))


def _window(row: queries.WindowRow) -> Window:
    window = row.window
    return Window(
        window.pk,
        window.client_id,
        window.site_id,
        window.device_id,
        window.reason,
        window.zone,
        window.first,
        f"{window.at:%H:%M}",
        window.minutes,
        window.repeat,
        window.days,
        window.last,
        row.open.end if row.open else None,
        [span.start for span in row.next],
    )
