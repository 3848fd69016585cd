"""The board: the charts that a person keeps at hand."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from predvid.modules.access.pages import back, page, show
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import charts, pin_actions
from predvid.modules.monitoring.queries import board as queries
from predvid.modules.monitoring.queries import compared


@require_safe
@page("device.detail")
def board(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Show the pinned charts, each over its own range."""
    return show(request, "monitoring/board.html", {"pins": queries.board(viewer)})


@require_POST
@page("board.change")
def pin(request: HttpRequest, viewer: Viewer, device_id: UUID) -> HttpResponseBase:
    """Pin the chart that the form tells, and stay where it was pinned."""
    span = charts.range_of(request.POST.get("range", ""))
    pin_actions.pin(viewer, device_id, compared.asked(request.POST), span, timezone.now())
    messages.success(request, _("The chart is on your board."))
    return back(request, reverse("board"))


@require_POST
@page("board.change")
def rename(request: HttpRequest, viewer: Viewer, pin_id: int) -> HttpResponseBase:
    """Give a pinned chart another title."""
    pin_actions.rename(viewer, pin_id, request.POST.get("title", ""), timezone.now())
    return redirect("board")


@require_POST
@page("board.change")
def move(request: HttpRequest, viewer: Viewer, pin_id: int) -> HttpResponseBase:
    """Move a pinned chart one place."""
    row = pin_actions.move(viewer, pin_id, request.POST.get("way") == "earlier", timezone.now())
    return redirect(f"{reverse('board')}#pin-{row.pk}")


@require_POST
@page("board.change")
def remove(request: HttpRequest, viewer: Viewer, pin_id: int) -> HttpResponseBase:
    """Take a chart off the board."""
    pin_actions.remove(viewer, pin_id, timezone.now())
    messages.success(request, _("The chart is off your board."))
    return redirect("board")
