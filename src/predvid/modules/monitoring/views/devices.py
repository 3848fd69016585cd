"""Devices: the list, one device with its charts, and the search."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from predvid.checks import registry
from predvid.modules.access import exports
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.pages import page, show
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory import queries_records
from predvid.modules.inventory.fact_tables import tables
from predvid.modules.inventory.field_actions import Holder
from predvid.modules.monitoring import charts, device_rows
from predvid.modules.monitoring.queries import alerts as alert_queries
from predvid.modules.monitoring.queries import device as device_queries
from predvid.modules.monitoring.queries import devices as list_queries
from predvid.modules.monitoring.queries import groups as group_queries
from predvid.modules.monitoring.queries import search as search_queries
from predvid.modules.monitoring.store import StoreRefused, StoreUnavailable
from predvid.modules.monitoring.stores import store
from predvid.modules.monitoring.views.saved import opens_with_view


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def asked(request: HttpRequest) -> str:
    """Return what the address searches for, at most 100 characters; PostgreSQL takes no NUL in a text."""
    return request.GET.get("q", "").replace("\x00", "").strip()[:100]


def filters_of(request: HttpRequest) -> list_queries.Filters:
    """Return what the address asks the list for."""
    words = request.GET
    return list_queries.Filters(
        state=words.get("state", ""),
        client=_uuid(words.get("client", "")),
        site=_uuid(words.get("site", "")),
        type=words.get("type", ""),
        q=asked(request),
        sort=words.get("sort", "state"),
        page=words.get("page", "1"),
    )


@require_safe
@page("device.view")
@opens_with_view("devices")
def devices(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List devices, filtered by the address."""
    now, filters = timezone.now(), filters_of(request)
    listed = list_queries.device_list(viewer, filters, now)
    return show(
        request,
        "monitoring/devices.html",
        {
            "devices": listed.page,
            "filters": filters,
            "counted": listed.counted,
            "total": sum(listed.counted.values()),
            "clients": list_queries.clients(viewer),
            "sites": list_queries.sites(viewer, filters.client) if filters.client else [],
            "types": list_queries.types(),
            "asked": [(name, value) for name, value in asdict(replace(filters, page="")).items() if value],
            "listed": listed.page.paginator.count,
            "filtered": any((filters.state, filters.client, filters.site, filters.type, filters.q)),
            "now": now,
        },
    )


@require_safe
@page("export.make")
def export(request: HttpRequest, viewer: Viewer, sheet: str) -> HttpResponseBase:
    """Answer the whole list under the address's filters as a file, `csv` or `xlsx`."""
    if sheet not in exports.SHEETS:
        raise NotVisible
    found = list_queries.every_device(viewer, filters_of(request), timezone.now())
    head, rows = device_rows.HEAD, device_rows.rows(found)
    titles = [str(title) for title in head]
    if sheet == "csv":
        body = "".join(exports.csv_lines(titles, exports.texts(rows))).encode()
    else:
        body = exports.workbook(gettext("Devices"), titles, rows)
    answer = HttpResponse(body, content_type=exports.SHEETS[sheet])
    day = timezone.localdate().isoformat()
    answer["Content-Disposition"] = f'attachment; filename="predvid-devices-{day}.{sheet}"'
    return answer


@require_safe
@page("device.view")
def device(request: HttpRequest, viewer: Viewer, device_id: UUID) -> HttpResponseBase:
    """Show one device: what is wrong with it, and since when."""
    now = timezone.now()
    if target := device_queries.merged_target(viewer, device_id):
        return redirect("device", target)
    found = device_queries.one(viewer, device_id, now)
    context: dict[str, Any] = {
        "device": found,
        "now": now,
        "ranges": charts.RANGES,
        "range": charts.range_of(request.GET.get("range", "")),
        "alerts": alert_queries.of_device(viewer, device_id),
    }
    if viewer.may("device.detail", found.client_id):
        context |= _detail(viewer, found, now) | {
            "events": device_queries.events(viewer, found, request.GET.get("page", "1"))
        }
    if viewer.may("device.move", found.client_id):
        context |= {"twins": device_queries.twins(viewer, found), "places": list_queries.sites(viewer)}
    return show(request, "monitoring/device.html", context | _measured(viewer, found, now))


def _detail(viewer: Viewer, found: Any, now: datetime) -> dict[str, Any]:
    """Return what only those see who work on the device: agents, inventory, where it has belonged."""
    return {
        "agents": device_queries.agents(viewer, found, now),
        "facts": tables(device_queries.facts(viewer, found), viewer.language),
        "tenures": device_queries.tenures(viewer, found),
        "tags": group_queries.tags_of(viewer, found),
        "filled": queries_records.filled(viewer, Holder("device", found.client_id, found.pk, found.name)),
    }


def _measured(viewer: Viewer, found: Any, now: datetime) -> dict[str, Any]:
    try:
        latest = device_queries.latest_samples(viewer, found, now)
        present = [row.metric for row in store().series_of(str(found.pk))]
        rows = device_queries.check_rows(viewer, found, latest)
        limits = {limit.metric: limit for row in rows for limit in row.limits}
        return {
            "checks": rows,
            "charts": charts.offered(registry.checks(), present, viewer.language, limits),
            "store_down": False,
        }
    except (StoreUnavailable, StoreRefused):
        return {"checks": device_queries.check_rows(viewer, found, []), "charts": None, "store_down": True}


@require_safe
@page("device.view")
def search(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Answer what matches, as a fragment below the search field."""
    q = asked(request)
    found = search_queries.search(viewer, q, timezone.now())
    return render(request, "monitoring/_search.html", {"q": q, "found": found})
