"""Pages of groups and tags: make, change, fill and delete a group; put tags on a device."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from predvid.checks import registry
from predvid.core.errors import UserError
from predvid.modules.access.pages import back, page
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.group_rules import Filter
from predvid.modules.monitoring import group_actions
from predvid.modules.monitoring.foretelling import Forecast, foretell
from predvid.modules.monitoring.group_actions import Wanted
from predvid.modules.monitoring.queries import groups as queries
from predvid.modules.monitoring.queries import places
from predvid.modules.monitoring.queries.devices import types
from predvid.modules.monitoring.ready_templates import templates
from predvid.modules.monitoring.stores import store

PLATFORMS = [("linux", "Linux"), ("windows", "Windows"), ("macos", "macOS")]


@require_POST
@page("policy.change")
def add(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Make a group, of the client that is named or of the whole MSP, and show it to be filled."""
    client = request.POST.get("client", "")
    made = Wanted(request.POST.get("name", ""), 100, Filter(), _id(client) if client else None)
    if made.client is None and not viewer.sees(None):
        raise UserError("Choose the client whose group it is.")
    row = group_actions.add(viewer, made, timezone.now())
    return redirect("group", row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page("policy.view")
def group(request: HttpRequest, viewer: Viewer, group_id: UUID) -> HttpResponseBase:
    """Show who is in a group and why; take another name, order, filter or other devices by hand."""
    verb = "policy.change" if request.method == "POST" else "policy.view"
    row = places.group(viewer, group_id, verb)
    if request.method == "POST":
        now = timezone.now()
        group_actions.change(viewer, group_id, _wanted(request, row), now)
        group_actions.set_members(
            viewer, group_id, [_id(one) for one in request.POST.getlist("members")], now
        )
        messages.success(request, _("The group is saved."))
        return redirect("group", group_id)
    here = places.ground(viewer, places.place(viewer, "group", group_id))
    known = places.as_group(row)
    asked, offered = queries.filter_of(row), queries.choices(viewer, row.client_id)
    shown: dict[str, Any] = {
        "group": row,
        "devices": here.devices,
        "by_hand": known.members,
        "parts": [
            ("types", _("Type"), _marked(types(), asked.types)),
            ("platforms", _("Platform"), _marked(PLATFORMS, asked.platforms)),
            ("roles", _("Is a"), _marked(_roles(viewer), asked.roles)),
            ("tags", _("Tags"), _marked(_with(offered["tags"], asked.tags), asked.tags)),
            ("clients", _("Clients"), _marked(offered["clients"], asked.clients)),
            ("sites", _("Sites"), _marked(offered["sites"], asked.sites)),
        ],
        "os": asked.os,
        "candidates": queries.candidates(viewer, row.client_id, known.members),
        "changes": viewer.may("policy.change", row.client_id),
        "settings": row.settings.count(),
        "forecast": _without(here),
    }
    return render(request, "monitoring/group.html", shown)


def _without(here: places.Ground) -> Forecast:
    """Return what would become of the devices if the group were deleted."""
    after = here.known.without_group(UUID(str(here.place.key)))
    return foretell(here.devices, here.known, after, registry.checks(), store(), timezone.now())


@require_POST
@page("policy.change")
def delete(request: HttpRequest, viewer: Viewer, group_id: UUID) -> HttpResponseBase:
    """Delete a group with what is set for it."""
    name = group_actions.delete(viewer, group_id, timezone.now())
    messages.success(request, _("The group %(name)s is deleted.") % {"name": name})
    return redirect("policies")


@require_POST
@page("device.tag")
def tag(request: HttpRequest, viewer: Viewer, device_id: UUID) -> HttpResponse:
    """Let a device have the tags that are written, separated by commas."""
    words = [word for word in request.POST.get("tags", "").split(",") if word.strip()]
    group_actions.tag(viewer, device_id, words, timezone.now())
    messages.success(request, _("The tags are saved."))
    return back(request, reverse("device", args=[device_id]))


def _wanted(request: HttpRequest, row: Any) -> Wanted:
    sent = request.POST
    try:
        priority = int(sent.get("priority", row.priority))
    except ValueError:
        priority = -1
    lists = {
        part: tuple(sent.getlist(part))
        for part in ("types", "platforms", "roles", "tags", "clients", "sites")
    }
    os = sent.get("os", "").replace("\x00", "").strip()[:120]
    return Wanted(sent.get("name", row.name), priority, Filter(**lists, os=os))


def _marked(choices: Any, chosen: Any) -> list[tuple[str, str, bool]]:
    return [(str(value), str(label), str(value) in chosen) for value, label in choices]


def _with(choices: list[tuple[str, str]], chosen: Any) -> list[tuple[str, str]]:
    """Return choices with those that are asked for and that nobody has at the moment."""
    return choices + [(one, one) for one in chosen if one not in dict(choices)]


def _roles(viewer: Viewer) -> list[tuple[str, str]]:
    found = [(role, ready.title.pattern(viewer.language)) for role, ready in templates().items()]
    return sorted(found, key=lambda pair: pair[1])


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise UserError("Choose one from the list.") from None
