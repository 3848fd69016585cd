"""Pages of custom fields: their definitions, and what they hold for a client, a site or a device."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from predvid.core.errors import UserError
from predvid.modules.access.guard import require
from predvid.modules.access.pages import page, refusal
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory import field_actions as actions
from predvid.modules.inventory import queries_records as queries
from predvid.modules.inventory.field_actions import Holder, Wanted
from predvid.modules.inventory.record_forms import FieldForm, ValuesForm


@require_http_methods(["GET", "HEAD", "POST"])
@page("records.view")
def of_client(request: HttpRequest, viewer: Viewer, client_id: UUID) -> HttpResponseBase:
    """Show and fill in the fields of a client."""
    return _values(request, viewer, queries.holder(viewer, "client", client_id), {"client_id": client_id})


@require_http_methods(["GET", "HEAD", "POST"])
@page("records.view")
def site(request: HttpRequest, viewer: Viewer, site_id: UUID) -> HttpResponseBase:
    """Show one site with its fields, and fill them in."""
    row = queries.site(viewer, site_id)
    shown = {"site": row, "client_id": row.client_id}
    return _values(request, viewer, Holder("site", row.client_id, row.pk, row.name), shown)


@require_http_methods(["GET", "HEAD", "POST"])
@page("records.view")
def of_device(request: HttpRequest, viewer: Viewer, device_id: UUID) -> HttpResponseBase:
    """Show and fill in the fields of a device."""
    return _values(request, viewer, queries.holder(viewer, "device", device_id), {"device_id": device_id})


def _values(request: HttpRequest, viewer: Viewer, holder: Holder, shown: dict[str, Any]) -> HttpResponse:
    edits = viewer.may("records.edit", holder.client)
    if request.method == "POST":
        require(viewer, "records.edit", holder.client)
    filled = queries.filled(viewer, holder)
    form = ValuesForm(request.POST if request.method == "POST" else None, filled=filled)
    if request.method == "POST" and form.is_valid():
        texts = {UUID(key): text for key, text in form.texts.items()}
        actions.fill(viewer, holder, texts, timezone.now())
        messages.success(request, _("The fields are saved."))
        if holder.subject != "site":
            return redirect(holder.subject, holder.key)
        return redirect("site", holder.key)
    words = {"holder": holder, "filled": filled, "form": form, "edits": edits, **shown}
    return render(request, "inventory/values.html", words, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page("records.define")
def fields(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List the custom fields of the MSP, and define a new one."""
    form = FieldForm(request.POST or None)
    if form.is_valid():
        words = form.cleaned_data
        try:
            actions.define(viewer, words["subject"], words["kind"], _wanted(words), timezone.now())
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            messages.success(request, _("The field is defined. It can be filled in at once."))
            return redirect("custom-fields")
    shown = {"form": form, "fields": queries.definitions(viewer)}
    return render(request, "inventory/fields.html", shown, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page("records.define")
def field(request: HttpRequest, viewer: Viewer, field_id: UUID) -> HttpResponseBase:
    """Give a custom field another name, place or list."""
    row = queries.definition(viewer, field_id)
    first = {"name": row.name, "position": row.position, "choices": "\n".join(row.choices)}
    form = FieldForm(request.POST or None, known=row, initial=first)
    if form.is_valid():
        try:
            actions.redefine(viewer, field_id, _wanted(form.cleaned_data), timezone.now())
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            messages.success(request, _("The field is saved."))
            return redirect("custom-fields")
    return render(
        request, "inventory/field.html", {"field": row, "form": form}, status=422 if form.errors else 200
    )


def _wanted(words: dict[str, Any]) -> Wanted:
    return Wanted(words["name"], words["position"], tuple(words.get("choices", "").splitlines()))


@require_POST
@page("records.define")
def delete(request: HttpRequest, viewer: Viewer, field_id: UUID) -> HttpResponseBase:
    """Delete a custom field with everything that is filled in."""
    name = actions.delete(viewer, field_id, timezone.now())
    messages.success(request, _("The field %(name)s is deleted.") % {"name": name})
    return redirect("custom-fields")
