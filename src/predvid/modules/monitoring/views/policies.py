"""Pages of policies: the rooms of templates and groups, and the editor of one place with its preview."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from predvid.checks import registry
from predvid.checks.v1 import Check
from predvid.core.errors import UserError
from predvid.modules.access.pages import page, refusal
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import policy_actions
from predvid.modules.monitoring.foretelling import Forecast, foretell
from predvid.modules.monitoring.policy_form import Edited, edited, refilled
from predvid.modules.monitoring.queries import groups as group_queries
from predvid.modules.monitoring.queries import places
from predvid.modules.monitoring.queries import policies as queries
from predvid.modules.monitoring.queries.places import Ground
from predvid.modules.monitoring.ready_templates import templates
from predvid.modules.monitoring.stores import store
from predvid.modules.monitoring.unfit import Unfit
from predvid.modules.monitoring.words import title

SHOWN = 12  # alerts of a preview that are listed by name


@dataclass
class Editor:
    """The settings of one check at a place as the page shows them, and what the person sent."""

    check: Check
    title: str
    rows: list[queries.Field]
    version: str
    wrong: tuple[str, ...] = ()
    flaws: Mapping[str, str] = field(default_factory=dict)
    forecast: Forecast | None = None
    outrun: str = ""
    seen: str = ""  # what the forecast was made for


@require_safe
@page("policy.view")
def overview(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Show the templates of the roles, the groups, and the clients that have policies of their own."""
    counted = group_queries.devices_by_role(viewer)
    rows = [
        {
            "role": role,
            "title": ready.title.pattern(viewer.language),
            "about": ready.about.pattern(viewer.language),
            "devices": counted.get(role, 0),
            "waits": len({one.check for one in ready.settings} - registry.checks().keys()),
        }
        for role, ready in sorted(
            templates().items(), key=lambda pair: (-counted.get(pair[0], 0), pair[1].order)
        )
    ]
    shown = {
        "templates": rows,
        "groups": group_queries.groups(viewer),
        "clients": group_queries.clients_with_settings(viewer),
        "wide": viewer.sees(None),
    }
    return render(request, "monitoring/policies.html", shown)


def _place_view(kind: str, argument: str) -> Any:
    @require_http_methods(["GET", "HEAD", "POST"])
    @page("policy.view")
    def view(request: HttpRequest, viewer: Viewer, /, **named: Any) -> HttpResponseBase:
        return _place(request, viewer, kind, named[argument])

    return view


of_template = _place_view("template", "role")
of_client = _place_view("client", "client_id")
of_site = _place_view("site", "site_id")
of_group = _place_view("group", "group_id")
of_device = _place_view("device", "device_id")


def _place(request: HttpRequest, viewer: Viewer, kind: str, key: str | UUID) -> HttpResponseBase:
    """Show what holds at a place; a sent form is previewed or saved."""
    verb = "policy.change" if request.method == "POST" else "policy.view"
    here = places.ground(viewer, places.place(viewer, kind, key, verb))
    device = here.devices[0] if kind == "device" else None
    name = request.POST.get("check", "") if request.method == "POST" else _opened(request, here)
    check = next((one for one in queries.able(device) if one.name == name), None)
    if request.method == "POST" and check is None:
        raise UserError("Choose a check from the list.")
    editor = None
    if check is not None:
        editor = _editor(here, check, device, viewer)
        if request.method == "POST" and (done := _sent(request, viewer, here, editor, device)):
            return done
    return _shown(request, viewer, here, editor, device)


def _opened(request: HttpRequest, here: Ground) -> str:
    """Return the check that is shown: the one asked for, else the first that the place itself sets."""
    mine = here.known.by_place.get((here.place.kind, here.place.key), ())
    first = (one.check for one in mine if one.check in registry.checks())
    return request.GET.get("check") or next(first, "")


def _editor(here: Ground, check: Check, device: Any, viewer: Viewer) -> Editor:
    settings = queries.reaching(here, device)
    kept = queries.kept(check, here.place, settings, device, viewer.language)
    version = places.version(places.given(here.place, check.name))
    return Editor(check, title(check.name, viewer.language), kept.fields, version, kept.wrong)


def _sent(
    request: HttpRequest, viewer: Viewer, here: Ground, editor: Editor, device: Any
) -> HttpResponseBase | None:
    """Save or preview what was sent; return where to go, None to show the editor again."""
    sent, now, at = request.POST, timezone.now(), here.place
    given = places.given(at, editor.check.name)
    asked = edited(editor.check, editor.rows, given, sent.dict())
    if sent.get("version") != editor.version:
        editor.outrun = _changed_meanwhile()
    elif not asked.wrong and sent.get("do") == "save" and sent.get("seen", asked.digest) != asked.digest:
        messages.warning(request, _("This is what your values would do now. Save once more if you agree."))
    elif not asked.wrong and sent.get("do") == "save":
        try:
            policy_actions.change(
                viewer, at.kind, at.key, editor.check.name, asked.values, asked.reset, now, editor.version
            )
        except policy_actions.Outrun:
            editor.outrun = _changed_meanwhile()
        except Unfit as error:
            editor.flaws = {error.field: refusal(error)}
        else:
            messages.success(request, _("The policy is saved. Agents get their new plan within a minute."))
            return redirect(f"{request.path}?check={editor.check.name}")
    if not asked.wrong and not editor.outrun:
        editor.forecast = _forecast(here, editor.check, asked, now)
        editor.seen = asked.digest
    editor.flaws = {**editor.flaws, **{name: _flaw(why) for name, why in asked.wrong.items()}}
    editor.rows = refilled(editor.rows, asked, sent.dict())
    return None


def _forecast(here: Ground, check: Check, asked: Edited, now: Any) -> Forecast:
    after = here.known.changed(here.place, check.name, asked.values, asked.reset)
    return foretell(here.devices, here.known, after, registry.checks(), store(), now)


def _changed_meanwhile() -> str:
    return _(
        "Somebody changed these settings meanwhile: the chips beside the fields show what holds now. Your "
        "values are still here; preview them once more to save them."
    )


def _flaw(why: str) -> str:
    return {
        "number": _("Write a number, with a unit of the same kind if you like."),
        "bounds": _(
            "This is outside of what is allowed: runs every 10 seconds to 7 days, waits up to 30 days."
        ),
        "long": _("This list is too long."),
    }.get(why, _("This value does not fit the field."))


def _shown(
    request: HttpRequest, viewer: Viewer, here: Ground, editor: Editor | None, device: Any
) -> HttpResponseBase:
    at = here.place
    settings = queries.reaching(here, device)
    rows = [queries.kept(one, at, settings, device, viewer.language) for one in queries.able(device)]
    checks: list[dict[str, Any]] = [
        {"name": row.check.name, "title": title(row.check.name, viewer.language), "here": row.here,
         "explicit": row.explicit}
        for row in rows
    ]  # fmt: skip
    changes = (
        viewer.may("policy.change", at.client)
        if at.kind != "template"
        else (viewer.may("policy.change") and viewer.sees(None))
    )
    shown = {
        "at": at,
        "name": templates()[str(at.key)].title.pattern(viewer.language) if at.kind == "template" else at.name,
        "device": device,
        "groups": here.known.groups_of(device) if device else [],
        "devices": len(here.devices),
        "checks": sorted(checks, key=lambda one: (-one["here"], -one["explicit"], one["title"])),
        "waiting": queries.waiting(settings),
        "editor": editor,
        "changes": changes,
        "listed": SHOWN,
        "way": _way(at, device),
    }
    bad = editor is not None and (editor.flaws or editor.outrun)
    return render(request, "monitoring/policy.html", shown, status=422 if bad else 200)


def _way(at: Any, device: Any) -> tuple[str, str]:
    """Return where the page leads back to: address and words."""
    if device is not None:
        return reverse("device", args=[device.pk]), device.name
    if at.kind == "client":
        return reverse("client", args=[at.key]), at.name
    if at.kind == "site":
        return reverse("client", args=[at.client]), _("Client")
    if at.kind == "group":
        return reverse("group", args=[at.key]), at.name
    return reverse("policies"), _("Policies")
