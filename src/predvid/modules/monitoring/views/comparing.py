"""One chart, large: a metric of a device beside that of other devices and beside itself some time ago."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from predvid.checks import registry
from predvid.modules.access.pages import page, show
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import charts
from predvid.modules.monitoring.queries import compared
from predvid.modules.monitoring.queries import device as device_queries
from predvid.modules.monitoring.store import StoreRefused, StoreUnavailable
from predvid.modules.monitoring.stores import store


@require_safe
@page("device.detail")
def series(request: HttpRequest, viewer: Viewer, device_id: UUID) -> HttpResponseBase:
    """Answer the curves of one metric as JSON columns; 503 while the store does not answer."""
    now = timezone.now()
    wanted = compared.asked(request.GET)
    found = compared.shown(viewer, device_queries.one(viewer, device_id, now), wanted.others)
    start, end = charts.span(request.GET.dict(), now)
    try:
        curves = compared.curves(viewer, found, wanted, start, end)
    except (StoreUnavailable, StoreRefused):
        return JsonResponse({"error": "store"}, status=503)
    answer = charts.columns(curves, wanted.metric, viewer.language)
    return JsonResponse(answer | {"from": start.timestamp(), "to": end.timestamp()})


@require_safe
@page("device.detail")
def chart(request: HttpRequest, viewer: Viewer, device_id: UUID) -> HttpResponseBase:
    """Show one chart with what it is compared with, all of it in the address, and its figures as a table."""
    now = timezone.now()
    wanted = compared.asked(request.GET)
    first = device_queries.one(viewer, device_id, now)
    found = compared.shown(viewer, first, wanted.others)
    start, end = charts.span(request.GET.dict(), now)
    others = [device.pk for device in found[1:]]
    find = _searched(request)
    shown: dict[str, Any] = {
        "device": first,
        "asked": wanted,
        "range": charts.range_of(request.GET.get("range", "")),
        "ranges": charts.RANGES,
        "shifts": compared.SHIFTS,
        "compared": [(device, [key for key in others if key != device.pk]) for device in found[1:]],
        "others": others,
        "find": find,
        "full": len(others) >= compared.MOST_OTHERS,
        "offered": [(device, [*others, device.pk]) for device in compared.offered(viewer, found, find)],
        **_measured(viewer, first),
    }
    if shown["metrics"] and wanted.metric not in {each.metric for each in shown["metrics"]}:
        shown["asked"] = wanted = replace(wanted, metric=shown["metrics"][0].metric)
    try:
        shown["rows"] = compared.rows(compared.curves(viewer, found, wanted, start, end))
    except (StoreUnavailable, StoreRefused):
        shown["store_down"] = True
    return show(request, "monitoring/chart.html", shown)


def _searched(request: HttpRequest) -> str:
    """Return by which words a device to compare with is looked for."""
    return request.GET.get("find", "").replace("\x00", "").strip()[:100]


def _measured(viewer: Viewer, device: Any) -> dict[str, Any]:
    try:
        present = [row.metric for row in store().series_of(str(device.pk))]
    except (StoreUnavailable, StoreRefused):
        return {"metrics": [], "store_down": True}
    return {"metrics": charts.offered(registry.checks(), present, viewer.language, {}).all}
