"""Verbs of what the staff writes down about a client: contacts, notes, documents.

The audit tells who did what and when. What was written is personal and stays out of it (`access.audit`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Client
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory import record_rules
from predvid.modules.inventory.models import ClientNote, Contact, Document, DocumentFile


@dataclass(frozen=True, slots=True)
class Person:
    """What is written down of a contact."""

    name: str
    role: str = ""
    email: str = ""
    phone: str = ""
    main: bool = False

    @property
    def columns(self) -> Mapping[str, str | bool]:
        """Return the columns of its row."""
        return {name: getattr(self, name) for name in self.__slots__}


def _hold(viewer: Viewer, client_id: UUID) -> None:
    """Hold a client whose records the viewer may edit, to the end of the transaction; raise NotVisible."""
    require(viewer, "records.edit", client_id)
    if not Client.objects.select_for_update().filter(pk=client_id).exists():
        raise NotVisible


def _contact(viewer: Viewer, contact_id: UUID) -> Contact:
    row = Contact.objects.filter(pk=contact_id).first()
    if row is None:
        raise NotVisible
    _hold(viewer, row.client_id)
    return row


def _only_main(client_id: UUID, person: Person) -> None:
    """Make room for a new main contact: a client has one."""
    if person.main:
        Contact.objects.filter(client=client_id, main=True).update(main=False)


@transaction.atomic
def add_contact(viewer: Viewer, client_id: UUID, person: Person, now: datetime) -> Contact:
    """Write down a contact; as the main one it takes the place of another. Raises NotVisible or Denied."""
    _hold(viewer, client_id)
    _only_main(client_id, person)
    row = Contact.objects.create(client_id=client_id, **person.columns)
    audit.record(
        viewer, "contact.added", Subject("contact", str(row.pk)), client_id, now, after={"main": row.main}
    )
    return row


@transaction.atomic
def change_contact(viewer: Viewer, contact_id: UUID, person: Person, now: datetime) -> Contact:
    """Write other words for a contact; the audit names what was changed. Raises NotVisible or Denied."""
    row = _contact(viewer, contact_id)
    changed = sorted(name for name, value in person.columns.items() if getattr(row, name) != value)
    if not changed:
        return row
    _only_main(row.client_id, person)
    for name, value in person.columns.items():
        setattr(row, name, value)
    row.save()
    subject, words = Subject("contact", str(row.pk)), {"fields": ", ".join(changed)}
    audit.record(viewer, "contact.changed", subject, row.client_id, now, after=words)
    return row


@transaction.atomic
def delete_contact(viewer: Viewer, contact_id: UUID, now: datetime) -> UUID:
    """Forget a contact; return the client. Raises NotVisible or Denied."""
    row = _contact(viewer, contact_id)
    row.delete()
    audit.record(viewer, "contact.deleted", Subject("contact", str(contact_id)), row.client_id, now)
    return row.client_id


def _note(viewer: Viewer, note_id: UUID) -> ClientNote:
    row = ClientNote.objects.select_for_update().filter(pk=note_id).first()
    if row is None:
        raise NotVisible
    require(viewer, "records.edit", row.client_id)
    return row


def _note_text(text: str) -> str:
    plain = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not plain:
        raise UserError("Write something first.")
    if len(plain) > record_rules.LONGEST_NOTE:
        raise UserError("A note has at most %(n)d characters.", n=record_rules.LONGEST_NOTE)
    return plain


@transaction.atomic
def add_note(viewer: Viewer, client_id: UUID, text: str, now: datetime) -> ClientNote:
    """Write a note about a client. Raises NotVisible, Denied, or UserError (empty, too long)."""
    _hold(viewer, client_id)
    row = ClientNote.objects.create(
        client_id=client_id,
        author_id=viewer.person,
        author_name=viewer.name[:120],
        text=_note_text(text),
        at=now,
    )
    audit.record(viewer, "note.added", Subject("note", str(row.pk)), client_id, now)
    return row


@transaction.atomic
def change_note(viewer: Viewer, note_id: UUID, text: str, now: datetime) -> ClientNote:
    """Write another text in place of a note's; who wrote it first stays. Raises as `add_note`."""
    row, plain = _note(viewer, note_id), _note_text(text)
    if row.text != plain:
        row.text, row.edited_at = plain, now
        row.save(update_fields=["text", "edited_at"])
        audit.record(viewer, "note.changed", Subject("note", str(row.pk)), row.client_id, now)
    return row


@transaction.atomic
def pin_note(viewer: Viewer, note_id: UUID, pinned: bool, now: datetime) -> ClientNote:
    """Keep a note above the others, or no longer. Raises NotVisible or Denied."""
    row = _note(viewer, note_id)
    if row.pinned != pinned:
        row.pinned = pinned
        row.save(update_fields=["pinned"])
        subject = Subject("note", str(row.pk))
        audit.record(
            viewer,
            "note.pinned",
            subject,
            row.client_id,
            now,
            before={"pinned": not pinned},
            after={"pinned": pinned},
        )
    return row


@transaction.atomic
def delete_note(viewer: Viewer, note_id: UUID, now: datetime) -> UUID:
    """Delete a note; return the client. Raises NotVisible or Denied."""
    row = _note(viewer, note_id)
    row.delete()
    audit.record(viewer, "note.deleted", Subject("note", str(note_id)), row.client_id, now)
    return row.client_id


def _title(text: str) -> str:
    title = " ".join(text.replace("\x00", "").split())[:120]
    if not title:
        raise UserError("Give the document a title.")
    return title


def _added(viewer: Viewer, row: Document, now: datetime) -> Document:
    subject = Subject("document", str(row.pk), row.title)
    words: dict[str, str | int | bool | None] = {"size": row.size, "sha256": row.sha256} if row.size else {}
    audit.record(viewer, "document.added", subject, row.client_id, now, after=words)
    return row


@transaction.atomic
def add_link(viewer: Viewer, client_id: UUID, title: str, url: str, now: datetime) -> Document:
    """Write down where a document lies. Raises NotVisible, Denied, or UserError (no title, no address)."""
    _hold(viewer, client_id)
    row = Document.objects.create(
        client_id=client_id, title=_title(title), url=record_rules.web_address(url.strip()),
        added_by_id=viewer.person, added_name=viewer.name[:120], added_at=now,
    )  # fmt: skip
    return _added(viewer, row, now)


@transaction.atomic
def add_file(
    viewer: Viewer, client_id: UUID, title: str, told_name: str, content: bytes, now: datetime
) -> Document:
    """Keep a file of a client. Raises NotVisible, Denied, or UserError (empty, too large, no room left)."""
    _hold(viewer, client_id)
    if not content:
        raise UserError("The file is empty.")
    if len(content) > record_rules.LARGEST_FILE:
        raise UserError(
            "A file has at most %(n)d MB; link to a larger one.", n=record_rules.LARGEST_FILE >> 20
        )
    kept = Document.objects.filter(client=client_id).aggregate(size=Sum("size"))["size"] or 0
    if kept + len(content) > record_rules.MOST_OF_A_CLIENT:
        most = record_rules.MOST_OF_A_CLIENT >> 20
        raise UserError("This client's files have reached %(n)d MB; delete some or link to them.", n=most)
    name = record_rules.file_name(told_name)
    row = Document.objects.create(
        client_id=client_id, title=_title(title or name), file_name=name, size=len(content),
        content_type=record_rules.content_type(content, name), sha256=hashlib.sha256(content).hexdigest(),
        added_by_id=viewer.person, added_name=viewer.name[:120], added_at=now,
    )  # fmt: skip
    DocumentFile.objects.create(client_id=client_id, document=row, content=content)
    return _added(viewer, row, now)


@transaction.atomic
def delete_document(viewer: Viewer, document_id: UUID, now: datetime) -> UUID:
    """Delete a document with its file; return the client. Raises NotVisible or Denied."""
    row = Document.objects.select_for_update().filter(pk=document_id).first()
    if row is None:
        raise NotVisible
    require(viewer, "records.edit", row.client_id)
    row.delete()
    subject = Subject("document", str(document_id), row.title)
    audit.record(viewer, "document.deleted", subject, row.client_id, now)
    return row.client_id
