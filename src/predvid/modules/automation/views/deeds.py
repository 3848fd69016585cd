"""Deeds on requests and tasks: approve, decline, stop, close the alert of refused tasks."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from predvid.modules.access.pages import back, page
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.actions import chores, requests


def _to(request: HttpRequest, request_id: UUID) -> HttpResponseBase:
    return back(request, reverse("task-request", args=[request_id]))


@require_POST
@page("task.approve")
def approve(request: HttpRequest, viewer: Viewer, request_id: UUID) -> HttpResponseBase:
    """Agree, as a second person, to a template on many devices."""
    requests.approve(viewer, request_id, timezone.now())
    messages.success(request, _("Approved: it begins on one device."))
    return _to(request, request_id)


@require_POST
@page("task.approve")
def decline(request: HttpRequest, viewer: Viewer, request_id: UUID) -> HttpResponseBase:
    """Say no to what waits."""
    requests.decline(viewer, request_id, request.POST.get("why", ""), timezone.now())
    messages.success(request, _("Declined: it runs nowhere."))
    return _to(request, request_id)


@require_POST
@page("task.cancel")
def cancel(request: HttpRequest, viewer: Viewer, request_id: UUID) -> HttpResponseBase:
    """Stop a request with all of its tasks."""
    requests.cancel(viewer, request_id, timezone.now())
    messages.success(request, _("Stopped: what has not begun never does, what runs is being ended."))
    return _to(request, request_id)


@require_POST
@page("task.cancel")
def cancel_task(request: HttpRequest, viewer: Viewer, task_id: UUID) -> HttpResponseBase:
    """Stop one task."""
    requests.cancel_task(viewer, task_id, timezone.now())
    messages.success(request, _("The task is being stopped."))
    return back(request, reverse("task", args=[task_id]))


@require_POST
@page("alert.acknowledge")
def settle(request: HttpRequest, viewer: Viewer, device_id: UUID) -> HttpResponseBase:
    """Close the alert of refused tasks on a device, with what was found out."""
    chores.settle(viewer, device_id, request.POST.get("why", ""), timezone.now())
    messages.success(request, _("The alert is closed."))
    return back(request, reverse("device", args=[device_id]))
