"""Pages of the inventory: enrol a device, add clients and sites."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from predvid.core.errors import UserError
from predvid.modules.access.pages import page, show
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory import actions, enrolment, install_steps, queries
from predvid.modules.inventory.forms import ClientForm, SiteForm, TokenForm
from predvid.modules.inventory.offered_wheels import publish
from predvid.wire import token as wire_token


@require_http_methods(["GET", "HEAD", "POST"])
@page("device.enrol")
def enrol(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Choose where a device belongs and make its token; who waits for approval is listed below."""
    first = {"site": request.GET.get("site", ""), "uses": 1, "hours": "24"}
    form = TokenForm(request.POST or None, clients=queries.visible_clients(viewer), initial=first)
    if request.method == "POST" and form.is_valid():
        return _made(request, viewer, form.cleaned_data)
    return show(
        request,
        "inventory/enrol.html",
        {
            "form": form,
            "pending": queries.pending(viewer),
            "tokens": queries.running_tokens(viewer, timezone.now()),
            "has_sites": form.has_sites,
            "place": settings.PLACE,
        },
    )


def _made(request: HttpRequest, viewer: Viewer, words: dict[str, Any]) -> HttpResponseBase:
    """Answer a new token: this page alone ever shows its text, only its hash is kept."""
    text = enrolment.create_token(
        viewer,
        UUID(words["site"]),
        uses=words["uses"],
        valid=timedelta(hours=int(words["hours"])),
        approves=words["approves"],
        now=timezone.now(),
    )
    found = queries.token_of_secret(viewer, wire_token.parse(text).secret)
    found = queries.token(viewer, found.pk)
    return render(
        request,
        "inventory/token.html",
        {
            "token": found,
            "install": _install(text),
            "agents": queries.arrivals(viewer, found),
            "place": settings.PLACE,
        },
    )


def _install(text: str) -> dict[str, install_steps.Steps]:
    """Return the commands that install and enrol an agent from this very server, by operating system."""
    place = settings.PLACE
    wheel = publish(place.data)
    known = place.address, text, wheel.name, wheel.sha256
    own = place.ca_pem() is not None
    return {
        "linux": install_steps.linux(*known, own_authority=own),
        "windows": install_steps.windows(*known, own_authority=own),
    }


@require_safe
@page("device.enrol")
def token(request: HttpRequest, viewer: Viewer, token_id: UUID) -> HttpResponseBase:
    """Show a token (never its text) and the agents that came by it."""
    found = queries.token(viewer, token_id)
    return show(request, "inventory/token.html", {"token": found, "agents": queries.arrivals(viewer, found)})


@require_POST
@page("client.add")
def add_client(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Add a client with its first site."""
    form = ClientForm(request.POST)
    if not form.is_valid():
        raise UserError("Give the client a name.")
    client = actions.add_client(
        viewer, form.cleaned_data["name"], form.cleaned_data["sector"], timezone.now()
    )
    messages.success(request, _("The client is added. Next: enrol its devices."))
    return redirect("client", client.pk)


@require_POST
@page("site.add")
def add_site(request: HttpRequest, viewer: Viewer, client_id: UUID) -> HttpResponseBase:
    """Add a site to a client."""
    form = SiteForm(request.POST)
    if form.is_valid():
        words = form.cleaned_data
        actions.add_site(viewer, client_id, words["name"], timezone.now(), words["timezone"])
        messages.success(request, _("The site is added."))
    else:
        queries.sites_with_devices(viewer, client_id)
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("client", client_id)
