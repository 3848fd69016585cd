"""Verbs of secrets where devices come in: whose site, which check of which device or agent is handed what."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from predvid.checks.registry import checks
from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access import secret_actions as access
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.models import Secret
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.models import Agent, Device, SecretBinding, Site
from predvid.modules.inventory.secret_bindings import devices_of, replan
from predvid.wire.secrets import SecretValue


def add(
    viewer: Viewer, client_id: UUID, name: str, value: SecretValue, now: datetime, site: UUID | None = None
) -> Secret:
    """Keep a new secret of a client, perhaps for one of its sites alone. Raises as `access.add`."""
    if site is not None and not Site.objects.filter(pk=site, client=client_id).exists():
        raise NotVisible
    return access.add(viewer, client_id, name, value, now, site)


@transaction.atomic
def replace(viewer: Viewer, secret_id: UUID, value: SecretValue, now: datetime) -> Secret:
    """Put another value in place of a secret's; whoever is handed it gets a new plan. Raises as `access`."""
    secret = access.replace(viewer, secret_id, value, now)
    replan(devices_of(secret_id), now)
    return secret


@transaction.atomic
def delete(viewer: Viewer, secret_id: UUID, now: datetime) -> None:
    """Delete a secret; whoever was handed it gets a plan without. Raises as `access.delete`."""
    bound = devices_of(secret_id)
    access.delete(viewer, secret_id, now)
    replan(bound, now)


@transaction.atomic
def bind(
    viewer: Viewer, secret_id: UUID, check: str, holder: Device | Agent, now: datetime, target: str = ""
) -> SecretBinding:
    """Hand a secret to `check` on a device (each of its agents) or on one agent alone.

    Raises NotVisible (another client's device), Denied, or UserError (another site's device, a check that
    does not take this kind, bound already).
    """
    secret = access.held(viewer, "secret.write", secret_id)
    agent = holder if isinstance(holder, Agent) else None
    mine = {"pk": agent.device_id if agent else holder.pk, "merged_into": None, "client": secret.client_id}
    device = Device.objects.select_for_update().filter(**mine).first()
    if device is None:
        raise NotVisible
    if secret.site not in (None, device.site_id):
        raise UserError("This credential is for another site.")
    known = checks().get(check)
    if known is None or secret.kind not in known.secrets:
        raise UserError("This check does not take a credential of this kind.")
    places = {"device": None if agent else device, "agent": agent}
    words = {"check_name": check, "target": target.strip()}
    try:
        with transaction.atomic():
            made = SecretBinding.objects.create(client_id=secret.client_id, secret=secret, **places, **words)
    except IntegrityError:
        raise UserError("This credential is bound there already.") from None
    replan([device.pk], now)
    after = {"check": check, "device": device.name} | ({"target": made.target} if made.target else {})
    audit.record(viewer, "secret.bound", _subject(secret), secret.client_id, now, after=after)
    return made


@transaction.atomic
def unbind(viewer: Viewer, binding_id: UUID, now: datetime) -> Secret:
    """End a binding: the next plan carries the secret no more. Raises NotVisible or Denied."""
    rows = SecretBinding.objects.select_for_update(of=("self",))
    found = rows.select_related("device", "agent__device").filter(pk=binding_id).first()
    if found is None:
        raise NotVisible
    secret = access.held(viewer, "secret.write", found.secret_id)
    device = found.device or (found.agent.device if found.agent else None)
    before = {"check": found.check_name, "device": device.name if device else ""}
    found.delete()
    replan([device.pk] if device else [], now)
    audit.record(viewer, "secret.unbound", _subject(secret), secret.client_id, now, before=before)
    return secret


def _subject(secret: Secret) -> Subject:
    return Subject("secret", str(secret.pk), secret.name)
