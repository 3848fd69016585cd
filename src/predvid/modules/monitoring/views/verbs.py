"""What people do to devices and their agents: approve, revoke, release, move, merge."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from predvid.core.errors import UserError
from predvid.modules.access.pages import back, page
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import device_actions


def _on_agent(
    verb: Callable[..., Any], request: HttpRequest, viewer: Viewer, agent_id: UUID, said: str
) -> HttpResponse:
    agent = verb(viewer, agent_id, timezone.now())
    messages.success(request, said)
    return back(request, reverse("device", args=[agent.device_id]))


@require_POST
@page("device.approve")
def approve(request: HttpRequest, viewer: Viewer, agent_id: UUID) -> HttpResponseBase:
    """Let a pending agent report."""
    return _on_agent(device_actions.approve, request, viewer, agent_id, _("The agent is approved."))


@require_POST
@page("device.revoke")
def revoke(request: HttpRequest, viewer: Viewer, agent_id: UUID) -> HttpResponseBase:
    """Refuse an agent from now on."""
    return _on_agent(device_actions.revoke, request, viewer, agent_id, _("The agent is refused from now on."))


@require_POST
@page("device.release")
def release(request: HttpRequest, viewer: Viewer, agent_id: UUID) -> HttpResponseBase:
    """Let a locked agent report again."""
    return _on_agent(device_actions.release, request, viewer, agent_id, _("The agent may report again."))


@require_POST
@page("device.move")
def move(request: HttpRequest, viewer: Viewer, device_id: UUID) -> HttpResponseBase:
    """Move a device to another site from the start of a day (today: from now)."""
    now = timezone.now()
    device = device_actions.move(
        viewer, device_id, _id(request, "site"), _day(request.POST.get("since", ""), now), now
    )
    messages.success(request, _("The device has moved."))
    return back(request, reverse("device", args=[device.pk]))


@require_POST
@page("device.merge")
def merge(request: HttpRequest, viewer: Viewer, device_id: UUID) -> HttpResponseBase:
    """Fold another device into this one."""
    device_actions.merge(viewer, device_id, _id(request, "other"), timezone.now())
    messages.success(request, _("The devices are one now."))
    return back(request, reverse("device", args=[device_id]))


def _id(request: HttpRequest, name: str) -> UUID:
    try:
        return UUID(request.POST.get(name, ""))
    except ValueError:
        raise UserError("Choose one from the list.") from None


def _day(text: str, now: datetime) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UserError("Give the date of the move.") from None
    if day == timezone.localdate(now):
        return now
    return timezone.make_aware(datetime.combine(day, time.min))
