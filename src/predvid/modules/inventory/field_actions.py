"""Verbs of custom fields: the MSP defines them once, people fill them in for a client, site or device."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Client
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.models import CustomField, Device, FieldValue, Site
from predvid.modules.inventory.record_rules import LONGEST_VALUE, clean_value

MOST_FIELDS = 60  # of one kind of thing: more would be a table that nobody reads
MOST_CHOICES = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a custom field shall be called, in which order it comes, and what its list offers."""

    name: str
    position: int = 0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """A client, a site or a device (`subject`) as the holder of values; `client` is whose it is."""

    subject: str
    client: UUID
    key: UUID
    name: str

    @property
    def columns(self) -> dict[str, UUID | None]:
        """Return the columns by which a value is found."""
        site, device = (self.key if self.subject == kind else None for kind in ("site", "device"))
        return {"client_id": self.client, "site_id": site, "device_id": device}


def _checked(wanted: Wanted, kind: str) -> tuple[str, list[str]]:
    name = " ".join(wanted.name.replace("\x00", "").split())[:60]
    if not name:
        raise UserError("Give the field a name.")
    words = (" ".join(word.replace("\x00", "").split()) for word in wanted.choices)
    choices = list(dict.fromkeys(word for word in words if word)) if kind == CustomField.Kind.CHOICE else []
    if kind == CustomField.Kind.CHOICE and not 2 <= len(choices) <= MOST_CHOICES:
        raise UserError("A list offers 2 to %(n)d values, one a line.", n=MOST_CHOICES)
    if any(len(word) > LONGEST_VALUE for word in choices):
        raise UserError("A field holds at most %(n)d characters.", n=LONGEST_VALUE)
    return name, choices


def _words(row: CustomField) -> dict[str, str | int | bool | None]:
    return {
        "subject": row.subject,
        "kind": row.kind,
        "choices": ", ".join(row.choices),
        "priority": row.position,
    }


@transaction.atomic
def define(viewer: Viewer, subject: str, kind: str, wanted: Wanted, now: datetime) -> CustomField:
    """Define a field for every client, site or device. Raises Denied, NotVisible or UserError."""
    require(viewer, "records.define", None)
    if subject not in CustomField.Subject.values or kind not in CustomField.Kind.values:
        raise UserError("Choose what the field belongs to and what it holds.")
    name, choices = _checked(wanted, kind)
    if CustomField.objects.filter(subject=subject).count() >= MOST_FIELDS:
        raise UserError("There are %(n)d fields already; delete one first.", n=MOST_FIELDS)
    row = CustomField(subject=subject, kind=kind, name=name, choices=choices, position=wanted.position)
    _save(row)
    audit.record(viewer, "field.defined", Subject("field", str(row.pk), name), None, now, after=_words(row))
    return row


def _save(row: CustomField) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise UserError("There is already a field called %(name)s.", name=row.name) from None


def _held(viewer: Viewer, field_id: UUID) -> CustomField:
    require(viewer, "records.define", None)
    row = CustomField.objects.select_for_update().filter(pk=field_id).first()
    if row is None:
        raise NotVisible
    return row


@transaction.atomic
def redefine(viewer: Viewer, field_id: UUID, wanted: Wanted, now: datetime) -> CustomField:
    """Give a field another name, place or list; what it is of stays. Raises as `define`.

    A value that is in use stays in the list: nothing that people wrote is lost or left without meaning.
    """
    row = _held(viewer, field_id)
    before = {"name": row.name, **_words(row)}
    row.name, choices = _checked(wanted, row.kind)
    if row.kind == CustomField.Kind.CHOICE:
        gone = set(row.choices) - set(choices)
        used = FieldValue.objects.filter(field=row, value__in=gone).values_list("value", flat=True).first()
        if used is not None:
            raise UserError("%(value)s is in use and stays in the list.", value=used)
    row.choices, row.position = choices, wanted.position
    after = {"name": row.name, **_words(row)}
    if before != after:
        _save(row)
        subject = Subject("field", str(row.pk), row.name)
        audit.record(viewer, "field.changed", subject, None, now, before=before, after=after)
    return row


@transaction.atomic
def delete(viewer: Viewer, field_id: UUID, now: datetime) -> str:
    """Delete a field with everything that is filled in; return its name. Raises Denied or NotVisible."""
    row = _held(viewer, field_id)
    count = row.values.count()
    row.delete()
    subject = Subject("field", str(field_id), row.name)
    audit.record(viewer, "field.deleted", subject, None, now, before=_words(row), after={"count": count})
    return row.name


@transaction.atomic
def fill(viewer: Viewer, holder: Holder, texts: Mapping[UUID, str], now: datetime) -> int:
    """Let fields of a client, site or device hold other texts (empty: nothing); return how many changed.

    Raises NotVisible, Denied, or UserError where a text does not fit its field.
    """
    require(viewer, "records.edit", holder.client)
    table = {"client": Client, "site": Site, "device": Device}[holder.subject]
    if not table._default_manager.select_for_update().filter(pk=holder.key).exists():
        raise NotVisible
    held = {row.field_id: row for row in FieldValue.objects.filter(**holder.columns)}
    changed = []
    for field in CustomField.objects.filter(subject=holder.subject, pk__in=texts):
        value = clean_value(field.kind, field.choices, texts[field.pk])
        before = held[field.pk].value if field.pk in held else ""
        if value == before:
            continue
        changed.append(field.name)
        FieldValue.objects.filter(field=field, **holder.columns).delete()
        if value:
            FieldValue.objects.create(field=field, value=value, **holder.columns)
    if changed:
        subject = Subject(holder.subject, str(holder.key), holder.name)
        audit.record(
            viewer, "field.filled", subject, holder.client, now, after={"fields": ", ".join(changed)}
        )
    return len(changed)
