"""Many devices at once: choose a deed, see what it would do, do it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from predvid.checks import registry
from predvid.core.errors import UserError
from predvid.modules.access.pages import page
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import bulk_actions
from predvid.modules.monitoring.queries import bulk as queries
from predvid.modules.monitoring.queries import devices as list_queries
from predvid.modules.monitoring.stores import store
from predvid.modules.monitoring.views.devices import filters_of

SHOWN = 12  # devices that are listed by name


@require_http_methods(["GET", "HEAD", "POST"])
@page("device.tag")
def bulk(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Preview a deed on the devices that the address names, or on all under its filters; then do it."""
    rows = queries.chosen(viewer, _keys(request, viewer), "device.tag")
    choices = queries.choices(viewer, rows)
    shown = {
        "rows": rows[:SHOWN],
        "more": max(0, len(rows) - SHOWN),
        "total": len(rows),
        "keys": ",".join(str(row.pk) for row in rows),
        "clients": len({row.client_id for row in rows}),
        "choices": choices,
    }
    if request.method != "POST":
        return render(request, "monitoring/devices_bulk.html", shown)
    now = timezone.now()
    if name := request.POST.get("new_group", "").strip():
        # A selection with a policy of its own: its values say that they come from this group.
        return redirect("policy-group", bulk_actions.group(viewer, [row.pk for row in rows], name, now).pk)
    asked = _deed(request)
    if request.POST.get("do") != "save":
        forecast = queries.forecast(viewer, rows, asked, registry.checks(), store(), now)
        named = next((one for one in choices.groups if one.pk == asked.group), None)
        return render(
            request,
            "monitoring/devices_bulk.html",
            shown | {"deed": asked, "forecast": forecast, "named": named},
        )
    done = bulk_actions.change(viewer, [row.pk for row in rows], asked, now)
    messages.success(
        request, ngettext("%(n)s device is changed.", "%(n)s devices are changed.", done) % {"n": done}
    )
    return redirect("devices")


def _keys(request: HttpRequest, viewer: Viewer) -> list[UUID]:
    """Return the devices that are chosen: in one field, as many fields; with none, all the filters leave."""
    if request.method == "POST":
        words = request.POST.get("devices", "").split(",")
    elif not (words := request.GET.getlist("device")):
        return [row.pk for row in list_queries.every_device(viewer, filters_of(request), timezone.now())]
    try:
        return [UUID(word) for word in words if word]
    except ValueError:
        raise UserError("Choose devices from the list.") from None


def _deed(request: HttpRequest) -> bulk_actions.Deed:
    sent = request.POST
    try:
        group = UUID(sent["group"]) if sent.get("group") else None
    except ValueError:
        raise UserError("Choose one from the list.") from None
    on = [word for word in sent.get("on", "").split(",") if word.strip()]
    off = [word for field in sent.getlist("off") for word in field.split(",") if word.strip()]
    return bulk_actions.deed(on, off, group, leave=sent.get("way") == "leave")
