"""Pages of what the staff writes down about a client: contacts, notes, documents."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from predvid.core.errors import UserError
from predvid.modules.access.models import Client
from predvid.modules.access.pages import page, refusal
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory import queries_records as queries
from predvid.modules.inventory import record_actions as actions
from predvid.modules.inventory.record_forms import ContactForm, DocumentForm, NoteForm


def _form(request: HttpRequest, client: Client, form: forms.Form, **words: Any) -> HttpResponse:
    """Show one form on a page of its own; 422 where something in it is wrong."""
    shown = {"client": client, "form": form, **words}
    return render(request, "inventory/record.html", shown, status=422 if form.errors else 200)


def _home(client_id: UUID, part: str) -> HttpResponse:
    return redirect(f"{reverse('client', args=[client_id])}#{part}")


@require_http_methods(["GET", "HEAD", "POST"])
@page("records.edit")
def add_contact(request: HttpRequest, viewer: Viewer, client_id: UUID) -> HttpResponseBase:
    """Write down a new contact of a client."""
    client = queries.client(viewer, client_id)
    form = ContactForm(request.POST or None)
    if form.is_valid():
        actions.add_contact(viewer, client_id, form.person, timezone.now())
        messages.success(request, _("The contact is written down."))
        return _home(client_id, "contacts")
    return _form(request, client, form, title=_("Add a contact"), part="contacts")


@require_http_methods(["GET", "HEAD", "POST"])
@page("records.edit")
def contact(request: HttpRequest, viewer: Viewer, contact_id: UUID) -> HttpResponseBase:
    """Change a contact."""
    row = queries.contact(viewer, contact_id)
    form = ContactForm(
        request.POST or None, initial={name: getattr(row, name) for name in ContactForm.base_fields}
    )
    if form.is_valid():
        actions.change_contact(viewer, contact_id, form.person, timezone.now())
        messages.success(request, _("The contact is saved."))
        return _home(row.client_id, "contacts")
    ask = _("Delete this contact?")
    gone = reverse("contact-delete", args=[contact_id])
    return _form(request, row.client, form, title=row.name, part="contacts", gone=gone, ask=ask)


@require_POST
@page("records.edit")
def delete_contact(request: HttpRequest, viewer: Viewer, contact_id: UUID) -> HttpResponseBase:
    """Forget a contact."""
    client_id = actions.delete_contact(viewer, contact_id, timezone.now())
    messages.success(request, _("The contact is deleted."))
    return _home(client_id, "contacts")


@require_POST
@page("records.edit")
def add_note(request: HttpRequest, viewer: Viewer, client_id: UUID) -> HttpResponseBase:
    """Write a note about a client."""
    actions.add_note(viewer, client_id, request.POST.get("text", ""), timezone.now())
    messages.success(request, _("The note is written."))
    return _home(client_id, "notes")


@require_http_methods(["GET", "HEAD", "POST"])
@page("records.edit")
def note(request: HttpRequest, viewer: Viewer, note_id: UUID) -> HttpResponseBase:
    """Change a note."""
    row = queries.note(viewer, note_id)
    form = NoteForm(request.POST or None, initial={"text": row.text})
    if form.is_valid():
        actions.change_note(viewer, note_id, form.cleaned_data["text"], timezone.now())
        messages.success(request, _("The note is saved."))
        return _home(row.client_id, "notes")
    ask = _("Delete this note?")
    gone = reverse("note-delete", args=[note_id])
    return _form(request, row.client, form, title=_("Note"), part="notes", gone=gone, ask=ask)


@require_POST
@page("records.edit")
def pin_note(request: HttpRequest, viewer: Viewer, note_id: UUID) -> HttpResponseBase:
    """Keep a note above the others (`pinned` is on), or no longer."""
    row = actions.pin_note(viewer, note_id, request.POST.get("pinned") == "on", timezone.now())
    return _home(row.client_id, "notes")


@require_POST
@page("records.edit")
def delete_note(request: HttpRequest, viewer: Viewer, note_id: UUID) -> HttpResponseBase:
    """Delete a note."""
    client_id = actions.delete_note(viewer, note_id, timezone.now())
    messages.success(request, _("The note is deleted."))
    return _home(client_id, "notes")


@require_http_methods(["GET", "HEAD", "POST"])
@page("records.edit")
def add_document(request: HttpRequest, viewer: Viewer, client_id: UUID) -> HttpResponseBase:
    """Add a document of a client: an address, or a file that is kept here."""
    client = queries.client(viewer, client_id)
    form = DocumentForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            _kept(viewer, client_id, form.cleaned_data)
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            messages.success(request, _("The document is added."))
            return _home(client_id, "documents")
    return _form(request, client, form, title=_("Add a document"), part="documents")


def _kept(viewer: Viewer, client_id: UUID, words: dict[str, Any]) -> None:
    now, title = timezone.now(), words["title"]
    if file := words["file"]:
        actions.add_file(viewer, client_id, title, file.name, file.read(), now)
    else:
        actions.add_link(viewer, client_id, title, words["url"], now)


@require_safe
@page("records.view")
def document(request: HttpRequest, viewer: Viewer, document_id: UUID) -> HttpResponseBase:
    """Hand out a file that is kept here, as a download and nothing else."""
    row, content = queries.document(viewer, document_id)
    answer = HttpResponse(content, content_type=row.content_type)
    answer["Content-Disposition"] = content_disposition_header(True, row.file_name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_POST
@page("records.edit")
def delete_document(request: HttpRequest, viewer: Viewer, document_id: UUID) -> HttpResponseBase:
    """Delete a document with its file."""
    client_id = actions.delete_document(viewer, document_id, timezone.now())
    messages.success(request, _("The document is deleted."))
    return _home(client_id, "documents")
