"""Pages of the delivery log and of routes."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from predvid.core.errors import UserError
from predvid.modules.access.guard import require
from predvid.modules.access.pages import back, page, refusal, show
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring.views.devices import filters_of
from predvid.modules.notifying import actions, queries
from predvid.modules.notifying.forms import EVERYWHERE, RouteForm


@require_safe
@page("delivery.view")
def log(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List what people were told, what waits and what failed: did the message go out?"""
    filters, state = filters_of(request), request.GET.get("state", "")
    shown = {
        "deliveries": queries.log(viewer, state, filters.client, filters.page),
        "counted": queries.counted(viewer),
        "clients": queries.clients(viewer),
        "state": state,
        "filters": filters,
        "filtered": bool(state or filters.client),
    }
    return show(request, "notifying/log.html", shown)


@require_POST
@page("delivery.retry")
def retry(request: HttpRequest, viewer: Viewer, delivery_id: int) -> HttpResponseBase:
    """Try one message at once."""
    actions.retry(viewer, delivery_id, timezone.now())
    messages.success(request, _("It is tried again now."))
    return back(request, reverse("notifications"))


@require_http_methods(["GET", "HEAD", "POST"])
@page("route.view")
def routes(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List who is told of what; take a new route."""
    form = None
    if viewer.may("route.change"):
        form = RouteForm(request.POST or None, offered=_offered(viewer))
    if request.method == "POST":
        require(viewer, "route.change")
        if form is not None and form.is_valid() and _added(request, viewer, form):
            return redirect("routes")
    shown = {"rows": queries.routes(viewer), "form": form}
    return render(request, "notifying/routes.html", shown, status=422 if form and form.errors else 200)


def _offered(viewer: Viewer) -> dict[str, list[tuple[str, Any]]]:
    where: list[tuple[str, Any]] = [(EVERYWHERE, _("all clients"))] if viewer.clients is None else []
    where += [(str(client.pk), client.name) for client in queries.clients(viewer)]
    where += [
        (f"{site.client_id}/{site.pk}", f"{site.client.name}, {site.name}") for site in queries.sites(viewer)
    ]
    return {
        "where": where,
        "people": [(str(person.pk), person.name) for person in queries.people(viewer)],
        "rota": [("", "–"), *((str(row.pk), row.name) for row in queries.rotas(viewer))],
        "channel": [("", "–"), *((str(row.pk), row.name) for row in queries.channels(viewer))],
    }


def _added(request: HttpRequest, viewer: Viewer, form: RouteForm) -> bool:
    try:
        actions.add_route(viewer, form.wanted(), timezone.now())
    except UserError as error:
        form.add_error(None, refusal(error))
        return False
    messages.success(request, _("The route is in force."))
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@page("route.change")
def route(request: HttpRequest, viewer: Viewer, route_id: UUID) -> HttpResponseBase:
    """Show the form of one route as it is; keep what is changed."""
    row = queries.route(viewer, route_id)
    require(viewer, "route.change", row.client_id)
    known = {person.pk for person in queries.people(viewer)}
    form = RouteForm(request.POST or None, offered=_offered(viewer), initial=RouteForm.of(row, known))
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_route(viewer, route_id, form.wanted(), timezone.now())
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            messages.success(request, _("The route is changed."))
            return redirect("routes")
    shown = {"route": row, "form": form}
    return render(request, "notifying/route.html", shown, status=422 if form.errors else 200)


@require_POST
@page("route.change")
def remove_route(request: HttpRequest, viewer: Viewer, route_id: UUID) -> HttpResponseBase:
    """Remove a route."""
    actions.remove_route(viewer, route_id, timezone.now())
    messages.success(request, _("The route is removed."))
    return redirect("routes")
