"""Reads of what the staff writes down about a client: contacts, notes, custom fields, documents."""

from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from uuid import UUID

from django.db.models import Model

from predvid.modules.access.errors import NotVisible
from predvid.modules.access.models import Client
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.field_actions import Holder
from predvid.modules.inventory.models import (
    ClientNote,
    Contact,
    CustomField,
    Device,
    Document,
    DocumentFile,
    FieldValue,
    Site,
)

MOST = 200  # rows of one kind on a page
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Filled:
    """One custom field of one thing, with what it holds there (empty: nothing)."""

    field: CustomField
    value: str

    @property
    def number(self) -> float | None:
        """Return the value of a number."""
        return float(self.value) if self.value and self.field.kind == CustomField.Kind.NUMBER else None

    @property
    def day(self) -> date | None:
        """Return the value of a date."""
        return (
            date.fromisoformat(self.value)
            if self.value and self.field.kind == CustomField.Kind.DATE
            else None
        )


@dataclass(frozen=True)
class Records:
    """Everything written down about one client that a viewer may read."""

    contacts: list[Contact] = field(default_factory=list)
    notes: list[ClientNote] = field(default_factory=list)
    fields: list[Filled] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)


def of_client(viewer: Viewer, client_id: UUID) -> Records:
    """Return a client's records as far as the viewer may read them; raise NotVisible."""
    if not viewer.sees(client_id):
        raise NotVisible
    contacts = (
        Contact.objects.filter(client=client_id)[:MOST] if viewer.may("contact.view", client_id) else []
    )
    if not viewer.may("records.view", client_id):
        return Records(list(contacts))
    return Records(
        list(contacts),
        list(ClientNote.objects.filter(client=client_id)[:MOST]),
        filled(viewer, Holder("client", client_id, client_id, "")),
        list(Document.objects.filter(client=client_id)[:MOST]),
    )


def filled(viewer: Viewer, holder: Holder) -> list[Filled]:
    """Return the fields of a client, site or device in their order with what they hold; raise NotVisible."""
    if not viewer.may("records.view", holder.client):
        raise NotVisible
    known = CustomField.objects.filter(subject=holder.subject)
    if not (rows := list(known)):
        return []
    held = dict(FieldValue.objects.filter(**holder.columns).values_list("field", "value"))
    return [Filled(row, held.get(row.pk, "")) for row in rows]


def holder(viewer: Viewer, subject: str, key: UUID) -> Holder:
    """Return a client, site or device whose fields the viewer may read; raise NotVisible."""
    if subject == CustomField.Subject.CLIENT:
        client = _seen(viewer, Client.objects.filter(pk=key).first(), key)
        return Holder(subject, client.pk, key, client.name)
    row = site(viewer, key) if subject == CustomField.Subject.SITE else _device(viewer, key)
    return Holder(subject, row.client_id, key, row.name)


def _device(viewer: Viewer, key: UUID) -> Device:
    row = Device.objects.filter(pk=key, merged_into=None).first()
    return _seen(viewer, row, row.client_id if row else None)


def site(viewer: Viewer, site_id: UUID) -> Site:
    """Return a visible site with its client; raise NotVisible."""
    row = Site.objects.filter(pk=site_id).select_related("client").first()
    return _seen(viewer, row, row.client_id if row else None)


def _seen(viewer: Viewer, row: M | None, client: UUID | None) -> M:
    if row is None or not viewer.may("records.view", client):
        raise NotVisible
    return row


def contact(viewer: Viewer, contact_id: UUID) -> Contact:
    """Return one contact with its client; raise NotVisible."""
    row = Contact.objects.select_related("client").filter(pk=contact_id).first()
    if row is None or not viewer.may("contact.view", row.client_id):
        raise NotVisible
    return row


def note(viewer: Viewer, note_id: UUID) -> ClientNote:
    """Return one note with its client; raise NotVisible."""
    row = ClientNote.objects.select_related("client").filter(pk=note_id).first()
    return _seen(viewer, row, row.client_id if row else None)


def document(viewer: Viewer, document_id: UUID) -> tuple[Document, bytes]:
    """Return a document that is kept here with its bytes; raise NotVisible, for a link too."""
    row = DocumentFile.objects.select_related("document").filter(document=document_id).first()
    found = _seen(viewer, row, row.client_id if row else None)
    return found.document, bytes(found.content)


def client(viewer: Viewer, client_id: UUID) -> Client:
    """Return a client whose records the viewer may read; raise NotVisible."""
    return _seen(viewer, Client.objects.filter(pk=client_id).first(), client_id)


def definitions(viewer: Viewer) -> list[CustomField]:
    """Return every custom field of the MSP, by what it belongs to and in order."""
    return list(CustomField.objects.all()) if viewer.may("records.view") else []


def definition(viewer: Viewer, field_id: UUID) -> CustomField:
    """Return one custom field of the MSP; raise NotVisible."""
    row = CustomField.objects.filter(pk=field_id).first() if viewer.may("records.view") else None
    if row is None:
        raise NotVisible
    return row
