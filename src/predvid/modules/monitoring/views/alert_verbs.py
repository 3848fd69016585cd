"""Deeds on alerts: take on, snooze, assign, note; many at once after a preview."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from predvid.core.errors import UserError
from predvid.modules.access.pages import back, page
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import alert_deeds
from predvid.modules.monitoring.queries import alerts as alert_queries
from predvid.modules.monitoring.queries.alert_people import assignable

MAX_HOURS = 24 * 90


def _until(request: HttpRequest, now: datetime) -> datetime | None:
    """Return the end that a form's `hours` name, None without. Raises UserError for what is no number."""
    text = request.POST.get("hours", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= MAX_HOURS):
        raise UserError("Choose for how long.")
    return now + timedelta(hours=int(text[:6]))


def _person(request: HttpRequest, viewer: Viewer) -> UUID | None:
    """Return whom a form gives the alert to: a person, `me`, or nobody. Raises UserError for no person."""
    text = request.POST.get("person", "")
    try:
        return viewer.person if text == "me" else UUID(text) if text else None
    except ValueError:
        raise UserError("Choose somebody who looks after this client.") from None


@require_POST
@page("alert.acknowledge")
def acknowledge(request: HttpRequest, viewer: Viewer, alert_id: int) -> HttpResponseBase:
    """Take an alert on, with a note if one was written, for some hours or without end."""
    now = timezone.now()
    solution = bool(request.POST.get("solution"))
    note, until = request.POST.get("note", ""), _until(request, now)
    taken = alert_deeds.acknowledge(viewer, alert_id, note, now, until, solution=solution)
    messages.success(request, _("You have taken this alert on."))
    return back(request, reverse("alert", args=[taken.pk]))


@require_POST
@page("alert.note")
def note(request: HttpRequest, viewer: Viewer, alert_id: int) -> HttpResponseBase:
    """Add a note to an alert; it may tell what solved it."""
    solution = bool(request.POST.get("solution"))
    alert_deeds.add_note(viewer, alert_id, request.POST.get("text", ""), timezone.now(), solution=solution)
    return back(request, reverse("alert", args=[alert_id]))


@require_POST
@page("alert.snooze")
def snooze(request: HttpRequest, viewer: Viewer, alert_id: int) -> HttpResponseBase:
    """Let nobody be told of an alert for some hours; without hours the snooze ends."""
    now = timezone.now()
    alert_deeds.snooze(viewer, alert_id, _until(request, now), request.POST.get("note", ""), now)
    return back(request, reverse("alert", args=[alert_id]))


@require_POST
@page("alert.assign")
def assign(request: HttpRequest, viewer: Viewer, alert_id: int) -> HttpResponseBase:
    """Give an alert to a person, or to nobody."""
    alert_deeds.assign(viewer, alert_id, _person(request, viewer), timezone.now())
    return back(request, reverse("alert", args=[alert_id]))


@require_http_methods(["GET", "HEAD", "POST"])
@page("alert.acknowledge")
def bulk(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Preview a deed on the alerts that the address names (`alert`, many times), then do it."""
    words = request.POST if request.method == "POST" else request.GET
    ids = [
        int(text) for text in words.getlist("alert") if text.isascii() and text.isdigit() and len(text) < 16
    ]
    if request.method == "POST":
        done = alert_deeds.bulk(viewer, ids, _deed(request, viewer))
        said = ngettext("%(n)s alert is changed.", "%(n)s alerts are changed.", done) % {"n": done}
        messages.success(request, said)
        return redirect("alerts")
    rows = alert_queries.chosen(viewer, ids[: alert_deeds.AT_ONCE])
    return render(request, "monitoring/alerts_bulk.html", {"rows": rows, "people": assignable(viewer)})


def _deed(request: HttpRequest, viewer: Viewer) -> Callable[[int], object]:
    now, text = timezone.now(), request.POST.get("note", "")
    deed = request.POST.get("deed", "")
    if deed == "acknowledge":
        until = _until(request, now)
        return lambda alert_id: alert_deeds.acknowledge(viewer, alert_id, text, now, until)
    if deed == "snooze":
        until = _until(request, now)
        return lambda alert_id: alert_deeds.snooze(viewer, alert_id, until, text, now)
    if deed == "assign":
        person = _person(request, viewer)
        return lambda alert_id: alert_deeds.assign(viewer, alert_id, person, now)
    raise UserError("Choose what to do with these alerts.")
