"""Maintenance windows: the list, planning one, changing, ending and deleting it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from predvid.core.errors import UserError
from predvid.modules.access.guard import require
from predvid.modules.access.pages import page, refusal
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import window_deeds
from predvid.modules.monitoring.forms_windows import PlanForm, WindowForm, initial
from predvid.modules.monitoring.queries import windows as queries


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@page("window.view")
def windows(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List windows, and plan a new one; `device` in the address offers one over that device."""
    now = timezone.now()
    if request.method == "POST":
        require(viewer, "window.change")
    asked = _uuid(request.GET.get("device", ""))
    device = queries.device(viewer, asked) if asked else None
    form = WindowForm(
        request.POST or None,
        viewer=viewer,
        sites=queries.sites(viewer),
        device=device,
        initial={"first": timezone.localdate(), "at": "22:00"},
    )
    if request.method == "POST" and form.is_valid() and _added(request, viewer, form):
        return redirect("windows")
    shown = {"rows": queries.rows(viewer, now, _uuid(request.GET.get("client", ""))), "form": form}
    return render(request, "monitoring/windows.html", shown, status=422 if form.errors else 200)


def _added(request: HttpRequest, viewer: Viewer, form: WindowForm) -> bool:
    try:
        window_deeds.add(viewer, form.place, form.plan, timezone.now())
    except UserError as error:
        form.add_error(None, refusal(error))
        return False
    messages.success(request, _("The window is planned."))
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@page("window.change")
def window(request: HttpRequest, viewer: Viewer, window_id: int) -> HttpResponseBase:
    """Show one window and change it."""
    found = queries.one(viewer, window_id)
    form = PlanForm(request.POST or None, initial=initial(found))
    if request.method == "POST" and form.is_valid():
        try:
            window_deeds.change(viewer, window_id, form.plan, timezone.now())
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            messages.success(request, _("The window is changed."))
            return redirect("windows")
    shown = {"row": queries.row(found, timezone.now()), "form": form}
    return render(request, "monitoring/window.html", shown, status=422 if form.errors else 200)


@require_POST
@page("window.change")
def end(request: HttpRequest, viewer: Viewer, window_id: int) -> HttpResponseBase:
    """End the present opening of a window."""
    window_deeds.end(viewer, window_id, timezone.now())
    messages.success(request, _("The window is closed; what is still open will be told."))
    return redirect("windows")


@require_POST
@page("window.change")
def delete(request: HttpRequest, viewer: Viewer, window_id: int) -> HttpResponseBase:
    """Delete a window."""
    window_deeds.delete(viewer, window_id, timezone.now())
    messages.success(request, _("The window is deleted."))
    return redirect("windows")
