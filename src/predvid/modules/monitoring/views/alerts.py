"""Alerts: the inbox, and one alert with its evidence."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from predvid.checks import registry
from predvid.modules.access.pages import page, show
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring.queries import alerts as alert_queries
from predvid.modules.monitoring.queries import device as device_queries
from predvid.modules.monitoring.queries import devices as list_queries
from predvid.modules.monitoring.queries.alert_people import assignable
from predvid.modules.monitoring.queries.similar import similar
from predvid.modules.monitoring.views.devices import filters_of
from predvid.modules.monitoring.views.saved import opens_with_view
from predvid.modules.monitoring.words import runbook

BEFORE, AFTER = timedelta(hours=6), timedelta(hours=2)  # drawn around an alert that has ended


@require_safe
@page("alert.view")
@opens_with_view("alerts")
def inbox(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List alerts of one phase: what do I do next?"""
    wanted = wanted_of(request)
    return show(
        request,
        "monitoring/alerts.html",
        {
            "alerts": alert_queries.inbox(viewer, wanted),
            "phase": wanted.phase,
            "wanted": wanted,
            "counted": alert_queries.by_phase(viewer),
            "clients": list_queries.clients(viewer),
            "checks": alert_queries.check_names(viewer),
            "filtered": wanted != alert_queries.Wanted(phase=wanted.phase, number=wanted.number),
        },
    )


def wanted_of(request: HttpRequest) -> alert_queries.Wanted:
    """Return what the address asks the inbox for; what it cannot be asked for is left out."""
    words, filters = request.GET, filters_of(request)
    phase, assigned, held = (words.get(name, "") for name in ("phase", "assigned", "held"))
    return alert_queries.Wanted(
        phase=phase if phase in alert_queries.PHASES else "open",
        state=filters.state,
        client=filters.client,
        q=filters.q,
        check=words.get("check", "").replace("\x00", "")[:60],
        assigned=assigned if assigned in ("me", "nobody") else "",
        held=held if held in ("maintenance", "snoozed") else "",
        number=filters.page,
    )


@require_safe
@page("alert.view")
def alert(request: HttpRequest, viewer: Viewer, alert_id: int) -> HttpResponseBase:
    """Show one alert: what, where, since when, on what evidence, and what people did."""
    found = alert_queries.one(viewer, alert_id)
    context = {
        "alert": found,
        "row": alert_queries.row(viewer, found),
        "followers": alert_queries.folded(viewer, [found])[0].followers,
        "cause": alert_queries.cause(viewer, found),
        "span": _span(found, timezone.now()),
        "now": timezone.now(),
    }
    if viewer.may("device.detail", found.client_id):
        context |= {
            "evidence": _evidence(viewer, found),
            "copied": alert_queries.evidence(viewer, found),
            "lines": alert_queries.history(viewer, found),
            "similar": similar(viewer, found),
            "people": assignable(viewer, found.client_id),
            "runbook": runbook(found.check_name, viewer.language),
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
