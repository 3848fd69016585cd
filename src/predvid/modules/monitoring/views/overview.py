"""Overview: is everything all right, and what needs me? And the clients, one by one."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from predvid.modules.access.errors import NotVisible
from predvid.modules.access.pages import page, show
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory import queries_records
from predvid.modules.inventory.queries import sites_with_devices
from predvid.modules.monitoring.charts import spark
from predvid.modules.monitoring.client_words import in_one_sentence
from predvid.modules.monitoring.queries import alerts as alert_queries
from predvid.modules.monitoring.queries import devices as device_queries
from predvid.modules.monitoring.queries import standing
from predvid.modules.monitoring.views.devices import asked

CLIENTS_SHOWN = 12
DEVICES_SHOWN = 10  # on the page of a client, which has more to tell than its devices


@require_safe
@page("client.view")
def overview(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Show figures, health by client and what is open."""
    now = timezone.now()
    health = standing.health(viewer, now)
    return show(
        request,
        "monitoring/overview.html",
        {
            "totals": _totals(health),
            "health": health[:CLIENTS_SHOWN],
            "clients": len(health),
            "more": len(health) - CLIENTS_SHOWN,
            "alerts": alert_queries.urgent(viewer),
            "spark": spark(standing.open_alerts_by_hour(viewer, now)),
            "last_seen": standing.last_seen(viewer),
            "now": now,
        },
    )


def _totals(health: list[standing.Health]) -> dict[str, Any]:
    sums = {name: sum(row.by_standing[name] for row in health) for name in standing.STANDINGS}
    total = sum(sums.values())
    return {
        **sums,
        "all": total,
        "online": total - sums["offline"] - sums["waiting"],
        "parts": [(name, sums[name]) for name in reversed(standing.STANDINGS) if sums[name]],
    }


@require_safe
@page("client.view")
def clients(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List the clients with their health."""
    q = asked(request)
    rows = standing.health(viewer, timezone.now())
    found = [row for row in rows if q.lower() in row.client.name.lower()] if q else rows
    return show(request, "monitoring/clients.html", {"health": found, "q": q, "all": len(rows)})


@require_safe
@page("client.view")
def client(request: HttpRequest, viewer: Viewer, client_id: UUID) -> HttpResponseBase:
    """Show one client: how it stands in one sentence, its devices, what is open, what is written down."""
    if not viewer.sees(client_id):
        raise NotVisible
    now = timezone.now()
    health = standing.health(viewer, now, only=client_id)
    if not health:
        raise NotVisible
    filters = device_queries.Filters(client=client_id, page=request.GET.get("page", "1"))
    return show(
        request,
        "monitoring/client.html",
        {
            "row": health[0],
            "client": health[0].client,
            "verdict": in_one_sentence(health[0], viewer.language),
            "records": queries_records.of_client(viewer, client_id),
            "sites": sites_with_devices(viewer, client_id),
            "alerts": alert_queries.urgent(viewer, client=client_id),
            "devices": device_queries.device_list(viewer, filters, now, DEVICES_SHOWN).page,
            "now": now,
        },
    )
