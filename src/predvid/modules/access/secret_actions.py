"""Verbs of secrets: add, replace, delete. What a secret holds goes into its sealed field and nowhere else."""

from datetime import datetime
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit, vault
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Client, Secret
from predvid.modules.access.rules import Subject, Viewer
from predvid.wire.secrets import SecretValue, kind_of


@transaction.atomic
def add(
    viewer: Viewer, client_id: UUID, name: str, value: SecretValue, now: datetime, site: UUID | None = None
) -> Secret:
    """Keep a new secret of a client; `site` (checked by the caller) narrows where it may be used.

    Raises NotVisible, Denied, KeyUnusable, or UserError if the name is empty or taken.
    """
    require(viewer, "secret.write", client_id)
    if not Client.objects.filter(pk=client_id).exists():
        raise NotVisible
    if not name.strip():
        raise UserError("Give the credential a name.")
    who = {"created_by_id": viewer.person, "changed_by_id": viewer.person}
    made = Secret(client_id=client_id, site=site, kind=kind_of(value), name=name.strip(), **who)
    made.created_at = made.changed_at = now
    vault.seal(made, "value", msgspec.msgpack.encode(value))
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise UserError("This client already has a credential called %(name)s.", name=made.name) from None
    audit.record(viewer, "secret.added", _subject(made), client_id, now, after={"kind": made.kind})
    return made


@transaction.atomic
def replace(viewer: Viewer, secret_id: UUID, value: SecretValue, now: datetime) -> Secret:
    """Put another value of the same kind in place of a secret's. Raises as `add`."""
    known = Secret.objects.filter(pk=secret_id).values_list("client", flat=True).first()
    vault.hold(known)
    secret = held(viewer, "secret.write", secret_id)
    if kind_of(value) != secret.kind:
        raise UserError("A credential keeps its kind; add another one.")
    vault.seal(secret, "value", msgspec.msgpack.encode(value))
    secret.changed_at, secret.changed_by_id = now, viewer.person
    secret.save(update_fields=["value", "changed_at", "changed_by"])
    audit.record(viewer, "secret.replaced", _subject(secret), secret.client_id, now)
    return secret


@transaction.atomic
def delete(viewer: Viewer, secret_id: UUID, now: datetime) -> None:
    """Delete a secret, and with it every binding. Raises NotVisible or Denied."""
    secret = held(viewer, "secret.delete", secret_id)
    subject, kind = _subject(secret), secret.kind
    secret.delete()
    audit.record(viewer, "secret.deleted", subject, secret.client_id, now, before={"kind": kind})


def held(viewer: Viewer, verb: str, secret_id: UUID) -> Secret:
    """Return a secret, locked for this transaction; raise NotVisible, or Denied without `verb`."""
    secret = Secret.objects.select_for_update().filter(pk=secret_id).first()
    if secret is None:
        raise NotVisible
    require(viewer, verb, secret.client_id)
    return secret


def _subject(secret: Secret) -> Subject:
    return Subject("secret", str(secret.pk), secret.name)
