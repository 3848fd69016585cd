"""Alerts: the inbox, one alert with its evidence, acknowledging and noting."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from predvid.checks import registry
from predvid.modules.access.pages import back, page, show
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import actions
from predvid.modules.monitoring.queries import alerts as alert_queries
from predvid.modules.monitoring.queries import device as device_queries
from predvid.modules.monitoring.queries import devices as list_queries
from predvid.modules.monitoring.views.devices import filters_of
from predvid.modules.monitoring.views.saved import opens_with_view

BEFORE, AFTER = timedelta(hours=6), timedelta(hours=2)  # drawn around an alert that has ended


@require_safe
@page("alert.view")
@opens_with_view("alerts")
def inbox(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List alerts of one phase: what do I do next?"""
    filters = filters_of(request)
    phase = request.GET.get("phase", "")
    phase = phase if phase in alert_queries.PHASES else "open"
    found = alert_queries.inbox(
        viewer, phase=phase, state=filters.state, client=filters.client, q=filters.q, number=filters.page
    )
    return show(
        request,
        "monitoring/alerts.html",
        {
            "alerts": found,
            "phase": phase,
            "filters": filters,
            "counted": alert_queries.by_phase(viewer),
            "clients": list_queries.clients(viewer),
            "filtered": bool(filters.state or filters.client or filters.q),
        },
    )


@require_safe
@page("alert.view")
def alert(request: HttpRequest, viewer: Viewer, alert_id: int) -> HttpResponseBase:
    """Show one alert: what, where, since when, on what evidence, and what people did."""
    found = alert_queries.one(viewer, alert_id)
    context = {
        "alert": found,
        "row": alert_queries.row(viewer, found),
        "past": alert_queries.past(viewer, found),
        "span": _span(found, timezone.now()),
        "now": timezone.now(),
    }
    if viewer.may("device.detail", found.client_id):
        context |= {
            "evidence": _evidence(viewer, found),
            "copied": alert_queries.evidence(viewer, found),
            "lines": alert_queries.history(viewer, found),
        }
    return show(request, "monitoring/alert.html", context)


def _evidence(viewer: Viewer, found: Any) -> dict[str, Any] | None:
    """Return the metric that the alert's check watches, with its limits: the one that names the item."""
    check = registry.checks().get(found.check_name)
    if check is None:
        return None
    limits = device_queries.limits_of(viewer, found.device, check)
    said = found.said_id.partition(".")[2]
    named = [
        limit for limit in limits if limit.field in (found.item, said) or found.item.endswith(limit.field)
    ]
    if not limits:
        return {"metric": check.charts[0], "limit": None} if check.charts else None
    chosen = (named or limits)[0]
    return {"metric": chosen.metric, "limit": chosen}


def _span(found: Any, now: datetime) -> tuple[datetime, datetime] | None:
    """Return what the evidence shows of a resolved alert: it with some time around it; else None (24 h)."""
    if found.resolved_at is None:
        return None
    return found.since - BEFORE, min(found.resolved_at + AFTER, now)


@require_POST
@page("alert.acknowledge")
def acknowledge(request: HttpRequest, viewer: Viewer, alert_id: int) -> HttpResponseBase:
    """Take an alert on, with a note if one was written."""
    taken = actions.acknowledge(viewer, alert_id, request.POST.get("note", ""), timezone.now())
    messages.success(request, _("You have taken this alert on."))
    return back(request, reverse("alert", args=[taken.pk]))


@require_POST
@page("alert.note")
def note(request: HttpRequest, viewer: Viewer, alert_id: int) -> HttpResponseBase:
    """Add a note to an alert."""
    actions.add_note(viewer, alert_id, request.POST.get("text", ""), timezone.now())
    return back(request, reverse("alert", args=[alert_id]))
