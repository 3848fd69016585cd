"""The timeline of a device: alerts, tasks, changes and its key measurements on one axis of time."""

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from predvid.modules.access.pages import page
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import charts
from predvid.modules.monitoring.queries import device as device_queries
from predvid.modules.monitoring.queries import graphs, timeline
from predvid.modules.monitoring.store import StoreRefused, StoreUnavailable
from predvid.modules.monitoring.timeline import Axis, bars, marks, ticks

LISTED = 100  # rows of the list below the axis


@require_safe
@page("device.detail")
def of_device(request: HttpRequest, viewer: Viewer, device_id: UUID) -> HttpResponseBase:
    """Answer the timeline as a fragment; while the store does not answer, without its measurements."""
    now = timezone.now()
    found = device_queries.one(viewer, device_id, now)
    axis = Axis(*charts.span(request.GET.dict(), now))
    told = timeline.happened(viewer, found, axis.start, axis.end)
    lanes = [("alerts", *bars(axis, told.alerts)), ("tasks", *bars(axis, told.tasks))]
    try:
        drawn, store_down = graphs.graphs(viewer, found, axis), False
    except (StoreUnavailable, StoreRefused):
        drawn, store_down = [], True
    shown = {
        "device": found,
        "range": charts.range_of(request.GET.get("range", "")),
        "ranges": charts.RANGES,
        "axis": axis,
        "ticks": ticks(axis, timezone.get_current_timezone()),
        "lanes": [lane for lane in lanes if lane[1]],
        "marks": marks(axis, told.changes),
        "graphs": drawn,
        "store_down": store_down,
        "listed": told.listed[:LISTED],
        "unlisted": max(len(told.listed) - LISTED, 0),
        "older": told.more,
        "now": now,
    }
    return render(request, "monitoring/_timeline.html", shown)
