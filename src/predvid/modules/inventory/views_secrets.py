"""Pages of credentials: what is kept for a client, and which checks are handed it. No page shows a value."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from predvid.core.errors import UserError
from predvid.modules.access import queries_secrets as access_queries
from predvid.modules.access import vault
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.pages import page, refusal
from predvid.modules.access.rules import Viewer
from predvid.modules.access.secret_forms import SecretForm, ValueForm
from predvid.modules.access.secret_words import KINDS
from predvid.modules.inventory import queries_secrets, secret_actions


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@page("secret.view")
def credentials(request: HttpRequest, viewer: Viewer, client_id: UUID) -> HttpResponseBase:
    """List a client's credentials; `kind` in the address opens the form for a new one."""
    client = access_queries.client(viewer, client_id)
    if request.method == "POST":
        require(viewer, "secret.write", client_id)
    kind = request.GET.get("kind", "")
    form = None
    if kind in KINDS:
        sites = queries_secrets.sites(viewer, client_id)
        form = SecretForm(request.POST or None, kind=kind, sites=sites)
        if request.method == "POST" and form.is_valid() and _added(request, viewer, client_id, form):
            return redirect("credentials", client_id)
    elif request.method == "POST":
        raise UserError("Choose what kind of credential it is.")
    shown = {
        "client": client,
        "rows": queries_secrets.rows(viewer, client_id),
        "kinds": KINDS.items(),
        "kind": kind,
        "form": form,
    }
    return _page(request, "inventory/credentials.html", shown, form)


def _added(request: HttpRequest, viewer: Viewer, client_id: UUID, form: SecretForm) -> bool:
    site = UUID(form.cleaned_data["site"]) if form.cleaned_data["site"] else None
    try:
        secret_actions.add(viewer, client_id, form.cleaned_data["name"], form.value, timezone.now(), site)
    except UserError as error:
        form.add_error(None, refusal(error))
        return False
    messages.success(request, _("The credential is kept. Nobody will see its value again."))
    return True


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@page("secret.view")
def credential(request: HttpRequest, viewer: Viewer, secret_id: UUID) -> HttpResponseBase:
    """Show what is known of a credential, and take another value for it."""
    row = queries_secrets.row(viewer, secret_id)
    if request.method == "POST":
        require(viewer, "secret.write", row.secret.client_id)
    form = ValueForm(request.POST or None, kind=row.secret.kind) if row.secret.kind in KINDS else None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            secret_actions.replace(viewer, secret_id, form.value, timezone.now())
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            messages.success(request, _("The credential is replaced; whoever uses it gets the new value."))
            return redirect("credential", secret_id)
    shown = {
        "row": row,
        "client": row.secret.client,
        "form": form,
        "uses": queries_secrets.uses(viewer, row.secret),
    }
    if viewer.may("secret.write", row.secret.client_id):
        shown |= {"takers": queries_secrets.takers(viewer, row.secret)}
        shown |= {"holders": queries_secrets.holders(viewer, row.secret) if shown["takers"] else []}
    return _page(request, "inventory/credential.html", shown, form)


def _page(request: HttpRequest, name: str, shown: dict[str, Any], form: ValueForm | None) -> HttpResponse:
    trouble = vault.trouble()
    status = 422 if form is not None and form.errors else 200
    words = {**shown, "trouble": refusal(trouble) if trouble else ""}
    return render(request, name, words, status=status)


@require_POST
@page("secret.delete")
def delete(request: HttpRequest, viewer: Viewer, secret_id: UUID) -> HttpResponseBase:
    """Delete a credential."""
    client_id = access_queries.one(viewer, secret_id).client_id
    secret_actions.delete(viewer, secret_id, timezone.now())
    messages.success(request, _("The credential is deleted."))
    return redirect("credentials", client_id)


@require_POST
@page("secret.write")
def bind(request: HttpRequest, viewer: Viewer, secret_id: UUID) -> HttpResponseBase:
    """Hand a credential to a check of a device or probe."""
    secret = access_queries.one(viewer, secret_id)
    try:
        holder = queries_secrets.holder(viewer, secret, request.POST.get("holder", ""))
    except NotVisible:
        raise UserError("Choose a device.") from None
    words = request.POST.get("check", ""), holder, timezone.now(), request.POST.get("target", "")[:255]
    secret_actions.bind(viewer, secret_id, *words)
    messages.success(request, _("The check gets the credential with its next plan."))
    return redirect("credential", secret_id)


@require_POST
@page("secret.write")
def unbind(request: HttpRequest, viewer: Viewer, binding_id: UUID) -> HttpResponseBase:
    """Stop handing a credential to a check."""
    secret = secret_actions.unbind(viewer, binding_id, timezone.now())
    messages.success(request, _("The check gets the credential no more."))
    return redirect("credential", secret.pk)
